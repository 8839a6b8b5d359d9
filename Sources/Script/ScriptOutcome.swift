public import Configuration

/// What a run came to.
public struct ScriptOutcome: Hashable, Sendable {
    /// The return code of the route: positive is true, 0 after `exit`, `drop` and `return 0`.
    public var code: Int32
    /// Whether `exit`, `drop`, `return 0` or a function's 0 ended the script.
    public var hasEnded: Bool
    /// Whether it was `drop`.
    public var wasDropped: Bool

    /// Makes an outcome.
    public init(code: Int32, hasEnded: Bool, wasDropped: Bool) {
        self.code = code
        self.hasEnded = hasEnded
        self.wasDropped = wasDropped
    }
}

/// Why a run was stopped or did not begin; the log has it already.
public enum ScriptStop: Error, Hashable, Sendable {
    /// It ran longer than ``ScriptLimits/time``; with the place of the statement at hand.
    case timeout(SourceLocation)
    /// More than ``ScriptLimits/nestedRuns`` runs or ``ScriptLimits/nestedRoutes`` routes within one another; with the
    /// place that wanted one more, nil for a run from outside.
    case tooDeep(SourceLocation?)
}

/// What bounds a run.
public struct ScriptLimits: Hashable, Sendable {
    /// How long a run may take, runs within it included.
    public var time: Duration
    /// How often a `while` may turn: `max_while_loops`.
    public var loopTurns: Int
    /// Runs within one another: a function that runs a route, whose function runs a route, and so on.
    public var nestedRuns: Int
    /// Routes within one another in one run.
    public var nestedRoutes: Int

    /// Makes limits; the defaults are those of the settings.
    public init(time: Duration = .seconds(5), loopTurns: Int = 100, nestedRuns: Int = 100, nestedRoutes: Int = 100) {
        self.time = time
        self.loopTurns = loopTurns
        self.nestedRuns = nestedRuns
        self.nestedRoutes = nestedRoutes
    }
}
