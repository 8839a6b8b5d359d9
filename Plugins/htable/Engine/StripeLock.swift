// The lock of one stripe of a table, held for some ten to a hundred nanoseconds at a time. A mutex of the C library costs a call and
// two locked instructions; this one costs a locked instruction and a plain store, so what the next operation fetches from memory is
// under way while the one before it still waits for its own.
import CPrefetch
import Glibc
import Synchronization

/// A lock that is nearly always free. Whoever finds it taken spins for about a microsecond, then offers the processor to others, then
/// sleeps for moments: nobody needs to be woken. It is not recursive and not fair. Any thread.
struct StripeLock: ~Copyable {
    private static let spins = 64
    private static let yields = 8
    /// Microseconds.
    private static let sleep: UInt32 = 20

    private let isHeld = Atomic<UInt32>(0)

    @inline(__always) func acquire() {
        if isHeld.exchange(1, ordering: .acquiring) != 0 { wait() }
    }

    @inline(__always) func release() { isHeld.store(0, ordering: .releasing) }

    @inline(never) private func wait() {
        var turns = 0
        while true {
            for _ in 0..<Self.spins {
                if isHeld.load(ordering: .relaxed) == 0, isHeld.exchange(1, ordering: .acquiring) == 0 { return }
                spin_pause()
            }
            turns += 1
            // Whoever holds it was interrupted, if it takes this long.
            if turns <= Self.yields { sched_yield() } else { usleep(Self.sleep) }
        }
    }
}
