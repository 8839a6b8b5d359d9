import ModuleABI
import ModuleKit

/// A table (uuid, time, value) of the module flatstore, through `mh.db/1`. Any thread.
///
/// Owns the provider's database handle from `init` to `close`; the table goes with it.
final class RowTable: @unchecked Sendable {
    // @unchecked: the handles are fixed, and the provider's functions are for any thread.
    private let provider: UnsafePointer<mh_db_provider>
    private let context: UnsafeMutableRawPointer?
    private let database: OpaquePointer
    private let table: OpaquePointer

    /// Opens the database and prepares the table. Main thread, from the module's `init`.
    init(_ url: String, table name: String, _ host: HostServices) throws(ModuleFailure) {
        guard url.hasPrefix("flatstore:") else {
            throw ModuleFailure(MH_E_INVALID, "db_url \"\(url)\": expected flatstore:/FOLDER")
        }
        (provider, context) = try host.acquire(MH_DB_INTERFACE, selector: "flatstore", as: mh_db_provider.self)
        var options = mh_db_open()
        options.struct_size = UInt32(MemoryLayout<mh_db_open>.size)
        options.caller = mh_str("feeder")
        var opened: OpaquePointer?
        try ErrorCollector.check { [provider, context] error in
            url.withMHString {
                options.url = $0
                return provider.pointee.open(context, &options, &opened, error)
            }
        }
        guard let opened else { throw ModuleFailure(MH_E_ABI, "\(url): the provider gave no database") }
        database = opened
        do throws(ModuleFailure) {
            table = try Self.use(name, opened, provider, context)
        } catch {
            provider.pointee.close(context, opened)
            throw error
        }
    }

    private static func use(
        _ name: String, _ database: OpaquePointer, _ provider: UnsafePointer<mh_db_provider>,
        _ context: UnsafeMutableRawPointer?
    ) throws(ModuleFailure) -> OpaquePointer {
        let size = UInt32(MemoryLayout<mh_db_column>.size)
        let columns = [
            mh_db_column(struct_size: size, type: MH_STRING, name: mh_str("uuid")),
            mh_db_column(struct_size: size, type: MH_TIME, name: mh_str("time")),
            mh_db_column(struct_size: size, type: MH_FLOAT, name: mh_str("value")),
        ]
        var table: OpaquePointer?
        try ErrorCollector.check { error in
            columns.withUnsafeBufferPointer { columns in
                var array = mh_array(
                    items: UnsafeRawPointer(columns.baseAddress), count: UInt32(columns.count),
                    stride: UInt32(MemoryLayout<mh_db_column>.stride))
                return name.withMHString { provider.pointee.use_table(context, database, $0, &array, &table, error) }
            }
        }
        guard let table else { throw ModuleFailure(MH_E_ABI, "table \"\(name)\": the provider gave no table") }
        return table
    }

    /// Inserts measurements of one series as rows; how many of the first are stored, and why not all.
    func insert(_ measurements: ArraySlice<Measurement>, of uuid: String) -> (stored: Int, failure: ModuleFailure?) {
        var stored: UInt32 = 0
        do throws(ModuleFailure) {
            try ErrorCollector.check { error in
                uuid.withMHString { uuid in
                    var values: [mh_value] = []
                    values.reserveCapacity(measurements.count * 3)
                    for measurement in measurements {
                        var time = mh_int(Int64(measurement.stamp) * 1_000_000)
                        time.type = MH_TIME
                        values += [mh_text(uuid), time, mh_float(Double(measurement.value))]
                    }
                    return provider.pointee.insert_batch(
                        context, table, values, 3, UInt32(measurements.count), &stored, error)
                }
            }
            return (measurements.count, nil)
        } catch {
            return (Int(stored), error)
        }
    }

    /// Gives the handles back; nothing may be inserted any more.
    func close() { provider.pointee.close(context, database) }
}
