import ModuleKit

/// Warnings about bad input, at most one a second for each worker, with a count of those left out. Worker thread only.
struct FaultLog {
    private let host: HostServices
    private var quietUntil: Int64 = .min
    private var suppressed = 0

    private static let interval: Int64 = 1_000_000_000

    init(_ host: HostServices) { self.host = host }

    /// Logs a fault, or counts it when one was logged less than a second ago.
    mutating func report(_ text: @autoclosure () -> String) {
        let now = host.loop.now
        guard now >= quietUntil else {
            suppressed += 1
            return
        }
        let others = suppressed > 0 ? " (and \(suppressed) like it before)" : ""
        host.log.warning(text() + others)
        suppressed = 0
        quietUntil = now + FaultLog.interval
    }
}
