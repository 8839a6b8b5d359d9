import CHost
import ModuleABI
import NIOCore

/// mh.loop/1
func makeLoopService() -> mh_loop_service {
    var table = mh_loop_service()
    table.struct_size = UInt32(MemoryLayout<mh_loop_service>.size)
    table.now = { _ in chost_clock() }
    table.timer = { handle, options, task, error in
        let module = LoadedModule.from(handle)
        guard let options = ABIReader.read(options) else {
            return report(error, MH_E_INVALID, "mh_timer_options has no valid struct_size")
        }
        guard module.mayStart else { return stopping(module, error) }
        guard let loop = module.host.workers.loop(options.worker) else { return noWorker(options.worker, module, error) }
        guard options.first >= 0, options.interval >= 0, options.first <= 1 << 62, options.interval <= 1 << 62 else {
            return report(error, MH_E_INVALID, "a timer's first and interval are nanoseconds, 0 or more")
        }
        guard let timer = HostTimer(module: module, loop: loop, options: options) else {
            return report(error, MH_E_INVALID, "a timer needs a fire function")
        }
        task?.pointee = timer.raw
        timer.start()
        return MH_OK
    }
    table.watch = { handle, options, task, error in
        let module = LoadedModule.from(handle)
        guard let options = ABIReader.read(options) else {
            return report(error, MH_E_INVALID, "mh_watch_options has no valid struct_size")
        }
        guard module.mayStart else { return stopping(module, error) }
        guard let loop = module.host.workers.loop(options.worker) else { return noWorker(options.worker, module, error) }
        guard options.events & ~(MH_WATCH_READ | MH_WATCH_WRITE) == 0,
            let watch = HostWatch(module: module, loop: loop, options: options, poller: module.host.poller)
        else {
            return report(error, MH_E_INVALID, "a watch needs a ready function, a descriptor, and READ or WRITE")
        }
        task?.pointee = watch.raw
        let number = watch.begin()
        guard number == 0 else {
            task?.pointee = nil
            return report(error, MH_E_IO, "cannot watch descriptor \(options.descriptor): \(systemText(number))")
        }
        return MH_OK
    }
    table.watch_events = { task, events in
        guard let watch = HostTask.from(task) as? HostWatch else { return MH_E_INVALID }
        guard watch.loop.inEventLoop else { return MH_E_STATE }
        return watch.change(events)
    }
    table.cancel = { task in HostTask.from(task)?.cancel() }
    table.post = { handle, worker, run, context in
        let module = LoadedModule.from(handle)
        guard let run else { return MH_E_INVALID }
        let target = ModuleWork(module: module, context: context)
        if worker == MH_MAIN_THREAD {
            guard module.hold() else { return MH_E_STATE }
            let isPosted = module.host.main.post { target.run("posted work", run) }
            if !isPosted { module.release() }
            return isPosted ? MH_OK : MH_E_STATE
        }
        guard let loop = module.host.workers.loop(worker) else { return MH_E_INVALID }
        guard module.hold() else { return MH_E_STATE }
        module.host.whenServing { loop.execute { target.run("posted work", run) } }
        return MH_OK
    }
    table.offload = { handle, options, error in
        let module = LoadedModule.from(handle)
        guard let options = ABIReader.read(options), let work = options.work else {
            return report(error, MH_E_INVALID, "mh_offload_options has no valid struct_size or no work")
        }
        let loop: (any EventLoop)?
        if options.worker == MH_MAIN_THREAD {
            loop = nil
        } else {
            guard let found = module.host.workers.loop(options.worker) else {
                return noWorker(options.worker, module, error)
            }
            loop = found
        }
        guard module.hold() else { return stopping(module, error) }
        let target = ModuleWork(module: module, context: options.ctx)
        let done = options.done
        let isQueued = module.host.pool.run {
            target.call("offloaded work", work)
            guard let done else { return target.module.release() }
            if let loop {
                target.module.host.whenServing { loop.execute { target.run("offload done", done) } }
            } else if !target.module.host.main.post({ target.run("offload done", done) }) {
                target.module.release()
            }
        }
        guard isQueued else {
            module.release()
            return report(error, MH_E_STATE, "the host is stopping")
        }
        return MH_OK
    }
    return table
}

/// A function of a module's with its context, on its way to another thread.
private struct ModuleWork: @unchecked Sendable {
    // @unchecked: the contract makes the context the module's own to share between threads.
    let module: LoadedModule
    let context: UnsafeMutableRawPointer?

    func call(_ callback: StaticString, _ function: @convention(c) (UnsafeMutableRawPointer?) -> Void) {
        guard module.isServed else { return }
        module.enter(callback) { function(context) }
    }

    /// Calls it and gives the module's hold back.
    func run(_ callback: StaticString, _ function: @convention(c) (UnsafeMutableRawPointer?) -> Void) {
        call(callback, function)
        module.release()
    }
}

private func noWorker(_ worker: UInt32, _ module: LoadedModule, _ error: UnsafePointer<mh_error>?) -> Int32 {
    worker == MH_WORKER_CURRENT
        ? report(error, MH_E_STATE, "MH_WORKER_CURRENT on a thread that is no worker")
        : report(error, MH_E_INVALID, "there is no worker \(worker), workers are 1 to \(module.host.threads.workers)")
}

func stopping(_ module: LoadedModule, _ error: UnsafePointer<mh_error>?) -> Int32 {
    report(error, MH_E_STATE, "module \(module.name) is \(module.phase.name)")
}
