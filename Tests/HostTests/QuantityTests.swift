import Testing

@testable import Host

@Suite("Durations, sizes and numbers as people write them")
struct QuantityTests {
    @Test(
        "Durations",
        arguments: [
            ("200ms", 200_000_000), ("5s", 5_000_000_000), ("1h30m", 5_400_000_000_000), ("1.5 s", 1_500_000_000), ("0", 0),
            ("3", 3_000_000_000), ("0.25", 250_000_000), (" 7 ", 7_000_000_000), ("10us", 10_000), ("10µs", 10_000),
            ("9ns", 9),
            ("1d", 86_400_000_000_000), ("2 weeks", 1_209_600_000_000_000), ("1h 2min 3sec", 3_723_000_000_000),
            ("0.1ns", 0),
        ] as [(String, Int64)])
    func durations(text: String, nanoseconds: Int64) { #expect(Quantity.duration(text) == nanoseconds) }

    @Test("A bare number counts in the parameter's unit")
    func units() {
        #expect(Quantity.duration("20", unit: "ms") == 20_000_000)
        #expect(Quantity.duration("20s", unit: "ms") == 20_000_000_000)
        #expect(Quantity.duration("20", unit: "") == 20_000_000_000)
        #expect(Quantity.duration("20", unit: "rows") == nil)
    }

    @Test(
        "What is no duration",
        arguments: [
            "", " ", "s", "5 x", "-5", "-5s", "+5", "1e3", "5s x", "1..5", ".", "nan", "inf", "0x10", "1h-30m", "５s",
        ])
    func noDurations(text: String) { #expect(Quantity.duration(text) == nil) }

    @Test("A duration beyond 292 years is none")
    func durationOverflow() {
        #expect(Quantity.duration("106751d") == 9_223_286_400_000_000_000)
        #expect(Quantity.duration("106752d") == nil)
        #expect(Quantity.duration(String(repeating: "9", count: 400)) == nil)
    }

    @Test(
        "Sizes",
        arguments: [
            ("4096", 4096), ("64k", 65536), ("64 KiB", 65536), ("64kb", 65536), ("1M", 1 << 20), ("1.5m", 3 << 19),
            ("2G", 2 << 30),
            ("1 TiB", 1 << 40), ("100 bytes", 100), ("1 byte", 1), ("7b", 7), ("0", 0),
            ("9223372036854775807", .max),
        ] as [(String, Int64)])
    func sizes(text: String, bytes: Int64) { #expect(Quantity.size(text) == bytes) }

    @Test(
        "What is no size",
        arguments: [
            "", "k", "-5", "-1k", "1kk", "1 k 2", "1.5.5k", "64 kilo", "9223372036854775808", "9999999T", "0x10", "1e3",
        ])
    func noSizes(text: String) { #expect(Quantity.size(text) == nil) }

    @Test(
        "Integers",
        arguments: [
            ("12", 12), ("-12", -12), ("+12", 12), (" 3 ", 3), ("0x1F", 31), ("0Xff", 255), ("-0x10", -16), ("+0x10", 16),
            ("-9223372036854775808", .min), ("0x7fffffffffffffff", .max), ("-0x8000000000000000", .min),
        ] as [(String, Int64)])
    func integers(text: String, number: Int64) { #expect(Quantity.integer(text) == number) }

    @Test(
        "What is no integer",
        arguments: [
            "", "x", "1.0", "1e3", "0x", "0x-5", "0x+5", "0xg", "--5", "- 5", "9223372036854775808", "0x8000000000000000",
            "1 2",
        ])
    func noIntegers(text: String) { #expect(Quantity.integer(text) == nil) }

    @Test("Booleans")
    func booleans() {
        for yes in ["1", "yes", "TRUE", "On", " enable "] { #expect(Quantity.boolean(yes) == true, "\(yes)") }
        for no in ["0", "no", "False", "OFF", "disable"] { #expect(Quantity.boolean(no) == false, "\(no)") }
        for neither in ["", "2", "y", "ja", "10"] { #expect(Quantity.boolean(neither) == nil, "\(neither)") }
    }

    @Test(
        "Durations are shown in the greatest unit that leaves a whole",
        arguments: [
            (0, "0s"), (1, "1ns"), (999, "999ns"), (1500, "1.5us"), (200_000_000, "200ms"), (1_500_000_000, "1.5s"),
            (60_000_000_000, "1m"), (5_400_000_000_000, "1.5h"), (172_800_000_000_000, "2d"), (-5_000_000_000, "-5s"),
        ] as [(Int64, String)])
    func durationTexts(nanoseconds: Int64, text: String) { #expect(Quantity.text(duration: nanoseconds) == text) }

    @Test(
        "Sizes are shown in the greatest unit that divides them",
        arguments: [
            (0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (1536, "1536 bytes"), (1 << 20, "1 MiB"),
            (3 << 30, "3 GiB"),
        ]
            as [(Int64, String)])
    func sizeTexts(bytes: Int64, text: String) { #expect(Quantity.text(size: bytes) == text) }
}
