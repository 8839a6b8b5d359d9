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
            (#"{"n":1.5}"#, #"column "n": expected an int (a whole number of 64 bits), found "1.5""#),
            (#"{"n":"x"}"#, #"column "n": expected an int (a whole number of 64 bits), found "x""#),
            (#"{"n":1e300}"#, #"column "n": expected an int (a whole number of 64 bits), found "1e300""#),
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

    @Test("A doubled member is rejected, also when the first is null or in the time column")
    func doubled() throws {
        let fixture = try RecordFixture("n:int,at:time", time: "at")
        for line in [#"{"n":1,"n":1}"#, #"{"n":null,"n":1}"#] {
            #expect(fixture.rejection(line) == #"column "n" is given twice"#)
        }
        #expect(fixture.rejection(#"{"at":null,"at":1}"#) == #"column "at" is given twice"#)
    }

    @Test(
        "Bad JSON is rejected with the byte where it goes wrong",
        arguments: [
            ("{", "bad JSON at byte 2: expected a member's name in quotes, found the end of the line"),
            ("{a:1}", "bad JSON at byte 2: expected a member's name in quotes, found \"a\""),
            (#"{"n"}"#, "bad JSON at byte 5: expected \":\" after the member's name, found \"}\""),
            (#"{"n":}"#, "bad JSON at byte 6: expected a value, found \"}\""),
            (
                #"{"n":1"#,
                "bad JSON at byte 7: expected \",\" or \"}\" after the member's value, found the end of the line"
            ),
            (#"{"n":1,}"#, "bad JSON at byte 8: expected a member's name in quotes, found \"}\""),
            (#"{"n":1}x"#, "bad JSON at byte 8: expected nothing after the object, found \"x\""),
            (
                #"{"n":01}"#,
                "bad JSON at byte 7: expected \",\" or \"}\" after the member's value, found \"1\""
            ),
            (#"{"n":-}"#, "bad JSON at byte 7: expected a digit, found \"}\""),
            (#"{"n":1.}"#, "bad JSON at byte 8: expected a digit, found \"}\""),
            (#"{"n":1e}"#, "bad JSON at byte 8: expected a digit, found \"}\""),
            (#"{"n":nul}"#, "bad JSON at byte 9: expected null, found \"}\""),
            (
                #"{"id":"a}"#,
                "bad JSON at byte 10: expected a quote that ends the string, found the end of the line"
            ),
            (
                #"{"id":"\"#,
                "bad JSON at byte 9: expected one of \" \\ / b f n r t u after the backslash, found the end of the line"
            ),
            (
                #"{"id":"\x"}"#,
                "bad JSON at byte 9: expected one of \" \\ / b f n r t u after the backslash, found \"x\""
            ),
            (
                #"{"id":"\u12g4"}"#,
                "bad JSON at byte 12: expected four hexadecimal digits after \\u, found \"g\""
            ),
            (#"{"id":"\ud800"}"#, "bad JSON at byte 14: expected a whole surrogate pair, found \"\\\"\""),
            (
                #"{"id":"\udc00\ud800"}"#,
                "bad JSON at byte 14: expected a whole surrogate pair, found \"\\\\\""
            ),
            (
                "{\"id\":\"a\tb\"}",
                "bad JSON at byte 9: expected an escape for this control character, such as \\n, found \"\\x09\""
            ),
        ])
    func syntax(line: String, text: String) throws {
        #expect(try RecordFixture().rejection(line) == text)
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
            #expect(fixture.rejection(line) == "invalid UTF-8 in the string that begins at byte 7")
        }
    }

    @Test("A surrogate pair takes no more room than its escape, at the very end of a line too")
    func room() throws {
        let fixture = try RecordFixture("id:string")
        let text = String(repeating: #"\ud83d\ude00"#, count: 5000)
        #expect(fixture.row("{\"id\":\"\(text)\"}") == [.string(String(repeating: "😀", count: 5000))])
    }
}
