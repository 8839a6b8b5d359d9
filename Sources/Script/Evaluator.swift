/// Runs the routes of a program on one thread: `$var` and everything else that belongs to one worker.
///
/// It must be used on one thread at a time.
public final class Evaluator {
    /// The program whose routes it runs.
    public let program: Program
    /// What bounds its runs.
    public let limits: ScriptLimits
    /// Where lines go.
    public let log: any ScriptLog
    /// How many runs are under way, one within the other; 0 between runs.
    public private(set) var depth = 0

    /// Makes an evaluator.
    public init(_ program: Program, log: any ScriptLog, limits: ScriptLimits = ScriptLimits()) {
        self.program = program
        self.log = log
        self.limits = limits
    }

    /// Runs a route to its end; from within a function it is a run of its own.
    ///
    /// - Parameters:
    ///   - route: Its number in the program.
    ///   - context: What ``ScriptRun/context`` shall be.
    public func run(_ route: Int, context: AnyObject? = nil) throws(ScriptStop) -> ScriptOutcome {
        ScriptOutcome(code: 1, hasEnded: false, wasDropped: false)
    }

    /// Expands a text; one that is a single pseudo-variable keeps its type.
    public func expand(_ format: ScriptFormat, in run: ScriptRun? = nil) -> ScriptValue {
        format.constant ?? .null
    }
}
