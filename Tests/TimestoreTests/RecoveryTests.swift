// Files as every kind of crash can leave them, made by hand from the documented bytes.
import Foundation
import JSON
import TestSupport
import Testing

private let base: UInt32 = 1_704_067_200
private let records = (0..<10).map { Record(base + UInt32($0) * 20_000, Float($0)) }

@Suite("Recovery")
struct RecoveryTests {
    private static let id = uuid(1)
    private static let folder = "2024/00/00"

    private func host(_ files: [String: [UInt8]]) throws -> TimestoreHost {
        try TimestoreHost(files: Dictionary(uniqueKeysWithValues: files.map { ("\(Self.folder)/\($0.key)", $0.value) }))
    }

    @Test("A file that is whole is not touched")
    func whole() throws {
        let file = Wire.file(records)
        let store = try host(["\(Self.id)_001_003": file])
        #expect(try store.connect().get(Self.id) == records)
        #expect(store.content(store.files[0]) == file)
        #expect(try store.statistic("mended") == 0)
    }

    @Test("A partial record at the end is cut off and reported, whatever its length", arguments: 1...7)
    func partialRecord(length: Int) throws {
        let store = try host(["\(Self.id)_001_003": Wire.file(records) + [UInt8](repeating: 0xAB, count: length)])
        let client = try store.connect()
        #expect(try client.get(Self.id) == records)
        #expect(store.host.log.contains("a partial record of \(length) bytes at the end is cut off"))
        #expect(try client.put(Self.id, [Record(records[9].time, 11)]) == 1)
        #expect(try client.get(Self.id) == records + [Record(records[9].time, 11)])
        #expect(try store.problems() == [])
    }

    @Test("A header that lags or lies is mended, and a name that lags is renamed")
    func headerAndName() throws {
        var file = Wire.file(records)
        file.replaceSubrange(0..<8, with: Wire.word(records[0].time) + Wire.word(records[2].time))
        let store = try host(["\(Self.id)_001_001": file])
        #expect(try store.connect().get(Self.id) == records)
        #expect(store.names == ["\(Self.id)_001_003"])
        #expect(store.content(store.files[0]) == Wire.file(records))
        #expect(try store.statistic("mended") == 2)
    }

    @Test("A name that is taken gets a number")
    func takenName() throws {
        let store = try host([
            "\(Self.id)_001_003": Wire.file(records), "\(Self.id)_001_001": Wire.file([records[1], records[9]]),
        ])
        #expect(try store.connect().get(Self.id).count == 12)
        #expect(store.names == ["\(Self.id)_001_003", "\(Self.id)_001_003_1"])
        #expect(try store.problems() == [])
    }

    @Test("Empty records at the end, as a loss of power leaves them, are no records")
    func zeros() throws {
        let store = try host(["\(Self.id)_001_003": Wire.file(records) + [UInt8](repeating: 0, count: 4096)])
        #expect(try store.connect().get(Self.id) == records)
        #expect(store.host.log.contains("512 empty records at the end"))
    }

    @Test("A file that is nothing but zeros, as a loss of power leaves a new one, holds no records of 1970")
    func nothingButZeros() throws {
        let store = try host(["\(Self.id)_001_001": [UInt8](repeating: 0, count: 8 + 5 * 8)])
        #expect(try store.connect().get(Self.id) == [])
        #expect(store.files == [])
        #expect(store.host.log.contains("removed, it holds nothing but 5 empty records"))
    }

    @Test("An empty file, a header alone and part of one are removed", arguments: [0, 3, 8, 12])
    func noRecords(size: Int) throws {
        let store = try host(["\(Self.id)_001_001": Array(Wire.file([records[0]]).prefix(size))])
        #expect(try store.connect().get(Self.id) == [])
        #expect(store.files == [])
    }

    @Test("What a rewrite left behind is removed; other people's files are left alone and named by verify")
    func leftovers() throws {
        let store = try host([
            "\(Self.id)_001_003": Wire.file(records), ".\(Self.id).new": [1, 2, 3], ".\(Self.id).merged0": [4],
            "\(Self.id)_001_003.bak": [5], "notes.txt": [6],
        ])
        #expect(try store.connect().get(Self.id) == records)
        #expect(store.names == ["\(Self.id)_001_003", "\(Self.id)_001_003.bak", "notes.txt"])
        let problems = try store.problems()
        #expect(problems.count == 2 && problems.allSatisfy { $0.hasSuffix("is no file of the store") })
    }

    @Test("A compaction that was cut off is finished, wherever it stood", arguments: 0...4)
    func compaction(step: Int) throws {
        let (a, b) = (Wire.file([records[0], records[4]]), Wire.file([records[2]]))
        let merged = Wire.file([records[0], records[2], records[4]])
        let plan = "-\(Self.id)_001_001\n-\(Self.id)_001_001_1\n+.\(Self.id).merged0 \(Self.id)_001_001\nend\n"
        var files = ["\(Self.id)_001_001": a, "\(Self.id)_001_001_1": b, ".\(Self.id).merged0": merged]
        // 0: the plan was not in place yet; 1: it was; 2, 3: old files are gone; 4: the new one has its name.
        files[step == 0 ? ".\(Self.id).plan" : ".\(Self.id).compact"] = Array(plan.utf8)
        if step == 2 { files["\(Self.id)_001_001"] = nil }
        if step >= 3 {
            files["\(Self.id)_001_001"] = nil
            files["\(Self.id)_001_001_1"] = nil
        }
        if step == 4 {
            files[".\(Self.id).merged0"] = nil
            files["\(Self.id)_001_001"] = merged
        }
        let store = try host(files)
        #expect(try store.connect().get(Self.id) == [records[0], records[2], records[4]])
        #expect(store.host.directory.names(in: "data/\(Self.folder)").allSatisfy { !$0.hasPrefix(".") })
        #expect(store.names.count == (step == 0 ? 2 : 1))
        #expect(try store.problems() == [])
    }

