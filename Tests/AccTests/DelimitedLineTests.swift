import AccIntake
import ModuleKit
import Testing

@Suite("Delimited lines")
struct DelimitedLineTests {
    @Test("Fields become values of their columns' types, in the order of the columns")
    func types() throws {
        let row = try RecordFixture().row("a b%7C|42|-2.5|1795227895|\u{1}raw")
        #expect(
            row == [
                .string("a b%7C"), .integer(42), .float(-2.5), .time(1_795_227_895_000_000),
                .blob(Array("\u{1}raw".utf8)),
            ])
    }

    @Test("An empty field is the empty string in a string column, and null in others")
    func emptyFields() throws {
        #expect(try RecordFixture().row("||||") == [.string(""), .null, .null, .null, .null])
    }

    @Test("An empty field or a null in the time column is the arrival time")
    func arrival() throws {
        let fixture = try RecordFixture("id:string,at:time", time: "at")
        #expect(fixture.row("a|") == [.string("a"), .time(RecordFixture.arrival)])
        #expect(fixture.row("{}") == [.null, .time(RecordFixture.arrival)])
        #expect(fixture.row(#"{"at":null}"#) == [.null, .time(RecordFixture.arrival)])
        #expect(fixture.row("a|7") == [.string("a"), .time(7_000_000)])
        #expect(try RecordFixture("at:int", time: "at").row("{}") == [.integer(1_795_227_895)])
        #expect(try RecordFixture("at:float", time: "at").row("{}") == [.float(1_795_227_895.25)])
    }

    @Test("Bytes of a string field are stored as they are, whatever they are")
    func rawBytes() throws {
        let outcome = try RecordFixture("raw:blob,n:int").parse(chunks: [
            [0xFF, 0x00, 0xC3, 0x7C, 0x31, 0x0A]
        ])
        #expect(outcome.rows == [[.blob([0xFF, 0x00, 0xC3]), .integer(1)]])
    }

    @Test(
        "A line with too few or too many fields says how many it has",
        arguments: [
            ("a|1", "found 2 fields, expected 5"), ("a", "found 1 field, expected 5"),
            ("a|1|2|3|4|5", "found 6 fields, expected 5"), (" ", "found 1 field, expected 5"),
        ])
    func fieldCount(line: String, text: String) throws {
        #expect(try RecordFixture().rejection(line) == text)
    }

    @Test(
        "A field of the wrong form is rejected with its column, what was expected and what was found",
        arguments: [
            ("a|x|1||", "column \"n\": expected an int (a whole number of 64 bits), found \"x\""),
            ("a|1.5|1||", "column \"n\": expected an int (a whole number of 64 bits), found \"1.5\""),
            ("a| 1|1||", "column \"n\": expected an int (a whole number of 64 bits), found \" 1\""),
            (
                "a|9223372036854775808|1||",
                "column \"n\": expected an int (a whole number of 64 bits), found \"9223372036854775808\""
            ),
            ("a|1|nan||", "column \"x\": expected a float (a decimal number), found \"nan\""),
            ("a|1|0x10||", "column \"x\": expected a float (a decimal number), found \"0x10\""),
            ("a|1|1e999||", "column \"x\": expected a float (a decimal number), found \"1e999\""),
            (
                "a|1|1|yesterday|",
                "column \"at\": expected a time (unix seconds or RFC 3339, such as 2026-01-31T12:00:00Z), found \"yesterday\""
            ),
        ])
    func wrongForm(line: String, text: String) throws {
        #expect(try RecordFixture().rejection(line) == text)
    }

    @Test("What a message quotes of the input is printable and short")
    func quoting() throws {
        let fixture = try RecordFixture("n:int")
        #expect(
            fixture.rejection([0x01, 0xFF, 0x22, 0xC3, 0xA9])?.hasSuffix("found \"\\x01\\xFF\\\"é\"") == true)
        let long = fixture.rejection(String(repeating: "z", count: 1000))
        #expect(long?.hasSuffix("found \"\(String(repeating: "z", count: 40))\"… (1000 bytes)") == true)
    }

    @Test("Another delimiter can be set, and the usual one is then a byte like any other")
    func delimiter() throws {
        let fixture = try RecordFixture("a:string,b:string", delimiter: "\t")
        #expect(fixture.row("x|y\tz") == [.string("x|y"), .string("z")])
    }

    @Test(
        "Whole numbers of 64 bits are taken to their limits",
        arguments: [
            ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min), ("+5", 5), ("007", 7),
            ("-0", 0),
        ])
    func integers(text: String, value: Int64) throws {
        #expect(try RecordFixture("n:int").row(text) == [.integer(value)])
    }

    @Test(
        "Decimal numbers round as the standard wants",
        arguments: [
            "0", "1", "-1.5", ".5", "5.", "1e3", "1E-3", "3.141592653589793",
            "123456789012345678901234567890",
            "1.7976931348623157e308", "4.9e-324", "9007199254740993", "0.1", "1e22", "1e23",
        ])
    func floats(text: String) throws {
        let expected = try #require(Double(text.hasSuffix(".") ? text + "0" : text))
        #expect(try RecordFixture("x:float").row(text) == [.float(expected)])
    }

    @Test(
        "Times are unix seconds with or without a fraction, or RFC 3339",
        arguments: [
            ("0", 0), ("1795227895", 1_795_227_895_000_000), ("1795227895.123456789", 1_795_227_895_123_456),
            ("-1.5", -1_500_000), ("1.795227895e9", 1_795_227_895_000_000),
            ("1795227895.1234567890123456789", 1_795_227_895_123_456),
            ("1970-01-01T00:00:00Z", 0), ("2026-11-21T02:24:55Z", 1_795_227_895_000_000),
            ("2026-11-21T02:24:55.25z", 1_795_227_895_250_000),
            ("2026-11-21 03:54:55+01:30", 1_795_227_895_000_000),
            ("2026-11-20t21:24:55-05:00", 1_795_227_895_000_000), ("1969-12-31T23:59:59Z", -1_000_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000), ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ] as [(String, Int64)])
    func times(text: String, micros: Int64) throws {
        #expect(try RecordFixture("at:time").row(text) == [.time(micros)])
    }

    @Test(
        "Times that do not exist are rejected",
        arguments: [
            "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00Zx", "12:00", "1.2.3",
            "-",
            "9999999999999999", "1e300",
        ])
    func badTimes(text: String) throws {
        #expect(
            try RecordFixture("at:time").rejection(text)?.hasPrefix("column \"at\": expected a time") == true)
    }
}
