// Rotation, flush and the timer while threads insert.
import Foundation
import ModuleABI
import ModuleKit
import Synchronization
import Testing

@testable import FlatstoreEngine

@Suite("Rotation")
struct RotationTests {
    @Test(
        "After a rotation the moved file gets no more bytes and holds every row before it",
        arguments: Durability.allCases)
    func moved(durability: Durability) throws {
        let rig = try Rig(settings(durability))
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        for round in 1...3 {
            try rig.insert(table, [.int(Int64(round))])
            if round == 1 { try rig.store.flush() }
            rig.move("acc_1.log", to: "acc_1.log.\(round)")
            try rig.insert(table, [.int(Int64(-round))])
            try rig.store.rotate()
            #expect(rig.content("acc_1.log.\(round)") == "\(round)\n\(-round)\n")
            #expect(rig.content("acc_1.log") == nil)
        }
        #expect(rig.statistic("rotations") == 3)
        #expect(rig.statistic("open_files") == 0)
    }

    @Test("A rotation with nothing open, and two in a row, each count")
    func counts() throws {
        let rig = try Rig()
        try rig.store.rotate()
        try rig.store.rotate()
        #expect(rig.statistic("rotations") == 2)
    }

    @Test("A rotation loses no row while four threads insert", arguments: Durability.allCases)
    func underLoad(durability: Durability) throws {
        let rows: Int64 = durability == .disk ? 300 : 20_000
        let rig = try Rig(settings(durability, bufferSize: 4096))
        let table = try rig.table(columns: 3)
        let running = Atomic<Int>(4)
        let rounds = Atomic<Int>(0)
        nonisolated(unsafe) let unchecked = table
        let rotator = Thread {
            // Each round moves every file away, rotates, and closes the book on what was moved.
            while running.load(ordering: .acquiring) > 0 {
                let round = rounds.wrappingAdd(1, ordering: .relaxed).newValue
                for index in 1...4 { rig.move("acc_\(index).log", to: "old_\(index)_\(round)") }
                #expect(failure { try rig.store.rotate() } == nil)
                let before = (1...4).map { rig.content("old_\($0)_\(round)") }
                if round % 3 == 0 { rig.store.tick() }
                _ = rig.store.list()
                #expect((1...4).map { rig.content("old_\($0)_\(round)") } == before)
            }
        }
        rotator.start()
        onThreads(4) { index in
            for number in 0..<rows {
                let row: [Field] = [.int(Int64(index)), .int(number), .text("some text")]
                if number % 100 == 50 {
                    #expect(rig.insert(unchecked, batch: [row]).stored == 1)
                } else {
                    #expect(failure { try rig.insert(unchecked, row) } == nil)
                }
            }
            running.subtract(1, ordering: .releasing)
        }
        // Foundation's Thread has no join.
        while !rotator.isFinished { usleep(1_000) }
        try rig.store.rotate()
        #expect(rig.statistic("rows") == rows * 4)
        for index in 1...4 {
            // In the order of the rounds, the files of a thread are its rows in order, each once.
            let names =
                (1...rounds.load(ordering: .relaxed)).map { "old_\(index)_\($0)" } + ["acc_\(index).log"]
            let text = names.compactMap { rig.content($0) }.joined()
            #expect(text == (0..<rows).map { "\(index)|\($0)|some text\n" }.joined())
        }
    }

    @Test("Threads without an index share a slot without losing a row")
    func sharedSlot() throws {
        let rig = try Rig(settings(.buffered, bufferSize: 4096))
        let table = try rig.table(columns: 1)
        nonisolated(unsafe) let unchecked = table
        onThreads(4) { index in
            FakeThread.index = MH_THREAD_NONE
            for number in 0..<5_000 {
                try? rig.insert(unchecked, [.int(Int64(index) * 10_000 + Int64(number))])
            }
        }
        try rig.store.flush()
        let numbers = rig.content("acc_64.log")?.split(separator: "\n").compactMap { Int($0) } ?? []
        #expect(numbers.sorted() == (1...4).flatMap { index in (0..<5_000).map { index * 10_000 + $0 } })
    }

    @Test(
        "Buffered rows reach the file at the tick, and not before", arguments: [Durability.buffered, .ring])
    func tick(durability: Durability) throws {
        let rig = try Rig(settings(durability))
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        try rig.insert(table, [.int(1)])
        #expect(rig.content("acc_1.log") == "")
        rig.store.tick()
        #expect(rig.content("acc_1.log") == "1\n")
    }

    @Test("A buffer that is full goes out in whole rows", arguments: [Durability.buffered, .ring])
    func fullBuffer(durability: Durability) throws {
        let rig = try Rig(settings(durability, bufferSize: 4096))
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        for _ in 0..<100 {
            try rig.insert(table, [.text(String(repeating: "z", count: 98))])
            let size = rig.content("acc_1.log")?.utf8.count ?? 0
            #expect(size % 99 == 0)
        }
        #expect((rig.content("acc_1.log")?.utf8.count ?? 0) >= 99 * 60)
    }

    @Test(
        "A rotated file is free for others even while a child that is being started holds a copy of its descriptor"
    )
    func inherited() throws {
        let rig = try Rig()
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        try rig.insert(table, [.int(1)])
        let slot = Slot(UnsafePointer<TableHandle>(table).pointee.slots, index: 1)
        let copy = dup(slot.state.pointee.descriptor)
        defer { close(copy) }
        try rig.store.rotate()
        try rig.insert(table, [.int(2)])
        #expect(rig.content("acc_1.log") == "1\n2\n")
    }

    @Test("A visitor gives up on a thread that keeps its slot, and says which")
    func patience() throws {
        let rig = try Rig()
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        try rig.insert(table, [.int(1)])
        let slot = Slot(UnsafePointer<TableHandle>(table).pointee.slots, index: 1)
        slot.take()
        #expect(!slot.visit(patience: 1_000_000))
        slot.giveBack()
        #expect(slot.visit(patience: 1_000_000))
        slot.leave()
        try rig.insert(table, [.int(2)])
    }
}
