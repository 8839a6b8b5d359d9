/// A parameter as it is known when the configuration is read.
enum PreparedParameter: Sendable {
    case number(Int64)
    case text([UInt8])
    /// Known only while the route runs: it holds pseudo-variables.
    case format(ScriptFormat)
}

/// The parameters of a transformation at one call.
struct TransformationArguments {
    let parameters: [PreparedParameter]
    let run: ScriptRun

    /// How many there are.
    var count: Int { parameters.count }

    /// A number.
    func number(_ index: Int) throws(ScriptError) -> Int64 {
        switch parameters[index] {
        case .number(let number): return number
        case .text(let bytes): return ScriptValue.integer(in: bytes) ?? 0
        case .format(let format):
            let value = run.expand(format)
            guard let number = value.exactInteger else {
                throw ScriptError(
                    "found \(value.isNull ? "$null" : shown(value.textValue)) as parameter \(index + 1), expected a number")
            }
            return number
        }
    }

    /// A number that is not negative, as a count of bytes.
    func length(_ index: Int) throws(ScriptError) -> Int {
        let number = try number(index)
        guard number >= 0 else {
            throw ScriptError("found \(number) as parameter \(index + 1), expected a number from 0 on")
        }
        return Int(number)
    }

    /// A text; null is empty.
    func text(_ index: Int) -> [UInt8] {
        switch parameters[index] {
        case .number(let number): ScriptValue.decimal(number)
        case .text(let bytes): bytes
        case .format(let format): run.expand(format).textValue
        }
    }

    /// One byte, the first of the text.
    func byte(_ index: Int) throws(ScriptError) -> UInt8 {
        guard let byte = text(index).first else {
            throw ScriptError("found an empty text as parameter \(index + 1), expected a character")
        }
        return byte
    }
}

// MARK: Parameters as written

extension TransformationArguments {
    /// Splits and checks the parameters of one place.
    static func prepare(_ use: TransformationUse, for operation: TextOperation) throws(ScriptError) -> [PreparedParameter] {
        let kinds = operation.parameters
        guard let written = use.parameters else {
            guard kinds.count <= operation.optional else { throw wrongCount(0, use, operation) }
            return []
        }
        guard !kinds.isEmpty else { throw wrongCount(1, use, operation) }
        let pieces = split(written, into: kinds)
        guard pieces.count <= kinds.count, pieces.count >= kinds.count - operation.optional else {
            throw wrongCount(pieces.count, use, operation)
        }
        var prepared: [PreparedParameter] = []
        for (index, piece) in pieces.enumerated() {
            let text = Array(written[piece])
            let offset = use.parametersOffset + piece.lowerBound
            prepared.append(try prepareOne(text, kinds[index], offset: offset, use))
        }
        return prepared
    }

    /// The pieces between commas. Commas in the parentheses of a pseudo-variable do not count, and a last text or
    /// character takes all that is left.
    private static func split(_ written: [UInt8], into kinds: [TransformationParameter]) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var start = 0
        while true {
            if pieces.count == kinds.count - 1 {
                switch kinds[pieces.count] {
                case .byte, .separator: return pieces + [start..<written.count]
                case .text where kinds.count == 1: return pieces + [start..<written.count]
                default: break
                }
            }
            var end = start
            if pseudoVariableBegins(written, start) {
                var depth = 0
                while end < written.count, depth > 0 || written[end] != UInt8(ascii: ",") {
                    if written[end] == UInt8(ascii: "(") { depth += 1 }
                    if written[end] == UInt8(ascii: ")") { depth -= 1 }
                    end += 1
                }
            } else {
                end = written[start...].firstIndex(of: UInt8(ascii: ",")) ?? written.count
            }
            pieces.append(start..<end)
            guard end < written.count else { return pieces }
            start = end + 1
        }
    }

    private static func prepareOne(
        _ text: [UInt8], _ kind: TransformationParameter, offset: Int, _ use: TransformationUse
    ) throws(ScriptError) -> PreparedParameter {
        if let format = try format(text, offset: offset, use) { return .format(format) }
        let found = String(decoding: text, as: UTF8.self)
        func refusal() -> ScriptError {
            ScriptError(
                "found '\(found)' in {\(use.className).\(use.name)}, expected \(kind.name)",
                hint: text.isEmpty ? "write it behind the comma" : nil, offset: offset)
        }
        switch kind {
        case .text: return .text(text)
        case .number, .length:
            let digits = text.drop { $0 == 0x20 }
            guard
                let number = ScriptValue.integer(
                    in: digits[..<(digits.lastIndex { $0 != 0x20 }.map { $0 + 1 } ?? digits.endIndex)]),
                kind == .number || number >= 0
            else { throw refusal() }
            return .number(number)
        case .byte:
            guard let first = text.first else { throw refusal() }
            return .text([escaped(text) ?? first])
        case .separator:
            if text == Array("\\s".utf8) { return .text(Separator.whiteSpace) }
            guard let separator = text.count == 1 ? text[0] : escaped(text) else { throw refusal() }
            return .text([separator])
        }
    }

    /// The byte that `\n` and the like stand for, nil for other texts.
    private static func escaped(_ text: [UInt8]) -> UInt8? {
        guard text.count == 2, text[0] == UInt8(ascii: "\\") else { return nil }
        switch text[1] {
        case UInt8(ascii: "\\"): return UInt8(ascii: "\\")
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "w"): return 0x20
        default: return nil
        }
    }

    /// Whether a pseudo-variable stands at the index: `$` and a name or a parenthesis.
    static func pseudoVariableBegins(_ text: [UInt8], _ index: Int) -> Bool {
        guard index + 1 < text.count, text[index] == UInt8(ascii: "$") else { return false }
        let next = text[index + 1]
        return next == UInt8(ascii: "(") || next == UInt8(ascii: "_") || (0x61...0x7A).contains(next | 0x20)
    }

    /// A parameter that begins with a pseudo-variable, nil for others: in them `$` is a character.
    private static func format(_ text: [UInt8], offset: Int, _ use: TransformationUse) throws(ScriptError) -> ScriptFormat? {
        let start = text.firstIndex { $0 != 0x20 } ?? 0
        guard pseudoVariableBegins(text, start) else { return nil }
        do {
            return try use.format(Array(text[start...]))
        } catch {
            throw ScriptError(error.message, hint: error.hint, offset: offset + start + error.offset)
        }
    }

    private static func wrongCount(_ found: Int, _ use: TransformationUse, _ operation: TextOperation) -> ScriptError {
        let most = operation.parameters.count
        let least = most - operation.optional
        let expected =
            switch (least, most) {
            case (0, 0): "none"
            case (let one, let other) where one == other: "\(one)"
            default: "\(least) to \(most)"
            }
        let form = most == 0 ? nil : "it takes " + operation.parameters.map(\.name).joined(separator: ", ")
        let count = found == 0 ? "no parameters" : found == 1 ? "a parameter" : "\(found) parameters"
        return ScriptError("found \(count) in {\(use.className).\(use.name)}, expected \(expected)", hint: form)
    }
}
