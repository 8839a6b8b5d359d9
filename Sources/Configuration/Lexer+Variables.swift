// Pseudo-variables, each as one token: `$name`, `$name(inner)`, `$(name(inner)[index]{transformation})`. What is
// inside the parentheses is left to whoever knows the variable.

extension Lexer {
    /// Reads a pseudo-variable to the end of its parentheses.
    mutating func variable() -> Token.Kind {
        let begin = offset
        let start = location
        advance()
        let name = offset
        while let byte = peek(), byte.continuesName { advance() }
        guard offset > name || peek() == Byte.leftParenthesis else {
            log.error(
                at: start, "found '$' without a name, expected a pseudo-variable such as $var(x)",
                hint: "put a literal '$' into a string")
            return .invalid
        }
        guard peek() == Byte.leftParenthesis else { return .variable(text(from: begin)) }
        var depth = 0
        while let byte = peek(), byte != Byte.newline {
            advance()
            if byte == Byte.leftParenthesis {
                depth += 1
            } else if byte == Byte.rightParenthesis {
                depth -= 1
                if depth == 0 { return .variable(text(from: begin)) }
            }
        }
        log.error(at: start, "found a pseudo-variable that does not end on its line, expected ')'")
        return .invalid
    }
}

extension Token {
    /// The tokens of a text of its own, such as a string that holds script code.
    ///
    /// - Parameters:
    ///   - text: The text; directives in it are comments.
    ///   - location: Where the text begins, for the places of tokens and errors.
    /// - Returns: The tokens without an `.endOfFile`, and the errors.
    public static func tokens(of text: String, at location: SourceLocation) -> ([Token], [Diagnostic]) {
        let log = DiagnosticLog()
        let source = Source(path: location.file, bytes: Array(text.utf8))
        var lexer = Lexer(source, range: 0..<source.bytes.count, at: location, log: log)
        var tokens: [Token] = []
        while !log.isFull, case .token(let token) = lexer.next(), token.kind != .endOfFile {
            tokens.append(token)
        }
        return (tokens, log.ordered())
    }
}
