import Configuration
import ModuleABI
import Testing

@testable import Host

/// A value as a configuration holds it: `modparam("m", "p", TEXT)` is parsed for it.
func configurationValue(_ text: String) throws -> Value {
    let parsed = ConfigurationFile.parse(text: "modparam(\"m\", \"p\", \(text))\n", path: "test.conf", reader: FileReader())
    try #require(parsed.diagnostics.isEmpty)
    for case .moduleParameter(let line) in parsed.statements { return line.value }
    throw Unparsed()
}

private struct Unparsed: Error {}

@Suite("Values of parameters")
struct ParameterValueTests {
    private func parameter(
        _ type: UInt32, _ range: ClosedRange<Int64>? = nil, float: ClosedRange<Double>? = nil, unit: String = "",
        choices: [String] = []
    ) -> ModuleDescriptor.Parameter {
        var raw = mh_param()
        raw.type = type
        (raw.minimum, raw.maximum) = (range?.lowerBound ?? 0, range?.upperBound ?? 0)
        (raw.float_minimum, raw.float_maximum) = (float?.lowerBound ?? 0, float?.upperBound ?? 0)
        return .init(raw: raw, name: "p", help: "", unit: unit, defaultText: "", choices: choices)
    }

    private func fault(_ text: String, _ parameter: ModuleDescriptor.Parameter) throws -> String? {
        let value = try configurationValue(text)
        do throws(ParameterValue.Fault) {
            _ = try ParameterValue(value, for: parameter)
            return nil
        } catch { return error.expected + (error.hint.map { "; \($0)" } ?? "") }
    }

    @Test(
        "Each type takes its spellings in a configuration",
        arguments: [
            (MH_INT, "5", .integer(5)), (MH_INT, "-5", .integer(-5)), (MH_INT, "0x10", .integer(16)),
            (MH_BOOL, "1", .integer(1)), (MH_BOOL, "0", .integer(0)), (MH_BOOL, "yes", .integer(1)),
            (MH_BOOL, "off", .integer(0)),
            (MH_FLOAT, "2", .float(2)), (MH_FLOAT, "2.5", .float(2.5)),
            (MH_STRING, "\"text\"", .text(Array("text".utf8))), (MH_STRING, "\"\"", .text([])),
            (MH_LIST, "\" a , b,,c \"", .list([[0x61], [0x62], [0x63]])), (MH_LIST, "\"\"", .list([])),
            (MH_DURATION, "2", .integer(2_000_000_000)), (MH_DURATION, "0.5", .integer(500_000_000)),
            (MH_DURATION, "\"200ms\"", .integer(200_000_000)), (MH_DURATION, "5s", .integer(5_000_000_000)),
            (MH_SIZE, "4096", .integer(4096)), (MH_SIZE, "\"64 KiB\"", .integer(65536)), (MH_SIZE, "64k", .integer(65536)),
        ] as [(UInt32, String, ParameterValue)])
    func spellings(type: UInt32, text: String, expected: ParameterValue) throws {
        #expect(try ParameterValue(configurationValue(text), for: parameter(type)) == expected)
    }

    @Test(
        "What does not fit says what is expected, and how to write it",
        arguments: [
            (MH_INT, "\"5\"", "expected an integer; write it without quotes"), (MH_INT, "\"x\"", "expected an integer"),
            (MH_INT, "1.5", "expected an integer"), (MH_INT, "yes", "expected an integer"),
            (MH_BOOL, "2", "expected 0 or 1 (or yes, no, on, off, true, false)"),
            (MH_FLOAT, "\"2\"", "expected a number"),
            (MH_STRING, "5", "expected a string; write it in quotes: \"5\""),
            (MH_STRING, "yes", "expected a string; write it in quotes: \"yes\""),
            (MH_LIST, "5", "expected a string of elements separated by commas; write it in quotes: \"5\""),
            (MH_DURATION, "\"soon\"", "expected a duration such as 200ms or 5s, or a number in s"),
            (MH_DURATION, "-1", "expected a duration such as 200ms or 5s, or a number in s"),
            (MH_SIZE, "\"big\"", "expected a size such as 4096, \"64k\" or \"1 MiB\""),
            (MH_SIZE, "-1", "expected a size such as 4096, \"64k\" or \"1 MiB\""),
        ] as [(UInt32, String, String)])
    func faults(type: UInt32, text: String, expected: String) throws {
        #expect(try fault(text, parameter(type)) == expected)
    }

