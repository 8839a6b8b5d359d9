// Processes that die: what was acknowledged is in the files, once. Each process is an exit test, killed by a thread of its own.
import Foundation
import ModuleABI
import ModuleKit
import Synchronization
import Testing

@testable import FlatstoreEngine

/// The number of acknowledged rows of a process, in a file that survives it.
struct Ledger: @unchecked Sendable {
    private let word: UnsafeMutablePointer<Atomic<Int>>

    init(_ path: String) {
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT, 0o600)
        ftruncate(descriptor, 4096)
        let base = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let base, base != MAP_FAILED else { preconditionFailure("the ledger cannot be mapped") }
        Foundation.close(descriptor)
        word = base.assumingMemoryBound(to: Atomic<Int>.self)
    }

    var count: Int {
        get { word.pointee.load(ordering: .acquiring) }
        nonmutating set { word.pointee.store(newValue, ordering: .releasing) }
    }
}

@Suite("Crashes")
struct CrashTests {
    /// Inserts rows from `ledger.count` on until the process is killed, after up to `microseconds`.
    static func work(_ directory: String, _ durability: Durability, microseconds: UInt32) throws {
        let rig = try Rig(settings(durability, bufferSize: 4096), directory: directory)
        FakeThread.index = 1
        let table = try rig.table(columns: 3)
        let ledger = Ledger(directory + "/ledger")
        Thread.detachNewThread {
            // A moment drawn by the test: the kill may fall anywhere.
            usleep(microseconds)
            kill(getpid(), SIGKILL)
        }
        while true {
            let number = ledger.count
            try rig.insert(table, [.int(Int64(number)), .text("text|with a delimiter"), .real(0.25)])
            ledger.count = number + 1
            if number % 1_000 == 999 { rig.store.tick() }
            if number % 5_000 == 4_999 {
                rename(directory + "/acc_1.log", directory + "/old_\(number)")
                try rig.store.rotate()
            }
        }
    }

    /// Checks that each acknowledged row is in the files once, in order; a row more may be there, which was not acknowledged yet.
    static func audit(_ directory: String, _ durability: Durability) throws {
        // The next start writes out what was left, when a database is opened.
        let rig = try Rig(settings(durability), directory: directory)
        _ = try rig.open()
        let ledger = Ledger(directory + "/ledger")
        let old = rig.names.filter { $0.hasPrefix("old_") }
            .sorted { (Int($0.dropFirst(4)) ?? 0) < (Int($1.dropFirst(4)) ?? 0) }
        let text = (old + ["acc_1.log"]).compactMap { rig.content($0) }.joined()
        let found = text.utf8.count { $0 == UInt8(ascii: "\n") }
        let acknowledged = ledger.count
        #expect(text == (0..<found).map { "\($0)|text%7Cwith a delimiter|0.250000\n" }.joined())
        #expect(found == acknowledged || found == acknowledged + 1)
        #expect(!rig.names.contains { $0.hasSuffix(".ring") })
        // The next process goes on behind the row that was written and not acknowledged.
        ledger.count = found
    }

    @Test("SIGKILL at any moment loses no acknowledged row and doubles none: ring, fifty times")
    func ring() async throws {
        try await killed(.ring, times: 50)
    }

    @Test("SIGKILL at any moment loses no acknowledged row and doubles none: kernel, ten times")
    func kernel() async throws {
        try await killed(.kernel, times: 10)
    }

    private func killed(_ durability: Durability, times: Int) async throws {
        let directory = Rig.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for _ in 0..<times {
            let microseconds = UInt32.random(in: 100...20_000)
            let name = durability.rawValue
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [
                    directory = directory as String, microseconds = microseconds as UInt32,
                    name = name as String
                ] in
                try CrashTests.work(
                    directory, Durability(rawValue: name) ?? .disk, microseconds: microseconds)
            }
            try CrashTests.audit(directory, durability)
        }
        #expect(Ledger(directory + "/ledger").count > times)
    }
}

