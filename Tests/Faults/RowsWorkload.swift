import Foundation
import JSON
import TestSupport

/// Rows through acc into flatstore: small and large batches, flushes, rotations, a row by command, the end.
final class RowsWorkload: Workload {
    let durability: String
    let directory: TemporaryDirectory
    let folder = "acc"
    private let ledger = Ledger()
    private var connection: StreamClient?
    /// From where on rows are at risk, with `buffered`.
    private var unsafe = Ledger.Moment()
    /// How many batches had been answered before each operation.
    private var moments: [Ledger.Moment] = []
    private(set) var moves: [(operation: Int, from: String, to: String)] = []

    static let durabilities = ["kernel", "buffered", "ring", "disk"]

    init(_ durability: String) throws {
        self.durability = durability
        directory = try TemporaryDirectory()
        _ = try directory.makeDirectory(folder)
    }

    var name: String { "flatstore \(durability)" }
    var acknowledged: Int { ledger.acknowledged }

    var configuration: String {
        """
        mpath "\(BuiltProducts.directory)"
        run_dir = "run"
        workers = 1
        pool_threads = 2
        loadmodule "mi-fifo.so"
        loadmodule "flatstore.so"
        loadmodule "acc.so"
        modparam("flatstore", "durability", "\(durability)")
        modparam("flatstore", "buffer_size", "4KiB")
        modparam("flatstore", "flush_interval", "1h")
        modparam("acc", "db_url", "flatstore:\(root)")
        modparam("acc", "columns", "\(LedgerRecord.columns)")
        modparam("acc", "listen", "unix:\(directory.file("acc.sock"))")

        """
    }

    private enum Operation {
        case rows(Int), row, flush, rotate, end
    }
    // Sixty rows are more than a buffer holds.
    private static let operations: [Operation] = [
        .rows(3), .rows(1), .flush, .rows(60), .rotate, .rows(5), .row, .flush, .rows(2), .rotate, .rows(40), .end,
    ]
    var stepCount: Int { Self.operations.count }

    func connect(to host: RunningHost) throws { connection = try StreamClient(unix: directory.file("acc.sock")) }

    func perform(_ step: Int, on host: RunningHost) throws -> Outcome {
        moments.append(ledger.answeredSoFar)
        switch Self.operations[step] {
        case .rows(let count): return try store(count)
        case .row: return try storeByCommand(host)
        case .flush: return makeSafe(try Command(host)("flat_flush"))
        case .rotate:
            let operation = moments.count - 1
            for file in directory.names(in: folder) where file.hasSuffix(".log") {
                let newName = "\(file).\(operation)"
                try FileManager.default.moveItem(atPath: "\(root)/\(file)", toPath: "\(root)/\(newName)")
                moves.append((operation, file, newName))
            }
            return makeSafe(try Command(host)("flat_rotate"))
        case .end:
            try end(host)
            return makeSafe(.done)
        }
    }

    private func store(_ count: Int) throws -> Outcome {
        guard let connection else { throw TestFailure("nobody is connected") }
        let numbers = ledger.enter(writer: 0, count: count)
        var bytes: [UInt8] = []
        for number in numbers { LedgerRecord(writer: 0, number: number).appendLine(.delimited, to: &bytes) }
        try connection.send(bytes + [UInt8(ascii: "\n")])
        guard let line = try connection.readLine() else { throw TestFailure("acc closed without an answer") }
        let answer = try Answer(line)
        // The disk refused, and refused to take back what it had: the sender is told so and can rely on neither.
        if let error = answer.error, error.contains("the row may be in the file or not") { return .refused(error) }
        ledger.complete(writer: 0, stored: answer.stored, rejected: answer.rejected, error: answer.error)
        return answer.error.map { .refused($0) } ?? .done
    }

    /// One row whose answer is a command's reply.
    private func storeByCommand(_ host: RunningHost) throws -> Outcome {
        let numbers = ledger.enter(writer: 1, count: 1)
        var line: [UInt8] = []
        LedgerRecord(writer: 1, number: numbers.lowerBound).appendLine(.delimited, to: &line)
        let values = String(decoding: line.dropLast(), as: UTF8.self)
            .split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        let arguments = zip(["writer", "number", "text"], values).map { JSONValue.string("\($0)=\($1)") }
        let outcome = try Command(host)("acc.record", arguments)
        if case .refused(let reason) = outcome {
            if reason.contains("the row may be in the file or not") { return outcome }
            ledger.complete(writer: 1, stored: 0, rejected: 1, error: reason)
        } else {
            ledger.complete(writer: 1, stored: 1, rejected: 0, error: nil)
        }
        return outcome
    }

    /// A flush that was answered makes all safe that was answered before it.
    @discardableResult
    private func makeSafe(_ outcome: Outcome) -> Outcome {
        guard outcome == .done else { return outcome }
        let moment = ledger.answeredSoFar
        ledger.markSafe(from: unsafe, to: moment)
        unsafe = moment
        return outcome
    }

    func goOn(with host: RunningHost) throws {
        for count in [2, 50, 1] {
            if case .refused(let reason) = try store(count) { throw TestFailure("later rows are refused: \(reason)") }
        }
        for outcome in [try storeByCommand(host), try Command(host)("flat_flush")] {
            if case .refused(let reason) = outcome { throw TestFailure("later work is refused: \(reason)") }
        }
    }

    private var files: [String] {
        directory.names(in: folder).filter { !$0.hasPrefix(".") }.map { "\(root)/\($0)" }
    }

    func audit(_ host: RunningHost, _ promise: Promise, into tally: inout FaultTally) throws {
        // What waits in a buffer is no loss.
        guard try Command(host)("flat_flush") == .done else { throw TestFailure("flat_flush is refused") }
        switch promise {
        case .process:
            tally.audit.add(LedgerAudit(ledger, files: files, promise: durability == "buffered" ? .safeOnly : .every))
        case .power(let answered):
            let promised = Ledger()
            promised.repeatHistory(of: ledger)
            if durability == "disk" {
                promised.markSafe(
                    from: Ledger.Moment(), to: answered < moments.count ? moments[answered] : ledger.answeredSoFar)
            }
            for file in files where !file.hasSuffix(".log") { try Self.cutTail(of: file) }
            tally.audit.add(LedgerAudit(promised, files: files, promise: .safeOnly))
        }
    }

    /// Cuts what is behind the last line feed of a file that was moved away and is nobody's to mend any more, as its reader must.
    private static func cutTail(of file: String) throws {
        let bytes = [UInt8](FileManager.default.contents(atPath: file) ?? Data())
        let whole = (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        if whole < bytes.count { try Data(bytes.prefix(whole)).write(to: URL(filePath: file)) }
    }

    var losesAtEnd: Bool { durability == "buffered" }

    func twin() throws -> any Workload {
        let twin = try RowsWorkload(durability)
        twin.ledger.repeatHistory(of: ledger)
        twin.moments = moments
        return twin
    }

    func checkRest() throws {
        let staging = directory.names(in: folder).filter { $0.hasSuffix(".ring") }
        guard staging.isEmpty else { throw TestFailure("an orderly end leaves \(staging)") }
    }
}
