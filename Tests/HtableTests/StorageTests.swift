import ModuleABI
import ModuleKit
import Synchronization
import Testing

@testable import HtableEngine

@Suite("Buckets, segments and the wheel")
struct StorageTests {
    @Test("A stripe is one cache line")
    func stripeSize() {
        #expect(StripePointer.headSize + MemoryLayout<Stripe>.size <= StripePointer.size)
    }

    @Test("Threads that take the lock of a stripe come in one at a time")
    func lock() throws {
        let raw = UnsafeMutableRawPointer.allocate(byteCount: StripePointer.size, alignment: StripePointer.size)
        let stripe = StripePointer(raw)
        stripe.initialize(now: 0)
        // Each thread's share of the counter, which only the lock protects.
        nonisolated(unsafe) let shared = stripe
        try inParallel(4) { _ in
            for _ in 0..<5000 {
                shared.acquire()
                shared.pointee.count += 1
                shared.release()
            }
        }
        #expect(stripe.pointee.count == 20_000)
        stripe.pointee.slab.free()
        stripe.directory.free()
        stripe.deinitialize()
        raw.deallocate()
    }

    /// Lengths around those at which an item lies elsewhere: in its bucket, in a slab, in a block.
    private static func length(_ random: inout SeededGenerator) -> Int {
        let edges = [
            0, 1, 7, 8, 9, 32, 55, 56, 57, 60, 61, 62, 66, 67, 68, 77, 78, 200, 1000, 1009, 1010, 1011, 1016, 1017, 3000,
        ]
        return random.next() % 3 == 0 ? edges[Int(random.next() % UInt64(edges.count))] : Int(random.next() % 60)
    }

