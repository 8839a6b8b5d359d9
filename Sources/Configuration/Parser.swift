// Turns the tokens into statements. An error costs one statement: the parser goes on at the next that can be told.

/// Parses statements off a list of tokens.
struct Parser {
    /// Words that begin a statement other than `name = value` and a route.
    static let keywords = ["loadmodule", "loadmodulex", "modparam", "modparamx", "mpath", "loadpath"]
    /// Words that begin a statement and are no setting.
    static let openers = keywords + Route.Kind.allCases.map(\.rawValue) + ["include_file", "import_file"]

    /// Thrown where a statement cannot be read on; its error has been reported.
    struct Abandoned: Error {}

    let text: VariableText
    let log: DiagnosticLog
    private let tokens: [Token]
    private let endOfFile: Token
    var index = 0

    /// Makes a parser for the tokens of a file; `separation` is what stands behind the last of them.
    init(
        _ tokens: [Token], behind separation: Token.Separation, of file: String, text: VariableText,
        log: DiagnosticLog
    ) {
        self.tokens = tokens
        self.text = text
        self.log = log
        let start = SourceLocation(file: file, line: 1, column: 1)
        let end = tokens.last.map { $0.end ?? $0.location } ?? start
        endOfFile = Token(
            .endOfFile, at: end, spelling: "", separation: separation.union([.space, .newline]))
    }

    /// The statements up to the end of the file.
    mutating func parse() -> [Statement] {
        var statements: [Statement] = []
        while current.kind != .endOfFile, !log.isFull {
            let start = index
            log.position = index
            do throws(Abandoned) {
                if let statement = try statement() { statements.append(statement) }
            } catch {
                recover(from: start)
            }
        }
        return statements
    }

    // MARK: - Tokens

    /// The token at hand.
    var current: Token { peek() }

    /// The token `distance` ahead; behind the last an `.endOfFile`.
    func peek(_ distance: Int = 0) -> Token {
        tokens.indices.contains(index + distance) ? tokens[index + distance] : endOfFile
    }

    /// The tokens of a part of the list.
    func tokens(from first: Int, to end: Int) -> [Token] {
        Array(tokens[first..<end])
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

    // MARK: - Errors

    /// Reports that the token at hand is not what was expected, and gives the statement up.
    func unexpected(_ expected: String, hint: String? = nil) -> Abandoned {
        let token = current
        if token.kind == .invalid { return Abandoned() }
        if token.startsLine, token.kind != .endOfFile, beginsStatement(at: 0), index > 0,
            let end = peek(-1).end
        {
            return error(at: end, "found the end of the line, expected \(expected)", hint: hint)
        }
        return error(at: token, "found \(token.summary), expected \(expected)", hint: hint)
    }

    /// Reports an error at a token, with the place of its define where it comes from one.
    func error(at token: Token, _ message: String, hint: String? = nil) -> Abandoned {
        log.position = index
        log.error(at: token.location, message, hint: hint)
        if let expansion = token.expansion {
            log.note(at: expansion.location, "it comes from the define \(expansion.name)")
        }
        return Abandoned()
    }

    /// Reports an error at a place, and gives the statement up.
    func error(at location: SourceLocation, _ message: String, hint: String? = nil) -> Abandoned {
        log.position = index
        log.error(at: location, message, hint: hint)
        return Abandoned()
    }

    /// Whether the token `distance` ahead looks like the beginning of a statement.
    func beginsStatement(at distance: Int) -> Bool {
        guard case .identifier(let word) = peek(distance).kind else { return false }
        let next = peek(distance + 1)
        if next.is(.assign) { return true }
        if Route.Kind(rawValue: word) != nil { return next.is(.leftBrace) || next.is(.leftBracket) }
        guard Self.keywords.contains(word) else { return false }
        if case .string = next.kind { return true }
        return next.is(.leftParenthesis)
    }

    /// Passes what is left of a broken statement, at least one token.
    private mutating func recover(from start: Int) {
        if index == start { advance() }
        while current.kind != .endOfFile {
            if take(.semicolon) { return }
            if current.is(.leftBrace) {
                // A broken statement may have a body: it goes with its statement.
                let opening = current
                advance()
                if passBody(of: opening) == nil { return }
                return
            }
            if current.startsLine {
                if case .identifier = current.kind { return }
                if current.is(.rightBrace) { return }
            }
            // A statement that ran into this line is read all the same.
            if beginsTopLevel() { return }
            advance()
        }
    }

    // MARK: - Statements

    /// Reads one statement; nil for a stray `;`.
    private mutating func statement() throws(Abandoned) -> Statement? {
        if take(.semicolon) { return nil }
        guard case .identifier(let word) = current.kind else {
            if current.is(.rightBrace) {
                defer { advance() }
                throw error(at: current, "found '}' without a '{' before it", hint: "remove it")
            }
            // Junk with unreadable characters has been reported with the first of those.
            if lineHoldsInvalid() { throw Abandoned() }
            throw unexpected("a statement such as loadmodule, modparam, a route or 'name = value'")
        }
        switch word {
        case "loadmodule": return try loadModule(expanding: false)
        case "loadmodulex": return try loadModule(expanding: true)
        case "modparam": return try moduleParameter(expanding: false)
        case "modparamx": return try moduleParameter(expanding: true)
        case "mpath", "loadpath": return try modulePath()
        default: break
        }
        if let kind = Route.Kind(rawValue: word), !peek(1).is(.assign) { return try route(kind) }
        if peek(1).is(.assign) || (peek(1).is(.dot) && peek(1).isAdjacent) { return try setting() }
        throw unknownWord(word)
    }

    private func lineHoldsInvalid() -> Bool {
        var distance = 0
        repeat {
            if peek(distance).kind == .invalid { return true }
            distance += 1
        } while !peek(distance).startsLine
        return false
    }

    /// Reports a word that begins no statement.
    private func unknownWord(_ word: String) -> Abandoned {
        let near = nearestName(to: word, in: Self.openers)
        // A word alone, or before a value, is more likely a setting without its `=`.
        if near == nil, let value = settingValue(after: word) {
            return error(
                at: current, "found the word '\(word)' without '=', expected a statement",
                hint: "write '\(word) = \(value)' if a setting is meant")
        }
        return error(
            at: current,
            "found the unknown word '\(word)', expected loadmodule, modparam, mpath, a route or 'name = value'",
            hint: near.map { "did you mean \($0)?" })
    }

    private func settingValue(after word: String) -> String? {
        let next = peek(1)
        guard !next.startsLine, next.spelling.count <= 40 else { return nil }
        switch next.kind {
        case .integer, .float, .quantity, .identifier: return next.spelling
        default: return nil
        }
    }

    /// Checks that a statement ends where it should: at a `;`, at a new line, or at the end of the file.
    mutating func endStatement(_ name: String) {
        if take(.semicolon) { return }
        let token = current
        guard !token.startsLine, token.kind != .endOfFile, token.kind != .invalid else { return }
        if beginsStatement(at: 0) {
            _ = error(
                at: token,
                "found \(token.summary) on the line of \(name), expected ';' or a new line between the two",
                hint: "put a ';' before \(token.summary)")
            return
        }
        _ = error(at: token, "found \(token.summary) after \(name), expected ';' or the end of the line")
        recover(from: index)
    }
}
