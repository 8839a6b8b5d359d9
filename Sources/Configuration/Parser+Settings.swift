// Core parameters, `name = value …`, and how values are told from tokens. Without quotes, tokens that touch one another
// make one word: `udp:127.0.0.1:5060`.

extension Parser {
    /// `name = value …` up to the end of the line.
    mutating func setting() throws(Abandoned) -> Statement {
        let first = current
        var name = first.spelling
        if case .identifier(let text) = first.kind { name = text }
        advance()
        if take(.dot) {
            guard case .identifier(let member) = current.kind, current.isAdjacent, peek(1).is(.assign) else {
                throw unexpected("a name after '\(name).', and '='")
            }
            name += "." + member
            advance()
        }
        advance()
        var values: [Value] = []
        while let value = try settingValue(isFirst: values.isEmpty, name: name) {
            values.append(value)
        }
        guard !values.isEmpty else {
            throw unexpected(
                "a value after '\(name) ='", hint: "put an empty value into quotes: \(name) = \"\"")
        }
        endStatement("'\(name)'")
        return .setting(Setting(name: LocatedString(name, at: first.location), values: values))
    }

    /// The next value of a setting; nil where the values end.
    private mutating func settingValue(isFirst: Bool, name: String) throws(Abandoned) -> Value? {
        let token = current
        if token.kind == .endOfFile || token.is(.semicolon) { return nil }
        if isFirst ? token.startsLine && beginsStatement(at: 0) : token.startsLine { return nil }
        if beginsStatement(at: 0) { return nil }
        if !isFirst, token.is(.assign) || token.is(.rightBrace) || token.is(.leftBrace) { return nil }
        let parts = wordParts()
        guard !parts.isEmpty else {
            if case .variable = token.kind {
                throw unexpected(
                    "a number, a string, a boolean or a word", hint: "pseudo-variables are for routes")
            }
            let hint: String? = token.kind == .invalid ? nil : "put anything unusual into quotes"
            throw unexpected("a value for '\(name)': a number, a string, a boolean or a word", hint: hint)
        }
        let value = try value(of: parts)
        index += parts.count
        if let last = parts.last, last.is(.colon), current.separation.contains(.adjacentComment) {
            throw error(
                at: last, "found '//' in a value without quotes: it begins a comment",
                hint: "put the address into quotes")
        }
        return value
    }

    /// The bare word at hand, as written; nil when something else is.
    func bareWord() -> String? {
        let parts = wordParts()
        guard let first = parts.first else { return nil }
        if case .string = first.kind { return nil }
        return parts.map(\.spelling).joined()
    }

    /// The tokens at hand that make one value: a string, or neighbours without a space between.
    func wordParts() -> [Token] {
        if case .string = current.kind { return [current] }
        var parts: [Token] = []
        while Self.mayBeInWord(peek(parts.count)), parts.isEmpty || peek(parts.count).isAdjacent {
            parts.append(peek(parts.count))
        }
        // A sign may stand apart from its number.
        if parts.count == 1, parts[0].is(.minus) || parts[0].is(.plus) {
            let next = peek(1)
            switch next.kind {
            case .integer, .float, .malformedNumber: if !next.startsLine { parts.append(next) }
            default: break
            }
        }
        return parts
    }

    private static func mayBeInWord(_ token: Token) -> Bool {
        switch token.kind {
        case .identifier, .integer, .float, .quantity, .malformedNumber: true
        case .symbol(let symbol):
            switch symbol {
            case .colon, .dot, .divide, .minus, .plus, .times, .remainder, .at, .leftBracket, .rightBracket:
                true
            default: false
            }
        case .string, .variable, .invalid, .endOfFile: false
        }
    }

    /// The value that the tokens make.
    func value(of parts: [Token]) throws(Abandoned) -> Value {
        let first = parts[0]
        let isSigned = parts.count == 2 && (first.is(.minus) || first.is(.plus))
        let spelling = parts.map(\.spelling).joined()
        let content: Value.Content
        switch (parts.count == 1 || isSigned ? parts[parts.count - 1].kind : .invalid, isSigned) {
        case (.integer(let magnitude), _):
            content = .integer(
                try integer(magnitude, isNegative: first.is(.minus), at: first, spelling: spelling))
        case (.float(let magnitude), _): content = .float(first.is(.minus) ? -magnitude : magnitude)
        case (.malformedNumber(let reason), _):
            throw error(at: first, "found the bad number \(spelling): \(reason)")
        case (.string(let text), false): content = .string(text)
        case (.identifier(let word), false): content = Value.boolean(word).map { .boolean($0) } ?? .word(word)
        default: content = .word(spelling)
        }
        return Value(content, at: first.location, spelling: spelling, expansion: first.expansion)
    }

    private func integer(
        _ magnitude: UInt64, isNegative: Bool, at token: Token, spelling: String
    ) throws(Abandoned) -> Int64 {
        if isNegative, magnitude <= UInt64(Int64.max) + 1 { return Int64(truncatingIfNeeded: 0 &- magnitude) }
        guard !isNegative, let value = Int64(exactly: magnitude) else {
            throw error(at: token, "found the bad number \(spelling): \(Lexer.integerRange)")
        }
        return value
    }
}