    @Test("After a crash the files of the last host's time are looked at without being asked for")
    func lookedAtOnStart() throws {
        let store = try TimestoreHost()
        try store.connect().put(Self.id, records)
        store.host.kill()
        let path = store.host.directory.file("data/\(store.files[0])")
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: [1, 2, 3])
        try handle.close()
        try store.restart()
        #expect(store.host.logs("a partial record of 3 bytes at the end is cut off"))
        #expect(store.host.log.contains("was not stopped in order"))
    }
}

@Suite("Commands")
struct CommandTests {
    private let id = uuid(1)

    @Test("What is put by command is what a client gets, and the other way round")
    func putAndGet() throws {
        let store = try TimestoreHost()
        #expect(
            try store.host.command("timestore.put", [.string(id), .integer(Int64(base)), .double(0.1)])["stored"]?.integer
                == 1)
        #expect(
            try store.host.command("timestore.put", [.string(id), .string("2024-01-02"), .double(2)])["stored"]?.integer == 1
        )
        #expect(try store.connect().get(id) == [Record(base, 0.1), Record(base + 86_400, 2)])
        let all = try store.host.command("timestore.get", [.string(id), .string("2024-01-01"), .string("now")])
        #expect(all["found"]?.integer == 2)
        #expect(all["records"]?.array?.map { $0["time"]?.integer } == [Int64(base), Int64(base) + 86_400])
        #expect(all["records"]?.array?.first?["value"]?.double == 0.1)
        let one = try store.host.command("timestore.get", [.string(id), .integer(0), .string("now"), .integer(1)])
        #expect(one["found"]?.integer == 2 && one["records"]?.array?.count == 1)
        let lines = try store.host.command("timestore.export", [.string(id), .integer(0), .string("now")])
        #expect(lines.array?.map(\.string) == ["time,value", "\(base),0.1", "\(base + 86_400),2.0"])
    }

    @Test("Wrong arguments are named, with what was expected")
    func wrongArguments() throws {
        let store = try TimestoreHost()
        #expect(
            try store.host.fault("timestore.get", .array([.string("x"), .integer(0), .integer(1)])).contains(
                "\"x\" is no UUID"))
        #expect(
            try store.host.fault("timestore.get", .array([.string(id), .string("soon"), .integer(1)]))
                .contains("start: found \"soon\", expected seconds since 1970"))
        #expect(try store.host.fault("timestore.compact", .array([.string("x")])).contains("is no UUID"))
    }

    @Test("The list has each series with its files, records and times; a prefix picks some")
    func list() throws {
        let store = try TimestoreHost()
        let client = try store.connect()
        for number in 0..<40 { try client.put(uuid(number << 16), [Record(base), Record(base + 400 * 86_400)]) }
        let all = try store.host.command("timestore.list").array ?? []
        #expect(all.count == 40)
        #expect(all.first?["uuid"]?.string == uuid(0))
        #expect(all.first?["files"]?.integer == 2 && all.first?["records"]?.integer == 2)
        #expect(all.first?["first"]?.integer == Int64(base) && all.first?["last"]?.integer == Int64(base) + 400 * 86_400)
        #expect(try store.host.command("timestore.list", [.string("0001")]).array?.count == 1)
        #expect(try store.host.command("timestore.list", [.string("000")]).array?.count == 16)
        #expect(try store.host.command("timestore.list", [.string("f")]).array?.count == 0)
    }

    @Test("A compaction makes one sorted file of the overlapping ones, and loses nothing while a client writes")
    func compact() throws {
        let store = try TimestoreHost()
        let client = try store.connect()
        var model = Model()
        for time in [500, 100, 300, 86_600, 200, 86_500, 400, 100] as [UInt32] {
            let record = Record(base + time, Float(time))
            model.put(id, [record])
            try client.put(id, [record])
        }
        let before = store.names.count
        #expect(before > 1)
        let result = try store.host.command("timestore.compact", [.string(id)])
        #expect(result["files_before"]?.integer == Int64(before) && result["files_after"]?.integer == 1)
        #expect(store.names == ["\(id)_001_002"])
        #expect(try client.get(id) == model.get(id, 0, .max))
        #expect(store.content(store.files[0]) == Wire.file(model.get(id, 0, .max)))
        #expect(try store.host.command("timestore.compact", [.string(id)])["files_after"]?.integer == 1)
        for round in 0..<200 {
            let record = Record(base + 100_000 - UInt32(round * 377 % 90_000), Float(round))
            model.put(id, [record])
            try client.send(Wire.put(id, [record]))
            if round % 50 == 20 { try store.host.command("timestore.compact", [.string(id)]) }
        }
        for _ in 0..<200 { #expect(try client.number() == 1) }
        #expect(try client.get(id) == model.get(id, 0, .max))
        #expect(try store.problems() == [])
    }
}
