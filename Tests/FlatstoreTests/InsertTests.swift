// Rows through the provider into files.
import Foundation
import ModuleABI
import ModuleKit
import Testing

@testable import FlatstoreEngine

func settings(_ durability: Durability, bufferSize: Int = 32 * 1024) -> Settings {
    var settings = Settings()
    settings.durability = durability
    settings.bufferSize = bufferSize
    return settings
}

@Suite("Insert")
struct InsertTests {
    @Test(
        "A row is in the file when insert answers, in a file named by table and thread",
        arguments: [Durability.kernel, .disk])
    func oneRow(durability: Durability) throws {
        let rig = try Rig(settings(durability))
        let table = try rig.table(columns: 2)
        #expect(rig.names.isEmpty)
        FakeThread.index = 7
        try rig.insert(table, [.text("a"), .int(1)])
        #expect(rig.content("acc_7.log") == "a|1\n")
        FakeThread.index = 8
        try rig.insert(table, [.text("b"), .int(2)])
        #expect(rig.names == ["acc_7.log", "acc_8.log"])
        #expect(rig.statistic("rows") == 2)
        #expect(rig.statistic("bytes_acc") == 8)
        #expect(rig.statistic("open_files") == 2)
        let mode =
            try FileManager.default.attributesOfItem(atPath: rig.path("acc_7.log"))[.posixPermissions] as? Int
        #expect(mode == 0o640)
    }

    @Test("Prefix, suffix and mode are those of the settings, whatever the umask")
    func names() throws {
        var settings = Settings()
        settings.filePrefix = "site-"
        settings.fileSuffix = ".csv"
        settings.fileMode = 0o664
        let rig = try Rig(settings)
        FakeThread.index = 0
        try rig.insert(try rig.table("missed.calls", columns: 1), [.int(1)])
        #expect(rig.names == ["site-missed.calls_0.csv"])
        let mode =
            try FileManager.default.attributesOfItem(atPath: rig.path(rig.names[0]))[.posixPermissions]
            as? Int
        #expect(mode == 0o664)
    }

    @Test("A thread without an index writes to the last slot's file")
    func noIndex() throws {
        let rig = try Rig(threads: 5)
        let table = try rig.table(columns: 1)
        FakeThread.index = MH_THREAD_NONE
        try rig.insert(table, [.int(1)])
        #expect(rig.content("acc_5.log") == "1\n")
    }

    @Test("Two consumers of one table share its files")
    func shared() throws {
        let rig = try Rig(settings(.buffered))
        FakeThread.index = 1
        let first = try rig.table(columns: 1)
        let second = try rig.table(columns: 2, in: try rig.open("flatstore://\(rig.directory)/"))
        try rig.insert(first, [.int(1)])
        try rig.insert(second, [.int(2), .int(3)])
        rig.release(first)
        try rig.insert(second, [.int(4), .int(5)])
        try rig.store.flush()
        #expect(rig.content("acc_1.log") == "1\n2|3\n4|5\n")
    }

    @Test("When the last handle of a table goes, its rows are written out and its files closed")
    func lastHandle() throws {
        let rig = try Rig(settings(.buffered))
        FakeThread.index = 1
        let database = try rig.open()
        let table = try rig.table(columns: 1, in: database)
        _ = try rig.table("other", columns: 1, in: database)
        try rig.insert(table, [.int(1)])
        rig.close(database)
        #expect(rig.content("acc_1.log") == "1\n")
        #expect(rig.statistic("open_files") == 0)
    }

    @Test("A batch stores all rows in order, whatever its size", arguments: Durability.allCases)
    func batch(durability: Durability) throws {
        let rig = try Rig(settings(durability))
        FakeThread.index = 2
        let table = try rig.table(columns: 2)
        let text = String(repeating: "v", count: 100)
        let rows = (0..<25_000).map { [Field.int(Int64($0)), .text(text)] }
        let outcome = rig.insert(table, batch: rows)
        #expect(outcome.stored == 25_000)
        #expect(outcome.failure == nil)
        try rig.store.flush()
        #expect(rig.content("acc_2.log") == (0..<25_000).map { "\($0)|\(text)\n" }.joined())
        #expect(rig.statistic("rows") == 25_000)
        #expect(rig.insert(table, batch: [[.int(1), .int(2)]]).stored == 1)
    }

