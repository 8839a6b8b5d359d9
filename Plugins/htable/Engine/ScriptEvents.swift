// The event routes of the config: event_route[htable:mod-init], [htable:expired:TABLE] and [htable:reloaded:TABLE]; and the end of every
// route, at which what it left behind is taken back.
import ModuleABI
public import ModuleKit

/// Runs the event routes. Made on the main thread; the routes run on workers.
public final class ScriptEvents: @unchecked Sendable {
    private let tables: Tables
    private let functions: Functions
    private var script: Script?
    private var modInit: UInt32?
    /// Whether a route runs for each expired item of some table. Main thread, after `start`.
    public private(set) var hearsOfExpiry = false

    public init(_ tables: Tables, _ functions: Functions) {
        self.tables = tables
        self.functions = functions
    }

    /// Finds the routes and subscribes to what they want to hear of. Main thread, after the tables are made.
    public func start(_ host: HostServices) throws(ModuleFailure) {
        guard let script = host.script else { return }
        self.script = script
        modInit = script.find("event:htable:mod-init")
        for table in tables.all {
            if let route = script.find("event:htable:expired:\(table.name)") { tellExpired(table, route, host, script) }
            if let route = script.find("event:htable:reloaded:\(table.name)") { tellReloaded(table, route, host, script) }
        }
        try script.onEnd { [functions, tables] in
            let slots = functions.routeEnded()
            guard slots > 0 else { return }
            tables.warn(
                "a route ended with \(slots == 1 ? "1 slot" : "\(slots) slots") locked, now unlocked: end each sht_lock with sht_unlock"
            )
        }
    }

    /// Runs `mod-init` on worker 1. Throws when the route says drop, or ends in an error: the start is refused then.
    public func workerStarts(_ worker: UInt32) throws(ModuleFailure) {
        guard worker == 1, let script, let modInit else { return }
        do throws(ModuleFailure) {
            guard try script.run(modInit).isDropped else { return }
        } catch {
            throw ModuleFailure(error.code, "event_route[htable:mod-init]: \(error.text)")
        }
        throw ModuleFailure(MH_E_CANCELLED, "event_route[htable:mod-init] said drop, which refuses the start")
    }

    /// Has a route run for each expired item before it goes. A new expiry that the route gives it rescues it.
    private func tellExpired(_ table: HashTable, _ route: UInt32, _ host: HostServices, _ script: Script) {
        guard table.expires else {
            host.log.warning(
                "event_route[htable:expired:\(table.name)] never runs: table \(table.name) has no autoexpire, so nothing in it expires"
            )
            return
        }
        hearsOfExpiry = true
        _ = table.feed.subscribe(expired: true) { [tables] change in
            if host.threads.kind == MH_THREAD_WORKER {
                return Self.run(route, "expired:\(table.name)", script, tables)
            }
            // Room was made in a full table by another thread: the item goes, and a worker runs the route with a copy of it.
            guard let record = ScriptThread.current.record else { return }
            host.loop.post(to: 1) {
                let thread = ScriptThread.current
                let before = thread.record
                thread.record = record
                Self.run(route, "expired:\(table.name)", script, tables)
                thread.record = before
            }
        }
    }

    private func tellReloaded(_ table: HashTable, _ route: UInt32, _ host: HostServices, _ script: Script) {
        tables.onReload(of: table.name) { [tables] in
            host.loop.post(to: 1) { Self.run(route, "reloaded:\(table.name)", script, tables) }
        }
    }

    private static func run(_ route: UInt32, _ event: String, _ script: Script, _ tables: Tables) {
        do throws(ModuleFailure) { try script.run(route) } catch {
            tables.warn("event_route[htable:\(event)]: \(error.text)")
        }
    }
}
