import Foundation
import Glibc
import TestSupport
import Testing

/// A sender that notes what was acknowledged. Its records tell their number: those of a batch have ascending times, and the value of each is
/// a function of its time.
private final class CrashWriter: @unchecked Sendable {
    // @unchecked: read after the thread has ended.
    let id: String
    /// Numbers of records that were acknowledged, and behind them those that were sent without an answer.
    private(set) var acknowledged: Range<UInt32>
    private(set) var open: Range<UInt32>
    private let port: UInt16
    private var next: UInt32
    private let ended = DispatchSemaphore(value: 0)

    init(_ number: Int, port: UInt16, from next: UInt32) {
        id = uuid(number)
        self.port = port
        self.next = next
        acknowledged = next..<next
        open = next..<next
    }

    static func record(_ number: UInt32) -> Record {
        // Some go back in time, and days and years move on.
        let back: UInt32 = number % 7 == 3 ? 5000 : 0
        return Record(1_356_000_000 + number * 977 - back, Float(number))
    }

    func start() {
        let thread = Thread { [self] in
            run()
            ended.signal()
        }
        thread.start()
    }

    func join() -> UInt32 {
        ended.wait()
        return next
    }

    private func run() {
        guard let client = try? StoreClient(port: port) else { return }
        var random = SystemRandomNumberGenerator()
        while true {
            let count = [1, 1, 3, 20, 60].randomElement(using: &random) ?? 1
            let records = (0..<UInt32(count)).map { Self.record(next + $0) }
            open = next..<(next + UInt32(count))
            next += UInt32(count)
            do {
                guard try client.put(id, records) == UInt32(count) else { return }
            } catch {
                return
            }
            acknowledged = acknowledged.lowerBound..<next
            open = next..<next
        }
    }
}

@Suite("Crashes")
struct CrashTests {
    /// How often the host is killed; TIMESTORE_KILLS sets another number.
    private static let rounds = ProcessInfo.processInfo.environment["TIMESTORE_KILLS"].flatMap { Int($0) } ?? 24

    @Test("After SIGKILL at any moment every acknowledged record is there, none is invented, and all is in order")
    func kills() throws {
        let store = try TimestoreHost(["max_days_per_file": "5", "open_files": "8"])
        var random = SystemRandomNumberGenerator()
        var numbers = [UInt32](repeating: 0, count: 4)
        // Of each record of each writer whether it must be there.
        var promised = [[Bool]](repeating: [], count: numbers.count)
        for round in 0..<Self.rounds {
            let writers = numbers.indices.map { CrashWriter($0, port: store.port, from: numbers[$0]) }
            for writer in writers { writer.start() }
            letPass(milliseconds: Int32.random(in: 5...50, using: &random))
            store.host.kill()
            for (index, writer) in writers.enumerated() { numbers[index] = writer.join() }
            try store.restart()
            let client = try store.connect()
            for (index, writer) in writers.enumerated() {
                promised[index] += writer.acknowledged.map { _ in true } + writer.open.map { _ in false }
                let found = try client.get(writer.id)
                var seen = [Bool](repeating: false, count: promised[index].count)
                var last: UInt32 = 0
                for record in found {
                    let number = Int(record.value)
                    guard number < seen.count, record == CrashWriter.record(UInt32(number)), !seen[number],
                        promised[index][number] || writer.open.contains(UInt32(number)), record.time >= last
                    else {
                        Issue.record("round \(round): \(record) was never sent, is there twice, or out of order")
                        return
                    }
                    last = record.time
                    seen[number] = true
                }
                let lost = zip(promised[index], seen).count { $0 && !$1 }
                guard lost == 0 else {
                    Issue.record("round \(round): \(lost) acknowledged records of \(writer.id) are lost")
                    return
                }
                promised[index] = seen
            }
            #expect(try store.problems() == [], "round \(round)")
        }
        #expect(promised.joined().count { $0 } > 1000)
    }

    @Test("After SIGKILL in the middle of a compaction the series has its old files or its new ones, never both")
    func killsOfCompactions() throws {
        let store = try TimestoreHost(["max_days_per_file": "2"])
        var random = SystemRandomNumberGenerator()
        let id = uuid(1)
        var model = Model()
        for round in 0..<(Self.rounds / 2) {
            let client = try store.connect()
            // A long file, and some in its way that overlap with it and with each other.
            let start = 1_704_067_200 + UInt32(round % 5) * 40_000
            let records = (0..<400).map { index in
                Record(start + UInt32(index) * 500 % 300_000, Float(round * 400 + index))
            }
            model.put(id, records)
            #expect(try client.put(id, records) == 400)
            try store.host.send(":timestore.compact:\n\(id)\n\n")
            // A moment drawn by the test: the kill may fall anywhere in the compaction.
            Glibc.usleep(UInt32.random(in: 0...6000, using: &random))
            store.host.kill()
            try store.restart()
            let found = try store.connect().get(id)
            let expected = model.get(id, 0, .max)
            let areSame = found == expected
            try #require(areSame, "round \(round): \(found.count) records, expected \(expected.count)")
            #expect(try store.problems() == [], "round \(round)")
            let hidden = store.host.directory.names(in: "data/2024/00/00").filter { $0.hasPrefix(".") }
            #expect(hidden == [], "round \(round)")
        }
    }
}
