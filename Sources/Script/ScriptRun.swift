import Glibc

/// One run of a route on one thread: what functions, pseudo-variables and transformations are given.
///
/// It is valid until the run ends, and belongs to the run's thread.
public final class ScriptRun {
    /// The evaluator that runs it.
    public unowned let evaluator: Evaluator
    /// What ``Evaluator/run(_:context:)`` was given: the owner keeps arguments and the reply there.
    public internal(set) var context: AnyObject?
    /// The return code of the last function or route: `$rc`.
    public internal(set) var returnCode: Int32 = 1
    private var cachedTime: (seconds: Int64, microseconds: Int64)?

    init(_ evaluator: Evaluator) {
        self.evaluator = evaluator
    }

    /// The time of day, read when the run first asks for it and the same until it ends: seconds since 1970-01-01 UTC, and
    /// microseconds of the second.
    public var startTime: (seconds: Int64, microseconds: Int64) {
        if let cachedTime { return cachedTime }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let time = (seconds: Int64(now.tv_sec), microseconds: Int64(now.tv_nsec) / 1000)
        cachedTime = time
        return time
    }

    /// Expands a text; one that is a single pseudo-variable keeps its type.
    public func expand(_ format: ScriptFormat) -> ScriptValue {
        evaluator.expand(format, in: self)
    }

    /// Writes to the pseudo-variable that a ``ScriptParameter/Kind/variable`` argument named.
    public func assign(_ value: ScriptValue, to variable: Int64) throws(ScriptError) {
        throw ScriptError("there is no variable \(variable)")
    }

    /// Writes a line to the log.
    public func log(_ level: ScriptLogLevel, _ text: String) {
        evaluator.log.write(level, Array(text.utf8))
    }
}
