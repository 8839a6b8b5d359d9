import Foundation
public import JSON
public import TestSupport

/// A few operations on one store in one mode, done one after the other by one client: short, so that every system call of it can be
/// the one at which something happens. Each object is one run, in a directory of its own, with a ledger of its own.
protocol Workload: AnyObject {
    /// The store and its mode, such as `flatstore ring`.
    var name: String { get }
    /// Holds the host's configuration, log and files.
    var directory: TemporaryDirectory { get }
    /// The folder of the store's files in `directory`.
    var folder: String { get }
    var configuration: String { get }
    /// How many operations there are; the last one is the orderly end.
    var stepCount: Int { get }
    /// Records that were acknowledged so far.
    var acknowledged: Int { get }

    /// A host was started.
    func connect(to host: RunningHost) throws
    /// Does one operation; throws when the host goes away meanwhile.
    func perform(_ step: Int, on host: RunningHost) throws -> Outcome
    /// Stores some more, which a host in good order must take; throws when it is not taken.
    func goOn(with host: RunningHost) throws
    /// Compares what a running host has with what was acknowledged.
    func audit(_ host: RunningHost, _ promise: Promise, into tally: inout FaultTally) throws
    /// The files of the folder that the workload itself has renamed, and in which operation, counted over all lives.
    var moves: [(operation: Int, from: String, to: String)] { get }
    /// A workload that knows all that this one knows, in a directory of its own with an empty folder.
    func twin() throws -> any Workload
    /// Whether what was acknowledged may be lost when the last write of an orderly end is refused.
    var losesAtEnd: Bool { get }
    /// What must be so when the host has come to an orderly end; throws when it is not.
    func checkRest() throws
}

/// What an operation was answered.
public enum Outcome: Equatable, Sendable {
    case done
    /// The store said no, with its reason where the protocol has words.
    case refused(String)
}

/// Which acknowledged records must be there.
enum Promise: Equatable {
    /// The process died, or nothing did.
    case process
    /// The machine lost its power when the client had got so far: operations below this index were answered.
    case power(answered: Int)
}

extension Workload {
    var root: String { directory.file(folder) }

    /// Starts a host on the workload's directory; nil when it was killed before it was ready.
    func start(_ launcher: [String] = [], _ faults: CallFaults? = nil) throws -> RunningHost? {
        do {
            return try RunningHost(
                configuration, in: directory, environment: faults?.environment ?? [:], launcher: launcher)
        } catch let failure as TestFailure where failure.description.hasPrefix("modhost ended with -9:") {
            return nil
        }
    }

    /// Starts a host that nothing is done to.
    func startInPeace() throws -> RunningHost {
        guard let host = try start() else { throw TestFailure("a host that nobody killed died of SIGKILL") }
        return host
    }

    /// SIGTERM, and a good end.
    func end(_ host: RunningHost) throws {
        let status = try host.terminate()
        guard status == 0 else { throw TestFailure("the host ended with \(status) after SIGTERM") }
    }

    /// Copies what there is to a folder that stays, and says where.
    func keep() -> String {
        let place = "\(directory.path).kept"
        // cp copies sockets and FIFOs too, and does not open them.
        _ = try? runToEnd("cp", ["-a", directory.path, place])
        return place
    }
}

/// A command over the FIFO whose host may die before it answers.
public struct Command {
    private let host: RunningHost
    private let patience: Duration

    /// - Parameter patience: How long a host that lives may take to answer.
    public init(_ host: RunningHost, patience: Duration = .seconds(30)) {
        self.host = host
        self.patience = patience
    }

    /// Runs a command with positional arguments; throws when the host goes away instead of answering.
    public func callAsFunction(_ name: String, _ arguments: [JSONValue] = []) throws -> Outcome {
        switch try reply(to: name, arguments) {
        case .success: .done
        case .failure(let refusal): .refused(refusal.message)
        }
    }

    /// The result of a command that must succeed.
    public func result(of name: String, _ arguments: [JSONValue] = []) throws -> JSONValue {
        switch try reply(to: name, arguments) {
        case .success(let result): return result
        case .failure(let refusal): throw TestFailure("\(name): \(refusal.message)")
        }
    }

    private struct Refusal: Error { var message: String }

    private func reply(to name: String, _ arguments: [JSONValue]) throws -> Result<JSONValue, Refusal> {
        let reply = try host.replyFIFO()
        let request = JSONValue.object([
            .init("jsonrpc", "2.0"), .init("method", .string(name)), .init("params", .array(arguments)),
            .init("reply_name", .string(reply.name)), .init("id", 1),
        ])
        try host.send(request.encoded() + [UInt8(ascii: "\n")])
        let end = ContinuousClock.now + patience
        var bytes: [UInt8] = []
        while true {
            do {
                guard let piece = try reply.readSome(within: .milliseconds(20)) else { break }
                bytes += piece
            } catch {
                // Silence: for as long as the host lives there is hope.
                guard host.ended == nil, ContinuousClock.now < end else { throw error }
            }
        }
        guard let answer = try? JSONValue.parse(String(decoding: bytes, as: UTF8.self)) else {
            throw TestFailure("\(name) is answered with \(bytes.count) bytes that are no JSON")
        }
        if let message = answer["error"]?["message"]?.string { return .failure(Refusal(message: message)) }
        guard let result = answer["result"] else { throw TestFailure("\(name) is answered without a result: \(answer)") }
        return .success(result)
    }
}
