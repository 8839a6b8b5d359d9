import ModuleABI
import ModuleKit
import Synchronization

/// What workers, connections and commands share once the module has started; all of it constant or atomic.
final class StoreContext: @unchecked Sendable {
    // @unchecked: HostServices may be used from any thread; `workers` is set once, before anything runs.
    let host: HostServices
    let environment: StoreEnvironment
    let limits: Limits
    let syncInterval: Int64
    let faults: FaultLog
    let isDraining = Atomic<Bool>(false)
    /// Connections that stand, and those gone whose requests are still on their way.
    let live = Atomic<Int>(0)
    private(set) var workers: [StoreWorker] = []

    var tally: Tally { environment.tally }

    init(_ host: HostServices, environment: StoreEnvironment, limits: Limits, syncInterval: Int64) {
        self.host = host
        self.environment = environment
        self.limits = limits
        self.syncInterval = syncInterval
        let log = host.log
        let loop = host.loop
        faults = FaultLog(clock: { loop.now }, write: { log.error($0) })
        workers = (1...max(1, host.threads.workers)).map { StoreWorker(index: $0, context: self) }
    }

    /// The worker that owns a series.
    func owner(of id: SeriesID) -> StoreWorker { workers[Int(id.owner(among: UInt32(workers.count))) - 1] }
}
