import Glibc
import ModuleABI

/// The tables that query hands out. One that is to end early lies at the end of a page behind which nothing is mapped.
enum ServiceTables {
    /// Each service with the byte offsets at which an older host's table could end: behind each function.
    static let sizes: [(id: String, size: Int)] = [
        ("mh.log/1", MemoryLayout<mh_log_service>.size), ("mh.counter/1", MemoryLayout<mh_counter_service>.size),
        ("mh.thread/1", MemoryLayout<mh_thread_service>.size), ("mh.loop/1", MemoryLayout<mh_loop_service>.size),
        ("mh.net/1", MemoryLayout<mh_net_service>.size), ("mh.mi/1", MemoryLayout<mh_mi_service>.size),
        ("mh.interface/1", MemoryLayout<mh_interface_service>.size), ("mh.param/1", MemoryLayout<mh_param_service>.size),
        ("mh.script/1", MemoryLayout<mh_script_service>.size),
    ]

    private static let lock = Lock()
    nonisolated(unsafe) private static var tables: [String: UnsafeRawPointer] = [:]
    /// The services that the module under test has asked for.
    nonisolated(unsafe) private static var asked: Set<String> = []

    static var askedBySubject: [String] { lock.with { asked.sorted() } }

    static func find(_ id: String, least: Int, for module: StagedModule) -> UnsafeRawPointer? {
        if module.isSubject { _ = lock.with { asked.insert(id) } }
        let stage = Stage.shared
        if module.isSubject, stage.absent.contains(id) { return nil }
        let clip = module.isSubject ? stage.clipped[id] : nil
        guard let size = sizes.first(where: { $0.id == id })?.size, least <= clip ?? size else { return nil }
        return lock.with {
            let key = clip == nil ? id : "\(id) clipped"
            if let known = tables[key] { return known }
            let made = make(id, clip: clip)
            tables[key] = made
            return made
        }
    }

    private static func make(_ id: String, clip: Int?) -> UnsafeRawPointer? {
        switch id {
        case "mh.log/1": place(makeLogService(), clip)
        case "mh.counter/1": place(makeCounterService(), clip)
        case "mh.thread/1": place(makeThreadService(), clip)
        case "mh.loop/1": place(makeLoopService(), clip)
        case "mh.net/1": place(makeNetService(), clip)
        case "mh.mi/1": place(makeManagementService(), clip)
        case "mh.interface/1": place(makeInterfaceService(), clip)
        case "mh.param/1": place(makeParameterService(), clip)
        case "mh.script/1": place(makeScriptService(), clip)
        default: nil
        }
    }

    private static func place<Table>(_ table: Table, _ clip: Int?) -> UnsafeRawPointer? {
        guard let clip else {
            let memory = UnsafeMutablePointer<Table>.allocate(capacity: 1)
            memory.initialize(to: table)
            return UnsafeRawPointer(memory)
        }
        return withUnsafeBytes(of: table) { EdgeMemory.copy($0, first: clip) }
    }
}

/// Memory with nothing behind it: a read of one byte too many is a crash.
enum EdgeMemory {
    /// A copy of the first bytes of a struct, whose struct_size then says just that.
    static func copy(_ bytes: UnsafeRawBufferPointer, first count: Int) -> UnsafeRawPointer? {
        let page = 4096
        guard count <= page, let memory = mmap(nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { return nil }
        mprotect(memory + page, page, PROT_NONE)
        let start = memory + page - count
        UnsafeMutableRawBufferPointer(start: start, count: count).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        start.storeBytes(of: UInt32(count), as: UInt32.self)
        return UnsafeRawPointer(start)
    }
}
