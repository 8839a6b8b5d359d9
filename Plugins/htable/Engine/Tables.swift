// All tables of the module, made when it starts; the set never changes after that.
import ModuleABI
public import ModuleKit

/// The tables by name. Any thread, once started.
public final class Tables: Sendable {
    private struct State {
        var ordered: [HashTable] = []
        var byName: [[UInt8]: HashTable] = [:]
        var databaseURL: String?
        var source: (any RowSource)?
    }

    private let state = Guarded(State())
    let locks = SlotLocks()

    public init() {}

    /// Makes the tables of the config.
    public func start(_ settings: Settings, clock: Clock = Clock()) throws(ModuleFailure) {
        var made: [HashTable] = []
        for definition in settings.definitions {
            made.append(try HashTable(definition, clock: clock, locks: locks))
        }
        let url = settings.databaseURL
        state.withLock { state in
            state.ordered = made
            state.byName = [:]
            for table in made { state.byName[Array(table.name.utf8)] = table }
            state.databaseURL = url
        }
    }

    /// Lets go of all tables; those that somebody still uses live until then.
    public func stop() {
        state.withLock { state in
            state.ordered = []
            state.byName = [:]
        }
    }

    func attach(_ source: any RowSource) { state.withLock { $0.source = source } }
    var source: (any RowSource)? { state.withLock { $0.source } }
    var databaseURL: String? { state.withLock { $0.databaseURL } }

    /// In the order of the config.
    public var all: [HashTable] { state.withLock { $0.ordered } }

    func find(_ name: some Sequence<UInt8>) -> HashTable? {
        let name = Array(name)
        return state.withLock { $0.byName[name] }
    }

    /// Removes expired items of all tables, at most `budget`; true when there may be more.
    public func purge(budget: Int) -> Bool {
        var isMore = false
        for table in all where table.purge(budget: budget) { isMore = true }
        return isMore
    }
}
