import Configuration
import Glibc

/// Runs the routes of a program on one thread: `$var` and everything else that belongs to one worker.
///
/// It must be used on one thread at a time.
public final class Evaluator {
    /// What was counted since the evaluator was made.
    public struct Counters: Hashable, Sendable {
        /// Runs that began.
        public var runs: UInt64 = 0
        /// Statements that failed.
        public var errors: UInt64 = 0
        /// Runs that were stopped because they took too long.
        public var timeouts: UInt64 = 0
    }

    /// The program whose routes it runs.
    public let program: Program
    /// What bounds its runs.
    public let limits: ScriptLimits
    /// Where lines go.
    public let log: any ScriptLog
    /// How many runs are under way, one within the other; 0 between runs.
    public private(set) var depth = 0
    /// What was counted.
    public internal(set) var counters = Counters()

    let globals: GlobalValues
    let registers = RegisterStack()
    let sites: [VariableSite]
    let siteTable: SiteTable
    let formats: [ScriptFormat]
    let calls: [CallSite]
    let places: [InstructionPlace]
    let entryPoints: [Int]
    let registerCounts: [Int]
    var patterns: PatternCache
    /// The routes under way that called others, all runs together.
    // Here and in what belongs to one evaluator: each access is over at once, and checking that took a fifth of the time.
    @exclusivity(unchecked) var frames: [Frame] = []
    /// The route at hand; -1 outside of routes.
    @exclusivity(unchecked) var currentRoute: Int32 = -1
    /// When the run at hand must have ended, in nanoseconds of the coarse monotonic clock.
    var deadline: Int64 = .max
    private var runs: [ScriptRun] = []
    private var idle: ScriptRun?
    let buffers = TextBuffers()

    /// Makes an evaluator. The program must be without errors, prepared, and all its texts made.
    ///
    /// - Parameter old: The evaluator in whose place it comes, when texts were made since: its `$var`, `$vn` and `$vz` are
    ///   taken over. It belongs to the same program and runs nothing.
    public init(
        _ program: Program, log: any ScriptLog, limits: ScriptLimits = ScriptLimits(), succeeding old: Evaluator? = nil
    ) {
        precondition(old == nil || (old?.program === program && old?.depth == 0), "its variables are places of this program")
        self.program = program
        self.log = log
        self.limits = limits
        let compiler = program.compiler
        globals = GlobalValues(compiler.globals, succeeding: old?.globals)
        sites = compiler.variables
        siteTable = SiteTable(compiler.variables)
        formats = compiler.formats
        calls = compiler.calls
        places = compiler.places
        entryPoints = compiler.entryPoints
        registerCounts = compiler.registerCounts
        patterns = PatternCache(compiler.patterns)
        counters = old?.counters ?? Counters()
    }

    /// Runs a route to its end; from within a function it is a run of its own.
    ///
    /// - Parameters:
    ///   - route: Its number in the program.
    ///   - context: What ``ScriptRun/context`` shall be.
    /// - Throws: Why it was stopped; the log has it already.
    public func run(_ route: Int, context: AnyObject? = nil) throws(ScriptStop) -> ScriptOutcome {
        precondition(program.routes.indices.contains(route), "a route's number is an index of Program.routes")
        guard depth < limits.nestedRuns else {
            report("found more than \(limits.nestedRuns) runs of routes within one another: this one did not begin", at: nil)
            throw .tooDeep(nil)
        }
        if depth == runs.count { runs.append(ScriptRun(self)) }
        let run = runs[depth]
        let outerRoute = currentRoute
        let outerDeadline = deadline
        deadline = min(outerDeadline, Self.now() &+ Self.nanoseconds(limits.time))
        depth += 1
        counters.runs += 1
        run.begin(context)
        defer {
            run.end()
            depth -= 1
            deadline = outerDeadline
            currentRoute = outerRoute
            if depth == 0 { registers.clear() }
        }
        return try execute(run, route)
    }

    /// Expands a text; one that is a single pseudo-variable keeps its type.
    ///
    /// - Parameter run: The run that asks; nil for one of its own, without a context and with `$avp` empty.
    public func expand(_ format: ScriptFormat, in run: ScriptRun? = nil) -> ScriptValue {
        if let constant = format.constant { return constant }
        if let run { return expanded(format, run) }
        let idle = self.idle ?? ScriptRun(self)
        self.idle = idle
        defer { idle.end() }
        return expanded(format, idle)
    }

    // MARK: - Time

    /// The coarse monotonic clock, in nanoseconds; steps of a few milliseconds.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        // A century is as good as for ever.
        guard seconds < 3_155_760_000 else { return 3_155_760_000_000_000_000 }
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    // MARK: - Errors

    /// Logs that something failed, with its place and the route, and counts it.
    func report(_ error: ScriptError, at location: SourceLocation?) {
        report(error.description, at: location)
    }

    func report(_ message: String, at location: SourceLocation?) {
        counters.errors += 1
        write(.error, message, at: location)
    }

    /// Logs that a text was taken as a number and is none.
    func complain(_ text: [UInt8], at location: SourceLocation?) {
        guard log.keeps(.warning) else { return }
        let shown = String(decoding: text.prefix(60), as: UTF8.self)
        write(.warning, "found the text '\(shown)' where a number is wanted: it counts as 0", at: location)
    }

    private func write(_ level: ScriptLogLevel, _ message: String, at location: SourceLocation?) {
        var text = ""
        if let location { text += "\(location): " }
        if currentRoute >= 0 { text += "\(program.routes[Int(currentRoute)].spelling): " }
        log.write(level, Array((text + message).utf8))
    }
}
