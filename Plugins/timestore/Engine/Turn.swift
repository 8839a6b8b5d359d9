import Glibc

/// Whose turn it is: one thread at a time. Owns its mutex, which is freed with it.
final class Turn: @unchecked Sendable {
    // @unchecked: the mutex is what it is for; the pointer is constant.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    init() {
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func wait() { pthread_mutex_lock(mutex) }

    /// Takes the turn if nobody has it.
    func take() -> Bool { pthread_mutex_trylock(mutex) == 0 }

    func give() { pthread_mutex_unlock(mutex) }
}
