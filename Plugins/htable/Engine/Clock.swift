// The time that expiry goes by. Tests put a time of their own into it.
import Glibc
import Synchronization

/// Wall-clock time, real or set by a test. Any thread.
public final class Clock: Sendable {
    private static let isReal: Int64 = -1
    private let fixed: Atomic<Int64>

    /// The system's clock.
    public init() { fixed = Atomic(Self.isReal) }

    /// A clock that stands still; seconds since 1970.
    public init(at seconds: Int64) { fixed = Atomic(seconds) }

    /// Moves a clock that stands still.
    public func set(_ seconds: Int64) { fixed.store(seconds, ordering: .releasing) }
    public func advance(by seconds: Int64) { fixed.add(seconds, ordering: .acquiringAndReleasing) }

    /// Seconds since 1970.
    @inline(__always) var seconds: UInt32 {
        let set = fixed.load(ordering: .acquiring)
        return set >= 0 ? UInt32(truncatingIfNeeded: set) : UInt32(truncatingIfNeeded: time(nil))
    }

    /// Milliseconds since 1970.
    var milliseconds: Int64 {
        let set = fixed.load(ordering: .acquiring)
        if set >= 0 { return set * 1000 }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
