public import ModuleABI

/// Service mh.loop/1: timers, posted work and work that may block.
public struct Loop: @unchecked Sendable {
    let module: OpaquePointer
    public let table: UnsafePointer<mh_loop_service>

    /// A timer or watch under way; `cancel` may come from any thread, once.
    public struct Task: @unchecked Sendable {
        let raw: OpaquePointer?
        let table: UnsafePointer<mh_loop_service>
        public func cancel() { table.pointee.cancel(raw) }
    }

    /// The monotonic clock, nanoseconds.
    public var now: Int64 { table.pointee.now(module) }

    /// Starts a timer: `first` nanoseconds from now, then every `interval` nanoseconds (0: once). The task is void after
    /// the one tick of a single timer: keep it only to cancel it earlier, on its own worker.
    @discardableResult
    public func timer(
        on worker: UInt32 = MH_WORKER_ANY, first: Int64, every interval: Int64 = 0,
        _ fire: @escaping () -> Void
    ) throws(ModuleFailure) -> Task {
        var options = mh_timer_options()
        options.struct_size = UInt32(MemoryLayout<mh_timer_options>.size)
        options.worker = worker
        options.first = first
        options.interval = interval
        let box = Unmanaged.passRetained(Box(fire))
        options.ctx = box.toOpaque()
        options.fire = { Box<() -> Void>.call($0) }
        options.gone = { Box<() -> Void>.release($0) }
        var task: OpaquePointer?
        do throws(ModuleFailure) {
            try ErrorCollector.check { table.pointee.timer(module, &options, &task, $0) }
        } catch {
            box.release()
            throw error
        }
        return Task(raw: task, table: table)
    }

    /// Runs a function on a worker (or main, 0) soon, in order of posting; false when the workers have ended.
    @discardableResult
    public func post(to worker: UInt32, _ run: @escaping () -> Void) -> Bool {
        let box = Unmanaged.passRetained(Box(run))
        let code = table.pointee.post(
            module, worker,
            {
                Box<() -> Void>.call($0)
                Box<() -> Void>.release($0)
            }, box.toOpaque())
        if code < 0 { box.release() }
        return code >= 0
    }

    /// Runs blocking work on a pool thread, then `done` on a worker.
    public func offload(
        to worker: UInt32 = MH_WORKER_ANY, _ work: @escaping () -> Void, done: @escaping () -> Void = {}
    ) throws(ModuleFailure) {
        var options = mh_offload_options()
        options.struct_size = UInt32(MemoryLayout<mh_offload_options>.size)
        options.worker = worker
        let box = Unmanaged.passRetained(Box((work, done)))
        options.ctx = box.toOpaque()
        options.work = { context in
            guard let context else { return }
            Unmanaged<Box<(() -> Void, () -> Void)>>.fromOpaque(context).takeUnretainedValue().value.0()
        }
        options.done = { context in
            guard let context else { return }
            Unmanaged<Box<(() -> Void, () -> Void)>>.fromOpaque(context).takeRetainedValue().value.1()
        }
        do throws(ModuleFailure) {
            try ErrorCollector.check { table.pointee.offload(module, &options, $0) }
        } catch {
            box.release()
            throw error
        }
    }
}

extension Box where Contents == () -> Void {
    static func call(_ context: UnsafeMutableRawPointer?) {
        guard let context else { return }
        Unmanaged<Box<Contents>>.fromOpaque(context).takeUnretainedValue().value()
    }

    static func release(_ context: UnsafeMutableRawPointer?) {
        guard let context else { return }
        Unmanaged<Box<Contents>>.fromOpaque(context).release()
    }
}
