/// A word, number, string, variable or symbol of a configuration, after defines and substitutions were applied.
///
/// Statements outside routes are parsed here; a route's body is handed on as tokens.
public struct Token: Hashable, Sendable {
    /// What a token is.
    public enum Kind: Hashable, Sendable {
        /// A name or keyword: a letter or `_`, then letters, digits and `_`.
        case identifier(String)
        /// A number without its sign (`-` and `+` are symbols): decimal, `0x1F`, octal `017` or binary `101b`.
        case integer(UInt64)
        /// A number with a fraction or an exponent, without its sign.
        case float(Double)
        /// Digits with letters behind them, such as `5s` or `16K`: its meaning is up to who reads it.
        case quantity(String)
        /// Digits that make no number, with the reason; an error unless it is a part of a bare word.
        case malformedNumber(reason: String)
        /// A quoted string, escapes resolved, neighbours joined, substitutions applied.
        case string(ByteString)
        /// A pseudo-variable as written, nested parentheses and transformations included: `$var(a)`, `$(ru{s.len})`.
        case variable(String)
        /// An operator or a bracket.
        case symbol(Symbol)
        /// Something that is no token; its error is among the diagnostics already.
        case invalid
        /// Behind the last token.
        case endOfFile
    }

    /// The operators and brackets.
    public enum Symbol: String, Hashable, Sendable, CaseIterable {
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case leftBrace = "{"
        case rightBrace = "}"
        case leftBracket = "["
        case rightBracket = "]"
        case semicolon = ";"
        case comma = ","
        case colon = ":"
        case dot = "."
        case question = "?"
        case at = "@"
        case assign = "="
        case equal = "=="
        case notEqual = "!="
        case match = "=~"
        case noMatch = "!~"
        case less = "<"
        case greater = ">"
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case shiftLeft = "<<"
        case shiftRight = ">>"
        case plus = "+"
        case minus = "-"
        case times = "*"
        case divide = "/"
        case remainder = "%"
        case not = "!"
        case complement = "~"
        case bitAnd = "&"
        case and = "&&"
        case bitOr = "|"
        case or = "||"
        case bitXor = "^"
    }

    /// What stands between a token and the one before.
    public struct Separation: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// White space or a comment.
        public static let space = Separation(rawValue: 1)
        /// The end of a line.
        public static let newline = Separation(rawValue: 2)
        /// A `//` comment that follows the token before without a space, as in an address without quotes.
        public static let adjacentComment = Separation(rawValue: 4)
    }

    /// The define that a token came from.
    public final class Expansion: Hashable, Sendable {
        /// The define's name.
        public let name: String
        /// Where the define is.
        public let location: SourceLocation

        init(name: String, location: SourceLocation) {
            self.name = name
            self.location = location
        }

        public static func == (left: Expansion, right: Expansion) -> Bool {
            left.name == right.name && left.location == right.location
        }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(name)
            hasher.combine(location)
        }
    }

    /// What it is.
    public var kind: Kind
    /// Where it begins; for a token out of a define, where the define's name was used.
    public var location: SourceLocation
    /// The text as written in the file (or in the define), quotes and escapes included.
    public var spelling: String
    /// What stands between it and the token before.
    public var separation: Separation
    /// The define it came from, nil for a token written in place.
    public var expansion: Expansion?

    /// Makes a token.
    public init(
        _ kind: Kind, at location: SourceLocation, spelling: String, separation: Separation = [],
        expansion: Expansion? = nil
    ) {
        self.kind = kind
        self.location = location
        self.spelling = spelling
        self.separation = separation
        self.expansion = expansion
    }

    /// Whether it is the first token of its line.
    public var startsLine: Bool { separation.contains(.newline) }

    /// Whether it follows the token before without anything between.
    public var isAdjacent: Bool { separation.isEmpty }

    /// Whether it is the given symbol.
    public func `is`(_ symbol: Symbol) -> Bool { kind == .symbol(symbol) }

    /// Whether it is the given word.
    public func isWord(_ word: String) -> Bool { kind == .identifier(word) }
}

extension Token {
    /// The token as an error text names it: `'loadmodule'`, `the string "a"`, `the end of the file`.
    public var summary: String {
        switch kind {
        case .identifier, .quantity, .symbol: "'\(shortSpelling)'"
        case .integer, .float, .malformedNumber: "the number \(shortSpelling)"
        case .string: "the string \(shortSpelling)"
        case .variable: "the pseudo-variable \(shortSpelling)"
        case .invalid: "something unreadable"
        case .endOfFile: "the end of the file"
        }
    }

    private var shortSpelling: String {
        let firstLine = spelling.prefix { !$0.isNewline }
        guard firstLine.count > 40 || firstLine.endIndex != spelling.endIndex else { return spelling }
        return String(firstLine.prefix(40)) + "…"
    }

    /// Where the token ends, nil where that is not in one place of the source.
    var end: SourceLocation? {
        guard expansion == nil, !spelling.contains(where: \.isNewline) else { return nil }
        var location = location
        location.column += spelling.unicodeScalars.count
        return location
    }
}
