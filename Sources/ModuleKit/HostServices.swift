public import ModuleABI

/// What the host lends to a module, looked up once in `init`; free to copy and to use from any thread, as each call allows.
public struct HostServices: @unchecked Sendable {
    public let module: OpaquePointer
    public let log: Log
    public let counters: Counters
    public let threads: Threads
    public let loop: Loop
    public let net: Net
    public let management: UnsafePointer<mh_mi_service>
    /// The routes of the config; nil on a host that knows none.
    public let script: Script?
    private let interfaces: UnsafePointer<mh_interface_service>
    private let parameters: UnsafePointer<mh_param_service>

    init(_ host: UnsafePointer<mh_host>) throws(ModuleFailure) {
        guard let module = host.pointee.`self` else {
            throw ModuleFailure(MH_E_ABI, "the host gave no module handle")
        }
        self.module = module
        func table<Table>(_ id: StaticString, _ type: Table.Type) throws(ModuleFailure) -> UnsafePointer<
            Table
        > {
            guard let found = host.pointee.query?(module, mh_str(id), MemoryLayout<Table>.size) else {
                throw ModuleFailure(
                    MH_E_ABI, "this host does not offer \(id) in the size that ModuleKit needs")
            }
            return found.assumingMemoryBound(to: Table.self)
        }
        log = Log(module: module, table: try table("mh.log/1", mh_log_service.self))
        counters = Counters(module: module, table: try table("mh.counter/1", mh_counter_service.self))
        threads = Threads(module: module, table: try table("mh.thread/1", mh_thread_service.self))
        loop = Loop(module: module, table: try table("mh.loop/1", mh_loop_service.self))
        net = Net(module: module, table: try table("mh.net/1", mh_net_service.self))
        management = try table("mh.mi/1", mh_mi_service.self)
        interfaces = try table("mh.interface/1", mh_interface_service.self)
        parameters = try table("mh.param/1", mh_param_service.self)
        script = host.pointee.query?(module, mh_str("mh.script/1"), MemoryLayout<mh_script_service>.size).map {
            Script(module: module, table: $0.assumingMemoryBound(to: mh_script_service.self))
        }
    }

    /// Finds the table that another module provides; it stays valid until this module has stopped.
    public func acquire<Table>(
        _ id: String, selector: String, as type: Table.Type
    ) throws(ModuleFailure) -> (table: UnsafePointer<Table>, context: UnsafeMutableRawPointer?) {
        var reference = mh_interface_ref()
        reference.struct_size = UInt32(MemoryLayout<mh_interface_ref>.size)
        try ErrorCollector.check { error in
            id.withMHString { id in
                selector.withMHString { selector in
                    interfaces.pointee.acquire(
                        module, id, selector, MemoryLayout<Table>.size, &reference, error)
                }
            }
        }
        guard let table = reference.table else { throw ModuleFailure(MH_E_ABI, "\(id) has an empty table") }
        return (table.assumingMemoryBound(to: Table.self), reference.ctx)
    }

    /// A core setting: "run_dir", "workers", "config_file", "host_name"; nil when the host has none of that name.
    public func coreSetting(_ name: String) -> Value? {
        var value = mh_null()
        let code = name.withMHString { parameters.pointee.core(module, $0, &value) }
        return code < 0 ? nil : Value(value)
    }
}

/// Service mh.log/1.
public struct Log: @unchecked Sendable {
    let module: OpaquePointer
    let table: UnsafePointer<mh_log_service>
    private let level: UnsafePointer<Int32>?

    init(module: OpaquePointer, table: UnsafePointer<mh_log_service>) {
        self.module = module
        self.table = table
        level = table.pointee.level(module).map { UnsafePointer($0) }
    }

    public func isEnabled(_ wanted: Int32) -> Bool { wanted <= (level?.pointee ?? MH_LOG_DEBUG) }

    /// Writes a line at a level, `MH_LOG_ERROR … MH_LOG_DEBUG`; the text is built only when somebody wants it.
    public func write(_ wanted: Int32, _ text: @autoclosure () -> String) {
        guard isEnabled(wanted) else { return }
        text().withMHString { table.pointee.write(module, wanted, $0, nil) }
    }

    public func error(_ text: @autoclosure () -> String) { write(MH_LOG_ERROR, text()) }
    public func warning(_ text: @autoclosure () -> String) { write(MH_LOG_WARNING, text()) }
    public func notice(_ text: @autoclosure () -> String) { write(MH_LOG_NOTICE, text()) }
    public func info(_ text: @autoclosure () -> String) { write(MH_LOG_INFO, text()) }
    public func debug(_ text: @autoclosure () -> String) { write(MH_LOG_DEBUG, text()) }
}

/// Service mh.counter/1.
public struct Counters: @unchecked Sendable {
    let module: OpaquePointer
    let table: UnsafePointer<mh_counter_service>

    /// One counter or gauge; adding to it is one atomic addition.
    public struct Counter: @unchecked Sendable {
        let raw: OpaquePointer?
        let table: UnsafePointer<mh_counter_service>

        @inline(__always) public func add(_ amount: Int64) { table.pointee.add(raw, amount) }
        @inline(__always) public func set(_ value: Int64) { table.pointee.set(raw, value) }
        public var value: Int64 { table.pointee.get(raw) }
    }

    /// Makes the counter `module:name`, or finds it when it was made before.
    public func make(_ name: String, gauge: Bool = false, help: String) throws(ModuleFailure) -> Counter {
        var raw: OpaquePointer?
        try ErrorCollector.check { error in
            name.withMHString { name in
                help.withMHString {
                    table.pointee.create(module, gauge ? MH_GAUGE : MH_COUNTER, name, $0, &raw, error)
                }
            }
        }
        return Counter(raw: raw, table: table)
    }

    /// Makes a gauge whose value is computed when somebody asks, on the thread that asks; `read` lives as long as the process.
    public func makeComputed(
        _ name: String, help: String, read: @escaping () -> Int64
    ) throws(ModuleFailure) {
        let box = Unmanaged.passRetained(Box(read))
        do throws(ModuleFailure) {
            try ErrorCollector.check { error in
                name.withMHString { name in
                    help.withMHString {
                        table.pointee.create_computed(
                            module, name, $0,
                            {
                                $0.map {
                                    Unmanaged<Box<() -> Int64>>.fromOpaque($0).takeUnretainedValue().value()
                                } ?? 0
                            },
                            box.toOpaque(), error)
                    }
                }
            }
        } catch {
            box.release()
            throw error
        }
    }
}

/// Service mh.thread/1.
public struct Threads: @unchecked Sendable {
    let module: OpaquePointer
    /// The service itself, for code that may not pay for a wrapper.
    public let table: UnsafePointer<mh_thread_service>

    /// The calling thread's index: 0 main, 1…N workers, N+1 management, then pool and foreign threads.
    @inline(__always) public var index: UInt32 { table.pointee.index(module) }
    public var kind: UInt32 { table.pointee.kind(module) }
    public var workers: UInt32 { table.pointee.workers(module) }
    /// One more than the greatest index that any thread can get.
    public var limit: UInt32 { table.pointee.limit(module) }
}
