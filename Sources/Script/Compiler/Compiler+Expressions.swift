import Configuration

extension Compiler {
    /// Compiles an expression.
    ///
    /// - Parameters:
    ///   - target: Where the value should go; only the last step writes there, and a value that exists already stays
    ///     where it is.
    ///   - asTruth: Whether a call counts as 1 or 0 instead of its code.
    mutating func value(_ expression: Expression, into target: Place? = nil, asTruth: Bool = true) -> Operand {
        switch expression {
        case .integer(let number, _): return operand(.integer(number))
        case .text(let text): return operand(.text(text.bytes))
        case .variable(let text): return read(text, into: target)
        case .call(let call):
            let result = target ?? register()
            _ = compile(call, into: result, asTruth: asTruth, isStatement: false)
            return Operand(place: result, type: .integer)
        case .route(let call):
            let result = target ?? register()
            compile(call, into: result, asTruth: asTruth)
            return Operand(place: result, type: .integer)
        case .unary(let operation, let location, let inner):
            return unary(operation, inner, into: target, at: location)
        case .select(let location, let condition, let first, let second):
            return select(condition, first, second, into: target, at: location)
        case .chain(let first, let operations):
            if let operation = operations.first?.operation, operation == .or || operation == .and {
                return logical(expression, into: target)
            }
            var left = value(first)
            for (index, step) in operations.enumerated() {
                let isLast = index == operations.count - 1
                left = binary(left, step, before: first, into: isLast ? target : nil)
            }
            return left
        }
    }

    /// Compiles an expression whose call, if it is one, gives its code: the right side of an assignment.
    private mutating func read(_ text: TextSyntax, into target: Place?) -> Operand {
        guard let site = site(text) else { return operand(.null) }
        if site.transformations.isEmpty {
            switch site.storage {
            case .worker(let place, _): return Operand(place: place, type: .unknown)
            case .null: return operand(.null)
            case .constant: return operand(site.constant)
            default: break
            }
        }
        let result = target ?? register()
        variables.append(site)
        emit(.get, result, b: Int32(variables.count - 1), at: text.location)
        return Operand(place: result, type: .unknown)
    }

    // MARK: - Operators

    private mutating func unary(
        _ operation: UnaryOperator, _ inner: Expression, into target: Place?, at location: SourceLocation
    ) -> Operand {
        if operation == .not {
            return truth(.unary(.not, location, inner), into: target)
        }
        let operand = value(inner)
        let code: Instruction.Operation
        let word: String
        switch operation {
        case .negate: (code, word) = (.negate, "-")
        case .complement: (code, word) = (.complement, "~")
        case .defined: (code, word) = (.isDefined, "defined")
        case .integer: (code, word) = (.toInteger, "(int)")
        case .text: (code, word) = (.toText, "(str)")
        case .length: (code, word) = (.length, "strlen")
        case .isEmpty: (code, word) = (.isEmpty, "strempty")
        case .not: (code, word) = (.not, "!")
        }
        switch operation {
        case .negate, .complement:
            wantNumber(operand, inner, "behind '\(word)'")
        case .length, .isEmpty:
            if operand.type == .integer {
                problems.error(
                    at: inner.location, "found a number in \(word), expected text", hint: "write (str) before the number")
            }
        default: break
        }
        if let constant = operand.constant {
            do throws(ScriptError) {
                return self.operand(try Operations.unary(code, constant))
            } catch {
                problems.error(error, at: location)
                return self.operand(.null)
            }
        }
        let result = target ?? (operand.place >= 0 ? operand.place : register())
        emit(code, result, b: operand.place, at: location)
        return Operand(place: result, type: operation == .text ? .text : .integer)
    }

    private mutating func binary(
        _ first: Operand, _ step: Expression.Operation, before: Expression, into target: Place?
    ) -> Operand {
        var left = first
        let location = step.location
        if left.place < 0, left.constant == nil, step.operand.callsSomething {
            // What is called may change the variable, whose value counts as it is before.
            let copy = register()
            emit(.move, copy, b: left.place, at: location)
            left.place = copy
        }
        if step.operation == .match || step.operation == .noMatch {
            return match(left, step, into: target)
        }
        let right = value(step.operand)
        if isNullLiteral(step.operand), step.operation == .equal || step.operation == .notEqual {
            return testNull(left, isEqual: step.operation == .equal, into: target, at: location)
        }
        check(step, left, right, before)
        let code = Self.instruction(step.operation)
        if let one = left.constant, let other = right.constant {
            if one.isNull, step.operation == .equal || step.operation == .notEqual {
                return operand(.integer(other.isNull == (step.operation == .equal) ? 1 : 0))
            }
            do throws(ScriptError) {
                return operand(try Operations.binary(code, one, other))
            } catch {
                problems.error(error, at: location)
                return operand(.null)
            }
        }
        let result = target ?? (left.place >= 0 ? left.place : register())
        emit(code, result, b: left.place, c: right.place, at: location)
        guard step.operation == .add else { return Operand(place: result, type: .integer) }
        return Operand(place: result, type: left.type)
    }

