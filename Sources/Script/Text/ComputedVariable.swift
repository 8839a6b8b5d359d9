/// A class of read-only pseudo-variables that the language computes: the time, the process, the environment.
struct ComputedVariable: ScriptVariableClass {
    /// What a place reads: the text between the parentheses, pseudo-variables expanded.
    typealias Reading = @Sendable (ScriptRun, Span<UInt8>) -> ScriptValue

    /// What may stand between the parentheses.
    enum Inner: Sendable {
        /// There are no parentheses.
        case none
        /// One of some names.
        case names([String])
        /// Any text that is not empty; the value says what is expected.
        case text(String)
    }

    let name: String
    let inner: Inner
    let reading: Reading

    func prepare(_ use: VariableUse) throws(ScriptError) -> any ScriptVariable {
        let written = use.inner.map { String(decoding: $0, as: UTF8.self) }
        switch inner {
        case .none:
            if let written { throw ScriptError("found $\(name)(\(written)), expected $\(name) without parentheses") }
        case .names(let names):
            let list = names.joined(separator: ", ")
            guard let written else {
                throw ScriptError(
                    "found $\(name) without parentheses, expected $\(name)(\(names[0]))", hint: "one of \(list)")
            }
            guard names.contains(written) else {
                throw ScriptError("found '\(written)' in $\(name), expected one of \(list)", offset: name.utf8.count + 2)
            }
        case .text(let expected):
            guard let written, !written.isEmpty else {
                throw ScriptError("found $\(name) without a text in parentheses, expected \(expected)")
            }
        }
        return ComputedVariablePlace(reading)
    }
}

/// One place that reads a computed pseudo-variable.
private final class ComputedVariablePlace: ScriptVariable {
    private let reading: ComputedVariable.Reading

    init(_ reading: @escaping ComputedVariable.Reading) {
        self.reading = reading
    }

    func get(_ run: ScriptRun, key: Span<UInt8>, index: ScriptIndex) throws(ScriptError) -> ScriptValue {
        reading(run, key)
    }
}

extension ScriptEnvironment {
    /// Adds the transformations and the pseudo-variables of the time and the process; throws when one is there already.
    public mutating func addText() throws(ScriptError) {
        let classes: [any TransformationClass] = [
            TextOperations.string, SubstitutionTransformations(), TextOperations.parameterList, TextOperations.line,
            TextOperations.value, TextOperations.nameAddress, TextOperations.uri,
        ]
        for transformation in classes { try add(transformation) }
        for variable in ComputedVariable.time + ComputedVariable.process { try add(variable) }
    }
}

extension Span<UInt8> {
    /// A copy.
    var array: [UInt8] {
        withUnsafeBufferPointer { Array($0) }
    }
}
