// The worked examples of the reference, over a real socket against the real host.
import Foundation
import JSON
import TestSupport
import Testing

/// Midnight of a day of 2024, UTC; day 1 is the first of January.
private func day(_ day: Int) -> UInt32 { 1_704_067_200 + UInt32(day - 1) * 86_400 }

@Suite("Protocol and files")
struct ProtocolTests {
    @Test("A first record makes a file with header and record, byte for byte")
    func newFile() throws {
        let store = try TimestoreHost()
        let client = try store.connect()
        #expect(try client.put("12345678-9abc-def0-1234-56789abcdef0", [Record(day(60) + 5, 1.5)]) == 1)
        #expect(store.files == ["2024/12/34/12345678-9abc-def0-1234-56789abcdef0_060_060"])
        let time = Wire.word(day(60) + 5)
        #expect(store.content(store.files[0]) == time + time + time + [0x00, 0x00, 0xC0, 0x3F])
    }

    @Test("A file that the old server wrote is read and appended to")
    func oldFile() throws {
        let old = [Record(day(10) + 1, 1), Record(day(10) + 1, 2), Record(day(11), 3)]
        let id = uuid(1)
        let store = try TimestoreHost(files: ["2024/00/00/\(id)_010_011": Wire.file(old)])
        let client = try store.connect()
        #expect(try client.get(id) == old)
        #expect(try client.put(id, [Record(day(12), 4)]) == 1)
        #expect(store.files == ["2024/00/00/\(id)_010_012"])
        #expect(store.content(store.files[0]) == Wire.file(old + [Record(day(12), 4)]))
        #expect(try client.get(id) == old + [Record(day(12), 4)])
    }

