// Places in routes that name a pseudo-variable or call a function, with everything that is known about them at load.

import Configuration

/// One place that names a pseudo-variable.
///
/// Shared by all threads. Only ``prepared`` is written after the check, by the main thread before any route runs.
final class VariableSite: @unchecked Sendable {
    /// Where the value lives. Cases hold nothing that is counted: a route asks for it at each access.
    enum Storage: Sendable {
        /// `$null`, or a define that does not exist
        case null
        /// The text of a define: ``VariableSite/constant``
        case constant
        /// One of the worker's variables, by its place
        case worker(Place, isNullable: Bool)
        /// `$avp(x)`, by the number of its name
        case stack(Int)
        /// `$avp` with pseudo-variables in its name, which is the key
        case stackByName
        /// One of the variables of all workers, by its number
        case shared(Int)
        /// `$rc`
        case returnCode
        /// `$cnt(…)` of ``VariableSite/counted``
        case count
        /// A class that came from outside: ``VariableSite/origin``
        case outside
    }

    /// A class that came from outside, and what it is told about the place.
    struct Origin: Sendable {
        var variableClass: any ScriptVariableClass
        var use: VariableUse
    }

    enum Key: Sendable {
        case none
        case constant([UInt8])
        case format(ScriptFormat)
    }

    enum Index: Sendable {
        case known(ScriptIndex)
        case variable(VariableSite)
    }

    let storage: Storage
    let constant: ScriptValue
    let counted: VariableSite?
    let origin: Origin?
    let key: Key
    let index: Index
    let transformations: [any Transformation]
    let isTransformed: Bool
    let location: SourceLocation
    /// As written.
    let spelling: String
    /// Of a class from outside: what its prepare made for this place.
    private(set) var prepared: (any ScriptVariable)?

    init(
        storage: Storage, constant: ScriptValue = .null, counted: VariableSite? = nil, origin: Origin? = nil,
        key: Key = .none,
        index: Index, transformations: [any Transformation], location: SourceLocation,
        spelling: String
    ) {
        self.storage = storage
        self.constant = constant
        self.counted = counted
        self.origin = origin
        self.key = key
        self.index = index
        self.transformations = transformations
        isTransformed = !transformations.isEmpty
        self.location = location
        self.spelling = spelling
    }

    /// Whether values can be assigned to it.
    var isWritable: Bool {
        guard transformations.isEmpty else { return false }
        return switch storage {
        case .worker, .stack, .stackByName, .shared: true
        case .null, .constant, .returnCode, .count: false
        case .outside: origin.map { !$0.variableClass.isReadOnly } ?? true
        }
    }

    /// Asks the class to look at the place.
    func prepare() throws(ScriptError) {
        guard let origin, prepared == nil else { return }
        prepared = try origin.variableClass.prepare(origin.use)
    }

    func release() {
        prepared?.release()
        prepared = nil
    }
}

/// One place that calls a function. Shared as ``VariableSite`` is.
final class CallSite: @unchecked Sendable {
    let function: any ScriptFunction
    let location: SourceLocation
    /// The arguments that are written there; nil for those that are not known at load.
    let arguments: [ScriptValue?]
    private(set) var prepared: (any ScriptCall)?

    init(_ function: any ScriptFunction, at location: SourceLocation, arguments: [ScriptValue?]) {
        self.function = function
        self.location = location
        self.arguments = arguments
    }

    func prepare() throws(ScriptError) {
        guard prepared == nil else { return }
        prepared = try function.prepare(arguments, at: location)
    }

    func release() {
        prepared?.release()
        prepared = nil
    }
}
