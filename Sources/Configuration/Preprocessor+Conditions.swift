// #!ifdef, #!ifndef, #!else and #!endif. A conditional part begins and ends in the same file.

/// A conditional part that is open.
struct Condition {
    /// The directive that opened it, as it was written: `#!ifdef`.
    let spelling: String
    let location: SourceLocation
    /// Whether the part at hand is read.
    var isActive: Bool
    /// Where its `#!else` is, if one came.
    var elseLocation: SourceLocation?
}

extension Preprocessor {
    /// Obeys a conditional directive, and passes over the part that it leaves out.
    mutating func obey(_ directive: Directive, conditions: inout [Condition], lexer: inout Lexer) {
        apply(directive, to: &conditions, lexer: lexer)
        var skippedDepth = 0
        while let condition = conditions.last, !condition.isActive {
            guard let next = lexer.nextConditional() else { return }
            // Conditions within a part that is left out only count, so that their ends are told apart.
            switch next.name {
            case .ifdef, .ifndef: skippedDepth += 1
            case .endif where skippedDepth > 0: skippedDepth -= 1
            case .else where skippedDepth > 0: break
            default: apply(next, to: &conditions, lexer: lexer)
            }
        }
    }

    private func apply(_ directive: Directive, to conditions: inout [Condition], lexer: Lexer) {
        switch directive.name {
        case .else:
            guard let condition = conditions.last else {
                return log.error(
                    at: directive.location, "found '#!else' without '#!ifdef' or '#!ifndef' before it")
            }
            if let first = condition.elseLocation {
                log.error(at: directive.location, "found a second '#!else', expected '#!endif'")
                return log.note(at: first, "the first '#!else' is here")
            }
            conditions[conditions.count - 1].isActive.toggle()
            conditions[conditions.count - 1].elseLocation = directive.location
        case .endif:
            guard conditions.popLast() != nil else {
                return log.error(
                    at: directive.location, "found '#!endif' without '#!ifdef' or '#!ifndef' before it")
            }
        default:
            let name = conditionName(directive, lexer: lexer)
            let isDefined = name.map { defines[$0] != nil } ?? false
            conditions.append(
                Condition(
                    spelling: "'\(directive.spelling)'", location: directive.location,
                    isActive: isDefined == (directive.name == .ifdef)))
        }
    }

    /// The one name behind #!ifdef or #!ifndef, nil (and an error) for anything else.
    private func conditionName(_ directive: Directive, lexer: Lexer) -> String? {
        var inner = Lexer(lexer.source, range: directive.argument, at: directive.argumentLocation, log: log)
        guard case .token(let token) = inner.next() else { return nil }
        guard case .identifier(let name) = token.kind else {
            if token.kind != .invalid {
                let found = token.kind == .endOfFile ? "the end of the line" : token.summary
                log.error(at: token.location, "found \(found) after '\(directive.spelling)', expected a name")
            }
            return nil
        }
        if case .token(let extra) = inner.next(), extra.kind != .endOfFile, extra.kind != .invalid {
            log.error(
                at: extra.location,
                "found \(extra.summary) after '\(directive.spelling) \(name)', expected the end of the line",
                hint: "one directive asks for one name: nest several")
        }
        return name
    }
}
