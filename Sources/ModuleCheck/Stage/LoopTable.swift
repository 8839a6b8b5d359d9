import CHost
import Glibc
import ModuleABI

/// mh.loop/1
func makeLoopService() -> mh_loop_service {
    var table = mh_loop_service()
    table.struct_size = UInt32(MemoryLayout<mh_loop_service>.size)
    table.now = { handle in
        _ = Stage.shared.admit(.loopNow, handle)
        return chost_clock()
    }
    table.timer = { handle, options, task, error in
        let stage = Stage.shared
        guard let module = stage.admit(.loopTimer, handle) else {
            return report(error, MH_E_STATE, "the module is stopping")
        }
        guard let options = OptionReader.read(options, mh_timer_options(), "mh_timer_options", error) else {
            return MH_E_INVALID
        }
        guard options.fire != nil, options.first >= 0, options.interval >= 0 else {
            return OptionReader.refuse("a timer without fire, or with a negative first or interval", error)
        }
        guard let loop = stage.loop(options.worker) else { return OptionReader.noWorker(options.worker, error) }
        if stage.lets(.loopTimer, module, fail: error) { return MH_E_NO_MEMORY }
        let timer = StageTimer(module: module, loop: loop, options: options)
        let made = stage.handles.add(timer)
        task?.pointee = made
        loop.add(timer)
        return MH_OK
    }
    table.watch = { handle, options, task, error in
        let stage = Stage.shared
        guard let module = stage.admit(.loopWatch, handle) else {
            return report(error, MH_E_STATE, "the module is stopping")
        }
        guard let options = OptionReader.read(options, mh_watch_options(), "mh_watch_options", error) else {
            return MH_E_INVALID
        }
        guard options.ready != nil, options.events & ~(MH_WATCH_READ | MH_WATCH_WRITE) == 0 else {
            return OptionReader.refuse("a watch without ready, or for events that cannot be asked for", error)
        }
        guard let loop = stage.loop(options.worker) else { return OptionReader.noWorker(options.worker, error) }
        guard fcntl(options.descriptor, F_GETFD) >= 0 else {
            return OptionReader.refuse("a watch of \(options.descriptor), which is no open descriptor", error)
        }
        if stage.lets(.loopWatch, module, fail: error) { return MH_E_NO_MEMORY }
        let watch = StageWatch(module: module, loop: loop, options: options)
        let made = stage.handles.add(watch)
        task?.pointee = made
        loop.add(watch)
        return MH_OK
    }
    table.watch_events = { task, events in
        let stage = Stage.shared
        guard let watch = stage.handles.find(task, StageWatch.self, .loopWatchEvents),
            stage.admit(.loopWatchEvents, of: watch.module, on: watch.loop)
        else { return MH_E_STATE }
        watch.events = events
        return MH_OK
    }
    table.cancel = { task in
        let stage = Stage.shared
        guard let task = stage.handles.find(task, StageTask.self, .loopCancel), stage.admit(.loopCancel, of: task.module)
        else {
            return
        }
        task.cancel()
    }
    table.post = { handle, worker, run, context in
        let stage = Stage.shared
        guard let module = stage.admit(.loopPost, handle) else { return MH_E_STATE }
        guard let run else { return OptionReader.refuse("posted work without a function", nil) }
        let loop: StageLoop
        if worker == MH_MAIN_THREAD {
            loop = stage.main
        } else {
            guard let found = stage.loop(worker) else { return OptionReader.noWorker(worker, nil) }
            loop = found
        }
        if stage.lets(.loopPost, module, fail: nil) { return MH_E_STATE }
        module.holds.add(1)
        nonisolated(unsafe) let context = context
        loop.post(forModule: true) {
            if module.isServed {
                module.enter("posted work", .running, isQuick: loop !== stage.main) { run(context) }
            }
            module.holds.add(-1)
        }
        return MH_OK
    }
    table.offload = { handle, options, error in
        let stage = Stage.shared
        guard let module = stage.admit(.loopOffload, handle) else {
            return report(error, MH_E_STATE, "the module is stopping")
        }
        guard let options = OptionReader.read(options, mh_offload_options(), "mh_offload_options", error) else {
            return MH_E_INVALID
        }
        guard options.work != nil else { return OptionReader.refuse("offloaded work without a function", error) }
        let loop: StageLoop
        if options.worker == MH_MAIN_THREAD {
            loop = stage.main
        } else {
            guard let found = stage.loop(options.worker) else { return OptionReader.noWorker(options.worker, error) }
            loop = found
        }
        if stage.lets(.loopOffload, module, fail: error) { return MH_E_NO_MEMORY }
        module.holds.add(1)
        nonisolated(unsafe) let copy = options
        let isRunning = stage.runOnPool {
            if let work = copy.work { module.enter("offloaded work", .running) { work(copy.ctx) } }
            guard let done = copy.done else {
                module.holds.add(-1)
                return
            }
            loop.post(forModule: true) {
                if module.phase != .ended {
                    module.enter("done of offloaded work", .running, isQuick: true) { done(copy.ctx) }
                }
                module.holds.add(-1)
            }
        }
        guard isRunning else {
            module.holds.add(-1)
            return report(error, MH_E_NO_MEMORY, "no thread can be made")
        }
        return MH_OK
    }
    return table
}

/// Takes the structs that modules fill in, and says what is wrong with one.
enum OptionReader {
    static func read<Struct>(
        _ pointer: UnsafePointer<Struct>?, _ zero: Struct, _ name: String, _ error: UnsafePointer<mh_error>?
    ) -> Struct? {
        guard let pointer else {
            _ = refuse("NULL in place of \(name)", error)
            return nil
        }
        let size = UnsafeRawPointer(pointer).load(as: UInt32.self)
        guard size >= 16, size <= 4096 else {
            _ = refuse("\(name) with struct_size \(size)", error)
            return nil
        }
        return copy(pointer, zero)
    }

    static func refuse(_ what: String, _ error: UnsafePointer<mh_error>?) -> Int32 {
        FindingPipe.add(.badOptions, "it gives the host \(what)\(Stage.place)")
        return report(error, MH_E_INVALID, what)
    }

    static func noWorker(_ worker: UInt32, _ error: UnsafePointer<mh_error>?) -> Int32 {
        if worker == MH_WORKER_CURRENT {
            FindingPipe.add(.wrongThread, "it asks for MH_WORKER_CURRENT\(Stage.place), which is no worker")
            return report(error, MH_E_STATE, "MH_WORKER_CURRENT on a thread that is no worker")
        }
        return refuse("worker \(worker), workers are 1 to \(Stage.shared.workerCount)", error)
    }
}
