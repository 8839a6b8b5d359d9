/// Everything that routes can name besides themselves: functions, classes of pseudo-variables and of transformations.
///
/// ``standard`` holds the language's own; the owner adds those of modules before routes are checked.
public struct ScriptEnvironment: Sendable {
    /// The functions by their names.
    public private(set) var functions: [String: any ScriptFunction] = [:]
    /// The classes of pseudo-variables by their names.
    public private(set) var variables: [String: any ScriptVariableClass] = [:]
    /// The classes of transformations by their names.
    public private(set) var transformations: [String: any TransformationClass] = [:]
    /// What `$def(NAME)` reads: the defines as they were at the end of the configuration.
    public var defines: [String: String] = [:]

    /// Whether some modules were refused already: an unknown function or pseudo-variable is not told then, since it is
    /// probably theirs.
    public var isIncomplete = false
    /// What to say of an unknown function or pseudo-variable, such as the module that has it; nil where nothing is known.
    public var hintForFunction: (@Sendable (_ name: String) -> String?)?
    public var hintForVariable: (@Sendable (_ name: String) -> String?)?

    /// The names of the pseudo-variables that are a part of the language itself, in its order: `var`, `vn`, ….
    public static let languageVariables: [String] = BuiltInVariable.allCases.map(\.rawValue)

    /// Makes an environment that holds nothing but the variables that are a part of the language.
    public init() {}

    /// Adds a function; throws when there is one of that name.
    public mutating func add(_ function: any ScriptFunction) throws(ScriptError) {
        guard functions[function.name] == nil, !reservedFunctions.contains(function.name) else {
            throw ScriptError("found a second function '\(function.name)', expected one of each name")
        }
        functions[function.name] = function
    }

    /// Adds a class of pseudo-variables; throws when there is one of that name.
    public mutating func add(_ variable: any ScriptVariableClass) throws(ScriptError) {
        guard variables[variable.name] == nil, BuiltInVariable(rawValue: variable.name) == nil else {
            throw ScriptError("found a second class of pseudo-variables '$\(variable.name)', expected one of each name")
        }
        variables[variable.name] = variable
    }

    /// Adds a class of transformations; throws when there is one of that name.
    public mutating func add(_ transformation: any TransformationClass) throws(ScriptError) {
        guard transformations[transformation.name] == nil else {
            throw ScriptError("found a second class of transformations '\(transformation.name)', expected one of each name")
        }
        transformations[transformation.name] = transformation
    }
}

/// Words that the language keeps for itself: no function of a module may have such a name.
let reservedFunctions: Set<String> = [
    "if", "else", "while", "switch", "case", "default", "break", "return", "exit", "drop", "route", "not", "and", "or",
    "mod", "eq", "ne", "ieq", "ine", "defined", "strlen", "strempty", "selval", "int", "str", "continue",
]

/// The pseudo-variables that are a part of the language itself.
enum BuiltInVariable: String, CaseIterable, Sendable {
    /// A variable of the worker that is never null: 0 at first.
    case variable = "var"
    /// A variable of the worker that can be null.
    case nullable = "vn"
    /// A variable of the worker that is 0 at first and can be null.
    case zeroed = "vz"
    /// A stack of values that lives as long as the run.
    case stack = "avp"
    /// A variable of all workers.
    case shared = "shv"
    /// Nothing.
    case null
    /// The return code of the last function or route.
    case returnCode = "rc"
    /// The same.
    case returnCodeLong = "retcode"
    /// How many values a stack holds.
    case count = "cnt"
    /// The text of a define.
    case define = "def"
}
