import ModuleABI
import Script
import Testing

@testable import Host

@Suite("Arguments of a run")
struct RouteArgumentsTests {
    private func request(_ sent: [SentArgument]) throws -> [String: ArgumentValue] {
        let arguments = try RouteRequest(sent).arguments
        return Dictionary(arguments.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }

    private func text(_ text: String) -> ArgumentValue { .string(Array(text.utf8)) }

    @Test("key=value and arguments by name are named; the others are numbered and counted")
    func namesAndNumbers() throws {
        let read = try request([
            SentArgument(name: nil, value: text("ip=192.0.2.1")), SentArgument(name: nil, value: text("first")),
            SentArgument(name: "who", value: text("a=b")), SentArgument(name: nil, value: .integer(7)),
            SentArgument(name: nil, value: text("x.y-z=")),
        ])
        #expect(
            read == [
                "ip": text("192.0.2.1"), "1": text("first"), "who": text("a=b"), "2": .integer(7), "x.y-z": text(""),
                "count": .integer(2),
            ])
    }

    @Test(
        "What is no key is left whole",
        arguments: ["=x", "5=x", "a b=c", "http://h/?a=b", "plain", ""])
    func noKeys(word: String) throws {
        #expect(try request([SentArgument(name: nil, value: text(word))]) == ["1": text(word), "count": .integer(1)])
    }

    @Test(
        "A value that is written back just so is a number",
        arguments: [
            ("42", 42), ("-7", -7), ("0", 0), ("9223372036854775807", .max), ("007", nil), ("+5", nil), ("1.5", nil),
            ("", nil),
            ("9223372036854775808", nil), ("-", nil), ("0x1F", nil),
        ] as [(String, Int64?)])
    func numbers(word: String, number: Int64?) throws {
        let read = try request([SentArgument(name: nil, value: text("n=\(word)"))])
        #expect(read["n"] == number.map { .integer($0) } ?? text(word))
    }

    @Test("An argument given twice, lists and too many are refused; count may be given by name")
    func refusals() throws {
        let one = SentArgument(name: "a", value: .integer(1))
        #expect(throws: Fault(400, "the argument a is given twice")) { try request([one, one]) }
        #expect(throws: Fault(400, "the argument a is an object, expected a string, a number or a boolean")) {
            try request([SentArgument(name: "a", value: .nested("an object"))])
        }
        #expect(throws: Fault(400, "found 1001 arguments, a route takes at most 1000")) {
            try request(Array(repeating: SentArgument(name: nil, value: .null), count: 1001))
        }
        #expect(try request([SentArgument(name: "count", value: .integer(5))]) == ["count": .integer(5)])
    }

    @Test("Lent to a run, each is found by its name, with its type; the last of equal names counts")
    func lending() {
        let owned = OwnedArguments([
            ("text", .string([0x61, 0, 0xFF])), ("number", .integer(-5)), ("real", .float(2.5)), ("truth", .bool(true)),
            ("nothing", .null), ("text", text("last")), ("", .integer(1)),
        ])
        owned.lend { arguments in
            func value(_ name: String) -> ScriptValue? {
                Array(name.utf8).withUnsafeBytes { arguments.find($0) }.map { ScriptValue($0) }
            }
            #expect(value("text") == "last")
            #expect(value("number") == -5)
            #expect(value("real") == "2.5")
            #expect(value("truth") == 1)
            #expect(value("nothing") == .null)
            #expect(value("") == 1)
            #expect(value("numbe") == nil)
            #expect(value("numbers") == nil)
        }
    }

    @Test("An array that is no array of mh_log_field is refused")
    func badArrays() {
        var field = mh_log_field()
        field.struct_size = 12
        let size = UInt32(MemoryLayout<mh_log_field>.stride)
        withUnsafePointer(to: field) { field in
            for (count, stride) in [(1, size), (1, 16), (1, size + 4), (5000, size)] as [(UInt32, UInt32)] {
                #expect(throws: DescriptorFault.self) {
                    try RouteArguments(mh_array(items: UnsafeRawPointer(field), count: count, stride: stride))
                }
            }
        }
        #expect(throws: DescriptorFault.self) { try RouteArguments(mh_array(items: nil, count: 1, stride: size)) }
        #expect(throws: Never.self) { try RouteArguments(mh_array(items: nil, count: 0, stride: 0)) }
    }

    @Test("Values travel to a module and back as they were")
    func values() {
        let values: [ScriptValue] = [.null, 7, "text", .text([0, 0xFF]), ""]
        let back = values.withUnsafeBufferPointer { values in
            lend(values) { array in
                (0..<Int(array.pointee.count)).map { index in
                    let value = array.pointee.items?.load(
                        fromByteOffset: index * Int(array.pointee.stride), as: mh_value.self)
                    return value.map { ScriptValue($0) }
                }
            }
        }
        #expect(back == values)
        #expect([ScriptValue]().withUnsafeBufferPointer { lend($0) { $0.pointee.count } } == 0)
    }

    @Test("A reply has a code from 100 to 999; the last one counts")
    func replies() {
        let run = RouteRun()
        func reply(_ code: Int64, _ text: String) -> Bool { Array(text.utf8).withUnsafeBytes { run.reply(code, $0) } }
        #expect(reply(100, "a") && reply(999, String(repeating: "b", count: 1000)))
        #expect(!reply(99, "c") && !reply(1000, "c"))
        #expect(run.replyCode == 999 && run.replyText.string.count == 1000)
        run.begin(RouteArguments())
        #expect(run.replyCode == 0 && run.replyText.string.isEmpty)
    }

    @Test(
        "The modules that are built in are known by file name, path and bare name",
        arguments: [
            ("xlog", "xlog"), ("xlog.so", "xlog"), ("/usr/lib/kamailio/modules/pv.so", "pv"), ("textopsx.so", "textopsx"),
            ("tm.so", nil), ("libxlog.so", nil), ("", nil), ("htable.so", nil),
        ] as [(String, String?)])
    func builtIn(text: String, name: String?) {
        #expect(BuiltInModules.name(in: text) == name)
    }
}
