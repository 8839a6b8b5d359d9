// The directives that define names or substitutions: define, trydefine, redefine, their short forms, the …env… ones
// that take values from the environment, and subst, substdef, substdefs.

extension Preprocessor {
    /// What to do about a name that is defined already.
    enum Redefinition {
        case refuse, keep, replace
    }

    /// Obeys any directive that is not conditional.
    mutating func obey(_ directive: Directive, in source: Source) {
        switch directive.name {
        case .define, .def: define(directive, in: source, ifKnown: .refuse)
        case .trydefine, .trydef: define(directive, in: source, ifKnown: .keep)
        case .redefine, .redef: define(directive, in: source, ifKnown: .replace)
        case .defenv: defineFromEnvironment(directive, in: source, quoted: false, required: true)
        case .defenvs: defineFromEnvironment(directive, in: source, quoted: true, required: true)
        case .trydefenv: defineFromEnvironment(directive, in: source, quoted: false, required: false)
        case .trydefenvs: defineFromEnvironment(directive, in: source, quoted: true, required: false)
        case .subst, .substdef, .substdefs: addSubstitution(directive, in: source)
        case .includeFile: include(directive, in: source, mayBeMissing: false)
        case .importFile: include(directive, in: source, mayBeMissing: true)
        case .ifdef, .ifndef, .else, .endif: break
        }
    }

    /// Adds a define, or says where the first of its name is.
    mutating func add(_ define: Define, ifKnown: Redefinition, spelling: String) {
        if let first = defines[define.name] {
            switch ifKnown {
            case .keep: return
            case .replace: break
            case .refuse:
                log.error(
                    at: define.location, "found a second '\(spelling)' of \(define.name), expected one",
                    hint: "use #!redefine to replace the value, or #!trydefine to keep the first")
                return log.note(at: first.location, "\(define.name) was first defined here")
            }
        }
        defines[define.name] = define
    }

    private mutating func define(_ directive: Directive, in source: Source, ifKnown: Redefinition) {
        let bytes = source.bytes[directive.argument]
        let name = bytes.prefix(while: \.continuesName)
        let behind = bytes[name.endIndex...]
        let blanks = behind.prefix(while: \.isBlank).count
        guard let first = name.first, first.startsName, behind.first.map(Self.separates) ?? true else {
            return reportName(directive, bytes)
        }
        var start = directive.argumentLocation
        start.column += name.count + blanks
        let value = Define.Value.range(source, (behind.startIndex + blanks)..<behind.endIndex, start)
        let text = String(decoding: name, as: UTF8.self)
        add(
            Define(name: text, location: directive.location, value: value), ifKnown: ifKnown,
            spelling: directive.spelling)
    }

    /// Whether a byte may stand between a define's name and its value.
    private static func separates(_ byte: UInt8) -> Bool {
        byte.isBlank || byte == Byte.newline || byte == Byte.backslash || byte == Byte.hash
            || byte == Byte.slash
    }

    private func reportName(_ directive: Directive, _ argument: ArraySlice<UInt8>) {
        let word = argument.prefix { !$0.isBlank && $0 != Byte.newline }
        let found =
            word.isEmpty ? "the end of the line" : "'\(String(decoding: word.prefix(40), as: UTF8.self))'"
        log.error(
            at: directive.argumentLocation,
            "found \(found) after '\(directive.spelling)', expected a name of letters, digits and '_'",
            hint: word.contains(0x3D)
                ? "a space separates name and value: '\(directive.spelling) NAME value'" : nil)
    }