    /// `== $null` asks whether there is a value.
    private mutating func testNull(
        _ operand: Operand, isEqual: Bool, into target: Place?, at location: SourceLocation
    ) -> Operand {
        if let constant = operand.constant { return self.operand(.integer(constant.isNull == isEqual ? 1 : 0)) }
        let result = target ?? (operand.place >= 0 ? operand.place : register())
        emit(isEqual ? .isNull : .isDefined, result, b: operand.place, at: location)
        return Operand(place: result, type: .integer)
    }

    private mutating func match(_ left: Operand, _ step: Expression.Operation, into target: Place?) -> Operand {
        let location = step.location
        let isPositive = step.operation == .match
        if left.type == .integer {
            problems.error(
                at: location, "found a number before '\(step.operation.spelling)', expected text",
                hint: "write (str) before the number")
        }
        if case .text(let text) = step.operand {
            let result = target ?? register()
            guard let number = pattern(text.bytes, at: text.location) else { return Operand(place: result, type: .integer) }
            emit(isPositive ? .matchKnown : .noMatchKnown, result, b: left.place, c: number, at: location)
            return Operand(place: result, type: .integer)
        }
        let right = value(step.operand)
        if right.type == .integer {
            problems.error(
                at: step.operand.location, "found a number behind '\(step.operation.spelling)', expected a pattern",
                hint: "put the pattern into quotes")
        }
        let result = target ?? register()
        emit(isPositive ? .match : .noMatch, result, b: left.place, c: right.place, at: location)
        return Operand(place: result, type: .integer)
    }

    /// Reports operands of a kind that the operator does not take.
    private mutating func check(
        _ step: Expression.Operation, _ left: Operand, _ right: Operand, _ before: Expression
    ) {
        let sign = "'\(step.operation.spelling)'"
        switch step.operation {
        case .add, .equal, .notEqual:
            guard left.type == .integer, right.type == .text else { return }
            problems.error(
                at: step.operand.location, "found text behind \(sign), expected a number as before it",
                hint: "the left side decides: write (str) before the number, or (int) before the text")
        case .textEqual, .textNotEqual:
            for (operand, location) in [(left, before.location), (right, step.operand.location)]
            where operand.type == .integer {
                problems.error(
                    at: location, "found a number beside \(sign), which compares text, expected text",
                    hint: "write \(step.operation == .textEqual ? "'ieq' or '=='" : "'ine' or '!='")")
            }
        case .match, .noMatch: break
        default:
            wantNumber(left, before, "before \(sign)")
            wantNumber(right, step.operand, "behind \(sign)")
        }
    }

    private mutating func wantNumber(_ operand: Operand, _ expression: Expression, _ place: String) {
        guard operand.type == .text else { return }
        problems.error(
            at: expression.location, "found text \(place), expected a number",
            hint: "write the number without quotes, or (int) before the text")
    }

    private mutating func select(
        _ condition: Expression, _ first: Expression, _ second: Expression, into target: Place?,
        at location: SourceLocation
    ) -> Operand {
        let result = register()
        let other = label()
        let end = label()
        branch(condition, to: other, when: false, positive: true)
        let yes = value(first, into: result)
        if yes.place != result { emit(.move, result, b: yes.place, at: location) }
        emit(.jump, end, at: location)
        place(other)
        let no = value(second, into: result)
        if no.place != result { emit(.move, result, b: no.place, at: location) }
        place(end)
        return Operand(place: result, type: yes.type == no.type ? yes.type : .unknown)
    }

    // MARK: - Truth

    /// `&&` and `||`: 1 or 0.
    private mutating func logical(_ expression: Expression, into target: Place?) -> Operand {
        truth(expression, into: target)
    }

    /// The truth of a condition as 1 or 0.
    private mutating func truth(_ expression: Expression, into target: Place?) -> Operand {
        let result = register()
        let location = expression.location
        let isFalse = label()
        let end = label()
        branch(expression, to: isFalse, when: false, positive: false)
        emit(.move, result, b: constant(.integer(1)), at: location)
        emit(.jump, end, at: location)
        place(isFalse)
        emit(.move, result, b: constant(.integer(0)), at: location)
        place(end)
        return Operand(place: result, type: .integer)
    }

