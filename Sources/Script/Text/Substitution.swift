/// `{re.subst,/pattern/replacement/flags}`: the first match of a POSIX extended pattern is replaced, or all with the flag
/// `g`. `i` ignores case; without `s`, `^` and `$` match at each line and `.` matches no newline.
///
/// In the replacement `\0` is the match, `\1` to `\9` are its groups, `\n`, `\r` and `\t` what they are in strings, and
/// pseudo-variables are expanded.
struct SubstitutionTransformations: TransformationClass {
    let name = "re"
    let transformations = ["subst"]

    func prepare(_ use: TransformationUse) throws(ScriptError) -> any Transformation {
        guard use.name == "subst" else { throw unknown(use) }
        guard let expression = use.parameters, let delimiter = expression.first else {
            throw ScriptError("found no expression in {re.subst}", hint: "write {re.subst,/pattern/replacement/flags}")
        }
        let isLetter = (0x61...0x7A).contains(delimiter | 0x20) || (0x30...0x39).contains(delimiter)
        guard !isLetter, delimiter != UInt8(ascii: "\\"), delimiter != 0x20, delimiter < 0x80 else {
            throw ScriptError(
                "found '\(String(decoding: expression.prefix(1), as: UTF8.self))' behind {re.subst,, expected a delimiter",
                hint: "write {re.subst,/pattern/replacement/flags}", offset: use.parametersOffset)
        }
        let parts = Self.split(expression.dropFirst(), at: delimiter)
        guard parts.count == 3 else {
            throw ScriptError(
                "found \(parts.count - 1) of '\(Character(Unicode.Scalar(delimiter)))' behind the first in {re.subst}, expected 2",
                hint: "write {re.subst,/pattern/replacement/flags}", offset: use.parametersOffset)
        }
        if let flag = parts[2].first(where: { !"gis".utf8.contains($0) }) {
            throw ScriptError(
                "found the flag '\(String(decoding: [flag], as: UTF8.self))' in {re.subst}, expected g, i or s",
                offset: use.parametersOffset + parts[2].startIndex)
        }
        let pattern: SubstitutionPattern
        do {
            pattern = try SubstitutionPattern(
                Array(parts[0]), ignoringCase: parts[2].contains(UInt8(ascii: "i")),
                perLine: !parts[2].contains(UInt8(ascii: "s")))
        } catch {
            throw ScriptError(error.message, hint: error.hint, offset: use.parametersOffset + parts[0].startIndex)
        }
        return Substitution(
            pattern, try Self.replacement(parts[1], delimiter: delimiter, use),
            replacesAll: parts[2].contains(UInt8(ascii: "g")))
    }

    /// The pieces between delimiters that have no backslash before them; indices are those of the expression.
    private static func split(_ expression: ArraySlice<UInt8>, at delimiter: UInt8) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = expression.startIndex
        var index = start
        while index < expression.endIndex {
            if expression[index] == UInt8(ascii: "\\") {
                index += 1
            } else if expression[index] == delimiter {
                parts.append(expression[start..<index])
                start = index + 1
            }
            index += 1
        }
        return parts + [expression[start...]]
    }

    private static func replacement(
        _ written: ArraySlice<UInt8>, delimiter: UInt8, _ use: TransformationUse
    ) throws(ScriptError) -> [Substitution.Piece] {
        var pieces: [Substitution.Piece] = []
        var literal: [UInt8] = []
        var literalStart = written.startIndex
        func flush() throws(ScriptError) {
            guard !literal.isEmpty else { return }
            guard literal.contains(UInt8(ascii: "$")) else {
                pieces.append(.text(literal))
                literal = []
                return
            }
            do {
                let format = try use.format(literal)
                pieces.append(format.constant.map { .text($0.textValue) } ?? .format(format))
            } catch {
                throw ScriptError(
                    error.message, hint: error.hint, offset: use.parametersOffset + literalStart + error.offset)
            }
            literal = []
        }
        var index = written.startIndex
        while index < written.endIndex {
            if literal.isEmpty { literalStart = index }
            guard written[index] == UInt8(ascii: "\\"), index + 1 < written.endIndex else {
                literal.append(written[index])
                index += 1
                continue
            }
            let next = written[index + 1]
            switch next {
            case 0x30...0x39:
                try flush()
                pieces.append(.group(Int(next - 0x30)))
            case UInt8(ascii: "n"): literal.append(0x0A)
            case UInt8(ascii: "r"): literal.append(0x0D)
            case UInt8(ascii: "t"): literal.append(0x09)
            default: literal.append(next)
            }
            index += 2
        }
        try flush()
        return pieces
    }
}

/// A substitution made ready for one place.
final class Substitution: Transformation {
    /// A piece of the replacement.
    enum Piece: Sendable {
        case text([UInt8])
        /// What a group of the pattern matched; 0 is the whole match.
        case group(Int)
        /// Text with pseudo-variables.
        case format(ScriptFormat)
    }

    private let pattern: SubstitutionPattern
    private let replacement: [Piece]
    private let replacesAll: Bool

    init(_ pattern: SubstitutionPattern, _ replacement: [Piece], replacesAll: Bool) {
        self.pattern = pattern
        self.replacement = replacement
        self.replacesAll = replacesAll
    }

    func apply(to value: inout ScriptValue, _ run: ScriptRun) throws(ScriptError) {
        guard !value.isNull else { return }
        let text = value.textValue
        guard text.count <= PreparedOperation.longestResult else {
            throw ScriptError(
                "found a text of \(text.count) bytes in {re.subst}, expected at most \(PreparedOperation.longestResult)")
        }
        var result: [UInt8] = []
        var copied = 0
        try pattern.matches(in: text) { groups throws(ScriptError) in
            guard let whole = groups[0] else { return false }
            result += text[copied..<whole.lowerBound]
            for piece in replacement {
                switch piece {
                case .text(let bytes): result += bytes
                case .group(let number): if let range = groups[number] { result += text[range] }
                case .format(let format): run.expand(format).append(to: &result)
                }
            }
            copied = whole.upperBound
            try PreparedOperation.check(length: result.count, of: value)
            return replacesAll
        }
        result += text[copied...]
        try PreparedOperation.check(length: result.count, of: value)
        value = .text(result)
    }
}
