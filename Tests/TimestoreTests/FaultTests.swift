// What the operating system refuses while the store runs: an error answer, a stream in step, recovery without a restart, and nothing lost that
// was acknowledged.
import Foundation
import TestSupport
import Testing

private let base: UInt32 = 1_704_067_200

@Suite("Faults")
struct FaultTests {
    @Test(
        "A refused write is answered with 0xFFFFFFFF, its records are passed over, and later ones are stored",
        arguments: ["write-enospc", "write-eio", "write-short", "create-enospc"], ["none", "always"])
    func refusedWrites(fault: String, sync: String) throws {
        let faults = try FaultLibrary()
        let store = try TimestoreHost(["sync": "\"\(sync)\""], environment: faults.environment)
        let client = try store.connect()
        let (old, fresh) = (uuid(1), uuid(2))
        let before = (0..<100).map { Record(base + UInt32($0), Float($0)) }
        #expect(try client.put(old, before) == 100)
        try faults.set(fault)
        let spoiled = (100..<50_100).map { Record(base + UInt32($0), Float($0)) }
        for records in [spoiled, [spoiled[0]]] {
            #expect(try client.put(fresh, records) == Wire.failure)
            if fault != "create-enospc" { #expect(try client.put(old, records) == Wire.failure) }
        }
        // The stream is in step, and what was stored is served.
        #expect(try client.get(old) == before)
        #expect(try client.get(fresh) == [])
        try faults.set(nil)
        #expect(try client.put(old, [spoiled[0]]) == 1)
        #expect(try client.put(fresh, spoiled) == 50_000)
        #expect(try client.get(old) == before + [spoiled[0]])
        #expect(try client.get(fresh) == spoiled)
        #expect(try store.problems() == [])
        #expect(try store.statistic("errors") >= 2)
        try store.restart()
        #expect(try store.connect().get(old) == before + [spoiled[0]])
        #expect(try store.connect().get(fresh) == spoiled)
        #expect(try store.statistic("mended") == 0)
    }

    @Test("Of pipelined requests on a disk that fills up those that were answered well are stored, and no others")
    func pipelinedOnFullDisk() throws {
        let faults = try FaultLibrary()
        let store = try TimestoreHost(environment: faults.environment)
        let client = try store.connect()
        var stored: [Record] = []
        for round in 0..<20 {
            if round % 4 == 1 { try faults.set("write-short") }
            if round % 4 == 3 { try faults.set(nil) }
            let records = (0..<50).map { Record(base + UInt32(round * 50 + $0), Float($0)) }
            try client.send(records.flatMap { Wire.put(uuid(3), [$0]) })
            for record in records where try client.number() == 1 { stored.append(record) }
        }
        try faults.set(nil)
        #expect(stored.count >= 500)
        #expect(try client.get(uuid(3)) == stored)
        #expect(try store.problems() == [])
    }

    @Test("A failed fdatasync is answered with 0xFFFFFFFF where the answer promises the disk")
    func failedSync() throws {
        let faults = try FaultLibrary()
        let store = try TimestoreHost(["sync": "\"always\""], environment: faults.environment)
        let client = try store.connect()
        #expect(try client.put(uuid(1), [Record(base)]) == 1)
        try faults.set("sync-eio")
        #expect(try client.put(uuid(1), [Record(base + 1)]) == Wire.failure)
        try faults.set(nil)
        #expect(try client.put(uuid(1), [Record(base + 2)]) == 1)
        let times = try client.get(uuid(1)).map(\.time)
        #expect(times.contains(base) && times.contains(base + 2))
        #expect(store.host.logs("records are not safe on the disk"))
    }

    @Test("A file that cannot be renamed keeps its records, and has its name after the next start")
    func failedRename() throws {
        let faults = try FaultLibrary()
        let store = try TimestoreHost(environment: faults.environment)
        let client = try store.connect()
        #expect(try client.put(uuid(1), [Record(base)]) == 1)
        try faults.set("rename-enospc")
        #expect(try client.put(uuid(1), [Record(base + 86_400)]) == 1)
        #expect(store.names == ["\(uuid(1))_001_001"])
        #expect(try client.get(uuid(1)).count == 2)
        try faults.set(nil)
        try store.restart()
        #expect(try store.connect().get(uuid(1)).count == 2)
        #expect(store.names == ["\(uuid(1))_001_002"])
        #expect(try store.problems() == [])
    }

    @Test("A rewrite for a record out of order that fails leaves the file as it was")
    func failedRewrite() throws {
        let faults = try FaultLibrary()
        let store = try TimestoreHost(environment: faults.environment)
        let client = try store.connect()
        for time in [10, 9] as [UInt32] { #expect(try client.put(uuid(1), [Record(base + time)]) == 1) }
        for fault in ["write-enospc", "rename-enospc", "create-enospc"] {
            try faults.set(fault)
            #expect(try client.put(uuid(1), [Record(base + 5)]) == Wire.failure)
            try faults.set(nil)
        }
        #expect(try client.get(uuid(1)).map(\.time) == [base + 9, base + 10])
        #expect(try client.put(uuid(1), [Record(base + 5)]) == 1)
        #expect(try client.get(uuid(1)).map(\.time) == [base + 5, base + 9, base + 10])
        #expect(store.names.count == 2)
    }

    @Test("Files that cannot be read answer 0xFFFFFFFF, and are served again when they can")
    func failedRead() throws {
        let faults = try FaultLibrary()
        let store = try TimestoreHost(environment: faults.environment)
        let client = try store.connect()
        let records = (0..<100).map { Record(base + UInt32($0)) }
        #expect(try client.put(uuid(1), records) == 100)
        try faults.set("read-eio")
        try client.send(Wire.get(uuid(1), base + 5, base + 10) + Wire.get(uuid(2), 0, 5))
        #expect(try client.number() == Wire.failure)
        #expect(try client.records() == [])
        try faults.set(nil)
        #expect(try client.get(uuid(1)) == records)
    }

    @Test("A directory that an operator has removed is made anew")
    func removedDirectory() throws {
        let store = try TimestoreHost(["sync_interval": "\"5ms\""])
        let client = try store.connect()
        #expect(try client.put(uuid(1), [Record(base)]) == 1)
        try FileManager.default.removeItem(atPath: store.host.directory.file("data/2024"))
        #expect(store.host.logs("were removed by somebody"))
        #expect(try client.put(uuid(1), [Record(base + 1)]) == 1)
        #expect(try client.get(uuid(1)).map(\.time) == [base + 1])
    }
}
