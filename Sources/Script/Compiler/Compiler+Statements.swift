import Configuration

extension Compiler {
    /// Compiles statements in a row.
    ///
    /// - Parameter isTail: Whether the last of them is the last of the route, so that its code is the route's.
    mutating func compile(_ statements: [StatementSyntax], isTail: Bool) {
        for (index, statement) in statements.enumerated() {
            guard !problems.isFull else { return }
            compile(statement, isTail: isTail && index == statements.count - 1)
        }
        warnOfUnreachable(statements)
    }

    private mutating func warnOfUnreachable(_ statements: [StatementSyntax]) {
        for (statement, next) in zip(statements, statements.dropFirst()) {
            let word: String? =
                switch statement.kind {
                case .exit: "exit"
                case .drop: "drop"
                case .finish: "return"
                case .leave: "break"
                default: nil
                }
            guard let word else { continue }
            problems.warning(at: next.location, "found a statement behind '\(word)': it never runs", hint: "remove it")
            return
        }
    }

    private mutating func compile(_ statement: StatementSyntax, isTail: Bool) {
        let outer = recovery
        let end = label()
        recovery = end
        let mark = nextRegister
        defer {
            place(end)
            recovery = outer
            nextRegister = mark
        }
        let location = statement.location
        switch statement.kind {
        case .assign(let target, let value):
            assign(target, value, at: location)
            if isTail { emit(.setCode, b: 1, at: location) }
        case .call(let call):
            let result = register()
            if compile(call, into: result, asTruth: false, isStatement: true), isTail {
                emit(.setCode, b: 0, c: result + 1, at: location)
            }
        case .route(let call):
            let result = register()
            compile(call, into: result, asTruth: false)
            if isTail { emit(.setCode, b: 0, c: result + 1, at: location) }
        case .conditional(let branches, let otherwise):
            conditional(branches, otherwise, end: end, isTail: isTail, at: location)
        case .loop(let condition, let body):
            loop(condition, body, end: end, isTail: isTail, at: location)
        case .choice(let value, let cases):
            choice(value, cases, end: end, isTail: isTail, at: location)
        case .leave:
            emit(.setCode, b: 0, at: location)
            if let exit = exits.last {
                emit(.jump, exit, at: location)
            } else {
                emit(.finishWithCode, at: location)
            }
        case .finish(let value):
            finish(value, at: location)
        case .exit:
            emit(.exit, at: location)
        case .drop:
            emit(.drop, at: location)
        }
    }

    private mutating func finish(_ value: Expression?, at location: SourceLocation) {
        guard let value else {
            emit(.finish, constant(.integer(1)), at: location)
            return
        }
        let result = self.value(value)
        if result.type == .text {
            problems.error(
                at: value.location, "found text behind 'return', expected a number", hint: "write return without quotes")
        }
        emit(.finish, result.place, at: location)
    }

    private mutating func conditional(
        _ branches: [StatementSyntax.Branch], _ otherwise: [StatementSyntax]?, end: Label, isTail: Bool,
        at location: SourceLocation
    ) {
        for (index, branch) in branches.enumerated() {
            let next = label()
            recovery = next
            self.branch(branch.condition, to: next, when: false, positive: true)
            recovery = end
            compile(branch.body, isTail: isTail)
            if isTail, branch.body.isEmpty { emit(.setCode, b: 1, at: location) }
            let isLast = index == branches.count - 1 && otherwise == nil
            if !isLast || isTail { emit(.jump, end, at: location) }
            place(next)
        }
        compile(otherwise ?? [], isTail: isTail)
        if isTail, otherwise?.isEmpty ?? true { emit(.setCode, b: 1, at: location) }
    }

    private mutating func loop(
        _ condition: Expression, _ body: [StatementSyntax], end: Label, isTail: Bool, at location: SourceLocation
    ) {
        let counter = register()
        let top = label()
        let test = label()
        if isTail { emit(.setCode, b: 1, at: location) }
        emit(.clear, counter, at: location)
        emit(.jump, test, at: location)
        place(top)
        emit(.turn, end, b: counter, at: location)
        exits.append(end)
        compile(body, isTail: isTail)
        exits.removeLast()
        place(test)
        branch(condition, to: top, when: true, positive: false)
        if let last = code.last, last.operation == .jumpIfLess, last.a == top {
            code[code.count - 1].operation = .turnIfLess
        }
    }

