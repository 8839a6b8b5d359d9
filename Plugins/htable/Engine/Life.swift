// The module's life: tables are made at start, and a timer removes what has expired, a little at a time.
import ModuleABI
public import ModuleKit
import Synchronization

/// Starts and stops the module. Main thread; the timer runs on a worker.
public final class Life: Sendable {
    private let tables: Tables
    // Read on the main thread only, as it is written.
    nonisolated(unsafe) private let settings: Settings
    private let isStopped = Atomic<Bool>(false)
    private let isPurging = Atomic<Bool>(false)
    /// Items that one step of a purge removes: well under a millisecond, so that the worker's connections do not wait.
    private let step = Atomic<Int>(2000)
    /// The same where a route runs for each of them, which takes some microseconds.
    private static let stepWithRoutes = 50

    public init(_ settings: Settings, _ tables: Tables) {
        self.settings = settings
        self.tables = tables
    }

    public func start(_ host: HostServices) throws(ModuleFailure) {
        try tables.start(settings) { level, text in host.log.write(level, text) }
        if settings.timerProcesses != 0 {
            host.log.notice("timer_procs is not needed: expired items are found without a scan; it does nothing")
        }
        if settings.databaseURL != nil || settings.definitions.contains(where: { $0.databaseTable != nil }) {
            host.log.notice(
                "tables begin empty: db_url, dbtable and the column parameters are checked and kept, and rows are loaded once "
                    + "a row source is there")
        }
        for definition in settings.definitions where definition.isReplicated {
            host.log.notice("table \(definition.name): dmqreplicate is kept for a replication module; none follows it yet")
        }
        if settings.definitions.isEmpty {
            host.log.warning(
                "no table is defined; add lines such as modparam(\"htable\", \"htable\", \"users=>size=8;autoexpire=3600\")")
        }
        for table in tables.all {
            try host.counters.makeComputed("items.\(table.name)", help: "Items of table \(table.name).") {
                Int64(table.count)
            }
            try host.counters.makeComputed(
                "bytes.\(table.name)", help: "Bytes of keys and values of table \(table.name)."
            ) { Int64(table.totals().bytes) }
            try host.counters.makeComputed(
                "expired.\(table.name)", help: "Expired items that were removed from table \(table.name)."
            ) { Int64(table.expiredTotal.load(ordering: .relaxed)) }
        }
        guard tables.all.contains(where: { $0.expires }) else { return }
        try host.loop.timer(on: 1, first: settings.timerInterval, every: settings.timerInterval) { [self] in
            guard !isPurging.exchange(true, ordering: .acquiringAndReleasing) else { return }
            purge(host)
        }
    }

    /// Routes run for expired items: a step takes fewer of them. Main thread, from `init`.
    public func expiryRunsRoutes() { step.store(Self.stepWithRoutes, ordering: .relaxed) }

    /// One step; the rest is posted, so that other work of the worker comes between.
    private func purge(_ host: HostServices) {
        guard !isStopped.load(ordering: .acquiring), tables.purge(budget: step.load(ordering: .relaxed)),
            host.loop.post(to: 1, { [self] in purge(host) })
        else {
            isPurging.store(false, ordering: .releasing)
            return
        }
    }

    public func stop() {
        isStopped.store(true, ordering: .releasing)
        tables.stop()
    }
}
