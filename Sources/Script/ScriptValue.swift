/// What a pseudo-variable or an expression of a route is: nothing, a number, or text.
public enum ScriptValue: Hashable, Sendable {
    /// Not there, or `$null`.
    case null
    /// A whole number of 64 bits.
    case integer(Int64)
    /// Bytes of any content; nearly always UTF-8.
    case text([UInt8])
}

extension ScriptValue {
    /// A text from a literal or a string.
    public static func text(_ string: String) -> ScriptValue {
        .text(Array(string.utf8))
    }

    /// Whether it is null.
    public var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    /// As a number: null is 0, and so is text that is no whole number from its first byte to its last.
    ///
    /// Kamailio's rule for operators that want numbers. ``exactInteger`` tells a 0 from a text that is none.
    public var integerValue: Int64 {
        switch self {
        case .null: 0
        case .integer(let number): number
        case .text(let bytes): ScriptValue.integer(in: bytes) ?? 0
        }
    }

    /// As a number, nil for null and for text that is no whole number from its first byte to its last.
    public var exactInteger: Int64? {
        switch self {
        case .null: nil
        case .integer(let number): number
        case .text(let bytes): ScriptValue.integer(in: bytes)
        }
    }

    /// As text: null is empty, a number is its decimal digits.
    public var textValue: [UInt8] {
        switch self {
        case .null: []
        case .integer(let number): ScriptValue.decimal(number)
        case .text(let bytes): bytes
        }
    }

    /// Appends it to a text: null adds nothing, a number its decimal digits.
    public func append(to text: inout [UInt8]) {
        switch self {
        case .null: break
        case .integer(let number): ScriptValue.appendDecimal(number, to: &text)
        case .text(let bytes): text.append(contentsOf: bytes)
        }
    }

    /// The whole number that a text is: an optional sign, then decimal digits (a leading 0 means nothing), or `0x` and
    /// hexadecimal digits. Nil for anything else, for an empty text and for a number beyond 64 bits.
    public static func integer(in text: some Sequence<UInt8>) -> Int64? {
        var digits = 0
        var radix: UInt64 = 10
        var magnitude: UInt64 = 0
        var isNegative = false
        var isFirst = true
        for byte in text {
            defer { isFirst = false }
            if isFirst, byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") {
                isNegative = byte == UInt8(ascii: "-")
                continue
            }
            if digits == 1, radix == 10, magnitude == 0, byte == UInt8(ascii: "x") || byte == UInt8(ascii: "X") {
                radix = 16
                digits = 0
                continue
            }
            guard let digit = digit(byte), digit < radix else { return nil }
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            magnitude = sum
            digits += 1
        }
        guard digits > 0 else { return nil }
        if isNegative {
            return magnitude == 1 << 63 ? Int64.min : Int64(exactly: magnitude).map { -$0 }
        }
        return Int64(exactly: magnitude)
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 0x30...0x39: UInt64(byte - 0x30)
        case 0x41...0x46: UInt64(byte - 0x41 + 10)
        case 0x61...0x66: UInt64(byte - 0x61 + 10)
        default: nil
        }
    }

    /// The decimal digits of a number.
    public static func decimal(_ number: Int64) -> [UInt8] {
        var text: [UInt8] = []
        appendDecimal(number, to: &text)
        return text
    }

    /// Appends the decimal digits of a number.
    public static func appendDecimal(_ number: Int64, to text: inout [UInt8]) {
        var rest = number.magnitude
        // A sign and 19 digits are the longest.
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var first = digits.count
            repeat {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                first -= 1
                digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
                rest = quotient
            } while rest > 0
            if number < 0 {
                first -= 1
                digits[first] = UInt8(ascii: "-")
            }
            text.append(contentsOf: UnsafeRawBufferPointer(rebasing: digits[first...]))
        }
    }
}

extension ScriptValue: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByNilLiteral {
    /// A number.
    public init(integerLiteral value: Int64) {
        self = .integer(value)
    }

    /// A text.
    public init(stringLiteral value: String) {
        self = .text(value)
    }

    /// Null.
    public init(nilLiteral: ()) {
        self = .null
    }
}

extension ScriptValue: CustomStringConvertible {
    /// For people: `$null`, the number, or the text in quotes; bytes that are not UTF-8 appear as U+FFFD.
    public var description: String {
        switch self {
        case .null: "$null"
        case .integer(let number): "\(number)"
        case .text(let bytes): "\"\(String(decoding: bytes, as: UTF8.self))\""
        }
    }
}
