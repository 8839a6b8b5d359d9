import ModuleKit
import Testing

@testable import HtableEngine

@Suite("The table against a plain model")
struct PropertyTests {
    /// What the table must hold: each thread has keys of its own, so that its model is exact while the others work.
    private struct Model {
        struct Item {
            var value: Content
            var expiry: UInt32
        }
        var items: [String: Item] = [:]

        mutating func drop(before now: UInt32) { items = items.filter { $0.value.expiry == 0 || $0.value.expiry >= now } }
    }

    @Test(
        "Eight threads, a purge, walks and dumps at once: every read, count and walk is as in the model",
        arguments: [(1, true), (2, false), (3, true)] as [(UInt64, Bool)])
    func againstModel(seed: UInt64, updates: Bool) throws {
        let clock = Clock(at: 5_000_000)
        let table = try makeTable(
            "t=>size=4;autoexpire=40;updateexpire=\(updates ? 1 : 0);initval=7", clock: clock, seed: seed)
        let threads = 8
        let models = (0..<threads).map { _ in Locked(Model()) }
        var steps = SeededGenerator(seed)
        for round in 0..<6 {
            let now = table.now
            try inParallel(threads + 1) { thread in
                guard thread < threads else {
                    // Beside the eight: what an operator and the timer do.
                    while table.purge(budget: 50) {}
                    _ = table.count
                    for slot in table.dumped(capacity: 64) { #expect(slot.slot < 16) }
                    return
                }
                var random = SeededGenerator(seed << 20 | UInt64(round) << 8 | UInt64(thread))
                var model = models[thread].value
                model.drop(before: now)
                for _ in 0..<400 {
                    try Self.step(table, &model, thread, now, updates, &random)
                }
                models[thread].change { $0 = model }
            }
            let expected = models.reduce(into: [String: Model.Item]()) { all, model in
                all.merge(model.value.items) { first, _ in first }
            }
            #expect(table.count == expected.count)
            let walked = table.all()
            #expect(walked.count == expected.count)
            #expect(Set(walked.map(\.key)) == Set(expected.keys))
            for (key, value) in walked { #expect(expected[key]?.value == value) }
            let dumped = table.dumped(capacity: 100)
            #expect(dumped.flatMap(\.keys).count == expected.count)
            #expect(dumped.allSatisfy { $0.size == $0.keys.count })
            #expect(SlotStatistics(table).all == expected.count)
            // At once invisible, whatever the wheel has done: some jumps are longer than its first levels.
            clock.advance(by: [1, 7, 40, 64, 5000, 3][round] + Int64(steps.next() % 3))
            let later = table.now
            let alive = expected.values.filter { $0.expiry == 0 || $0.expiry >= later }
            #expect(table.count == alive.count)
            #expect(table.all().count == alive.count)
        }
        clock.advance(by: 1_000_000)
        while table.purge(budget: 100) {}
        #expect(
            table.totals() == (models.flatMap(\.value.items.values).filter { $0.expiry == 0 }.count, table.totals().bytes))
        table.removeAll()
        #expect(table.totals() == (0, 0))
    }

    private static func step(
        _ table: HashTable, _ model: inout Model, _ thread: Int, _ now: UInt32, _ updates: Bool,
        _ random: inout SeededGenerator
    ) throws {
        let key = "key:\(thread):\(random.next() % 120)"
        let old = model.items[key]
        func standard() -> UInt32 { old.map { updates ? now + 40 : $0.expiry } ?? now + 40 }
        switch random.next() % 10 {
        case 0, 1:
            let text = String(repeating: "x", count: Int(random.next() % 300)) + "\(random.next() % 10)"
            try table.put(key, .text(text))
            model.items[key] = Model.Item(value: .text(text), expiry: standard())
        case 2:
            let number = Int64(random.next() % 1000)
            try table.put(key, .int(number))
            model.items[key] = Model.Item(value: .int(number), expiry: standard())
        case 3:
            #expect(try table.drop(key) == (old != nil))
            model.items[key] = nil
        case 4:
            switch old?.value {
            case .text:
                #expect(throws: ModuleFailure.self) { try table.increase(key) }
            case .int(let number):
                #expect(try table.increase(key, by: 3) == number + 3)
                model.items[key] = Model.Item(value: .int(number + 3), expiry: updates ? now + 40 : old?.expiry ?? 0)
            case nil:
                #expect(try table.increase(key, by: 3) == 10)
                model.items[key] = Model.Item(value: .int(10), expiry: now + 40)
            }
        case 5:
            let moment = random.next() % 4 == 0 ? 0 : now + UInt32(random.next() % 6000)
            #expect(try table.expire(key, at: moment) == (old != nil))
            if old != nil { model.items[key]?.expiry = moment }
        case 6:
            // Over 1 KiB: in a block of its own.
            let text = String(repeating: "large", count: 300 + Int(random.next() % 100))
            #expect(try table.put(key, .text(text), when: .missing) == (old == nil))
            if old == nil { model.items[key] = Model.Item(value: .text(text), expiry: now + 40) }
        case 7:
            let new = Content.int(Int64(random.next() % 50))
            let expected = old?.value ?? .int(3)
            let isWritten = try expected.lend { try table.put(key, new, when: .equal($0)) }
            #expect(isWritten == (old != nil))
            if old != nil { model.items[key] = Model.Item(value: new, expiry: standard()) }
        default:
            let found = try table.readWithExpiry(key)
            #expect(found?.value == old?.value)
            #expect(found?.expiry == old?.expiry)
        }
    }

    @Test("Increments of eight threads on the same keys are all there")
    func increments() throws {
        let table = try makeTable("t=>initval=0")
        try inParallel(8) { _ in
            for number in 0..<2000 { _ = try table.increase("k\(number % 10)") }
        }
        for number in 0..<10 { #expect(try table.read("k\(number)") == .int(1600)) }
    }

    @Test("An iterator sees each item that stays exactly once while others come and go and the table grows a thousandfold")
    func iteratorUnderChange() throws {
        let table = try makeTable("t=>")
        for number in 0..<500 { try table.put("stays:\(number)", .int(Int64(number))) }
        for number in 0..<500 { try table.put("goes:\(number)", .int(Int64(number))) }
        let iterator = TableIterator(table)
        var seen: [String: Int] = [:]
        var step = 0
        while try iterator.next() {
            let key = String(decoding: try #require(iterator.key), as: UTF8.self)
            seen[key, default: 0] += 1
            if step < 500 {
                for number in 0..<40 { try table.put("new:\(step):\(number)", .text("x")) }
                try table.drop("goes:\(step)")
            }
            step += 1
        }
        #expect(table.count == 20_500)
        #expect((0..<500).allSatisfy { seen["stays:\($0)"] == 1 })
        #expect(seen.values.allSatisfy { $0 == 1 })
    }

    @Test("A hundred thousand items of all sizes come and go, and the memory comes back")
    func memoryComesBack() throws {
        let table = try makeTable("t=>autoexpire=100")
        for round in 0..<3 {
            for number in 0..<20_000 {
                try table.put("k\(number)", .text(String(repeating: "v", count: (number &* 7 + round) % 900)))
            }
            for number in 0..<20_000 { try table.drop("k\(number)") }
            #expect(table.count == 0)
        }
        // A page for each size class and stripe may stay, and one for each wheel.
        #expect(table.store.arena.pagesInUse <= 64 * (SizeClass.count + 1))
        table.removeAll()
        try table.put("again", .int(1))
        #expect(table.count == 1)
    }
}
