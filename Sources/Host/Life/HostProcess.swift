import CHost
import Configuration
import Glibc
import Logging
import ModuleABI
import Synchronization

/// The host: everything that lives from reading the config to the exit, and the order in which it comes and goes.
///
/// Made, started and stopped on the main thread. The parts that modules and commands reach are for any thread, as each says.
public final class HostProcess: @unchecked Sendable {
    // @unchecked: parts are set once before modules run; the list of modules is behind its mutex; the rest belongs to the main
    // thread.
    nonisolated(unsafe) static private(set) var shared: HostProcess?

    let configuration: ParsedConfiguration
    let settings: CoreSettings
    let configPath: String
    let arguments: [String]
    let main: MainLoop
    let threads: ThreadTable
    let workers: Workers
    let pool: Pool
    let poller = Poller()
    let counters = CounterRegistry()
    let management: Management
    private let managementThread: ManagementThread
    let rpc: JSONRPC
    /// Nanoseconds, monotonic.
    let startedAt: Int64
    /// Seconds since 1970.
    let bootTime: Int
    let slowCallback: Int64

    private let moduleList = Mutex<[LoadedModule]>([])
    private let deferred = Mutex<[@Sendable () -> Void]>([])
    private let isServing = Mutex(false)
    private let staticTexts = Mutex<[[UInt8]: StaticText]>([:])
    private var watchdog: Watchdog?
    private var pidFile: PIDFile?
    private var isStopping = false
    private let slowCallbacks: OpaquePointer?
    private let refusedConnections: OpaquePointer?

    private struct StaticText: @unchecked Sendable {
        // @unchecked: points to text that is never freed nor changed.
        var raw: mh_str
    }

    /// Makes the threads; no module is loaded yet.
    init(
        configuration: ParsedConfiguration, settings: CoreSettings, configPath: String, arguments: [String],
        startedAt: Int64
    ) throws(StartFailure) {
        self.configuration = configuration
        self.settings = settings
        self.configPath = configPath
        self.arguments = arguments
        self.startedAt = startedAt
        bootTime = time(nil)
        slowCallback = settings.slowCallback
        let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        threads = ThreadTable(
            workers: settings.workers == 0 ? cores : settings.workers, poolLimit: settings.poolThreads)
        threads.enter(.main, index: 0)
        main = try MainLoop()
        managementThread = try ManagementThread(threads: threads)
        workers = try Workers(threads: threads, management: managementThread.loop)
        pool = Pool(threads: threads)
        let list = ModuleList()
        management = Management(thread: managementThread, pool: pool, module: { list.find?($0) })
        rpc = JSONRPC(management: management)
        slowCallbacks = counters.make(
            group: "core", name: "slow_callbacks", help: "callbacks on workers that took too long", isGauge: false)
        refusedConnections = counters.make(
            group: "core", name: "refused_connections", help: "connections over a listener's limit", isGauge: false)
        list.find = { [unowned self] name in self.module(name) }
        HostProcess.shared = self
    }

    /// Lets `management` be made before `self` is complete.
    private final class ModuleList: @unchecked Sendable {
        // @unchecked: set once in init, before any thread uses it.
        var find: ((String) -> LoadedModule?)?
    }

    // MARK: What the parts ask

    /// Modules in start order. Any thread.
    var modules: [LoadedModule] { moduleList.withLock { $0 } }

    func module(_ name: String) -> LoadedModule? { modules.first { $0.answers(to: name) && $0.phase < .stopped } }

    /// Runs a body when the workers serve: at once, or after every module has started on them. Any thread.
    func whenServing(_ body: @escaping @Sendable () -> Void) {
        let isDeferred = isServing.withLock { isServing in
            if isServing { return false }
            deferred.withLock { $0.append(body) }
            return true
        }
        if !isDeferred { body() }
    }

