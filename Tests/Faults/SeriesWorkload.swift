import Foundation
import JSON
import TestSupport

/// Records into timestore: in order, into a day that renames the file, out of order, across New Year, by command, and a compaction.
final class SeriesWorkload: Workload {
    let sync: String
    let directory: TemporaryDirectory
    let folder = "data"
    private var ledger = SeriesLedger()
    private var connection: StoreClient?
    private var performed = 0
    private var laterWork: UInt32 = 0

    /// All that the protocol has to say to a request that is not stored.
    static let refusal = "0xFFFFFFFF"
    static let modes = ["none", "interval", "always"]

    init(_ sync: String) throws {
        self.sync = sync
        directory = try TemporaryDirectory()
        _ = try directory.makeDirectory(folder)
    }

    var name: String { "timestore \(sync)" }
    var acknowledged: Int { ledger.acknowledged }

    var configuration: String {
        """
        mpath "\(BuiltProducts.directory)"
        run_dir = "run"
        workers = 1
        pool_threads = 2
        loadmodule "mi-fifo.so"
        loadmodule "timestore.so"
        modparam("timestore", "data_directory", "\(root)")
        modparam("timestore", "listen", "unix:\(directory.file("store.sock"))")
        modparam("timestore", "max_days_per_file", 5)
        modparam("timestore", "sync", "\(sync)")
        modparam("timestore", "sync_interval", "20ms")

        """
    }

    private enum Operation {
        case put(String, [UInt32]), putByCommand(String, UInt32), compact(String), settle, end
    }
    private static let one = "00000001-ab12-4cde-8f01-0123456789ab"
    private static let other = "00010002-ab12-4cde-8f01-0123456789ab"
    // The last day of 2023 but three.
    private static let base: UInt32 = 1_703_808_000
    private static let day: UInt32 = 86_400
    private static let operations: [Operation] = [
        .put(one, [base, base + 10, base + 10]),
        .put(other, [base + 5]),
        .put(one, [base + day, base + day + 7]),
        .put(one, [base + 5]),
        .settle,
        .put(one, [base + 7, base + 3, base + 12]),
        .putByCommand(one, base + day + 8),
        .put(one, [base + 2 * day, base + 3 * day - 1, base + 4 * day, base + 4 * day]),
        .compact(one),
        .put(one, [base + 4 * day, base + 4 * day + 1]),
        .put(other, (0..<600).map { base + 20 + $0 * 700 }),
        .settle,
        .end,
    ]
    var stepCount: Int { Self.operations.count }

    func connect(to host: RunningHost) throws { connection = try StoreClient(unix: directory.file("store.sock")) }

    func perform(_ step: Int, on host: RunningHost) throws -> Outcome {
        let operation = performed
        performed += 1
        defer { if sync == "always" { ledger.markSafe(after: operation) } }
        switch Self.operations[step] {
        case .put(let series, let times): return try put(series, times)
        case .putByCommand(let series, let time): return try putByCommand(series, time, host)
        case .compact(let series): return try Command(host)("timestore.compact", [.string(series)])
        case .settle:
            guard sync == "interval" else { return .done }
            // Behind the second end of a commit: that one began after all that had been answered before.
            for _ in 0..<2 {
                let before = try commits(host)
                let outcome = try put(Self.other, [Self.base + 15])
                // Then there may be nothing to commit.
                guard outcome == .done else { return outcome }
                guard try eventually(within: .seconds(20), { try commits(host) > before }) else {
                    throw TestFailure("no commit comes in 20 s, sync_interval is 20 ms")
                }
            }
            ledger.markSafe(after: operation, butLast: 2)
            return .done
        case .end:
            try end(host)
            if sync == "interval" { ledger.markSafe(after: operation) }
            return .done
        }
    }

    private func commits(_ host: RunningHost) throws -> Int64 {
        try Command(host).result(of: "timestore.stats")["commits"]?.integer ?? -1
    }

    private func put(_ series: String, _ times: [UInt32]) throws -> Outcome {
        guard let connection else { throw TestFailure("nobody is connected") }
        let records = ledger.enter(series, times: times)
        let answer = try connection.put(series, records)
        guard answer == UInt32(records.count) || answer == StoreWire.failure else {
            throw TestFailure("a PUT of \(records.count) records is answered with \(answer)")
        }
        ledger.complete(stored: answer != StoreWire.failure)
        return answer == StoreWire.failure ? .refused(Self.refusal) : .done
    }

    private func putByCommand(_ series: String, _ time: UInt32, _ host: RunningHost) throws -> Outcome {
        let record = ledger.enter(series, times: [time])[0]
        let outcome = try Command(host)(
            "timestore.put", [.string(series), .string("\(record.time)"), .double(Double(record.value))])
        ledger.complete(stored: outcome == .done)
        return outcome
    }

    func goOn(with host: RunningHost) throws {
        laterWork += 1
        let start = Self.base + Self.day * 2 + laterWork * 50
        var outcomes: [Outcome] = []
        outcomes.append(try put(Self.one, [start, start + 1, start - 1000]))
        outcomes.append(try put(Self.other, [start]))
        outcomes.append(try putByCommand(Self.one, start + 2, host))
        outcomes.append(try Command(host)("timestore.compact", [.string(Self.one)]))
        for case .refused(let reason) in outcomes { throw TestFailure("later work is refused: \(reason)") }
    }

    func audit(_ host: RunningHost, _ promise: Promise, into tally: inout FaultTally) throws {
        try connect(to: host)
        guard let connection else { return }
        for series in ledger.series.sorted() {
            let found = try connection.get(series)
            switch promise {
            case .process: ledger.audit(found, of: series, { _ in true }, into: &tally.audit)
            case .power(let answered):
                ledger.audit(
                    found, of: series, isExact: false, { $0.safeAfter.map { $0 < answered } ?? false }, into: &tally.audit)
            }
        }
        let problems =
            try Command(host).result(of: "timestore.verify")["problems"]?.array ?? [.string("no list of problems")]
        for problem in problems {
            tally.audit.torn += 1
            tally.audit.find("timestore.verify: \(problem.string ?? "")")
        }
        if case .process = promise {
            let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
            for name in names where name.contains("/.") { tally.surprise("\(name) is left over") }
        }
    }

    var losesAtEnd: Bool { false }
    var moves: [(operation: Int, from: String, to: String)] { [] }

    func twin() throws -> any Workload {
        let twin = try SeriesWorkload(sync)
        twin.ledger = ledger
        return twin
    }

    func checkRest() throws {}
}
