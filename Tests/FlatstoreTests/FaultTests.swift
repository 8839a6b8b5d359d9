// What goes wrong under the store: full disks, limits, files and directories that vanish, torn ends, other hosts.
import Foundation
import ModuleABI
import ModuleKit
import Testing

@testable import FlatstoreEngine

@Suite("Faults")
struct FaultTests {
    @Test(
        "A full disk refuses the row, says so once a second, and works again by itself",
        arguments: [Durability.kernel, .disk])
    func fullDisk(durability: Durability) throws {
        let rig = try Rig(settings(durability))
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        symlink("/dev/full", rig.path("acc_1.log"))
        for _ in 0..<5 {
            let refused = failure { try rig.insert(table, [.int(1)]) }
            #expect(refused?.code == MH_E_NO_SPACE)
            #expect(
                refused?.text
                    == "cannot write to \(rig.path("acc_1.log")), the row is not stored: No space left on device; "
                    + "free some space, the next insert tries again")
        }
        #expect(rig.insert(table, batch: [[.int(1)], [.int(2)]]).stored == 0)
        #expect(rig.statistic("write_errors") == 6)
        #expect(rig.statistic("write_errors_acc") == 6)
        #expect(rig.statistic("rows") == 0)
        #expect(rig.lines.count { $0.level == MH_LOG_ERROR } < 6)
        unlink(rig.path("acc_1.log"))
        try rig.insert(table, [.int(7)])
        #expect(rig.content("acc_1.log") == "7\n")
        #expect(rig.logged(MH_LOG_NOTICE, containing: "works again"))
    }

    @Test(
        "A full disk keeps the rows that wait, refuses more, and stores all that were taken once there is space",
        arguments: [Durability.buffered, .ring])
    func fullDiskBuffered(durability: Durability) throws {
        let rig = try Rig(settings(durability, bufferSize: 4096))
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        symlink("/dev/full", rig.path("acc_1.log"))
        var taken = 0
        var refused: ModuleFailure?
        while refused == nil, taken < 10_000 {
            refused = failure { try rig.insert(table, [.int(Int64(taken))]) }
            if refused == nil { taken += 1 }
        }
        #expect(refused?.code == MH_E_NO_SPACE)
        #expect(failure { try rig.store.flush() }?.code == MH_E_NO_SPACE)
        #expect(failure { try rig.store.rotate() }?.code == MH_E_NO_SPACE)
        #expect(rig.statistic("rotations") == 1)
        unlink(rig.path("acc_1.log"))
        try rig.insert(table, [.int(-1)])
        rig.store.tick()
        #expect(rig.content("acc_1.log") == (0..<taken).map { "\($0)\n" }.joined() + "-1\n")
    }

    @Test("A write that is cut short leaves whole rows only")
    func shortWrite() async {
        // In a process of its own: the limit on file sizes and its signal belong to the whole process.
        await #expect(processExitsWith: .success) {
            signal(SIGXFSZ, SIG_IGN)
            let rig = try Rig(settings(.kernel))
            FakeThread.index = 1
            let table = try rig.table(columns: 1)
            let text = String(repeating: "r", count: 63)
            var limit = rlimit(rlim_cur: 1_000, rlim_max: rlim_t.max)
            getrlimit(__rlimit_resource_t(1), &limit)
            limit.rlim_cur = 1_000
            setrlimit(__rlimit_resource_t(1), &limit)
            var stored = 0
            while stored < 100, failure(of: { try rig.insert(table, [.text(text)]) }) == nil { stored += 1 }
            try #require(stored == 15)
            try #require(rig.content("acc_1.log")?.utf8.count == 15 * 64)
            try #require(rig.insert(table, batch: [[.text("")], [.text(text)], [.text(text)]]).stored == 0)
            try #require(rig.content("acc_1.log")?.utf8.count == 15 * 64)
            limit.rlim_cur = limit.rlim_max
            setrlimit(__rlimit_resource_t(1), &limit)
            try rig.insert(table, [.text(text)])
            try #require(rig.content("acc_1.log") == String(repeating: text + "\n", count: 16))
        }
    }

    @Test("A directory that vanished is named with what to type, and rows go on once it is back")
    func vanishedDirectory() throws {
        let rig = try Rig()
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        try rig.insert(table, [.int(1)])
        let aside = rig.directory + ".aside"
        rename(rig.directory, aside)
        defer { try? FileManager.default.removeItem(atPath: aside) }
        try rig.store.rotate()
        let refused = failure { try rig.insert(table, [.int(2)]) }
        #expect(refused?.code == MH_E_NOT_FOUND)
        #expect(refused?.text.contains("create it: mkdir -p \(rig.directory) && chown ") == true)
        try FileManager.default.createDirectory(atPath: rig.directory, withIntermediateDirectories: true)
        try rig.insert(table, [.int(2)])
        // Another consumer that opens it now shares its files.
        try rig.insert(try rig.table(columns: 1), [.int(3)])
        #expect(rig.content("acc_1.log") == "2\n3\n")
    }

    @Test("A file that was deleted while open is let go at the next tick", arguments: Durability.allCases)
    func deletedFile(durability: Durability) throws {
        let rig = try Rig(settings(durability))
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        try rig.insert(table, [.int(1)])
        try rig.store.flush()
        unlink(rig.path("acc_1.log"))
        rig.store.tick()
        #expect(rig.logged(MH_LOG_WARNING, containing: "was deleted while it was open"))
        try rig.insert(table, [.int(2)])
        try rig.store.flush()
        #expect(rig.content("acc_1.log") == "2\n")
    }

    @Test("Buffered rows never go to a deleted file", arguments: [Durability.buffered, .ring])
    func deletedBuffered(durability: Durability) throws {
        let rig = try Rig(settings(durability))
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        try rig.insert(table, [.int(1)])
        unlink(rig.path("acc_1.log"))
        try rig.insert(table, [.int(2)])
        rig.store.tick()
        #expect(rig.content("acc_1.log") == "1\n2\n")
    }

    @Test("logrotate's copytruncate leaves no hole: rows go on at the new end")
    func copytruncate() throws {
        let rig = try Rig()
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        try rig.insert(table, [.int(1)])
        truncate(rig.path("acc_1.log"), 0)
        try rig.insert(table, [.int(2)])
        #expect(rig.content("acc_1.log") == "2\n")
    }

    // MARK: The end of a file

    @Test("A torn last row is cut when the file is opened")
    func tornRow() throws {
        let rig = try Rig()
        FakeThread.index = 1
        rig.write("a|1\nb|2\nc|", to: "acc_1.log")
        let table = try rig.table(columns: 2)
        try rig.insert(table, [.text("d"), .int(4)])
        #expect(rig.content("acc_1.log") == "a|1\nb|2\nd|4\n")
        #expect(rig.logged(MH_LOG_WARNING, containing: "cut 2 bytes, from offset 8"))
    }

    @Test(
        "Zeros behind the last row, or in the place of all of them, as a loss of power leaves them, are cut",
        arguments: [5, 3 << 20])
    func zeros(count: Int) throws {
        let zeros = String(repeating: "\0", count: count)
        for rows in ["", "1\n2\n"] {
            let rig = try Rig(settings(.kernel))
            FakeThread.index = 1
            rig.write(rows + zeros, to: "acc_1.log")
            let table = try rig.table(columns: 1)
            try rig.insert(table, [.int(3)])
            #expect(rig.content("acc_1.log") == "\(rows)3\n")
            #expect(
                rig.logged(MH_LOG_WARNING, containing: rows.isEmpty ? "nothing but \(count) zeros" : "cut \(count) bytes"))
        }
    }

    @Test("A table's first use after a start cuts the torn rows of every thread, also of those that never write again")
    func tornRowsOfAllThreads() throws {
        let rig = try Rig()
        rig.write("a|1\nb|", to: "acc_1.log")
        rig.write("c|2\nd", to: "acc_17.log")
        rig.write("e|3\n", to: "acc_2.log")
        rig.write("not ours", to: "acc_x.log")
        rig.write("moved away", to: "acc_1.log.1")
        rig.write("another table", to: "accx_1.log")
        _ = try rig.table(columns: 2)
        #expect(rig.content("acc_1.log") == "a|1\n")
        #expect(rig.content("acc_17.log") == "c|2\n")
        #expect(rig.content("acc_2.log") == "e|3\n")
        #expect(rig.content("acc_x.log") == "not ours")
        #expect(rig.content("acc_1.log.1") == "moved away")
        #expect(rig.content("accx_1.log") == "another table")
        #expect(rig.logged(MH_LOG_WARNING, containing: "acc_17.log: it ended in a torn row: cut 1 bytes, from offset 4"))
    }

    @Test(
        "A torn row of any length is cut, also across the steps of the search",
        arguments: [1, 65_535, 65_536, 65_537, 131_072, 1_048_574])
    func tornLong(length: Int) throws {
        var settings = Settings()
        settings.recordDelimiter = Array("\r\n".utf8)
        let rig = try Rig(settings)
        FakeThread.index = 1
        rig.write("a\r\n" + String(repeating: "x", count: length), to: "acc_1.log")
        try rig.insert(try rig.table(columns: 1), [.int(1)])
        #expect(rig.content("acc_1.log") == "a\r\n1\r\n")
    }

    @Test("A file without any delimiter is not cut: a new row begins after it", arguments: [10, 3_000_000])
    func noDelimiter(length: Int) throws {
        let rig = try Rig()
        FakeThread.index = 1
        let text = String(repeating: "x", count: length)
        rig.write(text, to: "acc_1.log")
        try rig.insert(try rig.table(columns: 1), [.int(1)])
        #expect(rig.content("acc_1.log") == text + "\n1\n")
        #expect(rig.logged(MH_LOG_WARNING, containing: "left as they are"))
    }

    @Test("A file that was written with another record delimiter is not cut")
    func otherDelimiter() throws {
        var settings = Settings()
        settings.recordDelimiter = Array(";".utf8)
        let rig = try Rig(settings)
        FakeThread.index = 1
        rig.write("a;b\n", to: "acc_1.log")
        try rig.insert(try rig.table(columns: 1), [.int(1)])
        #expect(rig.content("acc_1.log") == "a;b\n;1;")
    }

    // MARK: What lies behind the name

    @Test("A file that another process holds is refused with what to do")
    func otherHost() throws {
        let rig = try Rig()
        FakeThread.index = 1
        rig.write("", to: "acc_1.log")
        let other = Foundation.open(rig.path("acc_1.log"), O_RDWR)
        flock(other, LOCK_EX)
        let table = try rig.table(columns: 1)
        let refused = failure { try rig.insert(table, [.int(1)]) }
        #expect(refused?.code == MH_E_BUSY)
        #expect(
            refused?.text.contains("is being written by another process; give each host a directory") == true)
        Foundation.close(other)
        try rig.insert(table, [.int(1)])
        #expect(rig.content("acc_1.log") == "1\n")
    }

    @Test("A FIFO or a directory of that name is refused by its kind, without waiting")
    func notRegular() throws {
        let rig = try Rig()
        FakeThread.index = 1
        mkfifo(rig.path("acc_1.log"), 0o600)
        let table = try rig.table(columns: 1)
        let refused = failure { try rig.insert(table, [.int(1)]) }
        #expect(refused?.code == MH_E_INVALID)
        #expect(
            refused?.text
                == "\(rig.path("acc_1.log")) is a FIFO, expected a regular file; move it out of the way")
        unlink(rig.path("acc_1.log"))
        mkdir(rig.path("acc_1.log"), 0o700)
        #expect(failure { try rig.insert(table, [.int(1)]) }?.text.contains("Is a directory") == true)
        #expect(rig.statistic("write_errors") == 2)
    }

    @Test("A link to a file elsewhere is followed, also when it leads nowhere yet")
    func link() throws {
        let rig = try Rig()
        FakeThread.index = 1
        symlink(rig.path("elsewhere"), rig.path("acc_1.log"))
        try rig.insert(try rig.table(columns: 1), [.int(1)])
        #expect(rig.content("elsewhere") == "1\n")
    }

    // MARK: URLs

    @Test("URLs in every accepted spelling name the same directory")
    func spellings() throws {
        #expect(try Directory.path(of: "flatstore:/var/log/acc") == "/var/log/acc")
        #expect(try Directory.path(of: "flatstore:///var/log/acc//") == "/var/log/acc")
        #expect(
            try Directory.path(of: "flatstore:run/acc") == FileManager.default.currentDirectoryPath
                + "/run/acc")
        #expect(try Directory.path(of: "flatstore:.") == FileManager.default.currentDirectoryPath)
        #expect(try Directory.path(of: "flatstore:/") == "/")
    }

    @Test(
        "Bad URLs are refused with the form that is expected",
        arguments: [
            ("mysql:/x", "does not begin with"), ("flatstore:", "names no directory"),
            ("flatstore://host/x", "names a host"),
        ])
    func badURL(url: String, text: String) throws {
        let refused = failure { _ = try Directory.path(of: url) }
        #expect(refused?.text.contains(text) == true)
        #expect(refused?.text.contains("expected flatstore:/DIRECTORY") == true)
    }

    @Test("A directory that is missing, or is a file, is refused at open with what to type")
    func badDirectory() throws {
        let rig = try Rig()
        let missing = failure { _ = try rig.open("flatstore:\(rig.directory)/it's") }
        #expect(missing?.code == MH_E_NOT_FOUND)
        #expect(
            missing?.text.contains(
                "which acc wants to use, does not exist; create it: mkdir -p '\(rig.directory)/it'\\''s'")
                == true)
        rig.write("", to: "file")
        #expect(
            failure { _ = try rig.open("flatstore:\(rig.directory)/file") }?.text.contains(
                "is a regular file, expected a directory") == true)
    }

    @Test("A directory that this user may not write to is refused with chown")
    func notWritable() async {
        // In a process of its own, which gives up root.
        await #expect(processExitsWith: .success) {
            let rig = try Rig()
            chmod(rig.directory, 0o555)
            if geteuid() == 0 { seteuid(65_534) }
            let refused = failure { _ = try rig.open() }
            seteuid(0)
            try #require(refused?.code == MH_E_DENIED)
            try #require(refused?.text.contains("give it away: chown ") == true)
        }
    }

    @Test("A fault that comes with every row is logged at once, then once a second with the number left out")
    func faultLog() throws {
        let rig = try Rig()
        let faults = FaultLog(rig.store.services)
        for step in 0..<30 { faults.report("broken", now: Int64(step) * 100_000_000) }
        #expect(
            rig.lines.map(\.text) == [
                "broken", "broken (and 9 more such errors since the last line)",
                "broken (and 9 more such errors since the last line)",
            ])
        faults.over("mended")
        #expect(rig.lines.last?.text == "mended (after 9 more errors that were not logged)")
    }

    @Test("A fault that comes and goes with every row takes two lines a second")
    func flappingFault() throws {
        let rig = try Rig()
        let faults = FaultLog(rig.store.services)
        let before = rig.lines.count
        for time in 0..<1000 {
            faults.report("broken", now: Int64(time) * 1_000_000)
            faults.over("mended")
        }
        #expect(rig.lines.dropFirst(before).map(\.text) == ["broken", "mended"])
        faults.report("broken", now: 1_000_000_000)
        faults.over("mended")
        #expect(
            rig.lines.dropFirst(before + 2).map(\.text) == [
                "broken (and 999 more such errors since the last line)", "mended",
            ])
    }
}
