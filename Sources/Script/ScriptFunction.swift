// What a function must be so that routes can call it: a description that calls are checked against while the
// configuration is read, and one prepared object for each place that calls it.

public import Configuration

/// One argument of a function.
public struct ScriptParameter: Hashable, Sendable {
    /// What an argument may be. The numbers are those of `MH_SCRIPT_ARG_…`.
    public enum Kind: UInt32, Hashable, Sendable {
        /// A number: an expression, or text (perhaps with pseudo-variables) that is one. Arrives as `.integer`.
        case integer = 1
        /// Text: a string whose pseudo-variables are expanded at each call, or an expression. Arrives as `.text`; a single
        /// pseudo-variable that is null arrives as `.null`.
        case text = 2
        /// Text as written, known at load. Arrives as `.text`.
        case literal = 3
        /// A pseudo-variable to write to. Arrives as `.integer`, to be given to ``ScriptRun/assign(_:to:)``.
        case variable = 4
        /// A POSIX extended pattern, known at load and known to be good. Arrives as `.text`.
        case regularExpression = 5
    }

    /// Its name, for error texts.
    public var name: String
    /// What it may be.
    public var kind: Kind
    /// Whether a call may leave it out, with all behind it.
    public var isOptional: Bool

    /// Makes a parameter.
    public init(_ name: String, _ kind: Kind, isOptional: Bool = false) {
        self.name = name
        self.kind = kind
        self.isOptional = isOptional
    }
}

/// A function that routes may call by its name.
///
/// An implementation passes these tests: `prepare` throws for literals that can never work; what it returns may be
/// called on several threads at a time; `release` is called once for each prepared call.
public protocol ScriptFunction: Sendable {
    /// The name, case-sensitive.
    var name: String { get }
    /// Its arguments; optional ones come last.
    var parameters: [ScriptParameter] { get }
    /// Whether ``prepare(_:at:)`` may be called while the configuration is checked. False (modules): ``Program/prepare()``
    /// calls it.
    var isReadyAtCheck: Bool { get }

    /// Looks at one place that calls it. Main thread.
    ///
    /// - Parameters:
    ///   - arguments: As many as are written there; those known at load have their values, others are nil.
    ///   - location: Where the call is.
    func prepare(_ arguments: [ScriptValue?], at location: SourceLocation) throws(ScriptError) -> any ScriptCall
}

extension ScriptFunction {
    /// True: the language's own functions.
    public var isReadyAtCheck: Bool { true }
}

/// A function made ready for one place that calls it.
public protocol ScriptCall: AnyObject, Sendable {
    /// Runs it. A worker's thread; several may call at a time.
    ///
    /// - Returns: Negative is false, 0 ends the script, positive is true; the place that called reads it as `$rc`.
    /// - Throws: What the host logs with the place of the call; the call counts as -1 then.
    func call(_ run: ScriptRun, _ arguments: Span<ScriptValue>) throws(ScriptError) -> Int32

    /// Ends its use. Main thread, when no route runs any more.
    func release()
}

extension ScriptCall {
    /// Nothing.
    public func release() {}
}
