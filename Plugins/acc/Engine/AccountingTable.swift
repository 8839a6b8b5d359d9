import ModuleABI
import ModuleKit

/// Rows of a batch that the provider did not store, and its reason.
struct Refusal: Equatable {
    var rows: Range<Int>
    var text: String
}

/// The accounting database at its provider (interface mh.db/1); may be used from any thread at once.
///
/// Owns the provider's database handle from `init` to `close`.
final class AccountingDatabase: @unchecked Sendable {
    fileprivate let provider: UnsafePointer<mh_db_provider>
    fileprivate let context: UnsafeMutableRawPointer?
    private let database: OpaquePointer
    fileprivate let insertBatch: BatchInsert
    private let useTable: TableUse
    /// True when inserts wait for a disk or a server, so that they belong on a pool thread.
    let blocks: Bool

    fileprivate typealias BatchInsert =
        @convention(c) (
            UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<mh_value>?, UInt32, UInt32,
            UnsafeMutablePointer<UInt32>?, UnsafePointer<mh_error>?
        ) -> Int32
    private typealias TableUse =
        @convention(c) (
            UnsafeMutableRawPointer?, OpaquePointer?, mh_str, UnsafePointer<mh_array>?,
            UnsafeMutablePointer<OpaquePointer?>?, UnsafePointer<mh_error>?
        ) -> Int32

    /// Opens the database. Main thread, from `init`.
    init(_ url: DatabaseURL, host: HostServices) throws(ModuleFailure) {
        do throws(ModuleFailure) {
            (provider, context) = try host.acquire(
                MH_DB_INTERFACE, selector: url.scheme, as: mh_db_provider.self)
        } catch {
            throw ModuleFailure(
                error.code,
                "db_url has the scheme \"\(url.scheme)\", which no loaded module provides (\(error.text)): "
                    + "add its loadmodule line, or check the scheme")
        }
        let functions = provider.pointee
        guard let open = functions.open, let close = functions.close, let useTable = functions.use_table,
            let insertBatch = functions.insert_batch, let capabilities = functions.capabilities
        else {
            throw ModuleFailure(
                MH_E_ABI, "the provider of \"\(url.scheme)\" lacks a function of \(MH_DB_INTERFACE)")
        }
        self.insertBatch = insertBatch
        self.useTable = useTable
        database = try AccountingDatabase.open(url, with: open, context)
        let abilities = capabilities(context, database)
        blocks = abilities & MH_DB_BLOCKS != 0
        guard abilities & MH_DB_CAN_INSERT != 0 else {
            close(context, database)
            throw ModuleFailure(MH_E_UNSUPPORTED, "\(url.shown) cannot insert rows, which acc needs")
        }
    }

    private static func open(
        _ url: DatabaseURL,
        with open: (
            UnsafeMutableRawPointer?, UnsafePointer<mh_db_open>?, UnsafeMutablePointer<OpaquePointer?>?,
            UnsafePointer<mh_error>?
        ) -> Int32, _ context: UnsafeMutableRawPointer?
    ) throws(ModuleFailure) -> OpaquePointer {
        var options = mh_db_open()
        options.struct_size = UInt32(MemoryLayout<mh_db_open>.size)
        options.caller = mh_str("acc")
        var database: OpaquePointer?
        try ErrorCollector.check { error in
            url.whole.withMHString {
                options.url = $0
                return open(context, &options, &database, error)
            }
        }
        guard let database else {
            throw ModuleFailure(MH_E_ABI, "\(url.shown): the provider gave no database")
        }
        return database
    }

    /// Prepares a table. Main thread.
    fileprivate func use(_ name: String, _ layout: RowLayout) throws(ModuleFailure) -> OpaquePointer {
        let columns = (0..<layout.count).map { index in
            let slot = layout.slots[index]
            return mh_db_column(
                struct_size: UInt32(MemoryLayout<mh_db_column>.size), type: slot.type,
                name: mh_str(
                    borrowing: UnsafeRawBufferPointer(Bytes(start: slot.name, count: slot.nameLength))))
        }
        var table: OpaquePointer?
        try ErrorCollector.check { error in
            columns.withUnsafeBufferPointer { columns in
                var array = mh_array(
                    items: UnsafeRawPointer(columns.baseAddress), count: UInt32(columns.count),
                    stride: UInt32(MemoryLayout<mh_db_column>.stride))
                return name.withMHString { useTable(context, database, $0, &array, &table, error) }
            }
        }
        guard let table else {
            throw ModuleFailure(MH_E_ABI, "table \"\(name)\": the provider gave no table")
        }
        return table
    }

    /// Gives the database back; its tables are given back before. Main thread, from `stop`.
    func close() { provider.pointee.close?(context, database) }
}

/// A table of the accounting database; may be used from any thread at once.
///
/// Owns the provider's table handle from `init` to `close`.
final class AccountingTable: @unchecked Sendable {
    private let database: AccountingDatabase
    private let table: OpaquePointer

    /// Prepares the table. Main thread.
    init(_ name: String, in database: AccountingDatabase, layout: RowLayout) throws(ModuleFailure) {
        self.database = database
        table = try database.use(name, layout)
    }

    var blocks: Bool { database.blocks }

    /// Stores the rows of a batch, and answers those that the provider refused; every other row is as safe as the provider
    /// promises. A row that is refused for what it holds costs that row; a full disk or lost server costs the rest.
    func insert(_ batch: RowBatch) -> [Refusal] {
        var refusals: [Refusal] = []
        var first = 0
        while first < batch.count {
            let rows = batch.count - first
            var count: UInt32 = 0
            do throws(ModuleFailure) {
                try ErrorCollector.check {
                    database.insertBatch(
                        database.context, table, batch.values + first * batch.columns, UInt32(batch.columns),
                        UInt32(rows), &count, $0)
                }
                if count < rows {
                    let text = "the database stored \(count) of \(rows) rows and gave no reason"
                    refusals.append(Refusal(rows: (first + Int(count))..<batch.count, text: text))
                }
                return refusals
            } catch {
                let refused = first + min(Int(count), rows)
                guard refused < batch.count else { return refusals }
                guard AccountingTable.isAboutRow(error.code) else {
                    refusals.append(Refusal(rows: refused..<batch.count, text: error.text))
                    return refusals
                }
                refusals.append(Refusal(rows: refused..<(refused + 1), text: error.text))
                first = refused + 1
            }
        }
        return refusals
    }

    /// Stores one row; the provider's reason when it did not. Texts of the row are borrowed for the call.
    func insert(_ row: UnsafePointer<mh_value>, columns: Int) -> Rejection? {
        var count: UInt32 = 0
        var note = ErrorNote()
        let code = note.collect { database.insertBatch(database.context, table, row, UInt32(columns), 1, &count, $0) }
        if code < 0, count == 0 { return Rejection(note.text) }
        return count == 1 ? nil : Rejection("the database stored \(count) of 1 rows and gave no reason")
    }

    /// Whether an error is about one row, so that the next may be tried.
    private static func isAboutRow(_ code: Int32) -> Bool {
        code == MH_E_INVALID || code == MH_E_EXISTS || code == MH_E_LIMIT
    }

    /// Gives the table back; nothing may be inserted afterwards. Main thread, from `stop`.
    func close() { database.provider.pointee.release_table?(database.context, table) }
}
