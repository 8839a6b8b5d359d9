import CHost
import ModuleABI
import Script

/// Routes on one worker: its evaluator, its runs within one another, and who is told when the outermost has ended.
///
/// It belongs to its worker's thread.
final class RouteWorker: @unchecked Sendable {
    // @unchecked: made on the main thread before its worker uses it, and from then on touched by its worker only.

    /// What a module wants to be called at the end of a run.
    struct Ending: @unchecked Sendable {
        // @unchecked: the module lends the context until it stops.
        let module: LoadedModule
        let ended: @convention(c) (UnsafeMutableRawPointer?) -> Void
        let context: UnsafeMutableRawPointer?
    }

    // One thread uses them at a time.
    @exclusivity(unchecked) private var evaluator: Evaluator
    private let counters: RouteCounters
    @exclusivity(unchecked) private var runs: [RouteRun] = []
    private let expanded = StableText()
    @exclusivity(unchecked) private var errors: UInt64 = 0
    @exclusivity(unchecked) private var timeouts: UInt64 = 0
    @exclusivity(unchecked) var endings: [Ending] = []

    init(_ evaluator: Evaluator, _ counters: RouteCounters) {
        self.evaluator = evaluator
        self.counters = counters
    }

    /// Takes an evaluator for a program that has grown; `$var` and its like keep their values. Main thread, while the worker runs
    /// nothing.
    func renew(_ program: Program) {
        evaluator = Evaluator(program, log: evaluator.log, limits: evaluator.limits, succeeding: evaluator)
        (errors, timeouts) = (0, 0)
    }

    /// Runs a route to its end. The arguments are lent until then; the run's reply is valid until the next one of its depth.
    func run(_ route: Int, _ arguments: RouteArguments) -> (result: Result<ScriptOutcome, ScriptStop>, run: RouteRun) {
        let depth = evaluator.depth
        while runs.count <= depth { runs.append(RouteRun()) }
        let run = runs[depth]
        run.begin(arguments)
        defer {
            run.arguments = RouteArguments()
            if depth == 0 { end() }
        }
        do throws(ScriptStop) { return (.success(try evaluator.run(route, context: run)), run) } catch {
            return (.failure(error), run)
        }
    }

    private func end() {
        for ending in endings { GuardedCall.run(ending.module.nameForGuard, "route end") { ending.ended(ending.context) } }
        chost_counter_add(counters.runs, 1)
        let now = evaluator.counters
        if now.errors != errors {
            chost_counter_add(counters.errors, Int64(clamping: now.errors &- errors))
            errors = now.errors
        }
        if now.timeouts != timeouts {
            chost_counter_add(counters.timeouts, Int64(clamping: now.timeouts &- timeouts))
            timeouts = now.timeouts
        }
    }

    /// Expands a text. Text in the value is valid until the next call.
    func expand(_ format: ScriptFormat, in run: ScriptRun?) -> mh_value {
        switch evaluator.expand(format, in: run) {
        case .null: return mh_null()
        case .integer(let number): return mh_int(number)
        case .text(let bytes):
            bytes.withUnsafeBytes { expanded.set($0) }
            return mh_text(expanded.raw)
        }
    }
}
