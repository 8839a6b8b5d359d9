import AccIntake
import ModuleKit
import Testing

@Suite("JSON lines")
struct JSONLineTests {
    @Test(
        "Members become values of their columns, in any order; those left out and null are null",
        arguments: [
            #"{"id":"a","n":1,"x":2.5,"at":3,"raw":"AAH/"}"#,
            "  { \"raw\" : \"AAH/\" ,\t\"at\":3.0, \"x\":25e-1, \"n\":\"1\", \"id\":\"a\" } ",
            #"{"id":"\u0061","n":1.0,"x":"2.5","at":"1970-01-01T00:00:03Z","raw":"AAH\/"}"#,
            #"{"\u0069d":"a","n":10e-1,"x":0.25e1,"at":"3","raw":"AAH/"}"#,
        ])
    func members(line: String) throws {
        #expect(
            try RecordFixture().row(line) == [
                .string("a"), .integer(1), .float(2.5), .time(3_000_000), .blob([0, 1, 255]),
            ])
    }

    @Test("Members that are left out or null are null")
    func nulls() throws {
        #expect(try RecordFixture().row(#"{"n":null}"#) == [.null, .null, .null, .null, .null])
        #expect(try RecordFixture().row("{ }") == [.null, .null, .null, .null, .null])
    }

    @Test(
        "Strings are unescaped, whatever lies where in them",
        arguments: [
            (#""""#, ""), (#""abcdefgh""#, "abcdefgh"), (#""abcdefg\"""#, "abcdefg\""),
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0000x""#, "\u{0}x"),
            (#""\ud83d\ude00 \u00E9é€😀""#, "😀 éé€😀"), (#""a|b%c\u007c""#, "a|b%c|"),
            (#""0123456789é0123456789\n0123456789""#, "0123456789é0123456789\n0123456789"),
        ])
    func strings(json: String, text: String) throws {
        #expect(try RecordFixture("id:string").row("{\"id\":\(json)}") == [.string(text)])
    }

    @Test(
        "A wrong type is rejected with its column",
        arguments: [
            (#"{"id":5}"#, #"column "id": expected a string, found the number 5: put it in quotes"#),
            (#"{"id":true}"#, #"column "id": expected a string, found true"#),
            (#"{"n":1.5}"#, #"column "n": expected an int (a whole number of 64 bits), found 1.5"#),
            (#"{"n":"x"}"#, #"column "n": expected an int (a whole number of 64 bits), found "x""#),
            (#"{"n":1e300}"#, #"column "n": expected an int (a whole number of 64 bits), found 1e+300"#),
            (#"{"n":{"a":1}}"#, #"column "n": expected an int (a whole number of 64 bits), found an object"#),
            (#"{"x":[1]}"#, #"column "x": expected a float (a decimal number), found an array"#),
            (#"{"x":false}"#, #"column "x": expected a float (a decimal number), found false"#),
            (#"{"raw":"A"}"#, #"column "raw": expected a blob (base64 text), found "A""#),
            (#"{"raw":"A?=="}"#, #"column "raw": expected a blob (base64 text), found "A?==""#),
        ])
    func wrongType(line: String, text: String) throws {
        #expect(try RecordFixture().rejection(line) == text)
    }

    @Test("An unknown member is named, with the column that was likely meant")
    func unknownMember() throws {
        let fixture = try RecordFixture("callid:string,method:string")
        #expect(fixture.rejection(#"{"calid":"x"}"#) == #"unknown column "calid"; did you mean "callid"?"#)
        #expect(fixture.rejection(#"{"zzz":"x"}"#) == #"unknown column "zzz""#)
    }

    @Test(
        "A doubled member is rejected, also when the first is null or in the time column",
        arguments: [
            (#"{"n":1,"n":1}"#, #"column "n" is given twice"#),
            (#"{"n":null,"n":1}"#, #"column "n" is given twice"#),
            (#"{"at":null, "at" :1}"#, #"column "at" is given twice"#),
            (
                #"{"a-column-of-a-long-name":1,"a-column-of-a-long-name":1}"#,
                #"column "a-column-of-a-long-name" is given twice"#
            ),
            (#"{"n":1,"\u006e":1}"#, "bad JSON at byte 15: a member is given twice"),
            (#"{"\"n":1,"\"n":1}"#, "bad JSON at byte 14: a member is given twice"),
        ])
    func doubled(line: String, text: String) throws {
        let fixture = try RecordFixture("n:int,at:time,a-column-of-a-long-name:int", time: "at")
        #expect(fixture.rejection(line) == text)
    }

    @Test(
        "A nested value is rejected with its column, however deep or wide it is",
        arguments: [
            String(repeating: "[", count: 500_000), String(repeating: "{\"n\":", count: 200_000),
            "[" + String(repeating: "1,", count: 400_000) + "1]}",
        ])
    func deep(value: String) throws {
        let kind = value.hasPrefix("[") ? "an array" : "an object"
        #expect(
            try RecordFixture().rejection("{\"id\":\"[{\\\"\",\"n\" : \(value)")
                == "column \"n\": expected an int (a whole number of 64 bits), found \(kind)")
    }

    @Test("A nested value of no column is rejected for its name, or for its place where the name is escaped")
    func nestedElsewhere() throws {
        let fixture = try RecordFixture("callid:string")
        #expect(fixture.rejection(#"{"calid":[1]}"#) == #"unknown column "calid"; did you mean "callid"?"#)
        #expect(
            fixture.rejection(#"{"\u0063allid":{}}"#)
                == "bad JSON at byte 16: expected a string, a number or null, found an object")
    }

    @Test("Brackets in strings are text", arguments: ["[", "{", "}", "[{", #"\"[\\"#, #"\\\"{:["#])
    func brackets(text: String) throws {
        let row = try RecordFixture("id:string,b:string").row("{\"id\":\"\(text)\",\"b\":\"[\(text)\"}")
        #expect(row?.count == 2)
    }

    @Test(
        "Numbers are taken to their limits, and rejected beyond",
        arguments: [
            (#"{"n":9223372036854775807}"#, Value.integer(.max), 1),
            (#"{"n":-9223372036854775808}"#, .integer(.min), 1),
            (#"{"n":9007199254740992.0}"#, .integer(1 << 53), 1), (#"{"n":-0.0}"#, .integer(0), 1),
            (#"{"x":9223372036854775807}"#, .float(0x1p63), 2), (#"{"x":1e308}"#, .float(1e308), 2),
            (#"{"at":-1}"#, .time(-1_000_000), 3), (#"{"at":9223372036854}"#, .time(9_223_372_036_854_000_000), 3),
            (#"{"at":1795227895.123457}"#, .time(1_795_227_895_123_457), 3),
            (#"{"at":1795227895.999999}"#, .time(1_795_227_895_999_999), 3),
            (#"{"at":4102444799.000001}"#, .time(4_102_444_799_000_001), 3),
        ])
    func limits(line: String, value: Value, column: Int) throws {
        #expect(try RecordFixture().row(line)?[column] == value)
    }

    @Test(
        "A number beyond the limits is rejected",
        arguments: [
            #"{"n":9223372036854775808}"#, #"{"n":-9223372036854775809}"#, #"{"x":12345678901234567890}"#,
            #"{"x":1e999}"#, #"{"id":-12345678901234567890}"#,
        ])
    func tooGreat(line: String) throws {
        #expect(
            try RecordFixture().rejection(line) == "the number that ends at byte \(line.utf8.count - 1) is too great: "
                + "expected a whole number of 64 bits or a double; for a string column put it in quotes")
    }

    @Test(
        "A number that its column cannot hold is rejected with the column",
        arguments: [
            (#"{"n":9007199254740994.0}"#, #"column "n""#), (#"{"n":0.5}"#, #"column "n""#),
            (#"{"at":9223372036855}"#, #"column "at""#), (#"{"at":-1e300}"#, #"column "at""#),
            (#"{"raw":1}"#, #"column "raw""#), (#"{"id":1.5}"#, #"column "id""#),
        ])
    func unfit(line: String, column: String) throws {
        #expect(try RecordFixture().rejection(line)?.hasPrefix("\(column): expected ") == true)
    }

    @Test(
        "Bad JSON is rejected with the byte up to which it was read",
        arguments: [
            ("{", #"1: expected a member's name in quotes or "}", found the end of the line"#),
            ("{a:1}", #"2: expected a member's name in quotes or "}", found "a""#),
            (#"{"n"}"#, #"5: expected ":" after the member's name, found "}""#),
            (#"{"n":}"#, #"6: expected a value, found "}""#),
            (#"{"n":"#, "5: expected a value, found the end of the line"),
            (#"{"n":1"#, #"6: expected "," or "}" after the member's value, found the end of the line"#),
            (#"{"n":1,}"#, #"8: expected a member's name in quotes or "}", found "}""#),
            (#"{"n":1}x"#, #"8: expected nothing after the object, found "x""#),
            (#"{"n":1}{}"#, #"8: expected nothing after the object, found "{""#),
            (#"{"n":1,[2]}"#, #"8: expected a member's name in quotes or "}", found "[""#),
            (#"{"n":01}"#, #"6: not a JSON value near "0""#),
            (#"{"n":-}"#, #"6: not a JSON value near "-""#),
            (#"{"n":1.}"#, #"7: not a JSON value near "1.""#),
            (#"{"n":1e}"#, #"7: not a JSON value near "1e""#),
            (#"{"n":nul}"#, #"8: not a JSON value near "nul""#),
            (#"{"id":"a}"#, #"9: a string without its closing quote near "\"a}""#),
            (#"{"id":"aaaaaaaaaaaaaaaaaaaaa}"#, "29: a string without its closing quote"),
            (#"{"id":"\"#, #"8: invalid escape, not one of \" \\ \/ \b \f \n \r \t \uXXXX, near "\"\\""#),
            (#"{"id":"\x"}"#, #"9: invalid escape, not one of \" \\ \/ \b \f \n \r \t \uXXXX, near "\"\\x""#),
            (
                #"{"id":"\u12g4"}"#,
                #"12: invalid escape, not one of \" \\ \/ \b \f \n \r \t \uXXXX, near "\"\\u12g""#
            ),
            (#"{"id":"\ud800"}"#, #"14: invalid Unicode '\uD800' near "\"\\ud800\"""#),
            (#"{"id":"\udc00\ud800"}"#, #"20: invalid Unicode '\uDC00' near "\"\\udc00\\ud800\"""#),
            ("{\"id\":\"a\tb\"}", #"8: control character 0x9 must be escaped near "\"a""#),
            ("{\"n\":\u{7F}}", #"6: not a JSON value near "\x7F""#),
            (#"{"n\u0000":1}"#, #"10: a member's name holds \u0000, no column's does"#),
        ])
    func syntax(line: String, text: String) throws {
        #expect(try RecordFixture().rejection(line) == "bad JSON at byte \(text)")
    }

    @Test(
        "Invalid UTF-8 is rejected wherever it stands: lone, cut, overlong, surrogate, too great",
        arguments: [
            [0xFF], [0xC3], [0xC3, 0x28], [0xC0, 0xAF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82],
            [0xF4, 0x90, 0x80, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0x80],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) throws {
        let fixture = try RecordFixture("id:string")
        for (lead, tail) in [("", ""), ("0123456789", "0123456789"), ("\\n", ""), ("", "\\n")] {
            let line = Array("{\"id\":\"\(lead)".utf8) + bytes + Array("\(tail)\"}".utf8)
            let place = 8 + lead.utf8.count
            let found = "\\x" + String(bytes[0], radix: 16, uppercase: true)
            #expect(fixture.rejection(line) == "invalid UTF-8 at byte \(place): found \"\(found)\"")
        }
    }

    @Test("Escapes take no more room than they are long, at the very end of a line too")
    func room() throws {
        let fixture = try RecordFixture("id:string")
        let text = String(repeating: #"\ud83d\ude00"#, count: 5000)
        #expect(fixture.row("{\"id\":\"\(text)\"}") == [.string(String(repeating: "😀", count: 5000))])
    }
}
