import JSON
import Testing

@Suite("JSON writing")
struct JSONEncodeTests {
    static let quotations: [([UInt8], String)] = [
        ([], #""""#), (Array("a\"b\\c/".utf8), #""a\"b\\c/""#),
        ([8, 9, 10, 12, 13], #""\b\t\n\f\r""#), ([0, 1, 0x1F], #""\u0000\u0001\u001F""#),
        ([0x7F], "\"\u{7F}\""), (Array("é€😀".utf8), "\"é€😀\""),
        ([0xFF], "\"\u{FFFD}\""), ([0x41, 0xC3], "\"A\u{FFFD}\""), ([0xC0, 0xAF], "\"\u{FFFD}\u{FFFD}\""),
        ([0xE2, 0x82, 0x41], "\"\u{FFFD}A\""), ([0xF0, 0x9F, 0x98], "\"\u{FFFD}\""),
        ([0xED, 0xA0, 0x80], "\"\u{FFFD}\u{FFFD}\u{FFFD}\""),
        ([0xF4, 0x90, 0x80, 0x80], "\"\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\""),
        ([0x61, 0xFF, 0x0A, 0xE9, 0x62], "\"a\u{FFFD}\\n\u{FFFD}b\""),
    ]

    @Test("Strings are quoted so that any bytes become valid JSON", arguments: quotations)
    func quotes(bytes: [UInt8], expected: String) {
        var output = Array("x=".utf8)
        JSONText.appendQuoted(bytes, to: &output)
        #expect(String(validating: output, as: UTF8.self) == "x=" + expected)
    }

    @Test("Random bytes are repaired exactly as the standard library repairs them")
    func quotesAsTheStandardLibraryRepairs() throws {
        var random = SplitMix64(seed: 7)
        for _ in 0..<3000 {
            // Bytes that start, continue and break UTF-8 sequences are what matters.
            let pool: [UInt8] = [
                0x20, 0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5,
            ]
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                pool.randomElement(using: &random) ?? 0
            }
            var output: [UInt8] = []
            JSONText.appendQuoted(bytes, to: &output)
            #expect(
                try JSONValue.parse(output) == .string(String(decoding: bytes, as: UTF8.self)), "\(bytes)")
        }
    }

    static let numbers: [(Double, String)] = [
        (0, "0.0"), (-0.0, "-0.0"), (0.1, "0.1"), (1e100, "1e+100"), (.leastNonzeroMagnitude, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"), (123456.75, "123456.75"),
        (.nan, "null"), (.infinity, "null"), (-.infinity, "null"),
    ]

    @Test("Doubles are written shortest, and what JSON cannot say becomes null", arguments: numbers)
    func doubles(number: Double, expected: String) {
        #expect(text(.double(number)) == expected)
    }

    @Test("Layouts")
    func layouts() {
        let value: JSONValue = ["a": [1, "x", nil], "e": [], "o": [:], "n": ["b": true]]
        #expect(text(value) == #"{"a":[1,"x",null],"e":[],"o":{},"n":{"b":true}}"#)
        #expect(
            text(value, .pretty) == """
                {
                  "a": [
                    1,
                    "x",
                    null
                  ],
                  "e": [],
                  "o": {},
                  "n": {
                    "b": true
                  }
                }
                """
        )
    }

    @Test("Whatever is written reads back as the same value", arguments: [JSONValue.Layout.compact, .pretty])
    func roundTrips(layout: JSONValue.Layout) throws {
        var random = SplitMix64(seed: 42)
        for _ in 0..<2000 {
            let value = JSONValue.random(depth: 4, using: &random)
            #expect(try JSONValue.parse(value.encoded(layout)) == value)
        }
    }

    private func text(_ value: JSONValue, _ layout: JSONValue.Layout = .compact) -> String {
        String(decoding: value.encoded(layout), as: UTF8.self)
    }
}

/// A small seeded generator, so that a failing round trip can be repeated.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension JSONValue {
    static func random(depth: Int, using random: inout SplitMix64) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: return nil
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &random))
        case 3:
            let number = Double(bitPattern: random.next())
            return .double(number.isFinite ? number : 0.5)
        case 4: return .string(randomText(using: &random))
        case 5:
            return .array(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    .random(depth: depth - 1, using: &random)
                })
        default:
            return .object(
                (0..<Int.random(in: 0...4, using: &random)).map { index in
                    let name = "\(index)" + randomText(using: &random).filter { $0 != "\u{0}" }
                    return Member(name, .random(depth: depth - 1, using: &random))
                })
        }
    }

    private static func randomText(using random: inout SplitMix64) -> String {
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...8, using: &random) {
            let limit: UInt32 = [0x30, 0x80, 0x800, 0x11_0000].randomElement(using: &random) ?? 0x80
            scalars.append(Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) ?? "?")
        }
        return String(scalars)
    }
}
