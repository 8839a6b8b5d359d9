// Expressions, by precedence: each level of binary operators gives one flat chain, so that a long sum is no deep tree.

import Configuration

extension RouteParser {
    /// Operators that read like functions.
    static let functions: [String: UnaryOperator] = ["strlen": .length, "strempty": .isEmpty]

    /// The precedence of the binary operators: higher binds tighter.
    private static func binary(_ token: Token) -> (BinaryOperator, precedence: Int)? {
        switch token.kind {
        case .identifier(let word):
            switch word {
            case "or": (.or, 0)
            case "and": (.and, 1)
            case "eq": (.textEqual, 6)
            case "ne": (.textNotEqual, 6)
            case "ieq": (.integerEqual, 6)
            case "ine": (.integerNotEqual, 6)
            case "mod": (.remainder, 9)
            default: nil
            }
        case .symbol(let symbol):
            switch symbol {
            case .or: (.or, 0)
            case .and: (.and, 1)
            case .bitOr: (.bitOr, 2)
            case .bitAnd: (.bitAnd, 3)
            case .bitXor: (.bitXor, 4)
            case .shiftLeft: (.shiftLeft, 5)
            case .shiftRight: (.shiftRight, 5)
            case .equal: (.equal, 6)
            case .notEqual: (.notEqual, 6)
            case .match: (.match, 6)
            case .noMatch: (.noMatch, 6)
            case .less: (.less, 7)
            case .greater: (.greater, 7)
            case .lessOrEqual: (.lessOrEqual, 7)
            case .greaterOrEqual: (.greaterOrEqual, 7)
            case .plus: (.add, 8)
            case .minus: (.subtract, 8)
            case .times: (.multiply, 9)
            case .divide: (.divide, 9)
            default: nil
            }
        default: nil
        }
    }

    /// Reads an expression whose operators bind at least as tight as `precedence`.
    mutating func expression(_ precedence: Int = 0) throws(Abandoned) -> Expression {
        var left = try unary()
        // Each turn takes all operators of one precedence; operands have taken those that bind tighter.
        while let (_, level) = Self.binary(current), level >= precedence {
            var operations: [Expression.Operation] = []
            while let (operation, same) = Self.binary(current), same == level {
                let location = current.location
                advance()
                let operand = try expression(level + 1)
                operations.append(.init(operation: operation, location: location, operand: operand))
            }
            left = .chain(left, operations)
        }
        if current.is(.remainder) {
            throw error(at: current, "found '%', which the language does not have", hint: "write 'mod' for the remainder")
        }
        return left
    }

    private mutating func unary() throws(Abandoned) -> Expression {
        let token = current
        if token.is(.minus), case .integer(let magnitude) = peek(1).kind {
            advance()
            advance()
            guard magnitude <= UInt64(Int64.max) + 1 else { throw tooLarge(peek(-1)) }
            return .integer(Int64(truncatingIfNeeded: 0 &- magnitude), token.location)
        }
        guard let operation = unaryOperator() else { return try primary() }
        return try nested { parser throws(Abandoned) in
            // `defined` and the casts take a whole operand; so do the others.
            .unary(operation, token.location, try parser.unary())
        }
    }

    /// Passes a unary operator or a cast if one is at hand.
    private mutating func unaryOperator() -> UnaryOperator? {
        switch current.kind {
        case .symbol(.minus):
            advance()
            return .negate
        case .symbol(.complement):
            advance()
            return .complement
        case .symbol(.not), .identifier("not"):
            advance()
            return .not
        case .identifier("defined"):
            advance()
            return .defined
        case .symbol(.leftParenthesis):
            guard peek(2).is(.rightParenthesis), case .identifier(let type) = peek(1).kind else { return nil }
            guard type == "int" || type == "str" else { return nil }
            advance()
            advance()
            advance()
            return type == "int" ? .integer : .text
        default: return nil
        }
    }

    private mutating func primary() throws(Abandoned) -> Expression {
        let token = current
        switch token.kind {
        case .integer(let magnitude):
            guard let number = Int64(exactly: magnitude) else { throw tooLarge(token) }
            advance()
            return .integer(number, token.location)
        case .string:
            advance()
            return .text(text(of: token))
        case .variable:
            advance()
            if current.is(.assign) {
                throw error(at: current, "found '=' in an expression, expected '=='", hint: "'=' assigns, '==' compares")
            }
            return .variable(text(of: token))
        case .symbol(.leftParenthesis):
            advance()
            let inner = try nested { parser throws(Abandoned) in try parser.expression() }
            try expect(.rightParenthesis, "after the expression")
            return inner
        case .symbol(.plus):
            // `+5` is a number with its sign.
            guard case .integer = peek(1).kind else { throw unexpected("a value") }
            advance()
            return try primary()
        case .identifier(let word):
            return try named(word)
        case .float:
            throw unexpected("a value", hint: "numbers are whole: write 1 or \"1.5\"")
        default:
            throw unexpected("a value")
        }
    }

