import Foundation
import TestSupport

/// What the hosts of a workload asked of the kernel, life after life, and how far the workload was at each line of it.
struct History: Sendable {
    private(set) var calls: [TracedCall] = []
    private(set) var lineCount = 0
    /// The lines at which each operation began.
    private(set) var begun: [Int] = []
    /// The lines at which each operation was answered, or its host was gone.
    private(set) var ended: [Int] = []

    /// Operations that were over when a line was written.
    func answered(at line: Int) -> Int { ended.partitioningIndex { $0 > line } }

    mutating func append(_ trace: SystemCallTrace, operations: [(begun: Int, ended: Int?)]) {
        for operation in operations {
            begun.append(lineCount + trace.line(at: operation.begun))
            ended.append(lineCount + (operation.ended.map { trace.line(at: $0) } ?? trace.lineCount))
        }
        for var call in trace.calls {
            call.start += lineCount
            call.end += lineCount
            calls.append(call)
        }
        lineCount += trace.lineCount
    }
}

extension Workload {
    /// Runs the whole workload under strace; nothing else is done to it.
    func recordInPeace() throws -> History {
        var history = History()
        try record(into: &history, upTo: stepCount) { step, reason in
            throw TestFailure("\(name), operation \(step): refused though nothing is wrong: \(reason)")
        }
        return history
    }

    /// One life of a host under strace, up to its end or the end of the operations; what still lives then is killed.
    ///
    /// - Parameters:
    ///   - faults: What befalls it.
    ///   - refused: Told of each operation that is refused.
    func record(
        into history: inout History, upTo count: Int, _ faults: CallFaults? = nil,
        refused: (_ step: Int, _ reason: String) throws -> Void = { _, _ in }
    ) throws {
        let file = directory.file("\(history.lineCount).trace")
        var operations: [(begun: Int, ended: Int?)] = []
        var process: pid_t?
        if let host = try start(SystemCallTrace.recording(to: file), faults) {
            process = host.processID
            do {
                try connect(to: host)
                for step in 0..<count {
                    operations.append((begun: try Self.size(of: file), ended: nil))
                    if case .refused(let reason) = try perform(step, on: host) { try refused(step, reason) }
                    // What is written there by now came before the answer.
                    operations[operations.count - 1].ended = try Self.size(of: file)
                }
            } catch {
                guard (try? host.wait(within: .seconds(10))) == -9 else { throw error }
            }
            host.kill()
        }
        history.append(try SystemCallTrace(of: file, host: process), operations: operations)
    }

    private static func size(of file: String) throws -> Int {
        var status = stat()
        guard stat(file, &status) == 0 else { throw TestFailure("strace has made no \(file)") }
        return Int(status.st_size)
    }
}