    @Test("Rows longer than the buffer keep their place among the others", arguments: Durability.allCases)
    func longRows(durability: Durability) throws {
        let rig = try Rig(settings(durability, bufferSize: 4096))
        FakeThread.index = 1
        let table = try rig.table(columns: 2)
        let lengths = [10, 5_000, 20, 100_000, 2_000_000, 30]
        for length in lengths {
            try rig.insert(table, [.int(Int64(length)), .text(String(repeating: "|", count: length))])
        }
        rig.store.stop()
        let expected = lengths.map { "\($0)|" + String(repeating: "%7C", count: $0) + "\n" }.joined()
        #expect(rig.content("acc_1.log") == expected)
    }

    @Test("A row that is too long is refused with its size, and the next one is stored")
    func tooLong() throws {
        let rig = try Rig()
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        let refused = failure { try rig.insert(table, [.bytes([UInt8](repeating: 65, count: 17 << 20))]) }
        #expect(refused?.code == MH_E_LIMIT)
        try rig.insert(table, [.int(1)])
        #expect(rig.content("acc_1.log") == "1\n")
    }

    @Test("A row with another number of values is refused and names caller, table and both numbers")
    func wrongCount() throws {
        let rig = try Rig()
        let table = try rig.table(columns: 3)
        let refused = failure { try rig.insert(table, [.int(1)]) }
        #expect(refused?.code == MH_E_INVALID)
        #expect(
            refused?.text
                == "acc inserts rows of 1 values into the table acc, expected 3, one for each column")
    }

    @Test(
        "A value that no field can hold refuses its row; the rows before it are stored",
        arguments: Durability.allCases)
    func badValue(durability: Durability) throws {
        let rig = try Rig(settings(durability))
        FakeThread.index = 1
        let table = try rig.table(columns: 2)
        let outcome = rig.insert(
            table, batch: [[.int(1), .int(1)], [.int(2), .int(2)], [.int(3), .list], [.int(4), .int(4)]])
        #expect(outcome.stored == 2)
        #expect(outcome.failure?.code == MH_E_INVALID)
        #expect(outcome.failure?.text.contains("column 2 of a row for table acc is a list") == true)
        try rig.store.flush()
        #expect(rig.content("acc_1.log") == "1|1\n2|2\n")
    }

    @Test("Query, delete and update are refused and name the caller")
    func unsupported() throws {
        let rig = try Rig()
        let refused = rig.unsupported(try rig.table(columns: 1))
        #expect(refused.map(\.code) == [MH_E_UNSUPPORTED, MH_E_UNSUPPORTED, MH_E_UNSUPPORTED])
        #expect(
            refused.first?.text == "query is not supported by flatstore (called by acc): it only appends rows"
        )
        #expect(rig.capabilities() == MH_DB_CAN_INSERT)
        #expect(try Rig(settings(.disk)).capabilities() == MH_DB_CAN_INSERT | MH_DB_BLOCKS)
    }

    @Test(
        "Table names that cannot be part of a file name are refused",
        arguments: ["", ".acc", "a/b", "a b", "ä", String(repeating: "x", count: 129)])
    func badNames(name: String) throws {
        let rig = try Rig()
        let refused = failure { _ = try rig.table(name, columns: 1) }
        #expect(refused?.code == MH_E_INVALID)
        #expect(refused?.text.contains("cannot be a part of a file name") == true)
    }

    @Test("The list shows each open file with its rows, bytes and what waits")
    func list() throws {
        let rig = try Rig(settings(.buffered))
        let table = try rig.table(columns: 1)
        FakeThread.index = 3
        try rig.insert(table, [.int(12)])
        try rig.insert(table, [.int(34)])
        let expected = OpenFile(
            file: rig.path("acc_3.log"), table: "acc", thread: 3, rows: 2, bytes: 6, durability: .buffered,
            buffered: 6)
        #expect(rig.store.list() == [expected])
        try rig.store.rotate()
        #expect(rig.store.list() == [])
        try rig.insert(table, [.int(5)])
        #expect(rig.store.list().map(\.rows) == [1])
    }

    @Test(
        "After stop rows are refused, and everything before is in the files", arguments: Durability.allCases)
    func stop(durability: Durability) throws {
        let rig = try Rig(settings(durability))
        FakeThread.index = 1
        let table = try rig.table(columns: 1)
        try rig.insert(table, [.int(1)])
        rig.store.stop()
        #expect(failure { try rig.insert(table, [.int(2)]) }?.code == MH_E_STATE)
        #expect(rig.content("acc_1.log") == "1\n")
        #expect(rig.names == ["acc_1.log"])
        #expect(rig.statistic("open_files") == 0)
    }
}
