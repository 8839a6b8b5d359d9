import Configuration

extension RouteParser {
    /// Reads one statement; nil for a stray `;`.
    mutating func statement() throws(Abandoned) -> StatementSyntax? {
        let token = current
        switch token.kind {
        case .symbol(.semicolon):
            advance()
            return nil
        case .variable:
            return try assignment()
        case .identifier(let word):
            return try worded(word)
        case .symbol(.leftBrace):
            throw error(
                at: token, "found '{', expected a statement",
                hint: "a block stands behind if, else, while or switch only")
        case .symbol(.rightBrace):
            throw error(at: token, "found '}' without a '{' before it", hint: "remove it")
        default:
            throw unexpected("a statement")
        }
    }

    /// Reads a statement that begins with a word.
    private mutating func worded(_ word: String) throws(Abandoned) -> StatementSyntax {
        let token = current
        let kind: StatementSyntax.Kind
        switch word {
        case "if": kind = try conditional()
        case "while": kind = try loop()
        case "switch": kind = try choice()
        case "break":
            advance()
            if take(.leftParenthesis) { try expect(.rightParenthesis, "after 'break('") }
            try endStatement("break")
            kind = .leave
        case "return": kind = try finish()
        case "exit", "drop":
            advance()
            try passExitCode(word)
            try endStatement(word)
            kind = word == "exit" ? .exit : .drop
        case "else":
            throw error(at: token, "found 'else' without an 'if' before it")
        case "case", "default":
            throw error(at: token, "found '\(word)' outside of a switch")
        case "continue":
            throw error(
                at: token, "found 'continue', which the language does not have",
                hint: "put the rest of the loop's body into an if")
        case "for", "foreach", "do", "until":
            throw error(at: token, "found '\(word)', which the language does not have", hint: "write a while loop")
        case "route" where peek(1).is(.leftBracket):
            throw error(
                at: token, "found a block route[…] within a route",
                hint: "close the route before it with '}', or call it: route(NAME)")
        default: kind = try callStatement(word)
        }
        return StatementSyntax(kind: kind, location: token.location)
    }

    private mutating func callStatement(_ word: String) throws(Abandoned) -> StatementSyntax.Kind {
        guard peek(1).is(.leftParenthesis) else {
            if peek(1).is(.assign) {
                throw error(
                    at: current, "found '\(word) =' in a route, expected a statement",
                    hint: "settings stand outside of routes, and a variable is written $var(\(word))")
            }
            let near = nearestName(to: word, in: Self.words).map { "did you mean '\($0)'?" }
            throw error(
                at: current, "found \(found()), expected a statement",
                hint: near ?? "a function is called with parentheses: \(word)()")
        }
        if word == "route" {
            let call = try routeCall()
            try endStatement("route(…)")
            return .route(call)
        }
        if Self.functions[word] != nil || word == "selval" {
            throw error(at: current, "found '\(word)(…)' as a statement, expected it in an expression")
        }
        let call = try call(word)
        try endStatement("\(word)(…)")
        return .call(call)
    }

    /// The words that begin statements.
    static let words = ["if", "else", "while", "switch", "case", "default", "break", "return", "exit", "drop", "route"]

    private mutating func passExitCode(_ word: String) throws(Abandoned) {
        if take(.leftParenthesis) {
            if case .integer = current.kind { advance() }
            try expect(.rightParenthesis, "after '\(word)('")
        } else if case .integer = current.kind {
            advance()
        }
    }

    private mutating func assignment() throws(Abandoned) -> StatementSyntax {
        let token = current
        let variable = text(of: token)
        advance()
        guard take(.assign) else {
            let next = current
            if peek(1).is(.assign), next.is(.plus) || next.is(.minus) || next.is(.times) || next.is(.divide) {
                throw error(
                    at: next, "found '\(next.spelling)=', which the language does not have",
                    hint: "write \(token.spelling) = \(token.spelling) \(next.spelling) …")
            }
            if next.is(.plus), peek(1).is(.plus) {
                throw error(
                    at: next, "found '++', which the language does not have",
                    hint: "write \(token.spelling) = \(token.spelling) + 1")
            }
            if next.is(.equal) {
                throw error(at: next, "found '==' in a statement, expected '='", hint: "'=' assigns, '==' compares")
            }
            throw unexpected("'=' after the pseudo-variable \(token.spelling)")
        }
        let value = try expression()
        try endStatement("the assignment")
        return StatementSyntax(kind: .assign(variable, value), location: token.location)
    }

    private mutating func finish() throws(Abandoned) -> StatementSyntax.Kind {
        advance()
        if current.is(.leftParenthesis), peek(1).is(.rightParenthesis) {
            advance()
            advance()
            try endStatement("return")
            return .finish(nil)
        }
        if take(.semicolon) { return .finish(nil) }
        let value = try expression()
        try endStatement("return")
        return .finish(value)
    }

