// What operators give for any two values. The compiler folds constants with them, and the evaluator comes here when
// values are not both numbers.

/// Operators on values of all kinds.
enum Operations {
    /// Longest text that joining makes, in bytes: a loop that joins a text to itself would take all memory otherwise.
    static let longestText = 1 << 20

    /// Called with a text that was taken as a number and is none.
    typealias Complaint = (_ text: [UInt8]) -> Void

    /// The value of an operator with one operand.
    static func unary(
        _ operation: Instruction.Operation, _ value: ScriptValue, complain: Complaint = { _ in }
    ) throws(ScriptError) -> ScriptValue {
        switch operation {
        case .negate:
            let (result, overflow) = (0 as Int64).subtractingReportingOverflow(number(value, complain))
            guard !overflow else { throw tooLarge("-", value, nil) }
            return .integer(result)
        case .complement: return .integer(~number(value, complain))
        case .not: return .integer(number(value, complain) == 0 ? 1 : 0)
        case .truth: return .integer(number(value, complain) != 0 ? 1 : 0)
        case .toInteger: return .integer(number(value, complain))
        case .toText: return .text(value.textValue)
        case .length:
            if case .text(let text) = value { return .integer(Int64(text.count)) }
            return .integer(Int64(value.textValue.count))
        case .isEmpty:
            if case .text(let text) = value { return .integer(text.isEmpty ? 1 : 0) }
            return .integer(value.isNull ? 1 : 0)
        case .isNull: return .integer(value.isNull ? 1 : 0)
        default: return .integer(value.isNull ? 0 : 1)
        }
    }

    /// The value of an operator with two operands.
    static func binary(
        _ operation: Instruction.Operation, _ left: ScriptValue, _ right: ScriptValue, complain: Complaint = { _ in }
    ) throws(ScriptError) -> ScriptValue {
        switch operation {
        case .add: return try add(left, right, complain)
        case .equal, .jumpIfEqual: return .integer(equal(left, right, complain) ? 1 : 0)
        case .notEqual, .jumpIfNotEqual: return .integer(equal(left, right, complain) ? 0 : 1)
        case .textEqual: return .integer(sameText(left, right) ? 1 : 0)
        case .textNotEqual: return .integer(sameText(left, right) ? 0 : 1)
        default: break
        }
        let first = number(left, complain)
        let second = number(right, complain)
        switch operation {
        case .subtract:
            let (result, overflow) = first.subtractingReportingOverflow(second)
            guard !overflow else { throw tooLarge("-", left, right) }
            return .integer(result)
        case .multiply:
            let (result, overflow) = first.multipliedReportingOverflow(by: second)
            guard !overflow else { throw tooLarge("*", left, right) }
            return .integer(result)
        case .divide, .remainder: return .integer(try divide(first, second, operation))
        case .bitAnd: return .integer(first & second)
        case .bitOr: return .integer(first | second)
        case .bitXor: return .integer(first ^ second)
        case .shiftLeft, .shiftRight: return .integer(try shift(first, second, operation))
        case .less, .jumpIfLess: return .integer(first < second ? 1 : 0)
        case .greater, .jumpIfGreater: return .integer(first > second ? 1 : 0)
        case .lessOrEqual, .jumpIfLessOrEqual: return .integer(first <= second ? 1 : 0)
        case .greaterOrEqual, .jumpIfGreaterOrEqual: return .integer(first >= second ? 1 : 0)
        case .integerNotEqual: return .integer(first != second ? 1 : 0)
        default: return .integer(first == second ? 1 : 0)
        }
    }

    /// The left side decides: a number adds, text joins; null takes the kind of the right side.
    static func add(
        _ left: ScriptValue, _ right: ScriptValue, _ complain: Complaint
    ) throws(ScriptError) -> ScriptValue {
        switch (left, right) {
        case (.integer(let first), _):
            let (sum, overflow) = first.addingReportingOverflow(number(right, complain))
            guard !overflow else { throw tooLarge("+", left, right) }
            return .integer(sum)
        case (.null, .integer): return right
        case (.null, .null): return .text([])
        case (.null, .text): return right
        case (.text(var text), _):
            right.append(to: &text)
            guard text.count <= longestText else { throw tooLong(text.count) }
            return .text(text)
        }
    }

    static func tooLong(_ count: Int) -> ScriptError {
        ScriptError("found a text of \(count) bytes behind '+', expected at most \(longestText)")
    }

    /// The left side decides: a number compares numbers, text compares text; null takes the kind of the right side.
    static func equal(_ left: ScriptValue, _ right: ScriptValue, _ complain: Complaint) -> Bool {
        switch (left, right) {
        case (.integer(let first), _): first == number(right, complain)
        case (.text(let first), .text(let second)): first == second
        case (.text(let first), _): first == right.textValue
        case (.null, .integer(let second)): second == 0
        case (.null, .text(let second)): second.isEmpty
        case (.null, .null): true
        }
    }

    private static func sameText(_ left: ScriptValue, _ right: ScriptValue) -> Bool {
        if case .text(let first) = left, case .text(let second) = right { return first == second }
        return left.textValue == right.textValue
    }

    /// A value as a number; text that is none is 0.
    static func number(_ value: ScriptValue, _ complain: Complaint) -> Int64 {
        switch value {
        case .null: return 0
        case .integer(let number): return number
        case .text(let text):
            if let number = ScriptValue.integer(in: text) { return number }
            if !text.isEmpty { complain(text) }
            return 0
        }
    }

    static func divide(
        _ first: Int64, _ second: Int64, _ operation: Instruction.Operation
    ) throws(ScriptError) -> Int64 {
        guard second != 0 else {
            throw ScriptError(operation == .divide ? "found a division by zero" : "found 'mod' by zero")
        }
        let (result, overflow) =
            operation == .divide
            ? first.dividedReportingOverflow(by: second) : first.remainderReportingOverflow(dividingBy: second)
        // The remainder by -1 is 0 although its quotient may be out of range.
        guard !overflow || operation == .remainder else { throw tooLarge("/", .integer(first), .integer(second)) }
        return overflow ? 0 : result
    }

    static func shift(
        _ first: Int64, _ second: Int64, _ operation: Instruction.Operation
    ) throws(ScriptError) -> Int64 {
        guard (0...63).contains(second) else {
            throw ScriptError("found a shift by \(second) bits, expected 0 to 63")
        }
        return operation == .shiftLeft ? first << second : first >> second
    }

    static func tooLarge(_ sign: String, _ left: ScriptValue, _ right: ScriptValue?) -> ScriptError {
        let expression = right.map { "\(left) \(sign) \($0)" } ?? "\(sign)(\(left))"
        return ScriptError("found an overflow: \(expression) does not fit in 64 bits")
    }
}
