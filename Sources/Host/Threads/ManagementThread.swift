import NIOCore
import NIOPosix
import Synchronization

/// The one thread on which management commands run, one at a time: an event loop of its own, with the thread index after the
/// workers'. A transport that puts its stream on this loop has its requests read, run and answered without a change of thread.
final class ManagementThread: @unchecked Sendable {
    // @unchecked: `isRunning` is touched on the loop only; the rest is constant or behind the mutex.
    private enum State {
        /// Before the host is ready: jobs wait.
        case closed(waiting: [JobQueue.Job])
        case open
        /// The host stops: new requests are refused, what has begun goes on.
        case ending
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop: any EventLoop
    private let state = Mutex(State.closed(waiting: []))
    /// A job runs now: what it asks for waits its turn.
    @exclusivity(unchecked) private var isRunning = false
    /// Jobs on their way to the loop: none may overtake them.
    private let underway = Atomic<Int>(0)

    init(threads: ThreadTable) throws(StartFailure) {
        loop = group.next()
        do {
            try loop.submit { _ = threads.enter(.management, index: threads.managementIndex) }.wait()
        } catch {
            throw StartFailure("cannot start the management thread: \(error)", status: 71)
        }
    }

    /// Begins to run jobs, those that waited first. Main thread.
    func open() {
        let waiting: [JobQueue.Job] = state.withLock { state in
            guard case .closed(let waiting) = state else { return [] }
            state = .open
            return waiting
        }
        for job in waiting { queue(job) }
    }

    private func queue(_ job: @escaping JobQueue.Job) {
        underway.wrappingAdd(1, ordering: .relaxed)
        loop.execute {
            self.underway.wrappingSubtract(1, ordering: .relaxed)
            self.isRunning = true
            job()
            self.isRunning = false
        }
    }

    /// Runs a request's job at once where its turn is now: on this thread, between two jobs, with none on its way. False: it did not
    /// run, and `run` is to be asked. Any thread.
    func runAtOnce(_ job: () -> Void) -> Bool {
        guard loop.inEventLoop, !isRunning, underway.load(ordering: .relaxed) == 0,
            state.withLock({ if case .open = $0 { true } else { false } })
        else { return false }
        isRunning = true
        job()
        isRunning = false
        return true
    }

    /// Runs a request's job, in order. False when the host is stopping. Any thread.
    func run(_ job: @escaping JobQueue.Job) -> Bool {
        let isOpen: Bool? = state.withLock { state in
            switch state {
            case .closed(let waiting):
                state = .closed(waiting: waiting + [job])
                return nil
            case .open: return true
            case .ending: return false
            }
        }
        guard isOpen == true else { return isOpen ?? true }
        queue(job)
        return true
    }

    /// Runs what belongs to a request that has begun, also while the host is stopping. Any thread.
    func complete(_ job: @escaping JobQueue.Job) { queue(job) }

    /// Refuses further requests.
    func close() { state.withLock { $0 = .ending } }

    /// Ends the thread; nothing may be posted to it afterwards.
    func stop() { try? group.syncShutdownGracefully() }
}