    private mutating func choice(
        _ value: Expression, _ cases: [StatementSyntax.Case], end: Label, isTail: Bool, at location: SourceLocation
    ) {
        checkLabels(of: cases)
        let operand = self.value(value)
        var subject = operand.place
        if subject < 0 {
            // The cases may change the variable.
            subject = register()
            emit(.move, subject, b: operand.place, at: location)
        }
        if isTail { emit(.setCode, b: 1, at: location) }
        var entries: [Label] = []
        var fallback = end
        for item in cases {
            let entry = label()
            entries.append(entry)
            switch item.label {
            case .integer(let number):
                emit(.caseInteger, entry, b: subject, c: constant(.integer(number)), at: item.location)
            case .text(let text):
                emit(.caseText, entry, b: subject, c: constant(.text(text)), at: item.location)
            case .pattern(let bytes):
                if let number = pattern(bytes, at: item.location) {
                    emit(.casePattern, entry, b: subject, c: number, at: item.location)
                }
            case .otherwise:
                fallback = entry
            }
        }
        emit(.jump, fallback, at: location)
        exits.append(end)
        for (index, (item, entry)) in zip(cases, entries).enumerated() {
            place(entry)
            compile(item.body, isTail: isTail && index == cases.count - 1)
        }
        exits.removeLast()
    }

    private mutating func checkLabels(of cases: [StatementSyntax.Case]) {
        var seen: [ScriptValue: SourceLocation] = [:]
        var first: StatementSyntax.Case?
        var fallback: SourceLocation?
        for item in cases {
            let value: ScriptValue
            switch item.label {
            case .otherwise:
                if let fallback {
                    problems.error(at: item.location, "found a second 'default' in a switch, expected one")
                    problems.note(at: fallback, "the first one is here")
                }
                fallback = item.location
                continue
            case .integer(let number): value = .integer(number)
            case .text(let text): value = .text(text)
            case .pattern: value = .null
            }
            if case .integer = value {
                if let first, case .integer = first.label {} else if let first { mixed(item, first) }
            } else if let first, case .integer = first.label {
                mixed(item, first)
            }
            first = first ?? item
            guard !value.isNull else { continue }
            if let location = seen[value] {
                problems.warning(at: item.location, "found a second case \(value): it is never reached")
                problems.note(at: location, "the first one is here")
            }
            seen[value] = item.location
        }
    }

    private mutating func mixed(_ item: StatementSyntax.Case, _ first: StatementSyntax.Case) {
        problems.error(
            at: item.location, "found cases of numbers and of text in one switch, expected one kind",
            hint: "put the numbers in quotes")
        problems.note(at: first.location, "the first case is here")
    }

    // MARK: - Assignment

    private mutating func assign(_ target: TextSyntax, _ value: Expression, at location: SourceLocation) {
        guard let site = site(target) else {
            _ = self.value(value)
            return
        }
        guard site.isWritable else {
            problems.error(
                at: target.location,
                "found \(site.spelling) on the left of '=', expected a pseudo-variable that can be written",
                hint: site.transformations.isEmpty
                    ? "it is read-only" : "a transformation gives a value, not a variable: leave it out")
            _ = self.value(value)
            return
        }
        if case .worker(let place, let isNullable) = site.storage {
            switch value {
            case .chain, .unary, .call, .route:
                // These give a value that is not null as their last step, and may write it in place.
                let result = self.value(value, into: place, asTruth: false)
                if result.place != place { emit(.move, place, b: result.place, at: location) }
            case .variable:
                let mark = variables.count
                let result = self.value(value, into: place)
                if variables.count > mark, result.place == place {
                    // It is read right into the variable.
                    if !isNullable { code[code.count - 1].operation = .getNotNull }
                } else {
                    emit(result.type != .unknown || isNullable ? .move : .moveNotNull, place, b: result.place, at: location)
                }
            default:
                let result = self.value(value)
                let isSure = result.type != .unknown || isNullable
                emit(isSure ? .move : .moveNotNull, place, b: result.place, at: location)
            }
            return
        }
        let result = self.value(value, asTruth: false)
        variables.append(site)
        emit(.set, Int32(variables.count - 1), b: result.place, at: location)
    }
}
