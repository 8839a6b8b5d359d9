/// A pseudo-variable made ready for one place, that routes reach without counting references: what a loop reads in every turn.
///
/// A class and not a protocol, so that a place of the program is one pointer. A subclass writes ``read(_:key:into:)``, and
/// ``write(_:key:_:)`` unless it is read-only; the rest of ``ScriptVariable`` follows from these. Its class takes no index.
open class DirectVariable: ScriptVariable, @unchecked Sendable {
    // @unchecked: the class itself holds nothing; what a subclass holds is its own affair, as with any ScriptVariable.

    /// Makes one.
    public init() {}

    /// Reads it into a value. A worker's thread; several may call at a time.
    ///
    /// - Parameters:
    ///   - key: As in ``ScriptVariable/get(_:key:index:)``; borrowed for the call.
    ///   - value: Initialised. It is written over, as by `ScriptValue.replace`, at the end: the key may come from it.
    /// - Returns: False when it fails; ``ScriptRun/failure`` says why then. Nothing is thrown: each level between a route and
    ///   a module would pay for that in every turn of a loop.
    open func read(
        _ run: ScriptRun, key: UnsafeRawBufferPointer, into value: UnsafeMutablePointer<ScriptValue>
    ) -> Bool {
        value.pointee = .null
        return true
    }

    /// Writes it; null deletes. As for ``read(_:key:into:)``.
    open func write(_ run: ScriptRun, key: UnsafeRawBufferPointer, _ value: UnsafePointer<ScriptValue>) -> Bool {
        run.failure = ScriptError("it is read-only")
        return false
    }

    /// Ends its use. Main thread, when no route runs any more.
    open func release() {}

    public final func get(_ run: ScriptRun, key: Span<UInt8>, index: ScriptIndex) throws(ScriptError) -> ScriptValue {
        var value = ScriptValue.null
        guard key.withUnsafeBytes({ read(run, key: $0, into: &value) }) else { throw run.takeFailure() }
        return value
    }

    public final func set(
        _ run: ScriptRun, key: Span<UInt8>, index: ScriptIndex, to value: ScriptValue
    ) throws(ScriptError) {
        var value = value
        guard key.withUnsafeBytes({ write(run, key: $0, &value) }) else { throw run.takeFailure() }
    }
}
