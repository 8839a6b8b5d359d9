// The statements about modules: mpath, loadmodule, modparam.

extension Parser {
    /// `mpath "d1:d2"` or `loadpath = "d1:d2"`.
    mutating func modulePath() throws(Abandoned) -> Statement {
        let keyword = current
        advance()
        _ = take(.assign)
        let hint = "write \(keyword.spelling) \"/usr/lib/modhost/modules\""
        let (text, token) = try string("directories in quotes, separated by ':'", hint: hint)
        let directories = Self.directories(in: text, token)
        guard !directories.isEmpty else {
            throw error(
                at: token, "found no directory in \(token.summary), expected one or more separated by ':'")
        }
        endStatement(keyword.spelling)
        return .modulePath(ModulePath(location: keyword.location, directories: directories))
    }

    /// The parts between the colons, each at its own place where the string stands in the file as it is.
    private static func directories(in text: String, _ token: Token) -> [LocatedString] {
        let isLiteral = token.expansion == nil && token.spelling.dropFirst().dropLast() == text[...]
        var directories: [LocatedString] = []
        var offset = 1
        for part in text.split(separator: ":", omittingEmptySubsequences: false) {
            var location = token.location
            if isLiteral, !text.contains("\n") { location.column += offset }
            if !part.isEmpty { directories.append(LocatedString(String(part), at: location)) }
            offset += part.unicodeScalars.count + 1
        }
        return directories
    }

    /// `loadmodule "name"`, `loadmodule("name")`, with or without `optional`.
    mutating func loadModule(expanding: Bool) throws(Abandoned) -> Statement {
        let keyword = current
        advance()
        let opening = current
        let hasParenthesis = take(.leftParenthesis)
        let word = beginsStatement(at: 0) ? nil : bareWord()
        let hint = word.map { "write \(keyword.spelling) \"\($0)\"" }
        let (text, token) = try string("the module's name in quotes", hint: hint, expanding: expanding)
        guard !text.isEmpty else {
            throw error(at: token, "found an empty module name, expected a name such as \"flatstore.so\"")
        }
        if hasParenthesis { try close(opening) }
        let isOptional = !current.startsLine && current.isWord("optional")
        if isOptional {
            advance()
        } else if !current.startsLine, case .identifier(let word) = current.kind, !beginsStatement(at: 0),
            nearestName(to: word, in: ["optional"]) != nil
        {
            throw error(
                at: current,
                "found '\(word)' after the module's name, expected 'optional' or the end of the line",
                hint: "did you mean optional?")
        }
        endStatement(keyword.spelling)
        return .loadModule(
            LoadModule(
                location: keyword.location, module: LocatedString(text, at: token.location),
                isOptional: isOptional))
    }

    /// `modparam("module", "name", value)`.
    mutating func moduleParameter(expanding: Bool) throws(Abandoned) -> Statement {
        let keyword = current
        advance()
        let opening = current
        let form = "\(keyword.spelling)(\"module\", \"name\", value)"
        guard take(.leftParenthesis) else { throw unexpected("'('", hint: "write \(form)") }
        let (module, moduleToken) = try string("the module's name in quotes", hint: "write \(form)")
        let pattern = try modulePattern(module, moduleToken)
        guard take(.comma) else { throw unexpected("',' after the module's name", hint: "write \(form)") }
        let (name, nameToken) = try string("the parameter's name in quotes", hint: "write \(form)")
        guard !name.isEmpty else {
            throw error(at: nameToken, "found an empty parameter name, expected a name")
        }
        guard take(.comma) else {
            throw unexpected("',' and a value after the parameter's name", hint: "write \(form)")
        }
        let value = try parameterValue(expanding: expanding)
        try close(opening)
        endStatement(keyword.spelling)
        return .moduleParameter(
            ModuleParameter(
                location: keyword.location, modules: pattern,
                name: LocatedString(name, at: nameToken.location),
                value: value))
    }

    private func modulePattern(_ text: String, _ token: Token) throws(Abandoned) -> ModulePattern {
        guard !text.isEmpty else {
            throw error(at: token, "found an empty module name, expected a name such as \"flatstore\"")
        }
        do {
            return try ModulePattern(text, at: token.location)
        } catch {
            throw self.error(
                at: token, "found a bad regular expression \(token.summary.dropFirst(11)): \(error.reason)",
                hint: "alternatives are written \"acc|flatstore\"")
        }
    }

    /// The value of a modparam: one token, or a sign and a number.
    private mutating func parameterValue(expanding: Bool) throws(Abandoned) -> Value {
        let expected = "a string, a number or a boolean"
        switch current.kind {
        case .variable:
            let hint =
                "modparamx resolves $env(NAME) and $def(NAME) in a string; other variables are for routes"
            throw unexpected(expected, hint: hint)
        case .identifier(let word) where Value.boolean(word) == nil && !beginsStatement(at: 0):
            throw unexpected(expected, hint: "put the word into quotes, or define it with #!define before")
        default: break
        }
        let parts = wordParts()
        guard let first = parts.first else { throw unexpected(expected) }
        var value = try self.value(of: parts)
        if case .word(let word) = value.content {
            guard parts.count == 1, case .quantity = first.kind else {
                throw error(
                    at: first, "found the word '\(word)', expected \(expected)", hint: "put it into quotes")
            }
        }
        if expanding, case .string(let text) = value.content {
            do {
                value.content = .string(ByteString(bytes: try self.text.resolve(text.bytes)))
            } catch {
                throw self.error(at: first, error.message, hint: error.hint)
            }
        }
        index += parts.count
        return value
    }

    // MARK: - Parts

    /// The text of the string at hand, which must be UTF-8 and hold no NUL.
    private mutating func string(
        _ expected: String, hint: String? = nil, expanding: Bool = false
    ) throws(Abandoned) -> (String, Token) {
        let token = current
        guard case .string(var content) = token.kind else { throw unexpected(expected, hint: hint) }
        if expanding {
            do {
                content.bytes = try text.resolve(content.bytes)
            } catch {
                throw self.error(at: token, error.message, hint: error.hint)
            }
        }
        guard let text = content.text, !text.utf8.contains(0) else {
            throw error(
                at: token, "found bytes that are not text in \(token.summary), expected UTF-8 without NUL")
        }
        advance()
        return (text, token)
    }

    /// Passes the parenthesis that closes `opening`.
    private mutating func close(_ opening: Token) throws(Abandoned) {
        guard take(.rightParenthesis) else {
            let place = "\(opening.location.line):\(opening.location.column)"
            throw unexpected("')' for the '(' at \(place)")
        }
    }
}
