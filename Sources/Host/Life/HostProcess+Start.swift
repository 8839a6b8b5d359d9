import CHost
import Configuration
import Glibc
import Logging
import ModuleABI
import Script
import Synchronization

/// From a checked plan to a host that serves. Main thread.
extension HostProcess {
    /// Starts the planned modules and listens; afterwards the host is ready.
    func start(_ plan: LoadPlan, pidFile path: String?) throws(StartFailure) {
        try makeRunDirectory()
        if let path = path ?? settings.pidFile { pidFile = try PIDFile(path) }
        do throws(CommandRegistry.Taken) {
            try management.registry.add(CoreCommands.make(self) + RouteCommands.defined(self))
        } catch {
            throw StartFailure("the command \(error.name) is registered twice", status: 70)
        }
        for name in plan.builtIn { log.info("\(name) is built in") }
        for planned in plan.modules {
            do throws(Refusal) { try startModule(planned) } catch {
                guard error.isOptional else { throw fail(error) }
                printRefusal(error)
            }
        }
        try prepareRoutes()
        for module in modules where module.phase == .initialising {
            do throws(Refusal) { try startOnWorkers(module) } catch {
                guard error.isOptional else { throw fail(error) }
                printRefusal(error)
                stopModule(module)
            }
        }
        routes.runStartEvent(RouteCheck.firstStartEvent, onFirstOnly: true)
        routes.runStartEvent(RouteCheck.startEvent, onFirstOnly: false)
        reportIdleRoutes()
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
    func beginServing() {
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

    func fail(_ refusal: Refusal) -> StartFailure {
        printRefusal(refusal)
        return stopHalfWay()
    }

    /// Shows modules the places of routes that use them; what they say against them ends the start.
    func prepareRoutes() throws(StartFailure) {
        let problems = routes.prepare()
        Diagnostics.print(problems, configuration)
        if problems.contains(where: { $0.severity == .error }) { throw stopHalfWay() }
    }

    /// Tells of blocks that are never run.
    func reportIdleRoutes() {
        for route in routes.idle {
            if route.kind == .request {
                log.notice("\(route.location): request_route is run by no module that is loaded; ask.so takes requests")
            } else {
                let said = "\(route.location): \(route.spelling) is triggered by nothing that is loaded"
                if let near = routes.nearestEvent(to: route.name) {
                    log.warning("\(said); did you mean event_route[\(near)]?")
                } else {
                    log.notice("\(said)")
                }
            }
        }
    }

    private func stopHalfWay() -> StartFailure {
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

    func makeRunDirectory() throws(StartFailure) {
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
    func startModule(_ planned: PlannedModule) throws(Refusal) {
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
                    throw candidate.refuse(
                        .initFailed, "module \(module.name) does not start: \(failure.text)",
                        hint: routes.nearestRoute(toMissingIn: failure.text).map { "did you mean route[\($0)]?" })
                }
            }
            do throws(ScriptError) { try routes.begin(module) } catch {
                throw candidate.refuse(.initFailed, "module \(module.name) does not fit the routes: \(error)")
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
            routes.end(module)
            module.move(to: .failed)
            counters.remove(group: module.name)
            throw error
        }
        log.debug("module \(module.name) \(module.descriptor.version) has started")
    }

    func apply(
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

    func startOnWorkers(_ module: LoadedModule) throws(Refusal) {
        routes.open(module)
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

    func listen(_ module: LoadedModule) throws(Refusal) {
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
}