    // MARK: - Blocks

    /// Reads a block in braces, or one statement.
    private mutating func body(after name: String) throws(Abandoned) -> [StatementSyntax] {
        try nested { parser throws(Abandoned) in
            guard parser.take(.leftBrace) else {
                if parser.current.is(.semicolon) {
                    parser.problems.warning(
                        at: parser.current.location, "found ';' right behind \(name): nothing depends on it",
                        hint: "remove the ';'")
                    parser.advance()
                    return []
                }
                if parser.current.kind == .endOfFile || parser.current.is(.rightBrace) {
                    throw parser.unexpected("a statement or '{' after \(name)")
                }
                let statement = try parser.statement()
                return statement.map { [$0] } ?? []
            }
            let opening = parser.peek(-1)
            return try parser.statements(until: opening, in: name)
        }
    }

    /// Reads statements up to and with the `}`.
    private mutating func statements(until opening: Token, in name: String) throws(Abandoned) -> [StatementSyntax] {
        var statements: [StatementSyntax] = []
        while !take(.rightBrace) {
            guard current.kind != .endOfFile else {
                throw error(at: opening, "found '{' without a '}' for it, expected '}' before the route's end")
            }
            guard !problems.isFull else { throw Abandoned() }
            if let statement = recovering({ parser throws(Abandoned) in try parser.statement() }) {
                statements.append(statement)
            }
        }
        return statements
    }

    /// Reads `( expression )`, or an expression without parentheses.
    private mutating func condition(of word: String) throws(Abandoned) -> Expression {
        guard current.is(.leftParenthesis) else { return try expression() }
        // An expression may go on behind the parenthesis that it begins with: if (a) && (b).
        let condition = try expression()
        if current.is(.assign) {
            throw error(at: current, "found '=' in a condition, expected '=='", hint: "'=' assigns, '==' compares")
        }
        return condition
    }

    private mutating func conditional() throws(Abandoned) -> StatementSyntax.Kind {
        var branches: [StatementSyntax.Branch] = []
        repeat {
            advance()
            let condition = try condition(of: "if")
            branches.append(.init(condition: condition, body: try body(after: "if (…)")))
            guard current.isWord("else") else { return .conditional(branches, otherwise: nil) }
            advance()
        } while current.isWord("if")
        return .conditional(branches, otherwise: try body(after: "else"))
    }

    private mutating func loop() throws(Abandoned) -> StatementSyntax.Kind {
        advance()
        let condition = try condition(of: "while")
        return .loop(condition, try body(after: "while (…)"))
    }

    private mutating func choice() throws(Abandoned) -> StatementSyntax.Kind {
        advance()
        try expect(.leftParenthesis, "after switch")
        let value = try expression()
        try expect(.rightParenthesis, "after the value of the switch")
        let opening = current
        try expect(.leftBrace, "after switch (…)")
        return try nested { parser throws(Abandoned) in
            var cases: [StatementSyntax.Case] = []
            while !parser.take(.rightBrace) {
                if parser.current.kind == .endOfFile {
                    throw parser.error(
                        at: opening, "found '{' without a '}' for it, expected '}' before the route's end")
                }
                do throws(Abandoned) {
                    cases.append(try parser.choiceCase())
                } catch {
                    parser.passRestOfBlock()
                    break
                }
            }
            return .choice(value, cases)
        }
    }

    private mutating func choiceCase() throws(Abandoned) -> StatementSyntax.Case {
        let token = current
        let label: StatementSyntax.Case.Label
        if token.isWord("default") {
            advance()
            label = .otherwise
        } else if token.isWord("case") {
            advance()
            label = try caseLabel()
        } else {
            throw unexpected("'case', 'default' or '}' in a switch")
        }
        try expect(.colon, "after the label")
        var body: [StatementSyntax] = []
        while !current.is(.rightBrace), !current.isWord("case"), !current.isWord("default"), current.kind != .endOfFile {
            guard !problems.isFull else { throw Abandoned() }
            if let statement = recovering({ parser throws(Abandoned) in try parser.statement() }) {
                body.append(statement)
            }
        }
        return .init(label: label, location: token.location, body: body)
    }

    private mutating func caseLabel() throws(Abandoned) -> StatementSyntax.Case.Label {
        if take(.divide) {
            guard case .string(let pattern) = current.kind else {
                throw unexpected("a pattern in quotes after 'case /'", hint: "write case /\"^a\":")
            }
            advance()
            return .pattern(pattern.bytes)
        }
        switch try expression() {
        case .integer(let number, _): return .integer(number)
        case .text(let text): return .text(text.bytes)
        case let other:
            guard case .unary(.negate, _, .integer(let number, _)) = other else {
                throw error(
                    at: other.location,
                    "found an expression as the label of a case, expected a number, a string or /\"pattern\"",
                    hint: "compare with if and else if")
            }
            return .integer(0 &- number)
        }
    }
}
