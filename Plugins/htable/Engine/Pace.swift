// What walks a whole table gives way: its thread offers the processor to others many times a millisecond, so that the threads that
// serve the table, which may be more than there are processors, wait for it a fraction of one and not for a slice of the scheduler.
import Glibc

/// Counts the work of one thread and gives way now and then, never under a lock. About a hundred microseconds lie between two times.
struct Pace {
    /// Looking at an item in memory that is probably not in the processor's cache.
    static let look = 4
    /// Finding an item by its reference, or copying one.
    static let find = 16
    private static let limit = 2048
    /// Every so often the thread sleeps for this many microseconds, which leaves room for those who wake for a moment.
    private static let turnsBetweenSleeps = 32
    private static let sleep: UInt32 = 100

    private var spent = 0
    private var turns = 0

    @inline(__always) mutating func spend(_ work: Int) {
        spent &+= work
        if spent >= Self.limit { giveWay() }
    }

    @inline(never) private mutating func giveWay() {
        spent = 0
        turns &+= 1
        if turns % Self.turnsBetweenSleeps == 0 { usleep(Self.sleep) } else { sched_yield() }
    }
}
