import Glibc
import ModuleABI
import ModuleKit
import Synchronization

/// Runs something on the worker that owns a series and waits for what comes of it. For threads that may block, never for a worker.
final class Rendezvous<Result>: @unchecked Sendable {
    // @unchecked: `result` is written before the semaphore is posted and read after it was waited for.
    private var result: Result?
    private let ready = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    private init() { sem_init(ready, 0, 0) }

    deinit {
        sem_destroy(ready)
        ready.deallocate()
    }

    /// Throws when the host is stopping, and after a minute without an answer.
    static func run(
        on worker: StoreWorker, _ body: @escaping (StoreWorker) -> Result
    ) throws(ModuleFailure) -> Result {
        try later(on: worker) { worker, done in done(body(worker)) }
    }

    /// As `run`; `body` calls its second argument when it is done, at once or later.
    static func later(
        on worker: StoreWorker, _ body: @escaping (StoreWorker, @escaping (Result) -> Void) -> Void
    ) throws(ModuleFailure) -> Result {
        let meeting = Rendezvous()
        let isPosted = worker.context.host.loop.post(to: worker.index) {
            body(worker) { result in
                meeting.result = result
                sem_post(meeting.ready)
            }
        }
        guard isPosted else { throw ModuleFailure(MH_E_STATE, "timestore is stopping") }
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += 60
        while sem_timedwait(meeting.ready, &deadline) != 0 {
            if errno == ETIMEDOUT { throw ModuleFailure(MH_E_TIMEOUT, "the series' worker does not answer within 60 s") }
        }
        guard let result = meeting.result else { preconditionFailure("the result is set before the semaphore is posted") }
        return result
    }
}
