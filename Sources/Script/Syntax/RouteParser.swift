// Turns the tokens of a route's body into statements. An error costs one statement: the parser goes on behind it.

import Configuration

/// Parses the body of one route.
struct RouteParser {
    /// How deep blocks and parentheses may stand in one another: what reads them is recursive.
    static let maximumNesting = 100

    /// Thrown where a statement cannot be read on; its error has been reported.
    struct Abandoned: Error {}

    private let tokens: [Token]
    private let end: Token
    var index = 0
    var nesting = 0
    var problems: ProblemList
    /// Whether `break` has a loop or a switch to leave.
    var loops = 0

    init(_ route: Route, problems: ProblemList) {
        tokens = route.body
        end = Token(.endOfFile, at: route.closingBrace, spelling: "}", separation: [.space])
        self.problems = problems
    }

    /// The statements of the body.
    mutating func parse() -> [StatementSyntax] {
        var statements: [StatementSyntax] = []
        while current.kind != .endOfFile, !problems.isFull {
            if let statement = recovering({ parser throws(Abandoned) in try parser.statement() }) {
                statements.append(statement)
            }
        }
        return statements
    }

    // MARK: - Tokens

    /// The token at hand.
    var current: Token { peek() }

    /// The token `distance` ahead; behind the last one that stands for the route's `}`.
    func peek(_ distance: Int = 0) -> Token {
        let place = index + distance
        return place >= 0 && place < tokens.count ? tokens[place] : end
    }

    mutating func advance() {
        index = min(index + 1, tokens.count)
    }

    /// Passes the symbol if it is at hand.
    mutating func take(_ symbol: Token.Symbol) -> Bool {
        guard current.is(symbol) else { return false }
        advance()
        return true
    }

    /// Passes the symbol, or gives the statement up.
    mutating func expect(_ symbol: Token.Symbol, _ place: String) throws(Abandoned) {
        guard take(symbol) else { throw unexpected("'\(symbol.rawValue)' \(place)") }
    }

    /// Passes the `;` that ends a statement.
    mutating func endStatement(_ name: String) throws(Abandoned) {
        if take(.semicolon) { return }
        let place = placeBehindPrevious()
        throw error(at: place ?? current.location, "found \(found()), expected ';' after \(name)")
    }

    /// Where the token before ends, if that is on a line before the one at hand.
    private func placeBehindPrevious() -> SourceLocation? {
        guard index > 0, current.startsLine || current.kind == .endOfFile else { return nil }
        let before = peek(-1)
        guard before.expansion == nil, !before.spelling.contains(where: \.isNewline) else { return nil }
        var location = before.location
        location.column += before.spelling.unicodeScalars.count
        return location
    }

    // MARK: - Errors

    /// What the token at hand is, as an error names it.
    func found() -> String {
        current.kind == .endOfFile ? "the end of the route" : current.summary
    }

    /// Reports that the token at hand is not what was expected, and gives the statement up.
    mutating func unexpected(_ expected: String, hint: String? = nil) -> Abandoned {
        if current.kind == .invalid { return Abandoned() }
        if case .malformedNumber(let reason) = current.kind {
            return error(at: current.location, "found the malformed number \(current.spelling): \(reason)")
        }
        return error(at: current, "found \(found()), expected \(expected)", hint: hint)
    }

    mutating func error(at token: Token, _ message: String, hint: String? = nil) -> Abandoned {
        problems.error(at: token.location, message, hint: hint)
        if let expansion = token.expansion {
            problems.note(at: expansion.location, "it comes from the define \(expansion.name)")
        }
        return Abandoned()
    }

    mutating func error(at location: SourceLocation, _ message: String, hint: String? = nil) -> Abandoned {
        problems.error(at: location, message, hint: hint)
        return Abandoned()
    }

    /// Reads something one level deeper, or gives up where that is too deep.
    mutating func nested<Result>(
        _ read: (inout RouteParser) throws(Abandoned) -> Result
    ) throws(Abandoned) -> Result {
        guard nesting < Self.maximumNesting else {
            let message = "found more than \(Self.maximumNesting) blocks and parentheses within one another"
            throw error(at: current, message, hint: "move a part into a route of its own")
        }
        nesting += 1
        defer { nesting -= 1 }
        return try read(&self)
    }

    /// Reads a statement; after an error passes what is left of it and returns nil.
    mutating func recovering(
        _ read: (inout RouteParser) throws(Abandoned) -> StatementSyntax?
    ) -> StatementSyntax? {
        let start = index
        do throws(Abandoned) {
            return try read(&self)
        } catch {
            recover(from: start)
            return nil
        }
    }

    /// Passes what is left of a broken statement: up to its `;`, its block, or the `}` of the block around it.
    private mutating func recover(from start: Int) {
        if index == start, !current.is(.leftBrace) { advance() }
        while current.kind != .endOfFile {
            if current.is(.rightBrace) { return }
            if current.is(.leftBrace) {
                passBlock()
                // An else belongs to what was passed.
                if !current.isWord("else") { return }
            }
            if take(.semicolon) { return }
            if current.startsLine, index > start, beginsStatement { return }
            advance()
        }
    }

    /// Passes what is left of the block at hand and its `}`.
    mutating func passRestOfBlock() {
        while current.kind != .endOfFile {
            if current.is(.leftBrace) {
                passBlock()
            } else {
                defer { advance() }
                if current.is(.rightBrace) { return }
            }
        }
    }

    private mutating func passBlock() {
        var depth = 0
        while current.kind != .endOfFile {
            if current.is(.leftBrace) { depth += 1 }
            if current.is(.rightBrace) { depth -= 1 }
            advance()
            if depth == 0 { return }
        }
    }

    /// Whether the token at hand, the first of its line, looks like the beginning of a statement.
    private var beginsStatement: Bool {
        switch current.kind {
        case .variable: peek(1).is(.assign)
        case .identifier(let word):
            ["if", "while", "switch", "return", "exit", "drop", "break", "case", "default"].contains(word)
                || peek(1).is(.leftParenthesis)
        default: false
        }
    }
}
