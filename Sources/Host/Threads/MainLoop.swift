import CHost
import Glibc
import Synchronization

/// The main thread's loop: signals, posted jobs, the watchdog. Only the main thread runs it; any thread may post.
final class MainLoop: @unchecked Sendable {
    // @unchecked: descriptors are set once; `jobs` is behind its mutex; the rest belongs to the main thread.
    private let signals: Int32
    private let wake: Int32
    private let jobs = Mutex(Waiting())
    private let isClosed = Mutex(false)
    /// Changes that wait for the one under way. Main thread.
    private var changes: [@Sendable (_ isRefused: Bool) -> Void] = []
    private var isChanging = false
    private var refusesChanges = false

    private struct Waiting {
        var jobs: [(@Sendable () -> Void)?] = []
        var head = 0
        var count: Int { jobs.count - head }

        mutating func next() -> (@Sendable () -> Void)? {
            guard head < jobs.count else { return nil }
            let job = jobs[head]
            jobs[head] = nil
            head += 1
            if head == jobs.count {
                jobs.removeAll(keepingCapacity: true)
                head = 0
            }
            return job
        }
    }

    /// Called on the main thread for SIGTERM, SIGINT and SIGHUP.
    var onSignal: (Int32) -> Void = { _ in }
    /// Called on the main thread about every `tickInterval` milliseconds.
    var onTick: () -> Void = {}
    /// Milliseconds; -1: never.
    var tickInterval: Int32 = -1

    init() throws(StartFailure) {
        signals = chost_signals_open()
        guard signals >= 0 else {
            throw StartFailure("cannot take signals: \(systemText(-signals))", status: 71)
        }
        wake = chost_wake_open()
        guard wake >= 0 else { throw StartFailure("cannot make an eventfd: \(systemText(errno))", status: 71) }
    }

    /// Runs a job on the main thread soon, in order; false after `close`.
    @discardableResult
    func post(_ job: @escaping @Sendable () -> Void) -> Bool {
        if isClosed.withLock({ $0 }) { return false }
        jobs.withLock { $0.jobs.append(job) }
        chost_wake(wake)
        return true
    }

    /// Runs a job that may run this loop itself, such as one that stops a module: never inside another one of its kind, whose end
    /// could depend on it. The job is told when it comes too late, and then does nothing. Any thread; false after `close`.
    @discardableResult
    func postChange(_ change: @escaping @Sendable (_ isRefused: Bool) -> Void) -> Bool {
        post { [self] in
            changes.append(change)
            guard !isChanging else { return }
            isChanging = true
            while !changes.isEmpty { changes.removeFirst()(refusesChanges) }
            isChanging = false
        }
    }

    /// From now on changes are refused: the host is stopping. Main thread.
    func refuseChanges() { refusesChanges = true }

    func close() { isClosed.withLock { $0 = true } }

    /// Serves signals and jobs until `isDone` says so, which is asked after each round, or the deadline (a monotonic time
    /// in nanoseconds) is past. Returns whether it is done. Main thread.
    @discardableResult
    func run(until isDone: () -> Bool, deadline: Int64? = nil, takingSignals: Bool = true) -> Bool {
        while true {
            runJobs()
            if isDone() { return true }
            var timeout = takingSignals ? tickInterval : -1
            if let deadline {
                let left = deadline - chost_clock()
                if left <= 0 { return false }
                let milliseconds = Int32(clamping: (left + 999_999) / 1_000_000)
                timeout = timeout < 0 ? milliseconds : min(timeout, milliseconds)
            }
            var descriptors = [
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
                pollfd(fd: takingSignals ? signals : -1, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&descriptors, 2, timeout)
            if descriptors[0].revents != 0 { chost_wake_clear(wake) }
            if ready > 0, descriptors[1].revents != 0 {
                while true {
                    let signal = chost_signals_next(signals)
                    if signal == 0 { break }
                    onSignal(signal)
                }
            }
            if takingSignals { onTick() }
        }
    }

    /// Runs the jobs that wait now. They leave the queue one by one: a job that runs this loop itself, as the one that disables
    /// a module does, finds those behind it still there and in order.
    private func runJobs() {
        for _ in 0..<jobs.withLock({ $0.count }) {
            guard let job = jobs.withLock({ $0.next() }) else { return }
            job()
        }
    }
}

/// What the operating system calls an error number.
func systemText(_ number: Int32) -> String { String(cString: strerror(number)) }
