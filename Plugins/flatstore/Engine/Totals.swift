// The counts of the whole module that several tables add to.
import ModuleKit
import Synchronization

final class Totals: Sendable {
    private let openFileCount = Atomic<Int>(0)
    private let stopped = Atomic<Bool>(false)
    let countError: @Sendable (Int64) -> Void

    init(_ services: Services) throws(ModuleFailure) {
        let add = try services.counter("write_errors", "Errors while writing rows.")
        nonisolated(unsafe) let unchecked = add
        countError = { unchecked($0) }
    }

    func openFiles(_ change: Int) { openFileCount.wrappingAdd(change, ordering: .relaxed) }
    var openFiles: Int { openFileCount.load(ordering: .relaxed) }

    /// True once the store has stopped: no row is taken any more.
    var isStopped: Bool {
        get { stopped.load(ordering: .acquiring) }
        set { stopped.store(newValue, ordering: .releasing) }
    }
}
