import CHost
import Glibc
import Logging
import ModuleABI
import Synchronization

/// From serving to nothing left: what was asked to end ends in order, within bounds. Main thread.
extension HostProcess {
    /// Stops listening, drains, stops on the workers, stops, in reverse order of start. Main thread.
    func stop() {
        ServiceManager.notify("STOPPING=1")
        main.refuseChanges()
        let reversed = modules.filter { $0.phase == .initialising || $0.phase == .running }.reversed()
        // A transport goes after the modules whose replies it carries: one that is deferred would hold it up, and its client
        // would not hear that the host stops.
        let carriers = reversed.filter { $0.carriesCommands.load(ordering: .relaxed) && $0.used.isEmpty }
        let running = reversed.filter { module in !carriers.contains { $0 === module } } + carriers
        for module in running {
            for case let listener as HostListener in module.resources { listener.close() }
        }
        // A start that failed half-way has tasks that never began: they must, to be ended.
        beginServing()
        for module in running { drain(module) }
        managementThread.close()
        for module in running { finish(module) }
        routes.release()
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

    func drain(_ module: LoadedModule) {
        if let drain = module.descriptor.raw.drain { module.enter("drain") { drain(module.descriptor.raw.ctx) } }
    }

    func finish(_ module: LoadedModule) {
        module.move(to: .draining)
        management.registry.remove(module: module.name)
        endResources(of: module)
        routes.end(module)
        if let stop = module.descriptor.raw.worker_stop {
            workers.onEach { worker in module.enter("worker_stop") { stop(module.descriptor.raw.ctx, worker) } }
        }
        module.move(to: .stopping)
        if let stop = module.descriptor.raw.stop { module.enter("stop") { stop(module.descriptor.raw.ctx) } }
        module.move(to: .stopped)
        counters.remove(group: module.name)
    }

    /// Ends timers, watches, streams and sockets, and waits for what is under way: first kindly, then firmly.
    func endResources(of module: LoadedModule) {
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
}
