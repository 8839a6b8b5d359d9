import Glibc
import ModuleABI
import ModuleKit
import Synchronization
import Testing

@testable import HtableEngine

@Suite("Slot locks, the change feed and expired items")
struct FeedTests {
    @Test("Followers hear of every change with key, value, expiry and a number that grows")
    func changes() throws {
        let table = try makeTable("t=>autoexpire=100;initval=1", clock: Clock(at: 1000))
        let heard = Locked<[String]>([])
        let numbers = Locked<[UInt64]>([])
        let id = table.feed.subscribe(expired: false) { change in
            let value = change.value.map { "\(Content($0))" } ?? "-"
            heard.change {
                $0.append(
                    "\(change.kind) \(String(decoding: change.key, as: UTF8.self)) \(value) \(change.expiry) \(change.stamp)"
                )
            }
            numbers.change { $0.append(change.number) }
        }
        try table.put("a", .text("x"))
        _ = try table.increase("n")
        try table.expire("a", at: 5000)
        try table.drop("a")
        try table.drop("a")
        table.removeAll()
        table.feed.cancel(id)
        try table.put("silent", .int(1))
        #expect(
            heard.value == [
                "set a \"x\" 1100 1000000", "set n 2 1100 1000000", "expiry a - 5000 1000000", "removed a - 0 1000000",
                "flushed  - 0 1000000",
            ])
        #expect(numbers.value == numbers.value.sorted())
        #expect(Set(numbers.value).count == 5)
    }

    @Test("An expired item is told of before it goes, outside all locks, and a new expiry rescues it")
    func rescue() throws {
        let clock = Clock(at: 1000)
        let table = try makeTable("t=>autoexpire=10", clock: clock)
        for key in ["goes", "stays", "replaced"] { try table.put(key, .text("value of \(key)")) }
        let told = Locked<[String]>([])
        _ = table.feed.subscribe(expired: true) { [unowned table] change in
            let key = String(decoding: change.key, as: UTF8.self)
            told.change { $0.append("\(key) \(change.value.map { "\(Content($0))" } ?? "")") }
            // Still invisible, and the table can be used.
            #expect((try? table.read(key)) == .some(nil))
            #expect(ScriptThread.current.record?.key == Array(key.utf8))
            if key == "stays", change.expiry < 2000 { _ = try? table.expire(key, at: 2000) }
            if key == "replaced", change.expiry < 1011 { _ = try? table.put(key, .int(7)) }
        }
        clock.set(1011)
        #expect(table.count == 0)
        while table.purge(budget: 1) {}
        #expect(
            told.value.sorted() == ["goes \"value of goes\"", "replaced \"value of replaced\"", "stays \"value of stays\""])
        #expect(try table.read("goes") == nil)
        #expect(try table.readWithExpiry("stays")?.expiry == 2000)
        #expect(try table.read("replaced") == .int(7))
        #expect(table.count == 2)
        clock.set(2001)
        while table.purge(budget: 10) {}
        #expect(told.value.count == 5)
        #expect(table.totals() == (0, 0))
        #expect(ScriptThread.current.record == nil)
    }

    @Test("A locked slot keeps other threads from its keys, and its own thread may go on and lock it again")
    func slotLock() throws {
        let table = try makeTable("t=>size=4;initval=0")
        let threads = 4
        try inParallel(threads) { _ in
            for _ in 0..<50 {
                try lend("n") { key in
                    try table.lockSlot(of: key, site: "a test")
                    try table.lockSlot(of: key, site: "a test, again")
                    guard case .int(let number)? = try table.read("n") ?? .int(0) else { return }
                    try table.put("n", .int(number + 1))
                    try table.unlockSlot(of: key, site: "a test")
                    try table.unlockSlot(of: key, site: "a test")
                }
                // Not locking, but not between a holder's read and write either.
                _ = try table.increase("n")
            }
        }
        #expect(try table.read("n") == .int(Int64(threads * 100)))
        let notHeld = #expect(throws: ModuleFailure.self) { try lend("n") { try table.unlockSlot(of: $0, site: "here") } }
        #expect(notHeld?.text.contains("nobody has locked") == true)
        try lend("n") { try table.lockSlot(of: $0, site: "a forgetful route") }
        #expect(table.unlockAllSlots() == 1)
        #expect(table.heldSlots.load(ordering: .relaxed) == 0)
    }

    @Test("Two threads that lock two slots in opposite order: one is told of both places, the other goes on")
    func deadLock() throws {
        let locks = SlotLocks(patience: 60)
        let table = try makeTable("t=>size=4", locks: locks)
        // bob is in slot 3, alice in 13.
        let reports = Locked<[String]>([])
        let ready = Locked(0)
        try inParallel(2) { thread in
            let (first, second) = thread == 0 ? ("bob", "alice") : ("alice", "bob")
            try lend(first) { try table.lockSlot(of: $0, site: "route \(thread) first") }
            ready.change { $0 += 1 }
            while ready.value < 2 { sched_yield() }
            do throws(ModuleFailure) {
                try Array(second.utf8).lend { (key) throws(ModuleFailure) in
                    try table.lockSlot(of: key, site: "route \(thread) second")
                }
            } catch {
                reports.change { $0.append(error.text) }
            }
            table.unlockAllSlots()
        }
        #expect(reports.value.count == 1)
        let text = reports.value.first ?? ""
        for part in ["dead-lock", "route 0 first", "route 1 first", "route 0 second", "route 1 second", "one order"] {
            #expect(text.contains(part), "\(text)")
        }
    }

    @Test("Who waits too long for a slot is told where it is locked")
    func patience() throws {
        let table = try makeTable("t=>", locks: SlotLocks(patience: 0.05))
        try lend("a") { try table.lockSlot(of: $0, site: "route[FORGETFUL]") }
        try inParallel(1) { _ in
            let failure = #expect(throws: ModuleFailure.self) { try table.put("a", .int(1)) }
            #expect(failure?.code == MH_E_TIMEOUT)
            #expect(failure?.text.contains("route[FORGETFUL]") == true)
        }
        table.unlockAllSlots()
    }
}
