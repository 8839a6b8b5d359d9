// Pseudo-variables and the texts that hold some: `$name`, `$name(inner)`, `$(name(inner)[index]{class.name,parameters})`.

import Configuration

/// A pseudo-variable as written.
struct VariableSyntax {
    enum Index {
        case number(Int64)
        case all
        case variable(TextSyntax)
    }

    struct Transformation {
        var className: String
        var name: String
        var parameters: [UInt8]?
        var parametersOffset: Int
        var text: TextSyntax
    }

    /// The class: `sht` of `$sht(a=>b)`.
    var name: String
    /// What stands in the parentheses, nil without some.
    var inner: TextSyntax?
    /// Where in the text of the pseudo-variable those and the index begin, in bytes.
    var innerOffset = 0
    var indexOffset = 0
    var index: Index?
    var transformations: [Transformation] = []
    /// All of it.
    var text: TextSyntax
}

/// A piece of a text.
enum TextPiece {
    case literal([UInt8])
    case variable(TextSyntax)
}

extension TextSyntax {
    /// The text cut into literal pieces and pseudo-variables; `$$` is a dollar sign.
    func pieces() throws(ScriptError) -> [TextPiece] {
        var pieces: [TextPiece] = []
        var literal: [UInt8] = []
        var offset = 0
        while offset < bytes.count {
            guard bytes[offset] == dollar else {
                literal.append(bytes[offset])
                offset += 1
                continue
            }
            if offset + 1 < bytes.count, bytes[offset + 1] == dollar {
                literal.append(dollar)
                offset += 2
                continue
            }
            let end = try endOfVariable(from: offset)
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = []
            pieces.append(.variable(part(offset..<end)))
            offset = end
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        return pieces
    }

    /// Where the pseudo-variable at `start` ends.
    private func endOfVariable(from start: Int) throws(ScriptError) -> Int {
        var offset = start + 1
        while offset < bytes.count, bytes[offset].isNameByte { offset += 1 }
        let isNamed = offset > start + 1
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "(") else {
            guard isNamed else {
                throw ScriptError(
                    "found '$' without a name, expected a pseudo-variable such as $var(x)",
                    hint: "write '$$' for a dollar sign", offset: start)
            }
            return offset
        }
        guard let end = end(from: offset, of: UInt8(ascii: "("), UInt8(ascii: ")")) else {
            throw ScriptError("found a pseudo-variable that does not end, expected ')'", offset: start)
        }
        return end
    }

    /// Behind the bracket that closes the one at `start`, nil when there is none.
    private func end(from start: Int, of opening: UInt8, _ closing: UInt8) -> Int? {
        var depth = 0
        for offset in start..<bytes.count {
            if bytes[offset] == opening {
                depth += 1
            } else if bytes[offset] == closing {
                depth -= 1
                if depth == 0 { return offset + 1 }
            }
        }
        return nil
    }

    /// Reads the text as one pseudo-variable.
    func variable() throws(ScriptError) -> VariableSyntax {
        var offset = 1
        var end = bytes.count
        let isWrapped = bytes.count > 1 && bytes[1] == UInt8(ascii: "(")
        if isWrapped {
            offset = 2
            end -= 1
        }
        let nameStart = offset
        while offset < end, bytes[offset].isNameByte { offset += 1 }
        guard offset > nameStart else {
            throw ScriptError("found '$(' without a name, expected a pseudo-variable such as $(var(x))", offset: offset)
        }
        var variable = VariableSyntax(
            name: String(decoding: bytes[nameStart..<offset], as: UTF8.self), inner: nil, index: nil, text: self)
        if offset < end, bytes[offset] == UInt8(ascii: "(") {
            guard let close = self.end(from: offset, of: UInt8(ascii: "("), UInt8(ascii: ")")), close <= end else {
                throw ScriptError("found '(' without ')' in a pseudo-variable", offset: offset)
            }
            variable.inner = part(offset + 1..<close - 1)
            variable.innerOffset = offset + 1
            offset = close
        }
        if offset < end, bytes[offset] == UInt8(ascii: "[") {
            guard let close = self.end(from: offset, of: UInt8(ascii: "["), UInt8(ascii: "]")), close <= end else {
                throw ScriptError("found '[' without ']' in a pseudo-variable", offset: offset)
            }
            variable.index = try index(offset + 1..<close - 1)
            variable.indexOffset = offset + 1
            offset = close
        }
        while offset < end, bytes[offset] == UInt8(ascii: "{") {
            guard let close = self.end(from: offset, of: UInt8(ascii: "{"), UInt8(ascii: "}")), close <= end else {
                throw ScriptError("found '{' without '}' in a pseudo-variable", offset: offset)
            }
            variable.transformations.append(try transformation(offset..<close))
            offset = close
        }
        guard offset == end else {
            let rest = String(decoding: bytes[offset..<min(end, offset + 20)], as: UTF8.self)
            throw ScriptError(
                "found '\(rest)' in a pseudo-variable, expected '[index]', '{transformation}' or its end", offset: offset)
        }
        return variable
    }

    private func index(_ range: Range<Int>) throws(ScriptError) -> VariableSyntax.Index {
        let text = bytes[range]
        if text.elementsEqual([UInt8(ascii: "*")]) { return .all }
        if let number = ScriptValue.integer(in: text) { return .number(number) }
        if text.first == dollar, try endOfVariable(from: range.lowerBound) == range.upperBound {
            return .variable(part(range))
        }
        throw ScriptError(
            "found the index '\(String(decoding: text, as: UTF8.self))', expected a number, '*' or a pseudo-variable",
            offset: range.lowerBound)
    }

    /// Reads `{class.name,parameters}`.
    private func transformation(_ range: Range<Int>) throws(ScriptError) -> VariableSyntax.Transformation {
        let content = bytes[range.lowerBound + 1..<range.upperBound - 1]
        let comma = content.firstIndex(of: UInt8(ascii: ","))
        let head = content[..<(comma ?? content.endIndex)]
        guard let dot = head.firstIndex(of: UInt8(ascii: ".")) else {
            throw ScriptError(
                "found '{\(String(decoding: content.prefix(30), as: UTF8.self))}', expected a transformation such as {s.len}",
                offset: range.lowerBound)
        }
        func word(_ bytes: ArraySlice<UInt8>) -> String {
            let spaces = UInt8(ascii: " ")
            let trimmed = bytes.drop { $0 == spaces }.reversed().drop { $0 == spaces }.reversed()
            return String(decoding: Array(trimmed), as: UTF8.self).lowercased()
        }
        return VariableSyntax.Transformation(
            className: word(head[..<dot]), name: word(head[(dot + 1)...]),
            parameters: comma.map { Array(content[($0 + 1)...]) },
            parametersOffset: (comma.map { $0 + 1 } ?? content.endIndex) - range.lowerBound, text: part(range))
    }
}

let dollar = UInt8(ascii: "$")

extension UInt8 {
    /// A letter, a digit or `_`.
    var isNameByte: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
        default: false
        }
    }
}
