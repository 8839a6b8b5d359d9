// What a class of pseudo-variables must be so that routes can read and write it: `$name`, `$name(inner)`, and
// `$(name(inner)[index])`. Each place in the configuration has one prepared object.

public import Configuration

/// The index of a pseudo-variable: `$(name(inner)[2])`.
public enum ScriptIndex: Hashable, Sendable {
    /// None was written.
    case none
    /// A number; negative ones count from the end.
    case at(Int64)
    /// `[*]`
    case all
}

/// One place in the configuration that names a pseudo-variable.
public struct VariableUse: Hashable, Sendable {
    /// The class: `sht` of `$sht(users=>$au)`.
    public var name: String
    /// The text in the parentheses as written, nil without parentheses.
    public var inner: [UInt8]?
    /// Whether pseudo-variables stand in `inner`: the key of each access is what they come to.
    public var isDynamic: Bool
    /// Where it is written.
    public var location: SourceLocation

    /// Makes one.
    public init(name: String, inner: [UInt8]?, isDynamic: Bool, location: SourceLocation) {
        self.name = name
        self.inner = inner
        self.isDynamic = isDynamic
        self.location = location
    }
}

/// A class of pseudo-variables.
///
/// An implementation passes these tests: `prepare` throws for an inner text that can never work; what it returns may be
/// used on several threads at a time; `release` is called once for each prepared variable.
public protocol ScriptVariableClass: Sendable {
    /// The name, case-sensitive: `sht` of `$sht(table=>key)`.
    var name: String { get }
    /// Whether assigning is an error at load.
    var isReadOnly: Bool { get }
    /// Whether an index in brackets makes sense; otherwise it is an error at load.
    var takesIndex: Bool { get }
    /// Whether ``prepare(_:)`` may be called while the configuration is checked. False (modules): ``Program/prepare()``
    /// calls it.
    var isReadyAtCheck: Bool { get }

    /// Looks at one place in the configuration. Main thread.
    func prepare(_ use: VariableUse) throws(ScriptError) -> any ScriptVariable
}

extension ScriptVariableClass {
    /// True; a class that can be written says false.
    public var isReadOnly: Bool { true }
    /// False.
    public var takesIndex: Bool { false }
    /// True: the language's own classes.
    public var isReadyAtCheck: Bool { true }
}

/// A pseudo-variable made ready for one place that names it.
public protocol ScriptVariable: AnyObject, Sendable {
    /// Reads it. A worker's thread; several may call at a time.
    ///
    /// - Parameters:
    ///   - key: The inner text with its pseudo-variables expanded; empty without one.
    /// - Throws: What the host logs with the place; the value is null then.
    func get(_ run: ScriptRun, key: Span<UInt8>, index: ScriptIndex) throws(ScriptError) -> ScriptValue

    /// Writes it; null deletes. As for ``get(_:key:index:)``; the assignment fails when it throws.
    func set(_ run: ScriptRun, key: Span<UInt8>, index: ScriptIndex, to value: ScriptValue) throws(ScriptError)

    /// Ends its use. Main thread, when no route runs any more.
    func release()
}

extension ScriptVariable {
    /// Refuses: for classes that are read-only.
    public func set(_ run: ScriptRun, key: Span<UInt8>, index: ScriptIndex, to value: ScriptValue) throws(ScriptError) {
        throw ScriptError("it is read-only")
    }

    /// Nothing.
    public func release() {}
}
