// A value behind a lock that the thread sanitizer understands: it cannot see into the standard library's Mutex and would report
// every use as a race.
import Glibc

/// A value that one thread at a time may touch. The mutex lives and dies with the object.
final class Guarded<Value>: @unchecked Sendable {
    // @unchecked: `stored` is only touched under the mutex.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var stored: Value

    init(_ value: Value) {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        stored = value
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deinitialize(count: 1)
        mutex.deallocate()
    }

    @inline(__always) func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&stored)
    }
}
