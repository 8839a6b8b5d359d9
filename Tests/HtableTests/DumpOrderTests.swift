import Testing

@testable import HtableEngine

@Suite("The order of a dump")
struct DumpOrderTests {
    @Test("Slots ascend; in a slot items ascend by id, and those of one id stand in the order they came")
    func kamailioOrder() throws {
        let table = try makeTable("t=>size=4")
        for key in ["foo", "alice", "Foo", "empty", "bob", "c::d"] { try table.put(key, .int(1)) }
        let slots = table.dumped()
        #expect(slots.map(\.slot) == [0, 3, 4, 11, 13])
        #expect(slots.map(\.keys) == [["c::d"], ["bob"], ["empty"], ["foo", "Foo"], ["alice"]])
        // A longer value makes a new cell, which keeps its place.
        try table.put("foo", .text(String(repeating: "long", count: 100)))
        #expect(table.dumped()[3].keys == ["foo", "Foo"])
    }

    @Test(
        "With room for only a few references the dump is the same, also when one slot is larger than the room",
        arguments: [2, 3, 10, 64, 1000])
    func smallRoom(capacity: Int) throws {
        for definition in ["t=>size=4", "t=>size=10", "t=>size=1"] {
            let table = try makeTable(definition)
            for number in 0..<300 { try table.put("\(number)", .int(Int64(number))) }
            let all = table.dumped()
            let rounds = table.dumped(capacity: capacity)
            #expect(rounds.map(\.slot) == all.map(\.slot))
            #expect(rounds.map(\.keys) == all.map(\.keys))
            #expect(rounds.map(\.size) == all.map(\.keys.count))
        }
    }

    @Test("A slot of thousands of items streams whole")
    func largeSlot() throws {
        let table = try makeTable("t=>size=1")
        for number in 0..<40_000 { try table.put("user:\(number)", .int(Int64(number))) }
        let slots = table.dumped()
        #expect(slots.map(\.keys.count).reduce(0, +) == 40_000)
        #expect(slots.contains { $0.size > SlotItems.mostCopied })
        #expect(slots.allSatisfy { $0.size == $0.keys.count })
        let statistics = SlotStatistics(table)
        #expect(statistics.all == 40_000)
        #expect(statistics.most == slots.map(\.size).max())
    }
}
