// The frame of all transformations but `re`: a table of operations, each with the parameters that it takes. A parameter is
// what stands between two commas, or one pseudo-variable, or text that begins with one.

import Configuration

/// What one parameter of a transformation is.
enum TransformationParameter: Sendable {
    /// A whole number.
    case number
    /// A whole number that is not negative.
    case length
    /// Text up to the next comma; an operation's only one goes on to the closing brace, commas included.
    case text
    /// One byte, perhaps written `\\`, `\n`, `\r` or `\t`; of more bytes the first counts, as in Kamailio.
    case byte
    /// The separator of fields: one byte as above, `\w` for a space, `\s` for any white space.
    case separator

    /// What an error text calls it.
    var name: String {
        switch self {
        case .number: "a number"
        case .length: "a number from 0 on"
        case .text: "a text"
        case .byte: "a character"
        case .separator: "one character"
        }
    }
}

/// One operation of a class of transformations: `substr` of `s`.
struct TextOperation: Sendable {
    /// How an operation turns a value into another. It throws ``ScriptError`` only; closures do not say so by themselves.
    typealias Body = @Sendable (ScriptValue, TransformationArguments) throws -> ScriptValue

    /// The name, lower-case.
    let name: String
    /// What it takes.
    let parameters: [TransformationParameter]
    /// How many of them may be left out, from the end.
    let optional: Int
    /// Whether it is asked about null too; otherwise null stays null.
    let takesNull: Bool
    let body: Body
    /// What the operation comes to where that is a number of the text alone; nil for all others.
    var measure: Measure?

    typealias Measure = @Sendable (UnsafeRawBufferPointer) -> Int64

    /// An operation on text; a number is its decimal digits.
    static func text(
        _ name: String, _ parameters: TransformationParameter..., optional: Int = 0,
        body: @escaping @Sendable ([UInt8], TransformationArguments) throws -> ScriptValue
    ) -> TextOperation {
        TextOperation(name: name, parameters: parameters, optional: optional, takesNull: false) {
            value, arguments in
            try body(value.textValue, arguments)
        }
    }

    /// A number of a text, without parameters.
    static func measure(_ name: String, _ measure: @escaping Measure) -> TextOperation {
        TextOperation(
            name: name, parameters: [], optional: 0, takesNull: false,
            body: { value, _ in .integer(value.textValue.withUnsafeBytes(measure)) }, measure: measure)
    }

    /// An operation on any value, null included.
    static func value(_ name: String, body: @escaping @Sendable (ScriptValue) -> ScriptValue) -> TextOperation {
        TextOperation(name: name, parameters: [], optional: 0, takesNull: true) { value, _ in body(value) }
    }
}

/// A class of transformations that is a table of operations.
struct TextOperations: TransformationClass {
    let name: String
    private let operations: [String: TextOperation]

    init(name: String, _ operations: [TextOperation]) {
        self.name = name
        self.operations = Dictionary(uniqueKeysWithValues: operations.map { ($0.name, $0) })
    }

    var transformations: [String] { operations.keys.sorted() }

    func prepare(_ use: TransformationUse) throws(ScriptError) -> any Transformation {
        guard let operation = operations[use.name] else { throw unknown(use) }
        return PreparedOperation(operation, try TransformationArguments.prepare(use, for: operation))
    }
}

/// An operation with its parameters, made ready for one place.
final class PreparedOperation: Transformation {
    /// Longest result in bytes of an operation that makes text longer; chains of `{s.replace}` would not end otherwise.
    static let longestResult = 65_535

    private let operation: TextOperation
    private let parameters: [PreparedParameter]

    init(_ operation: TextOperation, _ parameters: [PreparedParameter]) {
        self.operation = operation
        self.parameters = parameters
    }

    func apply(to value: inout ScriptValue, _ run: ScriptRun) throws(ScriptError) {
        guard operation.takesNull || !value.isNull else { return }
        let arguments = TransformationArguments(parameters: parameters, run: run)
        let result: ScriptValue
        do {
            result = try operation.body(value, arguments)
        } catch {
            throw error as? ScriptError ?? ScriptError("it failed: \(error)")
        }
        if case .text(let bytes) = result { try PreparedOperation.check(length: bytes.count, of: value) }
        value = result
    }

    /// The same for a value that stays, where that is quick; false: use ``apply(to:_:)``.
    @inline(__always)
    func measure(_ value: UnsafeMutablePointer<ScriptValue>, into result: UnsafeMutablePointer<ScriptValue>) -> Bool {
        guard let measure = operation.measure, case .text(let text) = value.pointee else { return false }
        ScriptValue.replace(result, with: text.withUnsafeBytes(measure))
        return true
    }

    /// Throws when a result is longer than ``longestResult`` and longer than what it was made from.
    static func check(length: Int, of value: ScriptValue) throws(ScriptError) {
        guard length > longestResult else { return }
        if case .text(let before) = value, before.count >= length { return }
        throw ScriptError("found a result of \(length) bytes, expected at most \(longestResult)")
    }
}