    func reportSlow(_ module: LoadedModule, _ callback: StaticString, _ elapsed: Int64) {
        chost_counter_add(slowCallbacks, 1)
        LogSink.shared.write(
            .warning, module: module.name,
            "slow callback: \(callback) held worker \(chost_thread_index()) for \(Quantity.text(duration: elapsed))")
    }

    func countRefusedConnection() { chost_counter_add(refusedConnections, 1) }

    /// A value whose text lives as long as the process; equal texts share it. Any thread.
    func staticValue(_ value: ParameterValue, type: UInt32) -> mh_value {
        switch value {
        case .integer(let number):
            var raw = mh_int(number)
            raw.type = type
            return raw
        case .float(let number): return mh_float(number)
        case .text(let bytes): return mh_text(staticText(bytes))
        case .list(let elements): return mh_text(staticText(Array(elements.joined(separator: [UInt8(ascii: ",")]))))
        }
    }

    private func staticText(_ bytes: [UInt8]) -> mh_str {
        staticTexts.withLock { texts in
            if let known = texts[bytes] { return known.raw }
            let copy = ParameterValue.copy(bytes)
            texts[bytes] = StaticText(raw: copy)
            return copy
        }
    }

    func coreSetting(_ name: String) -> mh_value? {
        func text(_ text: String) -> mh_value { mh_text(staticText(Array(text.utf8))) }
        switch name {
        case "run_dir": return text(settings.runDirectory)
        case "workers": return mh_int(Int64(threads.workers))
        case "config_file": return text(absolutePath(configPath, relativeTo: workingDirectory()))
        case "host_name": return text(machineName())
        default: return nil
        }
    }

    struct InterfaceFault: Error {
        var text: String
    }

    /// Finds an interface that a started module provides.
    func interface(_ wanted: ModuleNote.Interface, for user: LoadedModule) -> Result<mh_interface, InterfaceFault> {
        let running = modules.filter { $0.phase == .initialising || $0.phase == .running }
        for module in running where module !== user {
            for provided in module.descriptor.provides where wanted.isSatisfied(by: provided.interface) {
                user.uses(module.name)
                return .success(provided.raw)
            }
        }
        let others = running.flatMap { $0.descriptor.provides.map(\.interface) }.filter { $0.id == wanted.id }
        let offer = others.isEmpty ? "none is loaded" : "loaded are \(others.map(\.selector).joined(separator: ", "))"
        return .failure(
            InterfaceFault(
                text:
                    "no module provides \(wanted.id) for '\(wanted.selector)' (\(offer)); add a loadmodule line for one that does"
            ))
    }

    // MARK: Start

    /// Starts the planned modules and listens; afterwards the host is ready.
    func start(_ plan: LoadPlan, pidFile path: String?) throws(StartFailure) {
        try makeRunDirectory()
        if let path = path ?? settings.pidFile { pidFile = try PIDFile(path) }
        do throws(CommandRegistry.Taken) { try management.registry.add(CoreCommands.make(self)) } catch {
            throw StartFailure("the command \(error.name) is registered twice", status: 70)
        }
        for planned in plan.modules {
            do throws(Refusal) { try startModule(planned) } catch {
                guard error.isOptional else { throw fail(error) }
                printRefusal(error)
            }
        }
        for module in modules where module.phase == .initialising {
            do throws(Refusal) { try startOnWorkers(module) } catch {
                guard error.isOptional else { throw fail(error) }
                printRefusal(error)
                stopModule(module)
            }
        }
        for module in modules where module.phase == .initialising {
            do throws(Refusal) { try listen(module) } catch {
                guard error.isOptional else { throw fail(error) }
                printRefusal(error)
                stopModule(module)
                continue
            }
            module.move(to: .running)
        }
        managementThread.open()
        beginServing()
    }

    /// Runs what modules asked of the workers while they were being initialised.
    private func beginServing() {
        // What comes while these run goes behind them: work for a worker keeps its order.
        while true {
            let waiting = isServing.withLock { isServing in
                deferred.withLock { deferred in
                    defer { deferred = [] }
                    if deferred.isEmpty { isServing = true }
                    return deferred
                }
            }
            if waiting.isEmpty { return }
            for body in waiting { body() }
        }
    }

