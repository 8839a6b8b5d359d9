import JSON
import Testing

@Suite("JSON parsing")
struct JSONParseTests {
    static let values: [(String, JSONValue)] = [
        ("null", nil), ("true", true), (" false\r\n", false), ("0", 0), ("-0", 0), ("42", 42),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("0.1", 0.1), ("1e3", 1000.0), ("-2.5E-3", -0.0025), ("1.0", 1.0),
        (#""""#, ""), (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\ud83d\ude00""#, "é😀"),
        (#""a\u0000b""#, "a\u{0}b"), ("\"é😀\u{7F}\"", "é😀\u{7F}"),
        ("[]", []), ("[1,[2,[]],{}]", [1, [2, []], [:]]), ("{}", [:]),
        (#"{"z":1,"a":{"m":null},"b":[true]}"#, ["z": 1, "a": ["m": nil], "b": [true]]),
        (#"{"":0}"#, ["": 0]),
    ]

    @Test("Every kind of value is read", arguments: values)
    func reads(text: String, value: JSONValue) throws {
        #expect(try JSONValue.parse(text) == value)
    }

    static let faults: [(String, JSONParseError.Kind, String)] = [
        ("", .incomplete, "line 1, column 1: the text is empty, expected a JSON value"),
        ("{", .incomplete, "line 1, column 1: string or '}' expected near the end of the text"),
        ("\"abc", .incomplete, "line 1, column 4: premature end of input near '\"abc'"),
        (#"{"a":1,}"#, .syntax, "line 1, column 8: string or '}' expected near '}'"),
        ("[1 2]", .syntax, "line 1, column 4: ']' expected near '2'"),
        ("[1]x", .syntax, "line 1, column 4: the end of the text expected near 'x'"),
        ("[\n1,\n]", .syntax, "line 3, column 1: unexpected token near ']'"),
        ("\n\n  {\"ä\" x", .syntax, "line 3, column 8: ':' expected near 'x'"),
        ("nul", .syntax, "line 1, column 3: invalid token near 'nul'"),
        ("'a'", .syntax, "line 1, column 1: invalid token near '''"),
        ("01", .syntax, "line 1, column 1: invalid token near '0'"),
        ("\"\u{7}\"", .syntax, "line 1, column 1: control character 0x7 near '\"'"),
        (#""\ud800""#, .syntax, #"line 1, column 8: invalid Unicode '\uD800' near '"\ud800"'"#),
        (
            #"{"a\u0000":1}"#, .syntax,
            #"line 1, column 10: a member name holds \u0000, which only values may: NUL byte in object key not supported near '"a\u0000"'"#
        ),
        (
            #"{"a":1,"a":2}"#, .duplicateMember,
            #"line 1, column 10: an object has two members of one name: duplicate object key near '"a"'"#
        ),
        (
            "9223372036854775808", .numberOutOfRange,
            "line 1, column 19: integer does not fit in 64 bits: too big integer near '9223372036854775808'"
        ),
        (
            "-9223372036854775809", .numberOutOfRange,
            "line 1, column 20: integer does not fit in 64 bits: too big negative integer near '-9223372036854775809'"
        ),
        ("1e999", .numberOutOfRange, "line 1, column 5: real number overflow near '1e999'"),
    ]

    @Test("Every fault names its place and what was expected", arguments: faults)
    func refuses(text: String, kind: JSONParseError.Kind, description: String) throws {
        let error = try #require(throws: JSONParseError.self) { try JSONValue.parse(text) }
        #expect(error.kind == kind)
        #expect(error.description == description)
        #expect((0...text.utf8.count).contains(error.offset))
    }

    @Test(
        "Bytes that are not UTF-8 are refused",
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]])
    func refusesInvalidUTF8(bytes: [UInt8]) throws {
        let error = try #require(throws: JSONParseError.self) { try JSONValue.parse([0x22] + bytes + [0x22]) }
        #expect(error.kind == .invalidUTF8)
    }

    @Test("Nesting is bounded, and the bracket that goes too deep is named")
    func depth() throws {
        let allowed = JSONValue.maximumDepth
        let deepest = String(repeating: "[", count: allowed) + String(repeating: "]", count: allowed)
        #expect(try JSONValue.parse(deepest).array?.count == 1)
        let error = try #require(throws: JSONParseError.self) {
            try JSONValue.parse("\n" + String(repeating: "[", count: 100_000))
        }
        #expect(error.kind == .tooDeep)
        #expect((error.line, error.column, error.offset) == (2, allowed + 1, allowed + 1))
        let brackets = "\"\\\"" + String(repeating: "[", count: 1000) + "\""
        #expect(try JSONValue.parse(brackets).string?.count == 1001)
    }

    @Test("Members keep the order in which they were written, however many there are")
    func order() throws {
        let names = (0..<2000).map { "name\($0 &* 7919 % 2000)" }
        let text = "{" + names.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
        #expect(try JSONValue.parse(text).object?.map(\.name) == names)
    }

    @Test("Values answer for their own kind only")
    func accessors() {
        let value: JSONValue = ["s": "x", "i": 7, "d": 1.5, "b": true, "n": nil, "a": [1]]
        #expect(value["s"]?.string == "x" && value["i"]?.string == nil)
        #expect(value["i"]?.integer == 7 && value["d"]?.integer == nil)
        #expect(value["i"]?.double == 7 && value["d"]?.double == 1.5)
        #expect(value["b"]?.bool == true && value["n"]?.isNull == true)
        #expect(value["a"]?.array == [1] && value["a"]?.object == nil && value["absent"] == nil)
        #expect(value["s"]?["x"] == nil)
        #expect(
            value.object?.map(\.value.kindName) == [
                "a string", "an integer", "a number", "a boolean", "null", "an array",
            ])
    }
}
