import ModuleABI
import Script

/// What belongs to one run of a route besides the script's own state: its arguments and its reply. One worker.
///
/// A worker keeps one for each depth of runs within one another and uses it again and again, so a run allocates nothing.
final class RouteRun {
    // One thread uses them at a time.
    @exclusivity(unchecked) var arguments = RouteArguments()
    /// 0: it did not reply.
    @exclusivity(unchecked) private(set) var replyCode: Int32 = 0
    /// Valid until the next run of this depth.
    let replyText = StableText()

    /// Reply codes that a route may set.
    static let replyCodes: ClosedRange<Int64> = 100...999

    func begin(_ arguments: RouteArguments) {
        self.arguments = arguments
        replyCode = 0
        replyText.clear()
    }

    /// Sets the reply; false: the code is out of range.
    func reply(_ code: Int64, _ text: UnsafeRawBufferPointer) -> Bool {
        guard Self.replyCodes ~= code else { return false }
        replyCode = Int32(code)
        replyText.set(text)
        return true
    }

    /// The run that a script is in; nil for a text that is expanded outside of one.
    static func of(_ run: ScriptRun) -> RouteRun? {
        // Nothing but a RouteWorker gives a run its context.
        run.context.map { unsafeDowncast($0, to: RouteRun.self) }
    }

    /// What a module gets as `mh_script *`: the evaluator's own object, which outlives the run.
    static func handle(_ run: ScriptRun) -> OpaquePointer {
        OpaquePointer(Unmanaged.passUnretained(run).toOpaque())
    }

    /// The script of a handle; nil for NULL.
    static func script(_ handle: OpaquePointer?) -> ScriptRun? {
        handle.map { Unmanaged<ScriptRun>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }
}
