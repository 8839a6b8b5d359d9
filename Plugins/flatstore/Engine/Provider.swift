// The table of C functions behind `mh.db/1:flatstore`: checks what comes in, then goes to the insert path or the store.
public import ModuleABI
import ModuleKit
import Synchronization

/// The database provider. `context` is what the host passes back as ctx.
public final class Provider: Sendable {
    private let store = Mutex<Store?>(nil)

    public init() {}

    /// From here on databases can be opened.
    public func serve(_ store: Store) { self.store.withLock { $0 = store } }

    private func openStore() throws(ModuleFailure) -> Store {
        guard let store = store.withLock({ $0 }) else {
            throw ModuleFailure(
                MH_E_STATE, "flatstore has not been initialised yet; open databases from init on")
        }
        return store
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Provider? {
        context.map { Unmanaged<Provider>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func database(_ raw: OpaquePointer?) -> Database? {
        raw.map { Unmanaged<Database>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }

    /// The table and its context, for the descriptor; both live as long as the process.
    public func publish() -> (table: UnsafePointer<mh_db_provider>, context: UnsafeMutableRawPointer) {
        let table = UnsafeMutablePointer<mh_db_provider>.allocate(capacity: 1)
        table.initialize(to: Self.functions())
        return (UnsafePointer(table), Unmanaged.passRetained(self).toOpaque())
    }

    static func functions() -> mh_db_provider {
        var table = mh_db_provider()
        table.struct_size = UInt32(MemoryLayout<mh_db_provider>.size)
        table.capabilities = { context, _ in Provider.from(context)?.capabilities ?? MH_DB_CAN_INSERT }
        table.open = { context, options, database, error in
            guard let provider = Provider.from(context), let options, let database else {
                return MH_E_INVALID
            }
            return bridging(error) { () throws(ModuleFailure) in
                database.pointee = try provider.open(options)
            }
        }
        table.close = { _, raw in
            guard let raw else { return }
            let database = Unmanaged<Database>.fromOpaque(UnsafeRawPointer(raw)).takeRetainedValue()
            database.close()
        }
        table.use_table = { _, raw, name, columns, table, error in
            guard let database = Provider.database(raw), let columns, let table else { return MH_E_INVALID }
            return bridging(error) { () throws(ModuleFailure) in
                table.pointee = OpaquePointer(try database.use(name.string, columns: columns.pointee.count))
            }
        }
        table.release_table = { _, raw in
            guard let raw else { return }
            let handle = UnsafeMutablePointer<TableHandle>(raw)
            handle.pointee.database.takeUnretainedValue().release(handle)
        }
        table.insert = { _, raw, values, count, error in
            guard let raw, let values else { return MH_E_INVALID }
            let handle = UnsafePointer<TableHandle>(raw)
            guard Int(count) == handle.pointee.columns else {
                return Provider.wrongCount(handle, Int(count), error)
            }
            return InsertPath.insert(handle, values, error)
        }
        table.insert_batch = { _, raw, values, columns, rows, stored, error in
            stored?.pointee = 0
            guard let raw else { return MH_E_INVALID }
            let handle = UnsafePointer<TableHandle>(raw)
            guard Int(columns) == handle.pointee.columns else {
                return Provider.wrongCount(handle, Int(columns), error)
            }
            guard rows > 0 else { return MH_OK }
            guard let values else { return MH_E_INVALID }
            var count: UInt32 = 0
            let code = InsertPath.insert(handle, values, rows: Int(rows), stored: &count, error)
            stored?.pointee = count
            return code
        }
        table.query = { _, raw, _, error in Provider.unsupported("query", raw, error) }
        table.delete_rows = { _, raw, _, affected, error in
            affected?.pointee = 0
            return Provider.unsupported("delete", raw, error)
        }
        table.update = { _, raw, _, _, affected, error in
            affected?.pointee = 0
            return Provider.unsupported("update", raw, error)
        }
        return table
    }

    private var capabilities: UInt32 {
        let durability = store.withLock { $0?.settings.durability }
        return MH_DB_CAN_INSERT | (durability == .disk ? MH_DB_BLOCKS : 0)
    }

    private func open(_ raw: UnsafePointer<mh_db_open>) throws(ModuleFailure) -> OpaquePointer {
        var options = mh_db_open()
        mh_read_struct(&options, MemoryLayout<mh_db_open>.size, raw, Int(raw.pointee.struct_size))
        let caller = options.caller.len == 0 ? "a module" : options.caller.string
        let database = try Database(try openStore(), url: options.url.string, caller: caller)
        return OpaquePointer(Unmanaged.passRetained(database).toOpaque())
    }

    @inline(never)
    private static func wrongCount(
        _ handle: UnsafePointer<TableHandle>, _ count: Int, _ error: UnsafePointer<mh_error>?
    ) -> Int32 {
        ModuleFailure(
            MH_E_INVALID,
            "\(handle.pointee.caller.takeUnretainedValue().text) inserts rows of \(count) values into the table "
                + "\(handle.pointee.table.takeUnretainedValue().name), expected \(handle.pointee.columns), one for each column"
        ).report(to: error)
    }

    private static func unsupported(
        _ what: String, _ raw: OpaquePointer?, _ error: UnsafePointer<mh_error>?
    ) -> Int32 {
        let caller = raw.map { UnsafePointer<TableHandle>($0).pointee.caller.takeUnretainedValue().text }
        return ModuleFailure(
            MH_E_UNSUPPORTED,
            "\(what) is not supported by flatstore (called by \(caller ?? "a module")): it only appends rows"
        ).report(to: error)
    }
}
