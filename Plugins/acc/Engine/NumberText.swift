/// Numbers written in decimal, as fields of a line and JSON strings hold them; never a locale's.
enum NumberText {
    private static let zero = UInt8(ascii: "0")

    /// A whole number: an optional sign and digits, within 64 bits; nil for anything else.
    static func integer(_ text: Bytes) -> Int64? {
        var index = 0
        var isNegative = false
        if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            index = 1
        }
        guard index < text.count else { return nil }
        var value: Int64 = 0
        while index < text.count {
            let digit = text[index] &- zero
            guard digit <= 9 else { return nil }
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (next, over) =
                isNegative
                ? tenfold.subtractingReportingOverflow(Int64(digit))
                : tenfold.addingReportingOverflow(Int64(digit))
            if overflow || over { return nil }
            value = next
            index += 1
        }
        return value
    }

    /// The parts of a decimal number: `mantissa × 10^exponent`.
    private struct Decimal {
        var isNegative = false
        var mantissa: UInt64 = 0
        var exponent = 0
        /// Digits before the point did not fit.
        var isTooGreat = false
        /// Digits after the point did not fit and are cut off.
        var isCut = false
    }

    /// Reads `[+-] digits [. digits] [(e|E) [+-] digits]` with at least one digit before the exponent; nil for anything else.
    private static func decimal(_ text: Bytes) -> Decimal? {
        var number = Decimal()
        var index = 0
        if let first = text.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            number.isNegative = first == UInt8(ascii: "-")
            index = 1
        }
        var digits = 0
        var isFraction = false
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "."), !isFraction {
                isFraction = true
                index += 1
                continue
            }
            let digit = byte &- zero
            guard digit <= 9 else { break }
            digits += 1
            if number.mantissa <= (UInt64.max - 9) / 10 {
                number.mantissa = number.mantissa * 10 + UInt64(digit)
                if isFraction { number.exponent -= 1 }
            } else if isFraction {
                number.isCut = true
            } else {
                number.isTooGreat = true
            }
            index += 1
        }
        guard digits > 0 else { return nil }
        guard index < text.count else { return number }
        guard text[index] | 0x20 == UInt8(ascii: "e"),
            let exponent = integer(Bytes(rebasing: text[(index + 1)...]))
        else { return nil }
        number.exponent += Int(max(-100_000, min(100_000, exponent)))
        return number
    }

    /// 10^0 … 10^22, all of them exact.
    private static let powers = Array(sequence(first: 1.0) { $0 * 10 }.prefix(23))

    /// A decimal number, rounded correctly; nil for anything else, and for what is too great for a double.
    static func double(_ text: Bytes) -> Double? {
        guard let number = decimal(text) else { return nil }
        if !number.isTooGreat, !number.isCut, number.mantissa <= 9_007_199_254_740_992,
            abs(number.exponent) <= 22
        {
            // Both operands are exact, so the one operation rounds correctly (Clinger 1990).
            let scale = powers[abs(number.exponent)]
            let value =
                number.exponent < 0 ? Double(number.mantissa) / scale : Double(number.mantissa) * scale
            return number.isNegative ? -value : value
        }
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    /// Seconds written in decimal as microseconds, cut off below the microsecond; nil when it is no number or out of range.
    static func microseconds(ofSeconds text: Bytes) -> Int64? {
        guard let number = decimal(text), !number.isTooGreat else { return nil }
        var value = number.mantissa
        var exponent = number.exponent + 6
        while exponent > 0, value != 0 {
            let (next, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = next
            exponent -= 1
        }
        while exponent < 0, value != 0 {
            value /= 10
            exponent += 1
        }
        guard let magnitude = Int64(exactly: value) else { return nil }
        return number.isNegative ? -magnitude : magnitude
    }
}
