// Runs the directives over the files of a configuration and leaves one list of tokens for the parser: defines
// replaced, substitutions applied, included files in place.

/// Reads files, obeys directives, and collects tokens.
struct Preprocessor {
    /// Bounds that keep a hostile or broken configuration from eating the machine.
    enum Limit {
        /// Files that include one another.
        static let includeDepth = 10
        /// Files read in all.
        static let files = 1000
        /// Bytes of all files together.
        static let bytes = 64 << 20
        /// Tokens after all replacement.
        static let tokens = 1_000_000
        /// Uses of defines, those within other defines included.
        static let replacements = 200_000
        /// Defines whose values name one another in a row.
        static let defineDepth = 32
    }

    /// A file that is being read, and where it was asked for (nil for the first).
    struct OpenFile {
        let path: String
        let identity: String
        let includedFrom: SourceLocation?
    }

    let reader: any SourceReader
    let environment: [String: String]
    let log: DiagnosticLog

    /// The result, without an `.endOfFile`.
    private(set) var tokens: [Token] = []
    var defines: [String: Define] = [:]
    var substitutions: [Substitution] = []
    /// The files being read, outermost first.
    var openFiles: [OpenFile] = []
    /// All files read, in the order of their first reading, and their texts.
    var files: [String] = []
    var sources: [String: Source] = [:]
    var bytesRead = 0
    var filesRead = 0
    /// Set when a limit is reached: nothing more is read.
    var isStopped = false
    /// Defines replaced so far: empty ones leave no token to count.
    private var replacements = 0
    /// What the next token inherits from a token that was replaced with nothing.
    private(set) var pendingSeparation: Token.Separation = []
    /// Whether the last token is a string that may still grow and that no substitution has seen.
    private var stringIsOpen = false

    init(reader: any SourceReader, environment: [String: String], log: DiagnosticLog) {
        self.reader = reader
        self.environment = environment
        self.log = log
    }

    /// Reads one file to its end.
    mutating func process(_ source: Source) {
        var lexer = Lexer(source, log: log)
        var conditions: [Condition] = []
        loop: while !isStopped {
            log.position = tokens.count
            if log.isFull { return stop() }
            switch lexer.next() {
            case .directive(let directive):
                closeString()
                if directive.name.isConditional {
                    obey(directive, conditions: &conditions, lexer: &lexer)
                } else {
                    obey(directive, in: source)
                }
            case .token(let token):
                switch token.kind {
                case .endOfFile:
                    pendingSeparation.formUnion(token.separation)
                    break loop
                case .identifier("include_file"): include(after: token, lexer: &lexer, mayBeMissing: false)
                case .identifier("import_file"): include(after: token, lexer: &lexer, mayBeMissing: true)
                default: emit(token)
                }
            }
        }
        closeString()
        for condition in conditions.reversed() {
            log.error(
                at: condition.location,
                "found \(condition.spelling) without its end, expected '#!endif' before the end of the file")
        }
    }

    /// Reads nothing more.
    mutating func stop() {
        closeString()
        isStopped = true
    }

    // MARK: - Tokens

    /// Puts a token to the result, or what its define stands for.
    mutating func emit(_ token: Token) {
        if case .identifier(let name) = token.kind, let define = defines[name] {
            var chain = [name]
            let expansion = Token.Expansion(name: name, location: define.location)
            pendingSeparation.formUnion(token.separation)
            expand(define, at: token, expansion: expansion, chain: &chain)
        } else {
            append(token)
        }
    }

