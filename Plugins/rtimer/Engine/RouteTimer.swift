import ModuleABI
import ModuleKit
import Synchronization

/// One timer under way: its routes, and what became of their runs. Fires on one worker or on several at a time.
final class RouteTimer: @unchecked Sendable {
    let definition: TimerDefinition
    /// The workers that it fires on.
    let workers: [UInt32]
    let runs: Counters.Counter
    let skipped: Counters.Counter
    let errors: Counters.Counter
    /// Nanoseconds that the latest run of all routes took, and the longest.
    let latest = Atomic<Int64>(0)
    let longest = Atomic<Int64>(0)

    private let host: HostServices
    private let script: Script
    private let routes: [(name: String, number: UInt32)]
    private let quietUntil = Atomic<Int64>(.min)
    private let unsaid = Atomic<Int>(0)

    private static let logInterval: Int64 = 1_000_000_000

    /// Finds the routes. Main thread, from `init`.
    init(_ definition: TimerDefinition, workers: [UInt32], host: HostServices, script: Script) throws(ModuleFailure) {
        self.definition = definition
        self.workers = workers
        self.host = host
        self.script = script
        var routes: [(name: String, number: UInt32)] = []
        for name in definition.routes {
            guard let number = script.find(name) else {
                throw ModuleFailure(
                    MH_E_NOT_FOUND,
                    "timer \(definition.name) is to run route[\(name)], which the config does not have: correct route=\(name) in "
                        + "its exec line, or write route[\(name)] { … }")
            }
            routes.append((name, number))
        }
        self.routes = routes
        let name = definition.name
        runs = try host.counters.make("runs.\(name)", help: "Ticks of timer \(name) that ran its routes.")
        skipped = try host.counters.make("skipped.\(name)", help: "Ticks of timer \(name) that came while it was late.")
        errors = try host.counters.make("errors.\(name)", help: "Runs of routes of timer \(name) that ended in an error.")
    }

    /// Begins to fire on a worker.
    func start(on worker: UInt32) throws(ModuleFailure) {
        var schedule = TickSchedule(interval: definition.interval, now: host.loop.now)
        try host.loop.timer(on: worker, first: definition.interval, every: definition.interval) { [self] in
            let start = host.loop.now
            let missed = schedule.tick(at: start)
            if missed > 0 { skipped.add(missed) }
            fire()
            let spent = host.loop.now - start
            latest.store(spent, ordering: .relaxed)
            longest.max(spent, ordering: .relaxed)
        }
    }

    private func fire() {
        runs.add(1)
        for route in routes {
            do throws(ModuleFailure) { try script.run(route.number) } catch {
                errors.add(1)
                report("timer \(definition.name): route[\(route.name)]: \(error.text)")
            }
        }
    }

    /// Logs an error, at most one a second, with a count of those left out.
    private func report(_ text: String) {
        let now = host.loop.now
        let until = quietUntil.load(ordering: .relaxed)
        guard now >= until,
            quietUntil.compareExchange(expected: until, desired: now + Self.logInterval, ordering: .relaxed).exchanged
        else {
            unsaid.add(1, ordering: .relaxed)
            return
        }
        let others = unsaid.exchange(0, ordering: .relaxed)
        host.log.error(text + (others > 0 ? " (and \(others) like it before)" : ""))
    }
}