    /// Goes to a label when an expression is true, or when it is false.
    ///
    /// - Parameter positive: Whether true is above 0 (`if`); otherwise anything but 0 is (`while`, `&&`, `!`).
    mutating func branch(_ expression: Expression, to label: Label, when truth: Bool, positive: Bool) {
        switch expression {
        case .unary(.not, _, let inner):
            return branch(inner, to: label, when: !truth, positive: false)
        case .chain(let first, let operations):
            guard let last = operations.last else { break }
            switch last.operation {
            case .and, .or:
                return branchLogical([first] + operations.map(\.operand), last, to: label, when: truth)
            case .less, .greater, .lessOrEqual, .greaterOrEqual, .equal, .notEqual:
                if let jump = Self.jump(last.operation, when: truth), !isNullLiteral(last.operand) {
                    return branchComparison(first, operations, jump, to: label)
                }
            default: break
            }
        default: break
        }
        let operand = value(expression)
        if operand.type == .text, operand.constant != nil, operand.constant?.exactInteger == nil {
            problems.warning(
                at: expression.location, "found text as a condition: it is never true", hint: "compare it with something")
        }
        if let constant = operand.constant {
            let isTrue = positive ? constant.integerValue > 0 : constant.integerValue != 0
            if isTrue == truth { emit(.jump, label, at: expression.location) }
            return
        }
        let jump: Instruction.Operation =
            positive ? (truth ? .jumpIfPositive : .jumpUnlessPositive) : (truth ? .jumpIfTrue : .jumpUnlessTrue)
        emit(jump, label, b: operand.place, at: expression.location)
    }

    private mutating func branchLogical(
        _ operands: [Expression], _ last: Expression.Operation, to label: Label, when truth: Bool
    ) {
        if let text = operands.first(where: \.isText) {
            problems.error(
                at: text.location, "found text beside '\(last.operation.spelling)', expected a number",
                hint: "compare the text with something")
            return
        }
        let decides = last.operation == .or
        if decides == truth {
            for operand in operands { branch(operand, to: label, when: truth, positive: false) }
            return
        }
        let skip = self.label()
        for operand in operands.dropLast() { branch(operand, to: skip, when: decides, positive: false) }
        if let final = operands.last { branch(final, to: label, when: truth, positive: false) }
        place(skip)
    }

    private mutating func branchComparison(
        _ first: Expression, _ operations: [Expression.Operation], _ jump: Instruction.Operation, to label: Label
    ) {
        var left = value(first)
        for step in operations.dropLast() { left = binary(left, step, before: first, into: nil) }
        guard let last = operations.last else { return }
        if left.place < 0, left.constant == nil, last.operand.callsSomething {
            let copy = register()
            emit(.move, copy, b: left.place, at: last.location)
            left.place = copy
        }
        let right = value(last.operand)
        check(last, left, right, first)
        emit(jump, label, b: left.place, c: right.place, at: last.location)
    }

    private func isNullLiteral(_ expression: Expression) -> Bool {
        guard case .variable(let text) = expression else { return false }
        return text.bytes.elementsEqual("$null".utf8) || text.bytes.elementsEqual("$(null)".utf8)
    }

    private static func jump(_ operation: BinaryOperator, when truth: Bool) -> Instruction.Operation? {
        switch operation {
        case .less: truth ? .jumpIfLess : .jumpIfGreaterOrEqual
        case .greater: truth ? .jumpIfGreater : .jumpIfLessOrEqual
        case .lessOrEqual: truth ? .jumpIfLessOrEqual : .jumpIfGreater
        case .greaterOrEqual: truth ? .jumpIfGreaterOrEqual : .jumpIfLess
        case .equal: truth ? .jumpIfEqual : .jumpIfNotEqual
        case .notEqual: truth ? .jumpIfNotEqual : .jumpIfEqual
        default: nil
        }
    }

    private static func instruction(_ operation: BinaryOperator) -> Instruction.Operation {
        switch operation {
        case .bitOr: .bitOr
        case .bitAnd: .bitAnd
        case .bitXor: .bitXor
        case .shiftLeft: .shiftLeft
        case .shiftRight: .shiftRight
        case .equal: .equal
        case .notEqual: .notEqual
        case .match, .and, .or: .match
        case .noMatch: .noMatch
        case .textEqual: .textEqual
        case .textNotEqual: .textNotEqual
        case .integerEqual: .integerEqual
        case .integerNotEqual: .integerNotEqual
        case .less: .less
        case .greater: .greater
        case .lessOrEqual: .lessOrEqual
        case .greaterOrEqual: .greaterOrEqual
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .remainder: .remainder
        }
    }
}

extension Expression {
    /// Whether it is a string as written.
    var isText: Bool {
        if case .text = self { return true }
        return false
    }

    /// Whether a function or a route is called in it.
    var callsSomething: Bool {
        switch self {
        case .integer, .text, .variable: false
        case .call, .route: true
        case .unary(_, _, let inner): inner.callsSomething
        case .select(_, let one, let two, let three):
            one.callsSomething || two.callsSomething || three.callsSomething
        case .chain(let first, let operations):
            first.callsSomething || operations.contains { $0.operand.callsSomething }
        }
    }
}