    @Test(
        "A long history of writes of all lengths, increments and removals ends as a dictionary does",
        arguments: 1...6 as ClosedRange<UInt64>)
    func history(seed: UInt64) throws {
        let table = try makeTable(seed % 2 == 0 ? "t=>size=1" : "t=>size=1;autoexpire=1000", seed: seed)
        var random = SeededGenerator(seed)
        var model: [String: Content] = [:]
        // Few keys are overwritten often; many make segments split.
        let keys: UInt64 = seed % 3 == 0 ? 300 : 12_000
        for _ in 0..<40_000 {
            let number = random.next() % keys
            let key = number % 50 == 0 ? "a key of some more bytes than most others, \(number)" : "k\(number)"
            switch random.next() % 8 {
            case 0:
                #expect(try table.drop(key) == (model.removeValue(forKey: key) != nil))
            case 1:
                if case .int(let old) = model[key] {
                    #expect(try table.increase(key, by: 5) == old + 5)
                    model[key] = .int(old + 5)
                }
            case 2, 3:
                try table.put(key, .int(Int64(number)))
                model[key] = .int(Int64(number))
            case 4, 5:
                #expect(try table.read(key) == model[key])
            default:
                let text = String(repeating: "v", count: Self.length(&random))
                try table.put(key, .text(text))
                model[key] = .text(text)
            }
        }
        #expect(table.count == model.count)
        let bytes = model.reduce(0) { sum, item in
            if case .text(let text) = item.value { return sum + item.key.utf8.count + text.utf8.count }
            return sum + item.key.utf8.count + 8
        }
        #expect(table.totals() == (model.count, bytes))
        let walked = table.all()
        #expect(walked.count == model.count)
        for (key, value) in walked { #expect(model[key] == value) }
        #expect(table.dumped(capacity: 500).flatMap(\.keys).count == model.count)
        for key in model.keys.sorted() { #expect(try table.drop(key)) }
        #expect(table.totals() == (0, 0))
    }

    @Test(
        "Each second counts exactly what is alive, whether expiries come nearer or go away and whatever has been removed yet"
    )
    func everySecond() throws {
        let clock = Clock(at: 1_000_000)
        let table = try makeTable("t=>autoexpire=30;size=1", clock: clock, seed: 5)
        var random = SeededGenerator(9)
        var expiries: [String: UInt32] = [:]
        for second in 0..<120 {
            let now = table.now
            for _ in 0..<300 {
                let key = "k\(random.next() % 4000)"
                let moment = random.next() % 10 == 0 ? 0 : now + UInt32(random.next() % 90)
                let isThere = expiries[key].map { $0 == 0 || $0 >= now } ?? false
                if random.next() % 2 == 0, isThere {
                    #expect(try table.expire(key, at: moment))
                } else {
                    try table.put(key, .text(String(repeating: "x", count: Int(random.next() % 90))), expiry: .at(moment))
                }
                expiries[key] = moment
            }
            if second % 3 == 0 { _ = table.purge(budget: 100) }
            let alive = expiries.filter { $0.value == 0 || $0.value >= now }
            #expect(table.count == alive.count)
            #expect(table.all().count == alive.count)
            clock.advance(by: second % 40 == 39 ? 70 : 1)
        }
        while table.purge(budget: 1000) {}
        #expect(table.totals().items == expiries.filter { $0.value == 0 || $0.value >= table.now }.count)
        let removed = table.expiredTotal.load(ordering: .relaxed)
        #expect(removed > 1000)
    }

    @Test("When the clock is set back, what was counted as expired but is written again lives and is counted")
    func clockSetBack() throws {
        let clock = Clock(at: 1000)
        let table = try makeTable("t=>autoexpire=10;initval=0;size=1", clock: clock)
        for number in 0..<500 { try table.put("k\(number)", .int(1)) }
        clock.set(1020)
        #expect(table.count == 0)
        clock.set(1005)
        for number in 0..<500 {
            switch number % 3 {
            case 0: try table.put("k\(number)", .text(String(repeating: "longer", count: 1 + number % 20)))
            case 1: try table.put("k\(number)", .int(2))
            default: #expect(try table.increase("k\(number)") == 2)
            }
        }
        #expect(table.count == 500)
        while table.purge(budget: 100) {}
        #expect(table.count == 500)
        #expect(table.all().count == 500)
    }

    @Test("Batches read what is there while the table grows under them")
    func batchesWhileGrowing() throws {
        let table = try makeTable("t=>size=1")
        for number in 0..<200 { try table.put("old:\(number)", .int(Int64(number))) }
        try inParallel(4) { thread in
            if thread < 2 {
                for number in 0..<10_000 { try table.put("new:\(thread):\(number)", .int(1)) }
                return
            }
            let keys = (0..<200).map { Array("old:\($0)".utf8) }
            for _ in 0..<50 {
                var found = 0
                try lendAll(keys) { keys in
                    try table.get(keys) { index, value, _ in
                        if case .integer(let number) = value, number == Int64(index) { found += 1 }
                    }
                }
                #expect(found == 200)
            }
        }
        #expect(table.count == 20_200)
    }

    @Test("When memory has run out a write fails and says so, and everything that was written before is as it was")
    func memoryRunsOut() throws {
        let table = try HashTable(
            try DefinitionParser.parse("t=>size=1;autoexpire=100"), clock: Clock(at: 1000), reserving: 1 << 20, seed: 3)
        var written = 0
        let full = #expect(throws: ModuleFailure.self) {
            while true {
                try table.put("k\(written)", .text("value \(written)"))
                written += 1
            }
        }
        #expect(full?.code == MH_E_NO_MEMORY)
        #expect(written > 1000)
        #expect(table.count == written)
        for number in 0..<written {
            // What still fits is written; what does not leaves the old value.
            let long = String(repeating: "long", count: 40)
            let expected: Content
            do {
                try table.put("k\(number)", .text(long))
                expected = .text(long)
            } catch let failure as ModuleFailure {
                #expect(failure.code == MH_E_NO_MEMORY)
                expected = .text("value \(number)")
            }
            #expect(try table.read("k\(number)") == expected)
        }
        #expect(table.count == written)
        table.removeAll()
        for number in 0..<written { try table.put("k\(number)", .text("value \(number)")) }
        #expect(table.count == written)
    }
}

/// Lends the bytes of many keys.
private func lendAll(
    _ keys: [[UInt8]], _ body: (UnsafeBufferPointer<UnsafeRawBufferPointer>) throws -> Void
) throws {
    let all = keys.flatMap { $0 }
    try all.withUnsafeBytes { bytes in
        var start = 0
        var lent: [UnsafeRawBufferPointer] = []
        for key in keys {
            lent.append(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + key.count)]))
            start += key.count
        }
        try lent.withUnsafeBufferPointer(body)
    }
}
