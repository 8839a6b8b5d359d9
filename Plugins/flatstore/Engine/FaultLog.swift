// Keeps a fault that comes with every row, or comes and goes with every row, from flooding the log: the first line at once, then
// at most one a second with the number of those left out, and one line that it is over for each that it is there.
import ModuleABI
import Synchronization

final class FaultLog: Sendable {
    private struct State {
        var lastLine: Int64?
        var leftOut = 0
        /// A line said that the fault is there, and none since that it is over.
        var isAnnounced = false
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
            state.isAnnounced = true
            return before == 0 ? text : "\(text) (and \(before) more such errors since the last line)"
        }
        if let line { services.log(MH_LOG_ERROR, line) }
    }

    /// Logs that the fault is over, if a line said that it is there. The next fault within the second is counted only.
    func over(_ text: String) {
        let line: String? = state.withLock { state in
            guard state.isAnnounced else { return nil }
            let leftOut = state.leftOut
            state.isAnnounced = false
            state.leftOut = 0
            return leftOut == 0 ? text : "\(text) (after \(leftOut) more errors that were not logged)"
        }
        if let line { services.log(MH_LOG_NOTICE, line) }
    }
}
