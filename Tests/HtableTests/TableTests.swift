import Glibc
import ModuleABI
import ModuleKit
import Testing

@testable import HtableEngine

@Suite("Items, expiry and limits")
struct TableTests {
    @Test("An item is alive during the second of its expiry and invisible everywhere in the next")
    func lastSecond() throws {
        let clock = Clock(at: 1000)
        let table = try makeTable("t=>autoexpire=10", clock: clock)
        try table.put("a", .int(1))
        try table.put("b", .text("x"), expiry: .at(0))
        clock.set(1010)
        #expect(try table.read("a") == .int(1))
        #expect(table.count == 2)
        clock.set(1011)
        #expect(try table.read("a") == nil)
        #expect(table.count == 1)
        #expect(table.all().map(\.key) == ["b"])
        #expect(table.dumped().flatMap(\.keys) == ["b"])
        #expect(SlotStatistics(table).all == 1)
        #expect(table.count(matching: .everything) == 1)
        #expect(try !table.drop("a"))
        #expect(try !table.expire("a", at: 2000))
    }

    @Test("updateexpire=0 keeps the expiry of an item, but an expired one is a new item")
    func keptExpiry() throws {
        let clock = Clock(at: 1000)
        let table = try makeTable("t=>autoexpire=10;updateexpire=0;initval=0", clock: clock)
        try table.put("a", .int(1))
        clock.set(1005)
        try table.put("a", .int(2))
        #expect(try table.readWithExpiry("a")?.expiry == 1010)
        #expect(try table.increase("a") == 3)
        #expect(try table.readWithExpiry("a")?.expiry == 1010)
        clock.set(1011)
        #expect(try table.increase("a") == 1)
        #expect(try table.increase("a") == 2)
        #expect(try table.readWithExpiry("a")?.expiry == 1021)
    }

    @Test("A value that grows or changes its type keeps the expiry that it is given")
    func growingValue() throws {
        let table = try makeTable("t=>autoexpire=10", clock: Clock(at: 1000))
        try table.put("a", .int(1), expiry: .at(5000))
        #expect(try table.readWithExpiry("a")?.expiry == 5000)
        try table.put("a", .text(String(repeating: "long", count: 100)), expiry: .at(6000))
        #expect(try table.readWithExpiry("a")?.expiry == 6000)
        try table.put("a", .text(String(repeating: "long", count: 1000)), expiry: .at(7000))
        #expect(try table.readWithExpiry("a")?.expiry == 7000)
    }

    @Test("Tables without autoexpire have no expiry; the far future is refused, the past and 0 mean never")
    func moments() throws {
        let plain = try makeTable("t=>")
        try plain.put("a", .int(1), expiry: .at(5))
        #expect(try plain.readWithExpiry("a")?.expiry == 0)
        #expect(try !plain.expire("a", at: 99))
        let table = try makeTable("t=>autoexpire=10", clock: Clock(at: 1000))
        #expect(try table.moment(after: 5) == 1005)
        #expect(try table.moment(after: 0) == 0)
        #expect(try table.moment(after: -5) == 0)
        #expect(throws: ModuleFailure.self) { try table.moment(after: 1 << 32) }
        #expect(throws: ModuleFailure.self) { try table.moment(after: .max) }
    }

    @Test("An increment that does not fit is an error and keeps the value; text is not incremented")
    func increments() throws {
        let table = try makeTable("t=>")
        #expect(try table.increase("a") == nil)
        #expect(try table.read("a") == nil)
        try table.put("a", .int(.max - 1))
        #expect(try table.increase("a") == .max)
        let failure = #expect(throws: ModuleFailure.self) { try table.increase("a") }
        #expect(failure?.text.contains("stays 9223372036854775807") == true)
        #expect(try table.read("a") == .int(.max))
        try table.put("a", .text("9"))
        #expect(throws: ModuleFailure.self) { try table.increase("a") }
    }

    @Test("Keys and text are bytes of any content: empty, with NUL, not UTF-8, 16 MiB; one more is refused")
    func anyBytes() throws {
        let table = try makeTable("t=>")
        for key in [[], [0], [0, 0], [0xFF, 0xFE], Array("a=>b".utf8)] as [[UInt8]] {
            try key.lend { key in _ = try table.set(key, .bytes(key)) }
            var copy = ItemCopy()
            #expect(try key.lend { try table.get($0, into: &copy) })
            #expect(copy.bytes == key)
        }
        #expect(table.count == 5)
        let large = [UInt8](repeating: 7, count: TableLimits.key)
        try large.lend { large in _ = try table.set(large, .bytes(large)) }
        var copy = ItemCopy()
        #expect(try large.lend { try table.get($0, into: &copy) })
        #expect(copy.bytes == large)
        let larger = large + [8]
        let key = #expect(throws: ModuleFailure.self) { try larger.lend { try table.set($0, .integer(1)) } }
        #expect(key?.code == MH_E_LIMIT)
        let value = #expect(throws: ModuleFailure.self) { try larger.lend { try table.set(.empty, .bytes($0)) } }
        #expect(value?.code == MH_E_LIMIT)
        #expect(table.count == 6)
    }

    @Test("maxsize counts items or bytes; what has expired makes room")
    func limits() throws {
        let clock = Clock(at: 1000)
        let items = try makeTable("t=>maxsize=3;autoexpire=10", clock: clock)
        for key in ["a", "b", "c"] { try items.put(key, .int(1)) }
        let full = #expect(throws: ModuleFailure.self) { try items.put("d", .int(1)) }
        #expect(full?.code == MH_E_NO_SPACE)
        #expect(full?.text.contains("maxsize is 3") == true)
        try items.put("a", .text("overwriting is no new item"))
        try items.drop("b")
        try items.put("d", .int(1))
        clock.advance(by: 11)
        for key in ["e", "f", "g"] { try items.put(key, .int(1)) }
        #expect(items.count == 3)
        items.removeAll()
        for key in ["h", "i", "j"] { try items.put(key, .int(1)) }

        let bytes = try makeTable("t=>maxsize=100b")
        try bytes.put("k", .text(String(repeating: "x", count: 99)))
        #expect(throws: ModuleFailure.self) { try bytes.put("l", .text("")) }
        #expect(throws: ModuleFailure.self) { try bytes.put("k", .text(String(repeating: "x", count: 100))) }
        try bytes.put("k", .text(""))
        try bytes.put("l", .text(String(repeating: "x", count: 98)))
    }

    @Test("Batches do what single calls do, also across sixteen keys and with keys given twice")
    func batches() throws {
        let table = try makeTable("t=>initval=0")
        let keys = (0..<50).map { Array("k\($0 % 40)".utf8) }
        let borrowed = keys.map { key in
            UnsafeRawBufferPointer(start: UnsafeRawPointer(strdup(String(decoding: key, as: UTF8.self))), count: key.count)
        }
        defer { for key in borrowed { free(UnsafeMutableRawPointer(mutating: key.baseAddress)) } }
        try borrowed.withUnsafeBufferPointer { keys in
            try table.add(2, to: keys) { index, sum in #expect(sum == (index < 40 ? 2 : 4)) }
            var found: [Int: Content] = [:]
            try table.get(keys) { index, value, _ in found[index] = Content(value) }
            #expect(found.count == 50)
            #expect(found[0] == .int(4))
            #expect(found[20] == .int(2))
            let pairs = keys.map { (key: $0, value: ItemValue.bytes($0)) }
            try pairs.withUnsafeBufferPointer { try table.set($0) }
        }
        #expect(table.count == 40)
        #expect(try table.read("k7") == .text("k7"))
    }
}
