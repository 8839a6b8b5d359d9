// One define and the text that it stands for. Its value is read as tokens at its first use, so an unused one may hold
// anything.

/// What a define's name is replaced with.
final class Define {
    /// Where the value's text is.
    enum Value {
        /// A part of a file.
        case range(Source, Range<Int>, SourceLocation)
        /// A text that is not in a file: an environment variable, a substitution's replacement.
        case text(String)
        /// A string, as if it had been written in quotes.
        case string(String)
    }

    let name: String
    let location: SourceLocation
    let value: Value
    private var tokens: [Token]?

    init(name: String, location: SourceLocation, value: Value) {
        self.name = name
        self.location = location
        self.value = value
    }

    /// The value as written, as `$def(NAME)` shows it.
    var text: String {
        switch value {
        case .range(let source, let range, _):
            String(decoding: source.bytes[range], as: UTF8.self)
        case .text(let text), .string(let text): text
        }
    }

    /// The value's tokens; their errors go to the log once.
    func content(log: DiagnosticLog) -> [Token] {
        if let tokens { return tokens }
        let found = read(log: log)
        tokens = found
        return found
    }

    private func read(log: DiagnosticLog) -> [Token] {
        var lexer: Lexer
        switch value {
        case .string(let text):
            return [Token(.string(ByteString(text)), at: location, spelling: "\"\(text)\"")]
        case .text(let text):
            let source = Source(path: location.file, bytes: Array(text.utf8))
            lexer = Lexer(source, range: 0..<source.bytes.count, at: location, pinned: true, log: log)
        case .range(let source, let range, let start):
            lexer = Lexer(source, range: range, at: start, log: log)
        }
        var tokens: [Token] = []
        while !log.isFull, case .token(let token) = lexer.next(), token.kind != .endOfFile {
            tokens.append(token)
        }
        return tokens
    }
}
