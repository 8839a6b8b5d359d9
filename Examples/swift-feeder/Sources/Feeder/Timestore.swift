import ModuleABI
import ModuleKit

/// The module timestore, through its interface `mh.timestore/1`. Pool threads: it waits for workers and disks.
struct Timestore: @unchecked Sendable {
    // @unchecked: the table is static, and its functions are for any thread.
    private let table: UnsafePointer<mh_timestore_interface>
    private let context: UnsafeMutableRawPointer?

    /// Finds it. Main thread, from `init`.
    init(_ host: HostServices) throws(ModuleFailure) {
        (table, context) = try host.acquire(MH_TIMESTORE_INTERFACE, selector: "timestore", as: mh_timestore_interface.self)
        guard table.pointee.append != nil else {
            throw ModuleFailure(MH_E_ABI, "this timestore cannot be appended to; install a newer modhost")
        }
    }

    /// Appends measurements of one series; how many of the first are stored, and why not all.
    func append(_ measurements: [Measurement], to uuid: String) -> (stored: Int, failure: ModuleFailure?) {
        // As timestore.h has it: the time, then the value, both little-endian.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(measurements.count * 8)
        for measurement in measurements {
            withUnsafeBytes(of: measurement.stamp.littleEndian) { bytes += $0 }
            withUnsafeBytes(of: measurement.value.bitPattern.littleEndian) { bytes += $0 }
        }
        var stored: UInt64 = 0
        do throws(ModuleFailure) {
            try ErrorCollector.check { error in
                bytes.withUnsafeBytes { bytes in
                    uuid.withMHString { table.pointee.append(context, $0, mh_str(borrowing: bytes), &stored, error) }
                }
            }
            return (measurements.count, nil)
        } catch {
            return (Int(clamping: stored), error)
        }
    }
}
