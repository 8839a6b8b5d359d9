import CHost
import Glibc
import ModuleABI

/// A lock around a pthread mutex, for state that C callbacks of any thread reach.
final class Lock: @unchecked Sendable {
    // @unchecked: the mutex is made in init, used by its own functions only, and lives as long as the object.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func with<Result>(_ body: () throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }
}

/// What the stage knows of the calling thread: the phase of the callback that it is in.
enum ThreadPhase {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    static var current: Phase? {
        get { pthread_getspecific(key).flatMap { Phase(rawValue: UInt8(truncatingIfNeeded: Int(bitPattern: $0))) } }
        set { pthread_setspecific(key, newValue.flatMap { UnsafeRawPointer(bitPattern: Int($0.rawValue)) }) }
    }
}

/// A thread of the stage's own.
enum StageThread {
    private final class Start {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    @discardableResult
    static func spawn(_ body: @escaping () -> Void) -> pthread_t? {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(body))
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            return nil
        }
        return thread
    }

    static func describe() -> String {
        switch chost_thread_kind() {
        case MH_THREAD_MAIN: "the main thread"
        case MH_THREAD_WORKER: "worker \(chost_thread_index())"
        case MH_THREAD_MANAGEMENT: "the management thread"
        case MH_THREAD_POOL: "a pool thread"
        default: "a thread of the module's own"
        }
    }
}

/// An event loop: what a worker, the management thread and main run. Everything but `run` and what says so is for any thread.
final class StageLoop: @unchecked Sendable {
    // @unchecked: the queues are guarded by `lock`; timers and watches are touched on the loop's thread or under it.
    let index: UInt32
    let kind: UInt32
    private let lock = Lock()
    private let wake = chost_wake_open()
    private var jobs: [() -> Void] = []
    private var moduleJobs: [() -> Void] = []
    private var timers: [StageTimer] = []
    private var watches: [StageWatch] = []
    private var isServing = false
    private var isEnded = false
    private var thread: pthread_t?

    init(index: UInt32, kind: UInt32) {
        self.index = index
        self.kind = kind
    }

    var isCurrent: Bool { chost_thread_index() == index }

    /// Queues host work, which runs at once, or a module's, which waits until the module serves.
    func post(forModule: Bool = false, _ job: @escaping () -> Void) {
        lock.with { if forModule { moduleJobs.append(job) } else { jobs.append(job) } }
        chost_wake(wake)
    }

    func add(_ timer: StageTimer) {
        lock.with { timers.append(timer) }
        chost_wake(wake)
    }

    func add(_ watch: StageWatch) {
        lock.with { watches.append(watch) }
        chost_wake(wake)
    }

    func remove(_ task: StageTask) {
        lock.with {
            timers.removeAll { $0 === task }
            watches.removeAll { $0 === task }
        }
    }

    /// Lets what modules asked for begin.
    func serve() {
        lock.with { isServing = true }
        chost_wake(wake)
    }

    /// Ends the wait of `turn`: what `run` waits for may have come true.
    func nudge() { chost_wake(wake) }

    /// Starts a thread that runs the loop until `end`.
    func start() {
        thread = StageThread.spawn { [self] in
            chost_thread_set(index, kind, kind == MH_THREAD_WORKER ? "worker" : "management")
            while !lock.with({ isEnded }) {
                turn(within: 1_000_000_000)
                Stage.shared.main.nudge()
            }
        }
    }

    func end() {
        lock.with { isEnded = true }
        chost_wake(wake)
        if let thread { pthread_join(thread, nil) }
        close(wake)
    }

    /// One round: jobs, due timers, ready descriptors; waits up to `within` nanoseconds for something to do. Loop's thread.
    func turn(within longest: Int64) {
        let work: [() -> Void] = lock.with {
            var taken = jobs
            jobs = []
            if isServing {
                taken += moduleJobs
                moduleJobs = []
            }
            return taken
        }
        for job in work { job() }
        var timeout = longest
        let (due, watched): ([StageTimer], [StageWatch]) = lock.with {
            guard isServing else { return ([], []) }
            let now = chost_clock()
            for timer in timers { timeout = min(timeout, timer.next - now) }
            return (timers.filter { $0.next <= now }, watches.filter { $0.events != 0 })
        }
        for timer in due { timer.tick() }
        if !due.isEmpty || !work.isEmpty { timeout = 0 }
        var entries = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
        for watch in watched { entries.append(watch.entry) }
        let milliseconds = timeout <= 0 ? 0 : timeout / 1_000_000 + 1
        guard poll(&entries, nfds_t(entries.count), Int32(clamping: milliseconds)) > 0 else { return }
        if entries[0].revents != 0 { chost_wake_clear(wake) }
        for (watch, entry) in zip(watched, entries.dropFirst()) where entry.revents != 0 { watch.becomeReady(entry.revents) }
    }

    /// Runs the loop on the calling thread until the condition holds; false when the time was over first.
    @discardableResult
    func run(until isDone: () -> Bool, within nanoseconds: Int64) -> Bool {
        let deadline = chost_clock() + nanoseconds
        while !isDone() {
            let left = deadline - chost_clock()
            guard left > 0 else { return false }
            turn(within: min(left, 2_000_000))
        }
        return true
    }
}
