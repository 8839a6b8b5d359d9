public import ModuleKit

/// Where measurements go: timestore, and a table of flatstore beside it if one is configured.
public struct Stores: Sendable {
    private let timestore: Timestore
    private let rows: RowTable?

    /// Finds the stores. Main thread, from the module's `init`. `rowURL` may be empty: no rows.
    public init(_ host: HostServices, rowURL: String, table: String) throws(ModuleFailure) {
        timestore = try Timestore(host)
        rows = rowURL.isEmpty ? nil : try RowTable(rowURL, table: table, host)
    }

    /// Stores measurements, series by series; how many are in both stores, and the first reason why not all. Pool threads.
    func store(_ measurements: [Measurement]) -> (stored: Int, failure: String?) {
        var order: [String] = []
        var series: [String: [Measurement]] = [:]
        for measurement in measurements {
            if series[measurement.uuid] == nil { order.append(measurement.uuid) }
            series[measurement.uuid, default: []].append(measurement)
        }
        var stored = 0
        var failure: String?
        for uuid in order {
            guard let group = series[uuid] else { continue }
            let appended = timestore.append(group, to: uuid)
            if let fault = appended.failure { failure = failure ?? "timestore: \(fault.text)" }
            guard let rows, appended.stored > 0 else {
                stored += appended.stored
                continue
            }
            let inserted = rows.insert(group.prefix(appended.stored), of: uuid)
            if let fault = inserted.failure { failure = failure ?? "in timestore, but without a row: \(fault.text)" }
            stored += inserted.stored
        }
        return (stored, failure)
    }

    /// Gives handles back, when nothing is stored any more.
    public func close() { rows?.close() }
}
