// Keeps a fault that comes with every row from flooding the log: the first line at once, then at most one a second with
// the number of those left out.
import ModuleABI
import Synchronization

final class FaultLog: Sendable {
    private struct State {
        var lastLine: Int64?
        var leftOut = 0
    }

    private let state = Mutex(State())
    private let services: Services
    static let interval: Int64 = 1_000_000_000

    init(_ services: Services) { self.services = services }

    /// Logs a fault as an error, or counts it until the next line. `now`: the monotonic clock, nanoseconds.
    func report(_ text: String, now: Int64 = Pause.clock()) {
        let line: String? = state.withLock { state in
            if let last = state.lastLine, now - last < Self.interval {
                state.leftOut += 1
                return nil
            }
            let before = state.leftOut
            state.lastLine = now
            state.leftOut = 0
            return before == 0 ? text : "\(text) (and \(before) more such errors since the last line)"
        }
        if let line { services.log(MH_LOG_ERROR, line) }
    }

    /// Logs that the fault is over, and forgets about it.
    func over(_ text: String) {
        let leftOut = state.withLock { state in
            defer { state = State() }
            return state.leftOut
        }
        services.log(
            MH_LOG_NOTICE, leftOut == 0 ? text : "\(text) (after \(leftOut) more errors that were not logged)"
        )
    }
}
