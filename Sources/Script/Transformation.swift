// What a class of transformations must be: `{s.substr,0,5}` behind a pseudo-variable. The class is what stands before
// the dot; how its parameters are split is the class's own affair, since a comma may be one of them.

public import Configuration

/// One transformation as written in a configuration.
public struct TransformationUse {
    /// The class, lower-case: `s` of `{s.substr,0,5}`.
    public var className: String
    /// What stands between the dot and the first comma, lower-case: `substr`. May hold further dots: `encode.hexa`.
    public var name: String
    /// Everything behind the first comma up to the closing brace, spaces included; nil without a comma.
    public var parameters: [UInt8]?
    /// Where in the text the parameters begin, in bytes from the `{`; for ``ScriptError/offset``.
    public var parametersOffset: Int
    /// Where the `{` is.
    public var location: SourceLocation
    private let compile: ([UInt8]) throws(ScriptError) -> ScriptFormat

    init(
        className: String, name: String, parameters: [UInt8]?, parametersOffset: Int, location: SourceLocation,
        compile: @escaping ([UInt8]) throws(ScriptError) -> ScriptFormat
    ) {
        self.className = className
        self.name = name
        self.parameters = parameters
        self.parametersOffset = parametersOffset
        self.location = location
        self.compile = compile
    }

    /// Makes a parameter with pseudo-variables ready: `$var(a)`, or text around some. One without any is
    /// ``ScriptFormat/constant``.
    public func format(_ text: [UInt8]) throws(ScriptError) -> ScriptFormat {
        try compile(text)
    }
}

/// A class of transformations, such as `s`.
public protocol TransformationClass: Sendable {
    /// What stands before the dot, lower-case.
    var name: String { get }
    /// The names behind the dot, lower-case, for guesses at what was meant.
    var transformations: [String] { get }

    /// Makes one ready: checks its name and parameters. Main thread.
    ///
    /// Throws where a name is unknown (see ``TransformationClass/unknown(_:)``), parameters are too many, too few, or can never
    /// work.
    func prepare(_ use: TransformationUse) throws(ScriptError) -> any Transformation
}

extension TransformationClass {
    /// The error for a name that the class does not have, with the nearest one.
    public func unknown(_ use: TransformationUse) -> ScriptError {
        let near = nearestName(to: use.name, in: transformations).map { "did you mean {\(name).\($0)}?" }
        return ScriptError("found the unknown transformation {\(use.className).\(use.name)}", hint: near)
    }
}

/// A transformation made ready for one place.
public protocol Transformation: AnyObject, Sendable {
    /// Turns a value into another. A worker's thread; several may call at a time.
    ///
    /// - Throws: What is logged with the place; the value is null then.
    func apply(to value: inout ScriptValue, _ run: ScriptRun) throws(ScriptError)
}
