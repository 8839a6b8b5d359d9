import ModuleABI
import ModuleKit

/// The reason of a call that rarely fails, where every nanosecond counts: without an error it costs no memory.
struct ErrorNote {
    private var reported = ""
    private var code: Int32 = 0

    /// Runs a call with a sink, and returns the call's answer.
    @inline(__always)
    mutating func collect(_ call: (UnsafePointer<mh_error>) -> Int32) -> Int32 {
        code = withUnsafeMutablePointer(to: &self) { place in
            var sink = mh_error(
                ctx: UnsafeMutableRawPointer(place),
                report: { context, _, text in
                    context?.assumingMemoryBound(to: ErrorNote.self).pointee.reported = text.string
                })
            return call(&sink)
        }
        return code
    }

    /// What the last call reported.
    var text: String { reported.isEmpty ? "error \(code)" : reported }
}
