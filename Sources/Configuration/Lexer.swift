// Turns one file's bytes into tokens and directives. Numbers, strings and variables have files of their own beside
// this one.

/// What the lexer finds next.
enum Lexeme {
    case token(Token)
    case directive(Directive)
}

/// Reads tokens off the text of one file, or off a part of it (a define's value, a directive's rest of line).
///
/// Errors go to the log, and the lexer goes on behind them; it always comes to an end.
struct Lexer {
    let source: Source
    let log: DiagnosticLog
    /// Where reading ends.
    let limit: Int
    /// Whether `#!` means anything; not so inside a define's value.
    let readsDirectives: Bool
    /// The place of every token where the text is not in the file itself (an environment variable's value).
    let pinned: SourceLocation?

    var offset: Int
    var line: Int
    var column: Int
    /// What was passed over since the last token.
    var separation: Token.Separation = .newline
    /// The last line on which an unexpected character was reported: one report a line will do.
    private var lineOfLastSurprise = 0

    /// Reads a whole file.
    init(_ source: Source, log: DiagnosticLog) {
        self.source = source
        self.log = log
        self.limit = source.bytes.count
        self.readsDirectives = true
        self.pinned = nil
        self.offset = source.start
        self.line = 1
        self.column = 1
        passDialectLine()
    }

    /// Reads a part of a file that begins at `location`.
    init(
        _ source: Source, range: Range<Int>, at location: SourceLocation, pinned: Bool = false,
        log: DiagnosticLog
    ) {
        self.source = source
        self.log = log
        self.limit = range.upperBound
        self.readsDirectives = false
        self.pinned = pinned ? location : nil
        self.offset = range.lowerBound
        self.line = location.line
        self.column = location.column
        self.separation = []
    }

    /// The place at hand.
    var location: SourceLocation {
        pinned ?? SourceLocation(file: source.path, line: line, column: column)
    }

    /// The byte `distance` ahead, nil behind the end.
    func peek(_ distance: Int = 0) -> UInt8? {
        let index = offset + distance
        return index < limit ? source.bytes[index] : nil
    }

    /// Passes one byte and keeps line and column.
    mutating func advance() {
        let byte = source.bytes[offset]
        offset += 1
        if byte == Byte.newline {
            line += 1
            column = 1
        } else if byte & 0xC0 != 0x80 {
            column += 1
        }
    }

    mutating func advance(by count: Int) {
        for _ in 0..<count { advance() }
    }

    /// The text from `start` to the place at hand.
    func text(from start: Int) -> String {
        String(decoding: source.bytes[start..<offset], as: UTF8.self)
    }

    /// The next token or directive; behind the last an `.endOfFile`, again and again.
    mutating func next() -> Lexeme {
        if let directive = passSpace() { return .directive(directive) }
        let start = location
        let between = separation
        separation = []
        guard let byte = peek() else {
            separation = between
            return .token(Token(.endOfFile, at: start, spelling: "", separation: between))
        }
        let begin = offset
        let kind: Token.Kind
        if byte.startsName {
            while let byte = peek(), byte.continuesName { advance() }
            kind = .identifier(text(from: begin))
        } else if byte.isDigit {
            kind = number()
        } else if byte == Byte.quote {
            kind = quotedString()
        } else if byte == Byte.apostrophe {
            kind = rawString()
        } else if byte == Byte.dollar {
            kind = variable()
        } else if let symbol = symbol() {
            kind = .symbol(symbol)
        } else {
            surprise()
            kind = .invalid
        }
        return .token(Token(kind, at: start, spelling: text(from: begin), separation: between))
    }

    /// The longest symbol at hand, passed; nil for anything else.
    private mutating func symbol() -> Token.Symbol? {
        guard let first = peek(), first < 0x80 else { return nil }
        if let second = peek(1), second < 0x80 {
            let pair = String(decoding: [first, second], as: UTF8.self)
            if let symbol = Token.Symbol(rawValue: pair) {
                advance(by: 2)
                return symbol
            }
        }
        guard let symbol = Token.Symbol(rawValue: String(Unicode.Scalar(first))) else { return nil }
        advance()
        return symbol
    }

    /// Reports and passes a character that begins no token.
    private mutating func surprise() {
        let start = location
        let begin = offset
        advance()
        while let byte = peek(), byte & 0xC0 == 0x80 { advance() }
        let character = text(from: begin)
        guard lineOfLastSurprise != line || pinned != nil else { return }
        lineOfLastSurprise = line
        let hint: String? =
            switch character {
            case "“", "”", "„", "«", "»", "‘", "’": "write the plain quotes \" or '"
            case "\u{A0}": "this is a no-break space: write a plain one"
            case "\\": "a backslash continues a line only as its last character"
            default: nil
            }
        log.error(
            at: start, "found the character '\(character)', expected a word, a number, a string or a symbol",
            hint: hint)
    }
}

// MARK: - Between tokens

extension Lexer {
    /// Passes white space and comments; stops at the first directive and returns it.
    private mutating func passSpace() -> Directive? {
        while let byte = peek() {
            switch byte {
            case Byte.newline:
                separation.formUnion([.space, .newline])
                advance()
            case _ where byte.isBlank:
                separation.insert(.space)
                advance()
            case Byte.backslash where lengthOfContinuation() > 0:
                separation.insert(.space)
                advance(by: lengthOfContinuation())
            case Byte.hash:
                if readsDirectives, peek(1) == Byte.bang, let directive = directive() { return directive }
                passLine()
            case Byte.slash where peek(1) == Byte.slash:
                if separation.isEmpty { separation.insert(.adjacentComment) }
                passLine()
            case Byte.slash where peek(1) == Byte.star:
                passBlockComment()
            case Byte.bang where readsDirectives && separation.contains(.newline) && peek(1) == Byte.bang:
                guard let directive = directive() else { return nil }
                return directive
            default:
                return nil
            }
        }
        return nil
    }

