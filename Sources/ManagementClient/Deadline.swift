/// A point on the monotonic clock until which something must have moved; progress pushes it back.
struct Deadline {
    /// How long to wait for the next progress; nil waits for ever.
    let patience: Duration?
    private var end: ContinuousClock.Instant?

    init(patience: Duration?) {
        self.patience = patience
        progress()
    }

    /// Starts the patience anew.
    mutating func progress() {
        end = patience.map { ContinuousClock.now + $0 }
    }

    /// Ends no later than `limit` from now.
    mutating func shorten(to limit: Duration) {
        let limited = ContinuousClock.now + limit
        end = end.map { min($0, limited) } ?? limited
    }

    var hasPassed: Bool { end.map { ContinuousClock.now >= $0 } ?? false }

    /// What remains for poll(2): milliseconds rounded up, or -1 for no limit.
    var pollTimeout: Int32 {
        guard let end else { return -1 }
        let left = ContinuousClock.now.duration(to: end)
        guard left > .zero else { return 0 }
        let (seconds, attoseconds) = left.components
        guard seconds < 1_000_000 else { return 1_000_000_000 }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    /// The patience in seconds as a person writes it: `10`, `0.5`.
    var seconds: String {
        guard let patience else { return "ever" }
        let (seconds, attoseconds) = patience.components
        return attoseconds == 0
            ? String(seconds) : (Double(seconds) + Double(attoseconds) / 1e18).description
    }
}
