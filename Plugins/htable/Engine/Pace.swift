// What walks a whole table gives way: its thread offers the processor to others many times a millisecond, so that the threads that
// serve the table, which may be more than there are processors, wait for it a fraction of one and not for a slice of the scheduler.
import Glibc

/// Counts the work of one thread and yields now and then, never under a lock. About a hundred microseconds lie between two yields.
struct Pace {
    /// Looking at an item in memory that is probably not in the processor's cache.
    static let look = 4
    /// Finding an item by its reference, or copying one.
    static let find = 16
    private static let limit = 2048

    private var spent = 0

    @inline(__always) mutating func spend(_ work: Int) {
        spent &+= work
        if spent >= Self.limit {
            spent = 0
            sched_yield()
        }
    }
}
