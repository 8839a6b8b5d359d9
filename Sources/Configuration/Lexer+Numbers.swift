// Numbers: decimal, hexadecimal (0x1F), octal (017), binary (101b) and fractions. Digits also begin addresses and
// quantities, so what makes no number is an error only for who wanted a number.

extension Lexer {
    /// Reads a number, a quantity, or the beginning of a bare word such as an address.
    mutating func number() -> Token.Kind {
        let begin = offset
        while let byte = peek(), byte.continuesName { advance() }
        let run = source.bytes[begin..<offset]
        if run.allSatisfy(\.isDigit) {
            if peek() == Byte.dot, let byte = peek(1), byte.isDigit { return fraction(from: begin) }
            return run.first == 0x30 && run.count > 1 ? Self.octal(run) : Self.integer(run, radix: 10)
        }
        let second = run.dropFirst().first.map { $0 | 0x20 }
        if run.first == 0x30, second == UInt8(ascii: "x") { return Self.hexadecimal(run) }
        let last = run.last.map { $0 | 0x20 }
        if last == UInt8(ascii: "b"), run.dropLast().allSatisfy({ $0 == 0x30 || $0 == 0x31 }) {
            return Self.integer(run.dropLast(), radix: 2)
        }
        if run.first == 0x30, second == UInt8(ascii: "b"), run.dropFirst(2).allSatisfy(\.isDigit) {
            return .malformedNumber(reason: "binary numbers are written 101b")
        }
        return Self.exponent(run) ?? .quantity(text(from: begin))
    }

    /// Reads on behind the whole part of a number: a dot, digits, and perhaps an exponent or a unit.
    private mutating func fraction(from begin: Int) -> Token.Kind {
        advance()
        while let byte = peek(), byte.isDigit { advance() }
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
            let isSigned = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
            if let digit = peek(isSigned ? 2 : 1), digit.isDigit {
                advance(by: isSigned ? 2 : 1)
                while let byte = peek(), byte.isDigit { advance() }
            }
        }
        let isQuantity = peek()?.continuesName ?? false
        while let byte = peek(), byte.continuesName { advance() }
        return isQuantity ? .quantity(text(from: begin)) : Self.float(text(from: begin))
    }

    /// `5e3`, nil for anything else.
    private static func exponent(_ run: ArraySlice<UInt8>) -> Token.Kind? {
        guard let index = run.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) else { return nil }
        let power = run[(index + 1)...]
        guard !power.isEmpty, power.allSatisfy(\.isDigit), run[..<index].allSatisfy(\.isDigit) else {
            return nil
        }
        return float(String(decoding: run, as: UTF8.self))
    }

    private static func float(_ text: String) -> Token.Kind {
        guard let value = Double(text), value.isFinite else {
            return .malformedNumber(reason: "it is larger than any floating-point number")
        }
        return .float(value)
    }

    private static func octal(_ run: ArraySlice<UInt8>) -> Token.Kind {
        guard run.allSatisfy(\.isOctalDigit) else {
            let decimal = String(decoding: run.drop { $0 == 0x30 }, as: UTF8.self)
            return .malformedNumber(reason: "a leading 0 makes it octal, without 8 and 9: write \(decimal)")
        }
        return integer(run, radix: 8)
    }

    private static func hexadecimal(_ run: ArraySlice<UInt8>) -> Token.Kind {
        let digits = run.dropFirst(2)
        guard !digits.isEmpty else { return .malformedNumber(reason: "no digits follow 0x") }
        guard digits.allSatisfy({ $0.hexValue != nil }) else {
            return .malformedNumber(reason: "digits after 0x are 0-9 and a-f")
        }
        return integer(digits, radix: 16)
    }

    private static func integer(_ digits: ArraySlice<UInt8>, radix: Int) -> Token.Kind {
        guard let value = UInt64(String(decoding: digits, as: UTF8.self), radix: radix) else {
            return .malformedNumber(reason: integerRange)
        }
        return .integer(value)
    }

    /// Why a whole number is refused that is too large.
    static let integerRange = "it does not fit in 64 bits (-9223372036854775808 to 9223372036854775807)"
}
