import ModuleABI
import NIOCore
import Synchronization

/// A timer or watch of a module's: `cancel` from any thread, then exactly one `gone` on its worker.
class HostTask: ModuleResource, @unchecked Sendable {
    // @unchecked: state belongs to `loop`; only `cancel` comes from elsewhere, and hops there.
    let module: LoadedModule
    let loop: any EventLoop
    fileprivate let context: UnsafeMutableRawPointer?
    private let gone: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
    fileprivate(set) var isFinished = false
    /// Held from the start until gone has returned: what `mh_task *` points to.
    private var hold: Unmanaged<HostTask>?

    init(
        module: LoadedModule, loop: any EventLoop, context: UnsafeMutableRawPointer?,
        gone: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
    ) {
        self.module = module
        self.loop = loop
        self.context = context
        self.gone = gone
    }

    var raw: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func from(_ raw: OpaquePointer?) -> HostTask? {
        raw.map { Unmanaged<HostTask>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }

    func start() {
        hold = Unmanaged.passRetained(self)
        module.add(self)
    }

    /// Takes back a start that failed: the module hears of it as an error, not by `gone`.
    fileprivate final func abandon() {
        module.remove(self)
        hold?.release()
        hold = nil
    }

    func end() { cancel() }

    /// Any thread.
    final func cancel() {
        let task = self
        loop.execute { task.finish() }
    }

    /// Ends it and tells the module. On the loop.
    final func finish() {
        guard !isFinished else { return }
        isFinished = true
        detach()
        if let gone, module.isServed { module.enter("task gone") { gone(context) } }
        module.remove(self)
        hold?.release()
        hold = nil
    }

    /// Stops what would fire it. On the loop.
    func detach() {}
}

/// A timer on a worker's event loop.
final class HostTimer: HostTask, @unchecked Sendable {
    private let fire: @convention(c) (UnsafeMutableRawPointer?) -> Void
    private var scheduled: Scheduled<Void>?
    private let first: Int64
    private let interval: Int64

    init?(module: LoadedModule, loop: any EventLoop, options: mh_timer_options) {
        guard let fire = options.fire else { return nil }
        self.fire = fire
        first = options.first
        interval = options.interval
        super.init(module: module, loop: loop, context: options.ctx, gone: options.gone)
    }

    override func start() {
        super.start()
        module.host.whenServing { [self] in
            if loop.inEventLoop {
                schedule(first)
            } else {
                loop.execute { self.schedule(self.first) }
            }
        }
    }

    private func schedule(_ delay: Int64) {
        guard !isFinished else { return }
        scheduled = loop.scheduleTask(in: .nanoseconds(delay)) { self.tick() }
    }

    private func tick() {
        guard !isFinished else { return }
        guard module.isCallable else { return }
        module.enter("timer") { fire(context) }
        if interval > 0 { schedule(interval) } else { finish() }
    }

    override func detach() {
        scheduled?.cancel()
        scheduled = nil
    }
}

/// A watch on a descriptor: the poller waits, the worker is told, and the poller is armed again when the module is done.
final class HostWatch: HostTask, @unchecked Sendable {
    private let ready: @convention(c) (UnsafeMutableRawPointer?, UInt32) -> Void
    let descriptor: Int32
    private var events: UInt32
    private let poller: Poller
    private var registration: UInt64?

    init?(module: LoadedModule, loop: any EventLoop, options: mh_watch_options, poller: Poller) {
        guard let ready = options.ready, options.descriptor >= 0 else { return nil }
        self.ready = ready
        descriptor = options.descriptor
        events = options.events
        self.poller = poller
        super.init(module: module, loop: loop, context: options.ctx, gone: options.gone)
    }

    /// Registers with the poller; the errno when the descriptor cannot be watched.
    func begin() -> Int32 {
        // Everything is in place before the poller knows of it: the first event may be on the worker before this returns.
        let id = poller.reserve()
        registration = id
        start()
        let number = poller.add(id, descriptor, events: events) { [weak self] events in
            guard let self else { return }
            self.module.host.whenServing { self.loop.execute { self.isReady(events) } }
        }
        if number != 0 { abandon() }
        return number
    }

    private func isReady(_ events: UInt32) {
        // Paused: even a hang-up, which the kernel reports unasked, waits until the module asks for events again.
        guard !isFinished, self.events != 0, module.isCallable else { return }
        // The module may have narrowed its interest while this was on its way.
        let wanted = events & (self.events | MH_WATCH_ERROR)
        if wanted != 0 { module.enter("watch") { ready(context, wanted) } }
        if !isFinished, let registration { poller.arm(registration, descriptor, events: self.events) }
    }

    func change(_ events: UInt32) -> Int32 {
        guard events & ~(MH_WATCH_READ | MH_WATCH_WRITE) == 0 else { return MH_E_INVALID }
        self.events = events
        if let registration { poller.arm(registration, descriptor, events: events) }
        return MH_OK
    }

    override func detach() {
        if let registration { poller.remove(registration, descriptor) }
        registration = nil
    }
}
