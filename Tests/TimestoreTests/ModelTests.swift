import Foundation
import JSON
import TestSupport
import Testing

/// A generator with a seed, so that a failure can be had again.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Sorted lists of what was stored: the store in a few lines.
struct Model {
    private(set) var series: [String: [Record]] = [:]

    mutating func put(_ uuid: String, _ records: [Record]) {
        var list = series[uuid] ?? []
        for record in records {
            var (low, high) = (0, list.count)
            while low < high {
                let middle = (low + high) / 2
                if list[middle].time <= record.time { low = middle + 1 } else { high = middle }
            }
            list.insert(record, at: low)
        }
        series[uuid] = list
    }

    func get(_ uuid: String, _ start: UInt32, _ end: UInt32) -> [Record] {
        (series[uuid] ?? []).filter { $0.time >= start && $0.time <= end }
    }
}

@Suite("Against a model")
struct ModelTests {
    /// Throws with the first difference; whole lists would be long.
    private func same(_ found: [Record], _ expected: [Record], _ what: String) throws {
        let difference = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }
        let areSame = found == expected
        try #require(
            areSame,
            "\(what): \(found.count) records, expected \(expected.count); first difference \(String(describing: difference))"
        )
    }

    @Test(
        "Random puts in any order, over years and workers, are found by random gets, before and after restarts and compactions",
        arguments: [
            (seed: 1, sync: "none", days: 30), (seed: 2, sync: "always", days: 3), (seed: 3, sync: "interval", days: 0),
            (seed: 4, sync: "none", days: 366),
        ])
    func random(seed: UInt64, sync: String, days: Int) throws {
        var random = Seeded(state: seed)
        let store = try TimestoreHost(["sync": "\"\(sync)\"", "max_days_per_file": "\(days)", "open_files": "8"])
        var model = Model()
        let base: UInt32 = 1_325_376_000 - 86_400 * 20
        var value: Float = 0
        for round in 0..<3 {
            let client = try store.connect()
            for _ in 0..<80 {
                let id = uuid(Int.random(in: 0..<4, using: &random))
                if Int.random(in: 0..<4, using: &random) > 0 {
                    let count = [1, 1, 2, 10, 100, 300].randomElement(using: &random) ?? 1
                    let isOrdered = Bool.random(using: &random)
                    // Few distinct times, so that equal ones are met often; all of them around New Year.
                    let step: UInt32 = [1, 3600, 40_000].randomElement(using: &random) ?? 1
                    let start = base + UInt32.random(in: 0..<80, using: &random) * 43_200
                    var records = (0..<count).map { index in
                        value += 1
                        let offset = isOrdered ? UInt32(index) / 2 : UInt32.random(in: 0..<60, using: &random)
                        return Record(start + offset * step % 3_000_000, value)
                    }
                    if isOrdered { records.sort { ($0.time, $0.value) < ($1.time, $1.value) } }
                    model.put(id, records)
                    let stored = try client.put(id, records)
                    try #require(stored == UInt32(count))
                } else {
                    let start = base &+ UInt32.random(in: 0..<6_000_000, using: &random)
                    let spans: [UInt32] = [0, 1000, 100_000, 10_000_000]
                    let end = start + (spans.randomElement(using: &random) ?? 0)
                    let found = try client.get(id, start, end)
                    try same(found, model.get(id, start, end), "round \(round), \(id), \(start) to \(end)")
                }
            }
            for (id, records) in model.series { try same(try client.get(id), records, "round \(round), \(id)") }
            try #require(try store.problems() == [])
            if round == 1 {
                for id in model.series.keys { try store.host.command("timestore.compact", [.string(id)]) }
                for (id, records) in model.series { try same(try client.get(id), records, "compacted \(id)") }
            }
            try store.restart()
            try #require(try store.problems() == [])
        }
    }
}