    /// `NAME`, or `NAME=VARIABLE` where the two differ.
    private mutating func defineFromEnvironment(
        _ directive: Directive, in source: Source, quoted: Bool, required: Bool
    ) {
        let bytes = source.bytes[directive.argument]
        let word = bytes.prefix { !$0.isBlank && $0 != Byte.newline && $0 != Byte.hash }
        let parts = word.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, let variable = parts.last, name.first?.startsName ?? false,
            variable.first?.startsName ?? false, name.allSatisfy(\.continuesName),
            variable.allSatisfy(\.continuesName)
        else {
            let found =
                word.isEmpty ? "the end of the line" : "'\(String(decoding: word.prefix(40), as: UTF8.self))'"
            return log.error(
                at: directive.argumentLocation,
                "found \(found) after '\(directive.spelling)', expected NAME or NAME=VARIABLE")
        }
        let variableName = String(decoding: variable, as: UTF8.self)
        guard let value = environment[variableName] else {
            if required {
                log.error(
                    at: directive.argumentLocation, "found no environment variable \(variableName)",
                    hint: "set it before the start, or use #!try\(directive.name.rawValue)")
            }
            return
        }
        guard !value.utf8.contains(where: { $0 < 0x20 && !$0.isBlank && $0 != Byte.newline }) else {
            return log.error(
                at: directive.argumentLocation,
                "found control characters in the environment variable \(variableName), expected text")
        }
        let define = Define(
            name: String(decoding: name, as: UTF8.self), location: directive.location,
            value: quoted ? .string(value) : .text(value))
        add(define, ifKnown: required ? .refuse : .keep, spelling: directive.spelling)
    }

    // MARK: - Substitutions

    private mutating func addSubstitution(_ directive: Directive, in source: Source) {
        guard
            let (text, location) = quotedArgument(
                directive, in: source, what: "\"/pattern/replacement/flags\"", isRaw: true)
        else { return }
        let substitution: Substitution
        do {
            substitution = try Substitution(text, environment: environment)
        } catch {
            return log.error(at: location, error.message, hint: error.hint)
        }
        if directive.name != .subst {
            let name = Array(substitution.pattern.utf8)
            guard let first = name.first, first.startsName, name.allSatisfy(\.continuesName) else {
                return log.error(
                    at: location,
                    "found '\(substitution.pattern)' as the name for '\(directive.spelling)', "
                        + "expected letters, digits and '_'",
                    hint: "use #!subst for a regular expression")
            }
            let value = substitution.replacement
            let define = Define(
                name: substitution.pattern, location: directive.location,
                value: directive.name == .substdefs ? .string(value) : .text(value))
            add(define, ifKnown: .refuse, spelling: directive.spelling)
        }
        substitutions.append(substitution)
    }

    /// The one string behind a directive; nil, and an error, for anything else. A raw one keeps its backslashes, which
    /// are for the regular expression, but for those before a quote.
    func quotedArgument(
        _ directive: Directive, in source: Source, what: String, isRaw: Bool = false
    ) -> (text: String, location: SourceLocation)? {
        var lexer = Lexer(source, range: directive.argument, at: directive.argumentLocation, log: log)
        guard case .token(let token) = lexer.next(), token.kind != .invalid else { return nil }
        guard case .string(let string) = token.kind else {
            let found = token.kind == .endOfFile ? "the end of the line" : token.summary
            log.error(
                at: token.location, "found \(found) after '\(directive.spelling)', expected \(what)",
                hint: token.kind == .endOfFile ? nil : "the quotes are needed")
            return nil
        }
        guard case .token(var extra) = lexer.next() else { return nil }
        if extra.is(.semicolon), case .token(let behind) = lexer.next() { extra = behind }
        if extra.kind != .endOfFile, extra.kind != .invalid {
            log.error(
                at: extra.location,
                "found \(extra.summary) after the string of '\(directive.spelling)', expected the end of the line"
            )
            return nil
        }
        if isRaw { return (Self.raw(token.spelling), token.location) }
        guard let text = string.text, !text.utf8.contains(0) else {
            log.error(at: token.location, "found bytes that are not text in \(token.summary), expected UTF-8")
            return nil
        }
        return (text, token.location)
    }

    private static func raw(_ spelling: String) -> String {
        let inner = Array(spelling.utf8.dropFirst().dropLast())
        guard spelling.utf8.first == Byte.quote else { return String(decoding: inner, as: UTF8.self) }
        var bytes: [UInt8] = []
        var index = 0
        while index < inner.count {
            if inner[index] == Byte.backslash, index + 1 < inner.count {
                if inner[index + 1] != Byte.quote { bytes.append(Byte.backslash) }
                index += 1
            }
            bytes.append(inner[index])
            index += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
