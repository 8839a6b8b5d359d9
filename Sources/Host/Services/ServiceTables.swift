import ModuleABI

/// The tables of functions that the host lends to modules, by id. Made once, never freed.
enum ServiceTables {
    /// The table of an id, with its size; nil when the host has none.
    static func find(_ id: mh_str) -> (table: UnsafeRawPointer, size: Int)? {
        tables[id.string]
    }

    nonisolated(unsafe) private static let tables: [String: (table: UnsafeRawPointer, size: Int)] = [
        "mh.log/1": keep(makeLogService()),
        "mh.counter/1": keep(makeCounterService()),
        "mh.thread/1": keep(makeThreadService()),
        "mh.loop/1": keep(makeLoopService()),
        "mh.net/1": keep(makeNetService()),
        "mh.mi/1": keep(makeManagementService()),
        "mh.interface/1": keep(makeInterfaceService()),
        "mh.param/1": keep(makeParameterService()),
        "mh.script/1": keep(makeScriptService()),
    ]

    static var ids: [String] { tables.keys.sorted() }

    private static func keep<Table>(_ table: Table) -> (table: UnsafeRawPointer, size: Int) {
        let copy = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        copy.initialize(to: table)
        return (UnsafeRawPointer(copy), MemoryLayout<Table>.size)
    }
}