    /// Reads a word in an expression: a boolean, a call, an operator that looks like one.
    private mutating func named(_ word: String) throws(Abandoned) -> Expression {
        let token = current
        if !peek(1).is(.leftParenthesis) {
            if let boolean = Value.boolean(word) {
                advance()
                return .integer(boolean ? 1 : 0, token.location)
            }
            throw unexpected(
                "a value", hint: "write \"\(word)\" for text, $var(\(word)) for a variable, \(word)() for a function")
        }
        if word == "route" { return .route(try routeCall()) }
        if let unary = Self.functions[word] {
            advance()
            advance()
            let operand = try nested { parser throws(Abandoned) in try parser.expression() }
            try expect(.rightParenthesis, "after the value of \(word)")
            return .unary(unary, token.location, operand)
        }
        if word == "selval" {
            advance()
            advance()
            return try nested { parser throws(Abandoned) in
                let condition = try parser.expression()
                try parser.expect(.comma, "after the condition of selval")
                let value = try parser.expression()
                try parser.expect(.comma, "after the second value of selval")
                let other = try parser.expression()
                try parser.expect(.rightParenthesis, "after the third value of selval")
                return .select(token.location, condition, value, other)
            }
        }
        if reservedFunctions.contains(word) { throw unexpected("a value") }
        return .call(try call(word))
    }

    /// Reads `name(argument, …)`.
    mutating func call(_ word: String) throws(Abandoned) -> CallSyntax {
        let name = LocatedString(word, at: current.location)
        advance()
        advance()
        var arguments: [Expression] = []
        guard !take(.rightParenthesis) else { return CallSyntax(name: name, arguments: []) }
        repeat {
            arguments.append(try nested { parser throws(Abandoned) in try parser.expression() })
        } while take(.comma)
        guard take(.rightParenthesis) else { throw unexpected("',' or ')' after an argument of \(word)") }
        return CallSyntax(name: name, arguments: arguments)
    }

    /// Reads `route(NAME)`.
    mutating func routeCall() throws(Abandoned) -> RouteCallSyntax {
        let start = current.location
        advance()
        advance()
        let first = current
        var name = ""
        if case .variable = first.kind {
            advance()
            try expect(.rightParenthesis, "after the route's name")
            return RouteCallSyntax(target: .variable(text(of: first)), location: start)
        }
        if case .string(let string) = first.kind {
            advance()
            name = string.description
        } else {
            while !current.is(.rightParenthesis) {
                switch current.kind {
                case .identifier, .integer, .quantity, .malformedNumber, .symbol(.minus), .symbol(.colon):
                    name += current.spelling
                default: throw unexpected(name.isEmpty ? "a route's name" : "')' after the route's name '\(name)'")
                }
                advance()
                if !current.is(.rightParenthesis), !current.isAdjacent {
                    throw unexpected("')' after the route's name '\(name)'")
                }
            }
        }
        guard !name.isEmpty else { throw unexpected("a route's name", hint: "write route(NAME)") }
        try expect(.rightParenthesis, "after the route's name '\(name)'")
        return RouteCallSyntax(target: .name(LocatedString(name, at: first.location)), location: start)
    }

    private mutating func tooLarge(_ token: Token) -> Abandoned {
        error(at: token, "found the number \(token.spelling), expected -9223372036854775808 to 9223372036854775807")
    }

    /// The bytes of a string or a pseudo-variable, with their place.
    func text(of token: Token) -> TextSyntax {
        switch token.kind {
        case .string(let string):
            // Only a string without escapes, in one piece, has its bytes where they are in the file.
            let isPlain = token.expansion == nil && token.spelling.utf8.count == string.bytes.count + 2
            return TextSyntax(bytes: string.bytes, location: token.location, lead: isPlain ? 1 : nil)
        case .variable(let text):
            return TextSyntax(
                bytes: Array(text.utf8), location: token.location, lead: token.expansion == nil ? 0 : nil)
        default:
            return TextSyntax(bytes: Array(token.spelling.utf8), location: token.location, lead: nil)
        }
    }
}