    private func fail(_ refusal: Refusal) -> StartFailure {
        printRefusal(refusal)
        let started = modules.filter { $0.phase >= .initialising && $0.phase <= .running }.count
        if started > 0 { log.notice("stopping \(started) modules that had started") }
        stop()
        return StartFailure("", status: 78)
    }

    func printRefusal(_ refusal: Refusal) {
        if let diagnostic = refusal.diagnostic {
            Diagnostics.print(diagnostic, configuration)
        } else {
            log.error("\(refusal.text)")
        }
    }

    private func makeRunDirectory() throws(StartFailure) {
        let path = settings.runDirectory
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw StartFailure(
                    "run_dir \(path) is not a directory; remove it or set run_dir to another path", status: 73)
            }
            return
        }
        // The parents that are missing too, as mkdir -p does; the last one lets the operators' group make reply FIFOs.
        var parent = ""
        for part in path.split(separator: "/").dropLast() {
            parent += "/\(part)"
            mkdir(parent, 0o755)
        }
        guard mkdir(path, 0o770) == 0 || errno == EEXIST else {
            throw StartFailure(
                "run_dir \(path) cannot be made: \(systemText(errno)); make it for user \(geteuid()), or set run_dir to a path that"
                    + " this user may write", status: 73)
        }
        chmod(path, 0o770)
    }

    /// Sets the parameters of one module and runs its init. Its commands are known from then on.
    private func startModule(_ planned: PlannedModule) throws(Refusal) {
        let candidate = planned.candidate
        let module = LoadedModule(
            descriptor: planned.descriptor, file: candidate.path, identity: candidate.identity,
            location: candidate.location, isOptional: candidate.isOptional, host: self)
        moduleList.withLock { $0.append(module) }
        do throws(Refusal) {
            for setting in planned.settings { try apply(setting, to: module, candidate) }
            module.move(to: .initialising)
            if let start = planned.descriptor.raw.`init` {
                var offer = mh_host()
                offer.struct_size = UInt32(MemoryLayout<mh_host>.size)
                offer.`self` = module.handle
                offer.query = { handle, id, minimum in
                    let module = LoadedModule.from(handle)
                    guard module.isServed else {
                        log.error("module \(module.name) asked for \(id.string) while it is \(module.phase.name)")
                        return nil
                    }
                    guard let found = ServiceTables.find(id), found.size >= minimum else { return nil }
                    return found.table
                }
                let kept = UnsafeMutablePointer<mh_host>.allocate(capacity: 1)
                kept.initialize(to: offer)
                let failure = module.enter("init") {
                    collectingError { start(planned.descriptor.raw.ctx, kept, $0) }
                }
                if let failure {
                    throw candidate.refuse(.initFailed, "module \(module.name) does not start: \(failure.text)")
                }
            }
            do throws(CommandRegistry.Taken) { try management.registry.add(module.descriptor.commands) } catch {
                throw candidate.refuse(
                    .nameTaken,
                    "the command \(error.name) of module \(module.name) belongs to \(error.owner.map { "module \($0)" } ?? "the host")"
                )
            }
        } catch {
            // `stop` is not called when `init` failed, but what the module has of the host ends here.
            module.move(to: .draining)
            endResources(of: module)
            module.move(to: .failed)
            counters.remove(group: module.name)
            throw error
        }
        log.debug("module \(module.name) \(module.descriptor.version) has started")
    }

    private func apply(
        _ setting: ParameterSetting, to module: LoadedModule, _ candidate: ModuleCandidate
    ) throws(Refusal) {
        guard let parameter = module.descriptor.parameters.first(where: { $0.name == setting.name }) else { return }
        setting.value.store(in: parameter)
        module.setValue(setting.value, of: setting.name, addingToEarlier: parameter.has(0x02))
        guard let set = parameter.raw.set else { return }
        let failure = module.enter("parameter set") {
            setting.value.withRaw(type: parameter.raw.type) { value in
                collectingError { set(parameter.raw.ctx, value, $0) }
            }
        }
        guard let failure else { return }
        var refusal = Refusal(
            .badValue, at: setting.location ?? candidate.location,
            "\(module.name)'s \(setting.name) is refused: \(failure.text)")
        refusal.isOptional = candidate.isOptional
        throw refusal
    }

    private func startOnWorkers(_ module: LoadedModule) throws(Refusal) {
        guard let start = module.descriptor.raw.worker_start else { return }
        struct Failed: Error { var text: String }
        do throws(Failed) {
            try workers.onEach { worker throws(Failed) in
                let failure = module.enter("worker_start") {
                    collectingError { start(module.descriptor.raw.ctx, worker, $0) }
                }
                if let failure { throw Failed(text: "worker \(worker): \(failure.text)") }
            }
        } catch {
            var refusal = Refusal(
                .workerStartFailed, at: module.location, "module \(module.name) does not start on its workers: \(error.text)"
            )
            refusal.isOptional = module.isOptional
            throw refusal
        }
    }

    private func listen(_ module: LoadedModule) throws(Refusal) {
        for case let listener as HostListener in module.resources {
            do throws(StartFailure) {
                try listener.open()
                log.info("module \(module.name) listens on \(listener.boundText)")
            } catch {
                var refusal = Refusal(.listenFailed, at: module.location, "module \(module.name) \(error.text)")
                refusal.isOptional = module.isOptional
                throw refusal
            }
        }
    }

    /// Announces readiness and serves until a signal or a command ends it. Returns the exit status.
    func serve() -> Int32 {
        let running = modules.filter { $0.phase == .running }
        let elapsed = Double(chost_clock() - startedAt) / 1e6
        log.notice(
            "ready in \((elapsed * 10).rounded() / 10) ms: \(running.count) modules (\(running.map(\.name).joined(separator: ", "))), \(threads.workers) workers, process \(getpid())"
        )
        ServiceManager.notify("READY=1\nMAINPID=\(getpid())")
        watchdog = Watchdog(host: self)
        if let watchdog {
            main.tickInterval = watchdog.interval
            main.onTick = { watchdog.tick() }
        }
        main.onSignal = { [unowned self] signal in
            switch signal {
            case SIGHUP: reopen()
            default:
                log.notice("stopping on \(signal == SIGINT ? "SIGINT" : "SIGTERM")")
                isStopping = true
            }
        }
        main.run(until: { isStopping })
        stop()
        log.notice("stopped")
        return 0
    }

    /// Ends the host soon. Any thread.
    func shutDown(_ reason: String) {
        main.post { [self] in
            log.notice("stopping: \(reason)")
            isStopping = true
        }
    }

    /// SIGHUP: reaches each module's reopen hook. Main thread.
    func reopen() {
        log.notice("SIGHUP: reopening files")
        for module in modules where module.phase == .running {
            guard let reopen = module.descriptor.raw.reopen else { continue }
            if let failure = module.enter("reopen", { collectingError { reopen(module.descriptor.raw.ctx, $0) } }) {
                log.error("module \(module.name) cannot reopen its files: \(failure.text)")
            }
        }
    }

    // MARK: Stop

    /// Stops listening, drains, stops on the workers, stops, in reverse order of start. Main thread.
    func stop() {
        ServiceManager.notify("STOPPING=1")
        let running = modules.filter { $0.phase == .initialising || $0.phase == .running }.reversed()
        for module in running {
            for case let listener as HostListener in module.resources { listener.close() }
        }
        // A start that failed half-way has tasks that never began: they must, to be ended.
        beginServing()
        for module in running { drain(module) }
        managementThread.close()
        for module in running { finish(module) }
        pool.close()
        main.close()
        workers.stop()
        managementThread.stop()
        pidFile?.remove()
        pidFile = nil
    }

    /// Takes one module out of a running host. Main thread.
    func stopModule(_ module: LoadedModule) {
        management.registry.remove(module: module.name)
        for case let listener as HostListener in module.resources { listener.close() }
        drain(module)
        finish(module)
    }

    private func drain(_ module: LoadedModule) {
        if let drain = module.descriptor.raw.drain { module.enter("drain") { drain(module.descriptor.raw.ctx) } }
    }

    private func finish(_ module: LoadedModule) {
        module.move(to: .draining)
        management.registry.remove(module: module.name)
        endResources(of: module)
        if let stop = module.descriptor.raw.worker_stop {
            workers.onEach { worker in module.enter("worker_stop") { stop(module.descriptor.raw.ctx, worker) } }
        }
        module.move(to: .stopping)
        if let stop = module.descriptor.raw.stop { module.enter("stop") { stop(module.descriptor.raw.ctx) } }
        module.move(to: .stopped)
        counters.remove(group: module.name)
    }

    /// Ends timers, watches, streams and sockets, and waits for what is under way: first kindly, then firmly.
    private func endResources(of module: LoadedModule) {
        for resource in module.resources { resource.end() }
        let kindly = chost_clock() + settings.stopTimeout / 2
        let isIdle = { module.holds == 0 && module.resources.isEmpty }
        if main.run(until: isIdle, deadline: kindly, takingSignals: false) { return }
        for case let stream as HostStream in module.resources { stream.endAtOnce() }
        if main.run(until: isIdle, deadline: kindly + settings.stopTimeout / 2, takingSignals: false) { return }
        log.warning(
            "module \(module.name) still has \(module.holds) callbacks and \(module.resources.count) objects after \(Quantity.text(duration: settings.stopTimeout)); stopping it all the same"
        )
    }

    // MARK: Loading and setting at run time

    /// Loads one more module. Main thread.
    func load(_ name: String) throws(Refusal) -> LoadedModule {
        let running = modules.filter { $0.phase < .stopped }
        let statements = configuration.statements
        let base = directory(of: configPath)
        let plan = LoadPlan(
            loading: name, statements: statements, base: base, search: LoadPlan.search(statements, base: base),
            running: running)
        if let refusal = plan.refusals.first { throw refusal }
        guard let planned = plan.modules.first else {
            throw Refusal(.fileNotFound, at: nil, "module \(name) is not found")
        }
        try startModule(planned)
        guard let module = modules.last(where: { $0.name == planned.descriptor.name }) else {
            throw Refusal(.initFailed, at: nil, "module \(name) did not start")
        }
        do throws(Refusal) {
            try startOnWorkers(module)
            try listen(module)
        } catch {
            stopModule(module)
            throw error
        }
        module.move(to: .running)
        return module
    }

    /// Sets a parameter marked LIVE. Main thread.
    func set(_ name: String, of module: LoadedModule, to text: String) throws(Fault) {
        guard let parameter = module.descriptor.parameters.first(where: { $0.name == name }) else {
            let near = nearestName(to: name, in: module.descriptor.parameters.map(\.name))
            throw Fault(404, "module \(module.name) has no parameter \(name)" + (near.map { "; did you mean \($0)?" } ?? ""))
        }
        guard parameter.has(0x08), let set = parameter.raw.set else {
            throw Fault(403, "\(module.name)'s \(name) cannot change while the host runs; set it with modparam and restart")
        }
        let value: ParameterValue
        do throws(ParameterValue.Fault) { value = try ParameterValue(text: text, for: parameter) } catch {
            throw Fault(400, "\(module.name)'s \(name) is '\(text)', \(error.expected)")
        }
        let failure = module.enter("parameter set") {
            value.withRaw(type: parameter.raw.type) { raw in collectingError { set(parameter.raw.ctx, raw, $0) } }
        }
        if let failure { throw Fault(400, "\(module.name) refuses \(name): \(failure.text)") }
        module.setValue(value, of: name)
    }
}

/// The machine's name.
func machineName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
