import Glibc
import ModuleABI
import ModuleKit
import Synchronization
import Testing

@testable import HtableEngine

/// A host that knows event routes and runs them as closures; posted work waits until the test runs it.
private final class EventHost: @unchecked Sendable {
    var routes: [String: () -> Void] = [:]
    var isDropped = false
    var asked: [String] = []
    var log: [String] = []
    var posted: [() -> Void] = []
    var ended: (() -> Void)?
    var isWorker = true
    let tables = Tables()
    let clock = Clock(at: 1000)
    let functions: Functions
    let events: ScriptEvents
    private var numbers: [String] = [""]
    private let raw = UnsafeMutablePointer<mh_host>.allocate(capacity: 1)

    init(_ definitions: String..., routes: [String: () -> Void] = [:]) throws {
        self.routes = routes
        functions = Functions(tables)
        events = ScriptEvents(tables, functions)
        let settings = Settings()
        for definition in definitions { try settings.addTable(.string(definition)) }
        try tables.start(settings, clock: clock) { [unowned self] _, text in log.append(text) }
        raw.initialize(to: mh_host())
        raw.pointee.struct_size = UInt32(MemoryLayout<mh_host>.size)
        raw.pointee.`self` = OpaquePointer(Unmanaged.passUnretained(self).toOpaque())
        raw.pointee.query = { _, id, _ in EventHost.services[id.string].map { UnsafeRawPointer($0) } }
    }

    func start() throws {
        var failure: (any Error)?
        let builder = ModuleBuilder(name: "htable", version: "0", summary: "A test.")
        builder.onInit { [unowned self] host throws(ModuleFailure) in try events.start(host) }
        var module: UnsafePointer<mh_module>?
        #expect(builder.publish(to: &module) == MH_OK)
        do { try ErrorCollector.check { module?.pointee.`init`(module?.pointee.ctx, raw, $0) ?? MH_E_INTERNAL } } catch {
            failure = error
        }
        if let failure { throw failure }
    }

    func table(_ name: String) throws -> HashTable { try #require(tables.find(name.utf8)) }

    func runPosted() {
        let work = posted
        posted = []
        for item in work { item() }
    }

    private static func from(_ pointer: OpaquePointer?) -> EventHost {
        guard let pointer else { preconditionFailure("services are called with the module's handle") }
        return Unmanaged<EventHost>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
    }

    private static func make<Table>(_ empty: Table, _ fill: (inout Table) -> Void) -> UnsafeMutableRawPointer {
        let table = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        table.initialize(to: empty)
        fill(&table.pointee)
        return UnsafeMutableRawPointer(table)
    }

    /// Never freed, as a host's.
    nonisolated(unsafe) private static let services: [String: UnsafeMutableRawPointer] = [
        "mh.log/1": make(mh_log_service()) { table in
            table.level = { _ in nil }
            table.write = { host, _, text, _ in EventHost.from(host).log.append(text.string) }
        },
        "mh.thread/1": make(mh_thread_service()) { table in
            table.kind = { EventHost.from($0).isWorker ? MH_THREAD_WORKER : MH_THREAD_MANAGEMENT }
        },
        "mh.loop/1": make(mh_loop_service()) { table in
            table.post = { host, _, run, context in
                let work = Unchecked((run, context))
                EventHost.from(host).posted.append { work.value.0?(work.value.1) }
                return MH_OK
            }
        },
        "mh.script/1": make(mh_script_service()) { table in
            table.struct_size = UInt32(MemoryLayout<mh_script_service>.size)
            table.find = { host, name, route in
                let host = EventHost.from(host)
                host.asked.append(name.string)
                guard host.routes[name.string] != nil else { return MH_E_NOT_FOUND }
                host.numbers.append(name.string)
                route?.pointee = UInt32(host.numbers.count - 1)
                return MH_OK
            }
            table.run = { host, route, _, outcome, _ in
                let host = EventHost.from(host)
                host.routes[host.numbers[Int(route)]]?()
                outcome?.pointee.flags = host.isDropped ? MH_SCRIPT_ENDED | MH_SCRIPT_DROPPED : 0
                host.ended?()
                return MH_OK
            }
            table.on_end = { host, ended, context in
                let call = Unchecked((ended, context))
                EventHost.from(host).ended = { call.value.0?(call.value.1) }
                return MH_OK
            }
        },
        "mh.counter/1": make(mh_counter_service()) { _ in }, "mh.net/1": make(mh_net_service()) { _ in },
        "mh.mi/1": make(mh_mi_service()) { _ in }, "mh.interface/1": make(mh_interface_service()) { _ in },
        "mh.param/1": make(mh_param_service()) { _ in },
    ]
}

private struct Unchecked<Contents>: @unchecked Sendable {
    let value: Contents
    init(_ value: Contents) { self.value = value }
}

@Suite("Event routes of htable")
struct ScriptEventTests {
    @Test("Every event that a table can have is asked for, once")
    func asked() throws {
        let host = try EventHost("a=>autoexpire=5", "b=>")
        try host.start()
        #expect(
            host.asked == [
                "event:htable:mod-init", "event:htable:expired:a", "event:htable:reloaded:a", "event:htable:expired:b",
                "event:htable:reloaded:b",
            ])
    }