@Suite("Ring recovery")
struct RingRecoveryTests {
    /// A staging file as a killed process leaves it: `committed` rows, and a drain of which `written` bytes reached the file.
    private func leave(
        _ rig: Rig, rows: String, draining: Bool = false, committed: Bool = true, written: Int = 0,
        before: String = "old\n",
        boot: [UInt8] = StagingRing.bootID()
    ) throws {
        rig.write(before + rows.prefix(written), to: "acc_1.log")
        var status = stat()
        stat(rig.path("acc_1.log"), &status)
        var bytes = [UInt8](repeating: 0, count: StagingRing.headerSize + 4096)
        func put(_ number: UInt64, _ offset: Int) {
            for index in 0..<8 {
                bytes[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
            }
        }
        put(StagingRing.magic, 0)
        put(UInt64(StagingRing.version), 8)
        put(4096, 16)
        put(committed ? UInt64(rows.utf8.count) : 0, 24)
        put(draining ? UInt64(rows.utf8.count) : 0, 32)
        put(UInt64(status.st_dev), 40)
        put(UInt64(status.st_ino), 48)
        put(UInt64(before.utf8.count), 56)
        bytes.replaceSubrange(StagingRing.Offset.boot..<(StagingRing.Offset.boot + boot.count), with: boot)
        bytes.replaceSubrange(
            StagingRing.headerSize..<(StagingRing.headerSize + rows.utf8.count), with: Array(rows.utf8))
        try Data(bytes).write(to: URL(fileURLWithPath: rig.path(".acc_1.log.ring")))
    }

    @Test(
        "Rows that wait are appended once, and the staging file goes, whatever the durability is now",
        arguments: Durability.allCases)
    func waiting(durability: Durability) throws {
        let rig = try Rig(settings(durability))
        try leave(rig, rows: "1\n2\n")
        _ = try rig.open()
        _ = try rig.open()
        #expect(rig.content("acc_1.log") == "old\n1\n2\n")
        #expect(rig.names == ["acc_1.log"])
        #expect(rig.logged(MH_LOG_NOTICE, containing: "wrote 4 bytes of rows that an earlier process left"))
    }

    @Test(
        "A kill in the middle of a drain neither loses nor doubles a row, wherever it fell", arguments: 0...8)
    func draining(written: Int) throws {
        for committed in written == 8 ? [true, false] : [true] {
            let rig = try Rig(settings(.ring))
            try leave(rig, rows: "111\n222\n", draining: true, committed: committed, written: written)
            _ = try rig.open()
            #expect(rig.content("acc_1.log") == "old\n111\n222\n")
            #expect(rig.names == ["acc_1.log"])
        }
    }

    @Test("A file that was renamed while the host was dead is found again", arguments: [0, 3, 8])
    func renamed(written: Int) throws {
        let rig = try Rig(settings(.ring))
        try leave(rig, rows: "111\n222\n", draining: true, written: written)
        rig.move("acc_1.log", to: "acc_1.log.1")
        _ = try rig.open()
        if written == 8 {
            #expect(rig.content("acc_1.log.1") == "old\n111\n222\n")
            #expect(rig.content("acc_1.log") == nil)
        } else {
            #expect(rig.content("acc_1.log.1") == "old\n")
            #expect(rig.content("acc_1.log") == "111\n222\n")
        }
    }

    @Test("When the file is gone the rows are written, with a warning that they may be there twice")
    func gone() throws {
        let rig = try Rig(settings(.ring))
        try leave(rig, rows: "1\n", draining: true, written: 2)
        unlink(rig.path("acc_1.log"))
        _ = try rig.open()
        #expect(rig.content("acc_1.log") == "1\n")
        #expect(rig.logged(MH_LOG_WARNING, containing: "may hold some of them too"))
    }

    @Test("What was staged before a restart of the system is set aside, not trusted")
    func restarted() throws {
        let rig = try Rig(settings(.ring))
        try leave(rig, rows: "1\n", boot: Array("another boot".utf8))
        _ = try rig.open()
        #expect(rig.content("acc_1.log") == "old\n")
        #expect(rig.names.contains { $0.hasSuffix(".before-restart") })
        #expect(rig.logged(MH_LOG_WARNING, containing: "set aside in"))
    }

    @Test("A staging file that a killed process was still making is removed; a stranger's is left alone")
    func unfinished() throws {
        let rig = try Rig(settings(.ring))
        try Data(count: 8192).write(to: URL(fileURLWithPath: rig.path(".acc_1.log.ring")))
        rig.write("someone else's", to: ".other.ring")
        _ = try rig.open()
        #expect(rig.names == [".other.ring"])
        #expect(rig.logged(MH_LOG_WARNING, containing: "is no staging file of flatstore"))
    }

    @Test(
        "A staging file cut short or with damaged words is left alone and never crashes the start",
        arguments: 0..<72)
    func damaged(offset: Int) throws {
        for value: UInt8 in [0x01, 0x7F, 0xFF] {
            let rig = try Rig(settings(.ring))
            try leave(rig, rows: "1\n", draining: offset % 2 == 0)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: rig.path(".acc_1.log.ring")))
            bytes[offset] ^= value
            try bytes.write(to: URL(fileURLWithPath: rig.path(".acc_1.log.ring")))
            _ = try rig.open()
            #expect(rig.content("acc_1.log")?.hasPrefix("old\n") == true)
            try bytes.prefix(offset * 100).write(to: URL(fileURLWithPath: rig.path(".acc_1.log.ring")))
            _ = try rig.open("flatstore:\(rig.directory)/.")
        }
    }

    @Test("Rows that cannot be written at the start stay staged until they can")
    func later() throws {
        let rig = try Rig(settings(.ring))
        FakeThread.index = 1
        try leave(rig, rows: "1\n")
        rig.move("acc_1.log", to: "aside")
        symlink("/dev/full", rig.path("acc_1.log"))
        let table = try rig.table(columns: 1)
        #expect(rig.logged(MH_LOG_ERROR, containing: "are kept and written at the next chance"))
        #expect(failure { try rig.insert(table, [.int(2)]) }?.code == MH_E_NO_SPACE)
        rename(rig.path("aside"), rig.path("acc_1.log"))
        try rig.insert(table, [.int(2)])
        rig.store.stop()
        #expect(rig.content("acc_1.log") == "old\n1\n2\n")
        #expect(rig.names == ["acc_1.log"])
    }

    @Test("Rows that cannot be written at the end stay staged for the next start")
    func stopOnFullDisk() throws {
        let directory = Rig.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        FakeThread.index = 1
        let first = try Rig(settings(.ring), directory: directory)
        let table = try first.table(columns: 1)
        symlink("/dev/full", first.path("acc_1.log"))
        try first.insert(table, [.int(1)])
        first.store.stop()
        #expect(
            first.logged(MH_LOG_ERROR, containing: "1 rows that waited in memory stay in the staging file"))
        unlink(first.path("acc_1.log"))
        let second = try Rig(settings(.kernel), directory: directory)
        _ = try second.open()
        #expect(second.content("acc_1.log") == "1\n")
        #expect(second.names == ["acc_1.log"])
    }

    @Test("A staging file that a living host holds is left to it")
    func held() throws {
        let first = try Rig(settings(.ring))
        FakeThread.index = 1
        let table = try first.table(columns: 1)
        try first.insert(table, [.int(1)])
        let second = try Rig(settings(.ring), directory: first.directory)
        let refused = failure { try second.insert(try second.table(columns: 1), [.int(2)]) }
        #expect(refused?.code == MH_E_BUSY)
        try first.insert(table, [.int(3)])
        first.store.stop()
        #expect(first.content("acc_1.log") == "1\n3\n")
    }

    @Test("A staging file that was deleted is made anew at the next tick")
    func deletedRing() throws {
        let rig = try Rig(settings(.ring))
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        try rig.insert(table, [.int(1)])
        unlink(rig.path(".acc_1.log.ring"))
        rig.store.tick()
        try rig.insert(table, [.int(2)])
        #expect(rig.names == [".acc_1.log.ring", "acc_1.log"])
        rig.store.stop()
        #expect(rig.content("acc_1.log") == "1\n2\n")
    }
}
