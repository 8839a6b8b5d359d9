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
        var log: ((Int32, String) -> Void)?
        /// What is to be done when a table, by its name, has been loaded anew.
        var reloaded: [String: () -> Void] = [:]
        /// Warnings that have been said: a route repeats its mistakes with every message.
        var said: Set<String> = []
    }

    private let state = Guarded(State())
    let locks = SlotLocks()

    public init() {}

    /// Makes the tables of the config; `log` writes a line at a level.
    public func start(
        _ settings: Settings, clock: Clock = Clock(), log: @escaping (Int32, String) -> Void = { _, _ in }
    ) throws(ModuleFailure) {
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
            state.log = log
        }
    }

    /// Lets go of all tables; those that somebody still uses live until then.
    public func stop() {
        state.withLock { state in
            state.ordered = []
            state.byName = [:]
        }
    }

    /// Has `action` run after each reload of a table. Main thread, while the module starts.
    func onReload(of name: String, _ action: @escaping () -> Void) { state.withLock { $0.reloaded[name] = action } }

    /// Tells that a table has been loaded anew.
    func tellReloaded(_ table: HashTable) { state.withLock { $0.reloaded[table.name] }?() }

    func attach(_ source: any RowSource) { state.withLock { $0.source = source } }
    var source: (any RowSource)? { state.withLock { $0.source } }
    var databaseURL: String? { state.withLock { $0.databaseURL } }

    /// In the order of the config.
    public var all: [HashTable] { state.withLock { $0.ordered } }

    func find(_ name: some Sequence<UInt8>) -> HashTable? {
        let name = Array(name)
        return state.withLock { $0.byName[name] }
    }

    /// Most different warnings that are said; what comes after them is about names made at run time.
    private static let mostWarnings = 200

    /// Logs what a route did wrong, once; or at error level, always.
    func warn(_ text: @autoclosure () -> String, always: Bool = false) {
        let text = text()
        let log = state.withLock { state -> ((Int32, String) -> Void)? in
            if always { return state.log }
            guard state.said.count < Self.mostWarnings, state.said.insert(text).inserted else { return nil }
            return state.log
        }
        log?(always ? MH_LOG_ERROR : MH_LOG_WARNING, text)
    }

    /// Removes expired items of all tables, at most `budget`; true when there may be more.
    public func purge(budget: Int) -> Bool {
        var isMore = false
        for table in all where table.purge(budget: budget) { isMore = true }
        return isMore
    }
}