    @Test("mod-init runs on worker 1 only, and drop refuses the start")
    func modInit() throws {
        let runs = Locked(0)
        let host = try EventHost("a=>", routes: ["event:htable:mod-init": { runs.change { $0 += 1 } }])
        try host.start()
        try host.events.workerStarts(1)
        try host.events.workerStarts(2)
        #expect(runs.value == 1)
        host.isDropped = true
        let failure = #expect(throws: ModuleFailure.self) { try host.events.workerStarts(1) }
        #expect(failure?.text == "event_route[htable:mod-init] said drop, which refuses the start")
    }

    @Test("The expired route sees key, value and expire of each item, which goes unless it gets a new expiry")
    func expired() throws {
        let seen = Locked<[String]>([])
        let rescued = Locked<HashTable?>(nil)
        let route = {
            let thread = ScriptThread.current
            guard let record = thread.record else { return }
            let key = String(decoding: record.key, as: UTF8.self)
            seen.change { $0.append("\(key)=\(record.value.text)@\(record.value.expiry)") }
            if key == "kept" { _ = try? rescued.value?.expire("kept", at: 2000) }
        }
        let host = try EventHost("a=>autoexpire=10", "b=>autoexpire=10", routes: ["event:htable:expired:a": route])
        try host.start()
        let table = try host.table("a")
        rescued.change { $0 = table }
        try table.put("gone", .text("v"))
        try table.put("kept", .int(5))
        try host.table("b").put("other", .int(1))
        host.clock.set(1011)
        while host.tables.purge(budget: 100) {}
        #expect(seen.value.sorted() == ["gone=v@1010", "kept=5@1010"])
        #expect(try table.read("gone") == nil)
        #expect(try table.read("kept") == .int(5))
        #expect(ScriptThread.current.record == nil)
    }

    @Test("An item that expires on a thread without routes is told of on a worker, with the same record")
    func expiredElsewhere() throws {
        let seen = Locked<[String]>([])
        let route = {
            seen.change { $0.append(ScriptThread.current.record.map { String(decoding: $0.key, as: UTF8.self) } ?? "none") }
        }
        let host = try EventHost("a=>autoexpire=10", routes: ["event:htable:expired:a": route])
        try host.start()
        try host.table("a").put("k", .int(1))
        host.isWorker = false
        host.clock.set(1011)
        while host.tables.purge(budget: 100) {}
        #expect(seen.value == [])
        host.runPosted()
        #expect(seen.value == ["k"])
        #expect(ScriptThread.current.record == nil)
    }

    @Test("A route for a table without autoexpire is said to be idle")
    func idleRoute() throws {
        let host = try EventHost("b=>", routes: ["event:htable:expired:b": {}])
        try host.start()
        #expect(host.log.contains { $0.contains("never runs: table b has no autoexpire") })
    }

    @Test("A reload runs its route on a worker")
    func reloaded() throws {
        let runs = Locked(0)
        let host = try EventHost("a=>", "b=>", routes: ["event:htable:reloaded:a": { runs.change { $0 += 1 } }])
        try host.start()
        host.tables.tellReloaded(try host.table("b"))
        host.tables.tellReloaded(try host.table("a"))
        #expect(runs.value == 0)
        host.runPosted()
        #expect(runs.value == 1)
    }

    @Test("At the end of a route its iterators are closed and its slots unlocked, for other threads too")
    func end() throws {
        let host = try EventHost(
            "a=>", routes: ["event:htable:mod-init": {}])
        try host.start()
        let table = try host.table("a")
        try table.put("k", .int(1))
        try lend("k") { try table.lockSlot(of: $0, site: "test") }
        ScriptThread.current.mayHoldSlots = true
        ScriptThread.current.iterators[Array("it".utf8)] = TableIterator(table)
        try host.events.workerStarts(1)
        #expect(ScriptThread.current.iterators.isEmpty)
        try inParallel(1) { _ in try table.put("k", .int(2)) }
        #expect(try table.read("k") == .int(2))
        #expect(host.log.contains { $0.contains("a route ended with 1 slot locked, now unlocked") })
    }
}
