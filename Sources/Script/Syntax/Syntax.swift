// The tree that the parser makes of a route's tokens: what is written, with its places, and nothing about what the
// names in it mean.

import Configuration

/// A part of an expression.
indirect enum Expression {
    /// A number.
    case integer(Int64, SourceLocation)
    /// A string, no pseudo-variable in it expanded.
    case text(TextSyntax)
    /// A pseudo-variable.
    case variable(TextSyntax)
    /// A function's call.
    case call(CallSyntax)
    /// A route's call.
    case route(RouteCallSyntax)
    /// An operator with one operand.
    case unary(UnaryOperator, SourceLocation, Expression)
    /// Operators of one precedence, from left to right.
    case chain(Expression, [Operation])
    /// `selval(condition, value, other)`
    case select(SourceLocation, Expression, Expression, Expression)

    /// An operator and the operand on its right.
    struct Operation {
        var operation: BinaryOperator
        var location: SourceLocation
        var operand: Expression
    }

    /// Where it begins.
    var location: SourceLocation {
        switch self {
        case .integer(_, let location), .unary(_, let location, _), .select(let location, _, _, _): location
        case .text(let text), .variable(let text): text.location
        case .call(let call): call.name.location
        case .route(let call): call.location
        case .chain(let first, _): first.location
        }
    }
}

/// Bytes with the place that they come from.
struct TextSyntax {
    var bytes: [UInt8]
    var location: SourceLocation
    /// How many characters stand between `location` and the first byte; nil where bytes and source differ (escapes,
    /// joined strings, a define's text), so that places within cannot be told.
    var lead: Int?

    /// The place of the byte at `offset`.
    func location(of offset: Int) -> SourceLocation {
        guard let lead, offset > 0 || lead > 0 else { return location }
        let before = bytes.prefix(offset)
        guard !before.contains(UInt8(ascii: "\n")) else { return location }
        var location = location
        location.column += lead + before.count { $0 & 0xC0 != 0x80 }
        return location
    }

    /// The bytes from `offset` on as a text of their own.
    func part(_ range: Range<Int>) -> TextSyntax {
        TextSyntax(bytes: Array(bytes[range]), location: location(of: range.lowerBound), lead: lead == nil ? nil : 0)
    }
}

/// A function's call as written.
struct CallSyntax {
    var name: LocatedString
    var arguments: [Expression]
}

/// `route(NAME)` as written.
struct RouteCallSyntax {
    enum Target {
        case name(LocatedString)
        case variable(TextSyntax)
    }

    var target: Target
    var location: SourceLocation
}

enum UnaryOperator {
    case negate
    case complement
    case not
    case defined
    case integer
    case text
    case length
    case isEmpty
}

enum BinaryOperator {
    case or, and
    case bitOr, bitAnd, bitXor
    case shiftLeft, shiftRight
    case equal, notEqual, match, noMatch
    case textEqual, textNotEqual, integerEqual, integerNotEqual
    case less, greater, lessOrEqual, greaterOrEqual
    case add, subtract
    case multiply, divide, remainder

    /// How it is written.
    var spelling: String {
        switch self {
        case .or: "||"
        case .and: "&&"
        case .bitOr: "|"
        case .bitAnd: "&"
        case .bitXor: "^"
        case .shiftLeft: "<<"
        case .shiftRight: ">>"
        case .equal: "=="
        case .notEqual: "!="
        case .match: "=~"
        case .noMatch: "!~"
        case .textEqual: "eq"
        case .textNotEqual: "ne"
        case .integerEqual: "ieq"
        case .integerNotEqual: "ine"
        case .less: "<"
        case .greater: ">"
        case .lessOrEqual: "<="
        case .greaterOrEqual: ">="
        case .add: "+"
        case .subtract: "-"
        case .multiply: "*"
        case .divide: "/"
        case .remainder: "mod"
        }
    }
}

/// One statement.
struct StatementSyntax {
    indirect enum Kind {
        case assign(TextSyntax, Expression)
        case call(CallSyntax)
        case route(RouteCallSyntax)
        case conditional([Branch], otherwise: [StatementSyntax]?)
        case loop(Expression, [StatementSyntax])
        case choice(Expression, [Case])
        case leave
        case finish(Expression?)
        case exit
        case drop
    }

    /// `if (condition) { body }`, and each `else if` behind it.
    struct Branch {
        var condition: Expression
        var body: [StatementSyntax]
    }

    /// The statements behind `case LABEL:` or `default:`.
    struct Case {
        enum Label {
            case integer(Int64)
            case text([UInt8])
            case pattern([UInt8])
            case otherwise
        }

        var label: Label
        var location: SourceLocation
        var body: [StatementSyntax]
    }

    var kind: Kind
    var location: SourceLocation
}
