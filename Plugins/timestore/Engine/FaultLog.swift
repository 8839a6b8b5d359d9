import ModuleABI
import Synchronization

/// Keeps a fault that comes with every request from flooding the log: the first line at once, then at most one a second with the
/// number of those left out. Any thread.
final class FaultLog: Sendable {
    private struct State {
        var lastLine: Int64?
        var leftOut = 0
    }

    private let state = Mutex(State())
    private let write: @Sendable (String) -> Void
    private let clock: @Sendable () -> Int64
    static let interval: Int64 = 1_000_000_000

    /// `clock`: nanoseconds, monotonic.
    init(clock: @escaping @Sendable () -> Int64, write: @escaping @Sendable (String) -> Void) {
        self.clock = clock
        self.write = write
    }

    func report(_ text: @autoclosure () -> String) {
        let now = clock()
        let before: Int? = state.withLock { state in
            if let last = state.lastLine, now - last < Self.interval {
                state.leftOut += 1
                return nil
            }
            defer { state = State(lastLine: now) }
            return state.leftOut
        }
        guard let before else { return }
        write(before == 0 ? text() : "\(text()) (and \(before) more such errors since the last line)")
    }
}