    /// Puts a define's tokens to the result, all at the place where its name stands.
    private mutating func expand(
        _ define: Define, at use: Token, expansion: Token.Expansion, chain: inout [String]
    ) {
        replacements += 1
        guard replacements <= Limit.replacements else {
            log.error(
                at: use.location, "found more than \(Limit.replacements) uses of defines, expected fewer")
            return stop()
        }
        for (index, token) in define.content(log: log).enumerated() {
            guard !isStopped else { return }
            if case .identifier(let name) = token.kind, let inner = defines[name] {
                chain.append(name)
                defer { chain.removeLast() }
                if let loop = chain.dropLast().firstIndex(of: name) {
                    log.error(
                        at: use.location,
                        "found the define \(name), whose value leads back to itself: "
                            + chain[loop...].joined(separator: " -> "))
                    log.note(at: inner.location, "\(name) is defined here")
                    append(Token(.invalid, at: use.location, spelling: name, separation: use.separation))
                    continue
                }
                guard chain.count <= Limit.defineDepth else {
                    log.error(
                        at: use.location,
                        "found defines that name one another more than \(Limit.defineDepth) deep: "
                            + chain.prefix(4).joined(separator: " -> ") + " -> …")
                    append(Token(.invalid, at: use.location, spelling: name, separation: use.separation))
                    return
                }
                if index > 0 { pendingSeparation.formUnion(token.separation.subtracting(.newline)) }
                expand(inner, at: use, expansion: expansion, chain: &chain)
                continue
            }
            var copy = token
            copy.location = use.location
            copy.expansion = expansion
            copy.separation = index == 0 ? [] : token.separation.subtracting(.newline)
            append(copy)
        }
    }

    /// Puts one token to the result; neighbouring strings in double quotes become one.
    private mutating func append(_ token: Token) {
        var token = token
        token.separation.formUnion(pendingSeparation)
        pendingSeparation = []
        if stringIsOpen, case .string(let more) = token.kind, token.spelling.utf8.first == Byte.quote {
            return join(more, spelling: token.spelling)
        }
        closeString()
        guard tokens.count < Limit.tokens else {
            log.error(
                at: token.location, "found more than \(Limit.tokens) words, expected a smaller configuration")
            return stop()
        }
        tokens.append(token)
        switch token.kind {
        case .string:
            stringIsOpen = token.spelling.utf8.first == Byte.quote
            if !stringIsOpen { substitute() }
        case .variable: substitute()
        default: break
        }
    }

    /// Adds to the last token, a string. It is taken out of the list meanwhile, so that nothing is copied.
    private mutating func join(_ more: ByteString, spelling: String) {
        let last = tokens.count - 1
        guard case .string(var text) = tokens[last].kind else { return }
        tokens[last].kind = .invalid
        text.bytes += more.bytes
        tokens[last].kind = .string(text)
        tokens[last].spelling += " " + spelling
    }

    /// Ends the last string: what follows is not joined to it.
    mutating func closeString() {
        guard stringIsOpen else { return }
        stringIsOpen = false
        substitute()
    }

    /// What comes next begins a line, since something stood before it that left no token.
    mutating func beginLine() {
        pendingSeparation.formUnion([.space, .newline])
    }

    /// Applies the substitutions to the last token, a string or a pseudo-variable.
    private mutating func substitute() {
        guard !substitutions.isEmpty, let token = tokens.last else { return }
        let bytes: [UInt8]
        switch token.kind {
        case .string(let text): bytes = text.bytes
        case .variable(let text): bytes = Array(text.utf8)
        default: return
        }
        guard let result = substituted(bytes, at: token.location) else {
            tokens[tokens.count - 1].kind = .invalid
            return
        }
        guard result != bytes else { return }
        if case .string = token.kind {
            tokens[tokens.count - 1].kind = .string(ByteString(bytes: result))
        } else if let text = ByteString(bytes: result).text {
            tokens[tokens.count - 1].kind = .variable(text)
        } else {
            log.error(
                at: token.location,
                "found bytes that are not UTF-8 in \(token.summary) after #!subst, expected text")
            tokens[tokens.count - 1].kind = .invalid
        }
    }

    /// The text with all substitutions applied in their order; nil, and an error, when it is too long.
    func substituted(_ bytes: [UInt8], at location: SourceLocation) -> [UInt8]? {
        var result = bytes
        for substitution in substitutions {
            guard let next = substitution.apply(to: result) else {
                let limit =
                    "\(Substitution.maximumLength) bytes and \(Substitution.maximumReplacements) replacements"
                log.error(
                    at: location,
                    "found a text too long for #!subst '\(substitution.pattern)', expected at most \(limit)")
                return nil
            }
            result = next
        }
        return result
    }
}
