import CHost
import Configuration
import Logging
import ModuleABI
import Script
import Synchronization

/// The routes of a running host: which module serves which place, one evaluator per worker, and runs.
///
/// Everything is for the main thread but `run`, `worker` and `isReady`.
final class Routes: @unchecked Sendable {
    // @unchecked: `workers` is set before any worker looks at it; each of them belongs to its worker; the rest is the main thread's.
    let program: Program
    /// Whether routes may run. Any thread.
    let isReady = Atomic<Bool>(false)
    private let threads: Workers
    private let limits: ScriptLimits
    private let timeout: Int64
    private var owners: [String: ScriptOwner]
    private var workers: [RouteWorker] = []
    /// The routes that somebody triggers.
    private var triggered: Set<Int> = []
    /// What modules looked for, whether the config has it or not.
    private var asked: [String] = [RouteCheck.startEvent, RouteCheck.firstStartEvent]
    private static let eventPrefix = "event:"
    /// The texts of modules; one that comes twice, as of a module that is loaded again, is made once.
    private var formats: [[UInt8]: ScriptFormat] = [:]

    init(_ check: RouteCheck, _ settings: CoreSettings, _ threads: Workers, _ registry: CounterRegistry) {
        program = check.program
        owners = Dictionary(check.owners.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.threads = threads
        let limits = ScriptLimits(time: .nanoseconds(settings.routeTimeout), loopTurns: settings.maxWhileLoops)
        self.limits = limits
        timeout = settings.routeTimeout
        let counters = RouteCounters(registry)
        workers = (0..<threads.count).map { _ in
            RouteWorker(Evaluator(check.program, log: RouteLog(), limits: limits), counters)
        }
    }

    /// Evaluators know the program as it was when they were made: texts of modules make it grow.
    private func renewEvaluators() {
        for worker in workers { worker.renew(program) }
    }

    // MARK: Modules come and go

    /// A module has been initialised. One that is loaded again gets the places that it had.
    func begin(_ module: LoadedModule) throws(ScriptError) {
        let owner = owner(module)
        owner.begin(module)
        // At start, `prepare` asks all modules when every one is there.
        if isReady.load(ordering: .acquiring) { try owner.prepareAgain() }
    }

    /// The module starts on its workers: routes may use it.
    func open(_ module: LoadedModule) { owner(module).open() }

    /// The module ends: no route is in its code when this returns, and none gets there any more.
    func end(_ module: LoadedModule) {
        let owner = owners[module.name].flatMap { $0.module === module ? $0 : nil }
        owner?.close()
        // Routes run on workers from end to end: what each of them does next comes after its calls of the module.
        threads.onEach { [self] worker in self.worker(worker)?.endings.removeAll { $0.module === module } }
        owner?.release()
    }

    private func owner(_ module: LoadedModule) -> ScriptOwner {
        if let known = owners[module.name] { return known }
        let owner = ScriptOwner(module.name)
        owners[module.name] = owner
        return owner
    }

    /// Shows modules the places in the config that use them; all that they say against them.
    func prepare() -> [Diagnostic] {
        let problems = program.prepare()
        if problems.contains(where: { $0.severity == .error }) { return problems }
        renewEvaluators()
        isReady.store(true, ordering: .releasing)
        return problems
    }

    /// Ends what is left when all modules have stopped.
    func release() {
        isReady.store(false, ordering: .releasing)
        program.release()
    }

    // MARK: Finding and telling

    /// The number of a route that somebody is going to trigger.
    func find(_ name: String) -> Int? {
        if !asked.contains(name) { asked.append(name) }
        guard let number = program.route(named: name) else { return nil }
        triggered.insert(number)
        return number
    }

    /// The event that somebody triggers and that was probably meant by a route's name; `event:` is left out.
    func nearestEvent(to name: String) -> String? {
        let events = asked.filter { $0.hasPrefix(Self.eventPrefix) }.map { String($0.dropFirst(Self.eventPrefix.count)) }
        return nearestName(to: String(name.dropFirst(Self.eventPrefix.count)), in: events)
    }

    /// The route of the config that was probably meant where a module asked for one that is not there; nil unless the module's text
    /// names what it asked for.
    func nearestRoute(toMissingIn text: String) -> String? {
        for name in asked.reversed() where !name.hasPrefix(Self.eventPrefix) && text.contains(name) {
            guard program.route(named: name) == nil else { continue }
            return nearestName(to: name, in: program.routes.filter { $0.kind == .named }.map(\.name))
        }
        return nil
    }

    /// The routes that are there to be triggered, but nobody does.
    var idle: [Program.RouteEntry] {
        program.routes.enumerated().filter { number, route in
            (route.kind == .event || route.kind == .request) && RouteCheck.command(of: route) == nil
                && !triggered.contains(number)
        }.map(\.element)
    }

    /// Adds what is to be told of the end of each outermost run.
    func add(_ ending: RouteWorker.Ending) {
        threads.onEach { [self] worker in self.worker(worker)?.endings.append(ending) }
    }

    /// Makes a text ready for a module, at any time of its init.
    func format(_ text: [UInt8], for module: LoadedModule) throws(ScriptError) -> ScriptFormat {
        if let known = formats[text] { return known }
        let location = module.location ?? SourceLocation(file: module.file, line: 1, column: 1)
        guard isReady.load(ordering: .acquiring) else {
            let format = try program.compileFormat(text, at: location)
            formats[text] = format
            return format
        }
        // The module comes to a running host: no route runs while the program grows.
        let result = threads.whilePaused { () -> Result<ScriptFormat, ScriptError> in
            do throws(ScriptError) {
                let format = try program.compileFormat(text, at: location)
                if let problem = program.prepare().first(where: { $0.severity == .error }) {
                    return .failure(ScriptError(problem.message, hint: problem.hint))
                }
                renewEvaluators()
                return .success(format)
            } catch { return .failure(error) }
        }
        let format = try result.get()
        formats[text] = format
        return format
    }

    // MARK: Running

    /// What belongs to the calling worker, by its thread index; nil where that is none.
    func worker(_ index: UInt32) -> RouteWorker? {
        index >= 1 && Int(index) <= workers.count ? workers[Int(index) - 1] : nil
    }

    /// The calling thread's; nil where it is no worker, or routes are not ready.
    var current: RouteWorker? {
        guard isReady.load(ordering: .acquiring), chost_thread_kind() == ThreadKind.worker.rawValue else { return nil }
        return worker(chost_thread_index())
    }

    /// Why a run was stopped, for whoever asked for it.
    func describe(_ stop: ScriptStop, of route: Int) -> String {
        let name = program.routes[route].name
        switch stop {
        case .timeout(let place):
            return "route \(name) ran over route_timeout (\(Quantity.text(duration: timeout))) and was stopped at \(place)"
        case .tooDeep(let place):
            return
                "route \(name) was stopped\(place.map { " at \($0)" } ?? ""): more than \(limits.nestedRoutes) routes within one another"
        }
    }

    /// Says that a run held its worker for long; nanoseconds.
    func reportSlow(_ route: Int, _ elapsed: Int64) {
        log.warning(
            "slow route: \(program.routes[route].name) held worker \(chost_thread_index()) for \(Quantity.text(duration: elapsed))"
        )
    }

    /// Runs a route for the host itself on each worker, or on the first only, and waits. Nothing when the config has none.
    func runStartEvent(_ name: String, onFirstOnly: Bool) {
        guard let route = find(name) else { return }
        threads.onEach { [self] index in
            guard index == 1 || !onFirstOnly, let worker = worker(index) else { return }
            // What goes wrong is in the log.
            _ = worker.run(route, RouteArguments())
        }
    }
}

/// The lines of routes, among the host's own.
private struct RouteLog: ScriptLog {
    func keeps(_ level: ScriptLogLevel) -> Bool { Int32(level.rawValue) <= LogSink.shared.level.rawValue }

    func write(_ level: ScriptLogLevel, _ text: [UInt8]) {
        guard keeps(level) else { return }
        LogSink.shared.write(LogLevel(clamping: Int32(level.rawValue)), module: nil, String(decoding: text, as: UTF8.self))
    }
}

/// What `get_statistics core:` tells of routes.
struct RouteCounters: @unchecked Sendable {
    // @unchecked: the cells are atomics that are never freed.
    let runs: OpaquePointer?
    let errors: OpaquePointer?
    let timeouts: OpaquePointer?

    init(_ registry: CounterRegistry) {
        runs = registry.make(group: "core", name: "route_runs", help: "runs of routes", isGauge: false)
        errors = registry.make(group: "core", name: "route_errors", help: "errors in statements of routes", isGauge: false)
        timeouts = registry.make(
            group: "core", name: "route_timeouts", help: "runs that were stopped after route_timeout", isGauge: false)
    }
}