    @Test("Bounds are inclusive and named as people write them")
    func ranges() throws {
        let count = parameter(MH_INT, 1...64)
        #expect(try fault("1", count) == nil)
        #expect(try fault("64", count) == nil)
        #expect(try fault("0", count) == "expected an integer from 1 to 64")
        #expect(try fault("65", count) == "expected an integer from 1 to 64")
        #expect(try fault("0", parameter(MH_INT, 1...(.max))) == "expected an integer, at least 1")
        let ratio = parameter(MH_FLOAT, float: 0.5...2)
        #expect(try fault("2", ratio) == nil)
        #expect(try fault("2.1", ratio) == "expected a number from 0.5 to 2.0")
        let wait = parameter(MH_DURATION, 1_000_000...60_000_000_000, unit: "ms")
        #expect(try ParameterValue(configurationValue("20"), for: wait) == .integer(20_000_000))
        #expect(
            try fault("\"2m\"", wait) == "expected a duration such as 200ms or 5s, or a number in ms, from 1ms to 1m")
        let room = parameter(MH_SIZE, 4096...1 << 20)
        #expect(try fault("1", room) == "expected a size such as 4096, \"64k\" or \"1 MiB\", from 4 KiB to 1 MiB")
        #expect(try fault("0", parameter(MH_BOOL, 1...1)) == nil, "a boolean has no range")
    }

    @Test("A number that is none is refused whatever the range")
    func notANumber() {
        #expect(throws: ParameterValue.Fault.self) {
            try ParameterValue(text: "nan", for: parameter(MH_FLOAT, float: 0...1))
        }
        #expect(throws: ParameterValue.Fault.self) { try ParameterValue(text: "1.0.0", for: parameter(MH_FLOAT)) }
    }

    @Test("A choice is one of the texts; a near miss is guessed")
    func choices() throws {
        let durability = parameter(MH_STRING, choices: ["kernel", "disk"])
        #expect(try fault("\"disk\"", durability) == nil)
        #expect(try fault("\"kernal\"", durability) == "expected one of \"kernel\", \"disk\"; did you mean \"kernel\"?")
        #expect(try fault("\"zebra\"", durability) == "expected one of \"kernel\", \"disk\"")
    }

    @Test("Plain text, as of a default or module.set, is converted the same way")
    func plainText() throws {
        #expect(try ParameterValue(text: "0x10", for: parameter(MH_INT)) == .integer(16))
        #expect(try ParameterValue(text: "on", for: parameter(MH_BOOL)) == .integer(1))
        #expect(try ParameterValue(text: "1e3", for: parameter(MH_FLOAT)) == .float(1000))
        #expect(try ParameterValue(text: "64k", for: parameter(MH_SIZE)) == .integer(65536))
        #expect(try ParameterValue(text: "x", for: parameter(MH_STRING)) == .text([0x78]))
        #expect(throws: ParameterValue.Fault(expected: "expected an integer", hint: nil)) {
            try ParameterValue(text: "ten", for: parameter(MH_INT))
        }
    }

    @Test("A value is shown as it can be written again")
    func shown() {
        #expect(ParameterValue.integer(1_500_000_000).text(for: parameter(MH_DURATION)) == "1.5s")
        #expect(ParameterValue.integer(65536).text(for: parameter(MH_SIZE)) == "64 KiB")
        #expect(ParameterValue.integer(-3).text(for: parameter(MH_INT)) == "-3")
        #expect(ParameterValue.list([[0x61], [0x62]]).text(for: parameter(MH_LIST)) == "a, b")
        #expect(ParameterValue.text(Array("é".utf8)).text(for: parameter(MH_STRING)) == "é")
    }

    @Test("Modules get the value in the type and storage that they declared")
    func lent() {
        ParameterValue.list([[0x61], []]).withRaw(type: MH_LIST) { raw in
            #expect(raw.pointee.type == MH_LIST)
            #expect(raw.pointee.as.list.count == 2)
            let first = raw.pointee.as.list.items?.assumingMemoryBound(to: mh_value.self).pointee
            #expect(first?.as.text.string == "a")
        }
        ParameterValue.integer(7).withRaw(type: MH_DURATION) { raw in
            #expect(raw.pointee.type == MH_DURATION)
            #expect(raw.pointee.as.integer == 7)
        }
        var truth: Int32 = -1
        var number: Int64 = -1
        withUnsafeMutablePointer(to: &truth) { target in
            var boolean = parameter(MH_BOOL)
            boolean.raw.storage = UnsafeMutableRawPointer(target)
            ParameterValue.integer(1).store(in: boolean)
        }
        withUnsafeMutablePointer(to: &number) { target in
            var integer = parameter(MH_INT)
            integer.raw.storage = UnsafeMutableRawPointer(target)
            ParameterValue.integer(.max).store(in: integer)
        }
        #expect(truth == 1)
        #expect(number == .max)
    }
}