    @Test("100201, 100203, then 100202 make a file of two records and one of one")
    func outOfOrder() throws {
        for isOneRequest in [false, true] {
            let store = try TimestoreHost()
            let client = try store.connect()
            let id = uuid(2)
            let records = [Record(100_201 - 86_400, 1), Record(100_203 - 86_400, 3), Record(100_202 - 86_400, 2)]
            if isOneRequest {
                #expect(try client.put(id, records) == 3)
            } else {
                for record in records { #expect(try client.put(id, [record]) == 1) }
            }
            #expect(store.names == ["\(id)_001_001", "\(id)_001_001_1"])
            #expect(store.content(store.files[0]) == Wire.file([records[0], records[1]]))
            #expect(store.content(store.files[1]) == Wire.file([records[2]]))
            #expect(try client.get(id).map(\.value) == [1, 2, 3])
        }
    }

    @Test("300 records in reverse order make two files", arguments: [60, 3600])
    func reverseOrder(step: UInt32) throws {
        let store = try TimestoreHost()
        let client = try store.connect()
        let id = uuid(3)
        let times = (0..<300).map { day(5) + UInt32($0) * step }
        for time in times.reversed() { #expect(try client.put(id, [Record(time, Float(time % 1000))]) == 1) }
        #expect(store.files.count == 2)
        #expect(try client.get(id).map(\.time) == times)
        try store.restart()
        #expect(try store.connect().get(id).map(\.time) == times)
        #expect(try store.problems() == [])
    }

    @Test("When the last day moves on the file is renamed, with a number when the name is taken")
    func rename() throws {
        let store = try TimestoreHost()
        let client = try store.connect()
        let id = uuid(4)
        try client.put(id, [Record(day(1))])
        try client.put(id, [Record(day(2))])
        #expect(store.names == ["\(id)_001_002"])
        try client.put(id, [Record(day(2) + 10)])
        try client.put(id, [Record(day(2) + 5)])
        #expect(store.names == ["\(id)_001_002", "\(id)_002_002"])
        try client.put(id, [Record(day(1) + 1)])
        #expect(try client.get(id).map(\.time) == [day(1), day(1) + 1, day(2), day(2) + 5, day(2) + 10])
        #expect(store.files.count == 2)
    }

    @Test("A file takes records of max_days_per_file days after its first one, then another begins")
    func maximumOfDays() throws {
        let store = try TimestoreHost(["max_days_per_file": "3"])
        let client = try store.connect()
        let id = uuid(5)
        let records = (1...10).map { Record(day($0), Float($0)) }
        #expect(try client.put(id, records) == 10)
        #expect(store.names == ["\(id)_001_004", "\(id)_005_008", "\(id)_009_010"])
        #expect(try client.get(id) == records)
    }

    @Test("Both ends of a range are included; no match answers 0")
    func ranges() throws {
        let store = try TimestoreHost()
        let client = try store.connect()
        let id = uuid(6)
        let records = (0..<1000).map { Record(day(100) + UInt32($0) * 10, Float($0)) }
        try client.put(id, records)
        #expect(try client.get(id, day(100) + 20, day(100) + 40) == Array(records[2...4]))
        #expect(try client.get(id, day(100) + 21, day(100) + 39) == [records[3]])
        #expect(try client.get(id, day(100) + 21, day(100) + 29) == [])
        #expect(try client.get(id, 0, day(100) - 1) == [])
        #expect(try client.get(id, day(101), .max) == [])
        #expect(try client.get(id, day(100) + 40, day(100) + 20) == [])
        #expect(try client.get(uuid(7)) == [])
    }

    @Test("A range over several years and across New Year finds every record")
    func newYear() throws {
        let store = try TimestoreHost()
        let client = try store.connect()
        let id = uuid(8)
        // December 2011 to January 2012 is what the old server misses.
        let december: UInt32 = 1_322_697_600
        let records = (0..<62).map { Record(december + UInt32($0) * 86_400, Float($0)) }
        #expect(try client.put(id, records) == 62)
        #expect(Set(store.files.map { String($0.prefix(4)) }) == ["2011", "2012"])
        #expect(try client.get(id, december, december + 61 * 86_400) == records)
        #expect(try client.get(id, december + 30 * 86_400, december + 31 * 86_400) == Array(records[30...31]))
        let ends = [Record(0, -1), Record(.max, 1)]
        try client.put(id, ends)
        #expect(try client.get(id) == [ends[0]] + records + [ends[1]])
    }

    @Test("Records of equal time come back in the order in which they were stored")
    func equalTimes() throws {
        let store = try TimestoreHost()
        let client = try store.connect()
        let id = uuid(9)
        var expected: [Float] = []
        var value: Float = 0
        // The middle one is met again in every way: at an end, out of order, beside a file that moves on.
        for time in [5, 3, 5, 9, 5, 4, 5, 86_405, 5, 9, 86_405, 5, 86_399, 5] as [UInt32] {
            value += 1
            try client.put(id, [Record(day(20) + time, value)])
            if time == 5 { expected.append(value) }
        }
        #expect(try client.get(id, day(20) + 5, day(20) + 5).map(\.value) == expected)
        try store.restart()
        #expect(try store.connect().get(id, day(20) + 5, day(20) + 5).map(\.value) == expected)
    }

    @Test("A million records come in and go out in bounded memory")
    func manyRecords() throws {
        let store = try TimestoreHost()
        let client = try store.connect()
        let id = uuid(10)
        let records = (0..<1_000_000).map { Record(day(50) + UInt32($0), Float($0)) }
        #expect(try client.put(id, records) == 1_000_000)
        #expect(try client.get(id) == records)
        #expect(try client.get(id, day(50) + 500_000, day(50) + 500_001) == Array(records[500_000...500_001]))
    }

    @Test("Any number of requests may be under way, answered in order, whichever worker owns the series")
    func pipelining() throws {
        let store = try TimestoreHost()
        let client = try store.connect()
        var requests: [UInt8] = []
        for step in 0..<500 {
            requests += Wire.put(uuid(step % 7), [Record(day(1) + UInt32(step), Float(step))])
            requests += Wire.get(uuid(step % 7), day(1) + UInt32(step), day(1) + UInt32(step))
        }
        try client.send(requests)
        for step in 0..<500 {
            #expect(try client.number() == 1)
            #expect(try client.records() == [Record(day(1) + UInt32(step), Float(step))])
        }
    }

    @Test("Clients of all workers use the same stores at once: each is answered in its order, and nothing is lost")
    func contention() throws {
        let store = try TimestoreHost(["sync": "\"interval\""])
        let steps = 500
        let clients = try (0..<8).map { _ in try store.connect() }
        // Records out of order rewrite their file and so keep its store busy.
        let late = uuid(1000)
        #expect(try clients[0].put(late, [Record(day(200), 0), Record(day(200) + 1_000_000, 0)]) == 2)
        func time(_ step: Int) -> UInt32 { day(1) + UInt32(step) }
        for (number, client) in clients.enumerated() {
            var requests: [UInt8] = []
            for step in 0..<steps {
                // Series of its own, on every worker.
                let id = uuid(number * 8 + step % 8)
                requests += Wire.put(id, [Record(time(step), Float(step))])
                requests += Wire.put(id, [Record(time(step), 1), Record(time(step), 2)])
                requests += Wire.put(late, [Record(day(201) - UInt32(step * clients.count + number), Float(number))])
                requests += Wire.get(id, time(step), time(step))
            }
            try client.send(requests)
        }
        for client in clients {
            for step in 0..<steps {
                #expect(try client.number() == 1)
                #expect(try client.number() == 2)
                #expect(try client.number() == 1)
                #expect(
                    try client.records() == [Record(time(step), Float(step)), Record(time(step), 1), Record(time(step), 2)])
            }
        }
        let all = try clients[0].get(late)
        #expect(all.count == steps * clients.count + 2)
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.time <= $1.time })
        #expect(try store.problems() == [])
    }

    @Test("A stream cut at any byte gives the same answers")
    func cuts() throws {
        let store = try TimestoreHost()
        let stream =
            Wire.put(uuid(1), [Record(day(3), 1), Record(day(3) + 1, 2)]) + Wire.put(uuid(2), [Record(day(3), 3)])
            + Wire.get(uuid(1), 0, .max)
        for cut in 1..<stream.count {
            let client = try store.connect()
            try client.send(Array(stream[..<cut]))
            try client.send(Array(stream[cut...]))
            #expect(try client.number() == 2)
            #expect(try client.number() == 1)
            #expect(try client.records().count == 2 * cut)
        }
    }

    @Test("An unknown type, a malformed UUID and a count of 0 are answered, and the stream stays in step")
    func badRequests() throws {
        let store = try TimestoreHost()
        let client = try store.connect()
        let id = uuid(1)
        try client.send(Wire.request(3, id, 5, Wire.word(0), Wire.word(0)))
        #expect(try client.number() == Wire.failure)
        try client.send(Wire.request(2, id, 0, Wire.word(day(1)), Wire.word(0)))
        #expect(try client.number() == 0)
        for bad in [
            "../../../../etc/passwd", "12345678-1234-1234-1234-12345678901g", "12345678123412341234123456789012", "",
        ] {
            try client.send(Wire.put(bad, (0..<1000).map { Record(UInt32($0)) }))
            try client.send(Wire.put(bad, [Record(1)]))
            try client.send(Wire.get(bad, 0, .max))
            for _ in 0..<3 { #expect(try client.number() == Wire.failure) }
        }
        #expect(try client.put(id, [Record(day(1), 4)]) == 1)
        #expect(try client.get(id) == [Record(day(1), 4)])
        #expect(try store.statistic("refused_requests") == 13)
        #expect(store.files == ["2024/00/00/\(id)_001_001"])
        // Only 36 of the 40 bytes count.
        try client.send(Wire.get(id + "zzzz", 0, .max))
        #expect(try client.records().count == 1)
    }

    @Test("A count of four billion is taken as it comes; what came before the client hung up is stored")
    func greatCount() throws {
        let store = try TimestoreHost()
        let id = uuid(1)
        do {
            let client = try store.connect()
            let records = (0..<10_000).map { Record(day(9) + UInt32($0), 1) }
            try client.send(
                Wire.request(2, id, .max, Wire.word(0), Wire.word(0)) + records.flatMap(Wire.record) + [1, 2, 3])
        }
        #expect(try eventually { try store.statistic("connections") == 0 })
        #expect(try store.connect().get(id).count == 10_000)
        #expect(try store.problems() == [])
    }

    @Test("A client that reads nothing is held back alone")
    func slowReader() throws {
        let store = try TimestoreHost()
        let slow = try store.connect()
        let id = uuid(1)
        let records = (0..<200_000).map { Record(day(9) + UInt32($0), 1) }
        try slow.put(id, records)
        let request = Wire.get(id, 0, .max)
        for _ in 0..<400 { try slow.send(request) }
        // It has asked for 640 MB; meanwhile others are served, and the host does not grow by what it has asked for.
        let quick = try store.connect()
        for step in 0..<50 { #expect(try quick.put(uuid(2), [Record(day(9) + UInt32(step))]) == 1) }
        let status = try String(contentsOfFile: "/proc/\(store.host.processID)/status", encoding: .utf8)
        let resident = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }?.split { !$0.isNumber }.first
        #expect(resident.flatMap { Int($0) } ?? .max < 200_000)
        for _ in 0..<3 { #expect(try slow.records() == records) }
    }

    @Test("A client that has said all it has to say gets every answer, then the end")
    func halfClose() throws {
        let store = try TimestoreHost()
        let client = try store.connect()
        let records = (0..<100_000).map { Record(day(7) + UInt32($0), 1) }
        try client.send(Wire.put(uuid(1), records) + Wire.get(uuid(1), 0, .max) + Wire.put(uuid(2), [Record(day(1))]))
        client.halfClose()
        #expect(try client.number() == 100_000)
        #expect(try client.records() == records)
        #expect(try client.number() == 1)
        #expect(client.isClosedByStore())
    }

    @Test("A silent client is closed after idle_timeout, a busy one is not")
    func idleTimeout() throws {
        let store = try TimestoreHost(["idle_timeout": "\"200ms\""])
        let silent = try store.connect()
        let busy = try store.connect()
        let end = ContinuousClock.now + .milliseconds(600)
        while ContinuousClock.now < end {
            try busy.put(uuid(1), [Record(day(1))])
            letPass(milliseconds: 20)
        }
        #expect(silent.isClosedByStore())
        #expect(try busy.put(uuid(1), [Record(day(1))]) == 1)
    }

    @Test("Connections beyond max_connections are closed unanswered and counted")
    func maximumOfConnections() throws {
        let store = try TimestoreHost(["max_connections": "2"])
        let clients = try (0..<2).map { _ in try store.connect() }
        for client in clients { #expect(try client.put(uuid(1), [Record(day(1))]) == 1) }
        #expect(try store.connect().isClosedByStore())
        #expect(try store.statistic("refused_connections") == 1)
    }

    @Test("A second host on the same data directory is refused, by name of the first")
    func secondHost() throws {
        let store = try TimestoreHost()
        let other = try TemporaryDirectory()
        try other.write(
            RunningHost.configuration(
                "loadmodule \"timestore.so\"",
                "modparam(\"timestore\", \"data_directory\", \"\(store.host.directory.file("data"))\")"),
            to: "modules.conf")
        let second = try runToEnd(BuiltProducts.modhost, ["-f", "modules.conf"], directory: other.path)
        #expect(second.status == 78)
        #expect(second.errors.contains("is served by another host (process \(store.host.processID))"))
    }

    @Test("No more files are held open than open_files says")
    func openFiles() throws {
        let store = try TimestoreHost(["open_files": "8"])
        let client = try store.connect()
        for round in 0..<2 {
            for number in 0..<40 { #expect(try client.put(uuid(number), [Record(day(1 + round), Float(number))]) == 1) }
        }
        #expect(try store.statistic("open_files") <= 8)
        for number in 0..<40 { #expect(try client.get(uuid(number)).map(\.value) == [Float(number), Float(number)]) }
        #expect(try store.statistic("open_files") <= 8)
    }

    @Test("Where the process may have fewer open files than open_files says, the store holds fewer, says so, and serves on")
    func fewDescriptors() throws {
        let store = try TimestoreHost(["open_files": "1000"], launcher: ["prlimit", "--nofile=200"])
        let client = try store.connect()
        for number in 0..<300 { #expect(try client.put(uuid(number), [Record(day(1), Float(number))]) == 1) }
        for number in 0..<300 { #expect(try client.get(uuid(number)) == [Record(day(1), Float(number))]) }
        #expect(try store.statistic("open_files") <= 150)
        #expect(try store.statistic("errors") == 0)
        #expect(
            store.host.log.contains("open_files is 1000, but the process may have 200 open files in all: 150 are held open"))
    }

    @Test("An orderly end answers what is under way and leaves all in order", arguments: ["none", "interval", "always"])
    func orderlyEnd(sync: String) throws {
        let store = try TimestoreHost(["sync": "\"\(sync)\""])
        let client = try store.connect()
        for step in 0..<100 { #expect(try client.put(uuid(step % 5), [Record(day(1) + UInt32(step))]) == 1) }
        #expect(try store.host.terminate() == 0)
        #expect(client.isClosedByStore())
        try store.restart()
        #expect(!store.host.log.contains("not stopped in order"))
        for number in 0..<5 { #expect(try store.connect().get(uuid(number)).count == 20) }
        if sync == "always" { #expect(try store.statistic("mended") == 0) }
    }
}