    /// The length of a backslash with the end of the line behind it, 0 for anything else.
    func lengthOfContinuation(_ distance: Int = 0) -> Int {
        guard peek(distance) == Byte.backslash else { return 0 }
        if peek(distance + 1) == Byte.newline { return 2 }
        return peek(distance + 1) == Byte.carriageReturn && peek(distance + 2) == Byte.newline ? 3 : 0
    }

    /// Passes the rest of the line but not its end.
    mutating func passLine() {
        separation.insert(.space)
        while let byte = peek(), byte != Byte.newline { advance() }
    }

    /// Passes a block comment with those nested in it.
    private mutating func passBlockComment() {
        let opening = location
        var depth = 0
        separation.insert(.space)
        while offset < limit {
            if peek() == Byte.slash, peek(1) == Byte.star {
                depth += 1
                advance(by: 2)
            } else if peek() == Byte.star, peek(1) == Byte.slash {
                depth -= 1
                advance(by: 2)
                if depth == 0 { return }
            } else {
                // A statement may follow the comment on its last line only as on any line.
                if peek() == Byte.newline { separation.insert(.newline) }
                advance()
            }
        }
        log.error(
            at: opening, "found a comment that never ends, expected '*/'",
            hint: depth > 1 ? "comments nest: \(depth) are open at the end" : nil)
    }

    /// Passes a first line such as `#!KAMAILIO` or `#!/usr/sbin/modhost`, which says nothing to us.
    private mutating func passDialectLine() {
        guard peek() == Byte.hash, peek(1) == Byte.bang else { return }
        let word = wordAhead(2)
        guard DirectiveName(rawValue: word) == nil, !DirectiveName.refused.contains(word) else { return }
        guard DirectiveName.dialects.contains(word) || word.isEmpty else { return }
        passLine()
    }

    /// The name that begins `distance` ahead, empty when there is none.
    private func wordAhead(_ distance: Int) -> String {
        var end = offset + distance
        while end < limit, source.bytes[end].continuesName { end += 1 }
        return end > offset + distance
            ? String(decoding: source.bytes[offset + distance..<end], as: UTF8.self) : ""
    }
}

// MARK: - Directives

extension Lexer {
    /// The directive at hand, passed with its line; nil when `#!` or `!!` begins no directive here.
    private mutating func directive() -> Directive? {
        let start = location
        let usesHash = peek() == Byte.hash
        let word = wordAhead(2)
        guard let name = DirectiveName(rawValue: word) else {
            if usesHash { judgeUnknown(word, at: start) }
            return nil
        }
        advance(by: 2 + word.utf8.count)
        return finish(name, spelling: (usesHash ? "#!" : "!!") + word, at: start)
    }

    /// Takes the rest of the logical line as the directive's argument.
    private mutating func finish(_ name: DirectiveName, spelling: String, at start: SourceLocation)
        -> Directive
    {
        while let byte = peek() {
            if byte.isBlank {
                advance()
            } else if lengthOfContinuation() > 0 {
                advance(by: lengthOfContinuation())
            } else {
                break
            }
        }
        let begin = offset
        let argumentLocation = location
        var end = offset
        while let byte = peek(), byte != Byte.newline {
            let continuation = lengthOfContinuation()
            if continuation > 0 {
                advance(by: continuation)
            } else {
                advance()
                if !byte.isBlank { end = offset }
            }
        }
        separation = [.space, .newline]
        return Directive(
            name: name, spelling: spelling, location: start, argument: begin..<max(begin, end),
            argumentLocation: argumentLocation)
    }

    /// Says what is odd about a `#!` that begins no directive: it is a comment otherwise.
    private func judgeUnknown(_ word: String, at start: SourceLocation) {
        guard !word.isEmpty, !DirectiveName.dialects.contains(word) else { return }
        if DirectiveName.refused.contains(word) {
            log.error(
                at: start, "found the directive '#!\(word)', which modhost does not have",
                hint: "use #!ifdef, #!ifndef, #!else, #!endif, #!define and #!redefine")
        } else if let near = nearestName(to: word, in: DirectiveName.allCases.map(\.rawValue)) {
            log.error(
                at: start, "found the unknown directive '#!\(word)', expected a directive such as #!define",
                hint: "did you mean '#!\(near)'?")
        } else {
            let message = "found the unknown directive '#!\(word)': it is read as a comment"
            log.report(Diagnostic(.warning, at: start, message, hint: "write '# !' if a comment is meant"))
        }
    }

    /// Passes whole lines up to the next conditional directive, as a part that is left out demands: whatever those
    /// lines hold need not be well-formed. Nil at the end of the file.
    mutating func nextConditional() -> Directive? {
        while offset < limit {
            while let byte = peek(), byte.isBlank || byte == Byte.newline { advance() }
            let marker = peek() == Byte.hash || peek() == Byte.bang
            if marker, peek(1) == Byte.bang, let name = DirectiveName(rawValue: wordAhead(2)),
                name.isConditional
            {
                return directive()
            }
            while let byte = peek(), byte != Byte.newline { advance() }
        }
        return nil
    }
}
