import Glibc
import Synchronization

/// A queue of jobs with one or more threads that wait on it. First in, first out. Any thread may add.
final class JobQueue: @unchecked Sendable {
    typealias Job = @Sendable () -> Void

    // @unchecked: `jobs`, `waiting` and `isClosed` are touched with `mutex` held only.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [Job?] = []
    private var head = 0
    private var waiting = 0
    private var isClosed = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    enum Outcome { case taken, needsThread, closed }

    /// Adds a job; `.needsThread` when more jobs wait than threads do.
    func add(_ job: @escaping Job) -> Outcome {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed else { return .closed }
        jobs.append(job)
        if waiting > 0 { pthread_cond_signal(condition) }
        return jobs.count - head > waiting ? .needsThread : .taken
    }

    /// The next job; waits for one. Nil once the queue is closed and empty.
    func next() -> Job? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while head == jobs.count {
            if isClosed { return nil }
            waiting += 1
            pthread_cond_wait(condition, mutex)
            waiting -= 1
        }
        let job = jobs[head]
        jobs[head] = nil
        head += 1
        if head == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1024 {
            jobs.removeFirst(head)
            head = 0
        }
        return job
    }

    var count: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return jobs.count - head
    }

    /// Takes no more jobs; those that wait are still served.
    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }
}

/// Threads for work that may block: started when there is work and none is free, up to a limit; they stay afterwards.
final class Pool: Sendable {
    private let queue = JobQueue()
    private let threads: ThreadTable
    private let started = Mutex(0)

    init(threads: ThreadTable) { self.threads = threads }

    /// Runs a job on a pool thread; false when the pool is closed. Any thread.
    @discardableResult
    func run(_ job: @escaping JobQueue.Job) -> Bool {
        switch queue.add(job) {
        case .closed: return false
        case .taken: return true
        case .needsThread:
            grow()
            return true
        }
    }

    private func grow() {
        let mayStart = started.withLock { count in
            guard count < threads.poolLimit else { return false }
            count += 1
            return true
        }
        guard mayStart else { return }
        let isStarted = HostThread.spawn { [queue, threads] in
            let index = threads.enter(.pool)
            while let job = queue.next() { job() }
            if let index { threads.leave(index) }
        }
        if !isStarted { started.withLock { $0 -= 1 } }
    }

    func close() { queue.close() }
}
