/// How grave a line of the log is. The numbers are those of the `debug` setting.
public enum ScriptLogLevel: Int, Hashable, Sendable, CaseIterable, Comparable {
    case alert = -5
    case bug = -4
    case critical = -3
    case error = -1
    case warning = 0
    case notice = 1
    case info = 2
    case debug = 3

    /// Graver ones first.
    public static func < (left: ScriptLogLevel, right: ScriptLogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Where the lines go that routes write and that the evaluator writes about them.
///
/// Called on the threads that run routes, several at a time.
public protocol ScriptLog: Sendable {
    /// Whether lines of this level are kept at all; an xlog whose level is not kept expands nothing.
    func keeps(_ level: ScriptLogLevel) -> Bool

    /// Takes a line. `text` has no newline at its end and may hold any bytes.
    func write(_ level: ScriptLogLevel, _ text: [UInt8])
}
