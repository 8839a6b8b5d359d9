/// When a timer is due, and how many of its ticks a late one stands for: what was missed is counted, not made up for.
public struct TickSchedule: Equatable, Sendable {
    private let interval: Int64
    private var due: Int64

    /// The first tick is due one interval after `now`; both in nanoseconds.
    public init(interval: Int64, now: Int64) {
        self.interval = interval
        due = now + interval
    }

    /// Notes a tick; how many before it were missed.
    public mutating func tick(at now: Int64) -> Int64 {
        let missed = max(0, (now - due) / interval)
        due += (missed + 1) * interval
        return missed
    }
}
