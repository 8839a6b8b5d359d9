import ModuleABI
import Testing

@testable import Host

@Suite("Arguments of commands")
struct ArgumentBindingTests {
    private static func command(_ arguments: [Command.Argument]) -> Command {
        Command(
            name: "cmd", aliases: [], isChange: false, isSlow: false, summary: "", example: "", arguments: arguments,
            module: nil,
            action: .host { _, _ in })
    }

    private static let table = command([
        .init(name: "table", type: .string), .init(name: "count", type: .int, isOptional: true),
        .init(name: "wait", type: .duration, isOptional: true),
    ])
    private static let rest = command([
        .init(name: "name", type: .string), .init(name: "more", type: .int, isOptional: true, isRest: true),
    ])

    private func text(_ text: String) -> ArgumentValue { .string(Array(text.utf8)) }
    private func sent(_ value: ArgumentValue, _ name: String? = nil, as text: String? = nil) -> SentArgument {
        SentArgument(name: name, value: value, text: text.map { Array($0.utf8) })
    }

    private func fault(_ sent: [SentArgument], _ command: Command = table) -> ArgumentBinding.Failure? {
        do throws(ArgumentBinding.Failure) {
            _ = try ArgumentBinding.bind(sent, to: command)
            return nil
        } catch { return error }
    }

    @Test("By place, by name, and both mixed")
    func placesAndNames() throws {
        let expected: [ArgumentValue] = [text("t"), .integer(5), .duration(2_000_000_000)]
        let all: [[SentArgument]] = [
            [sent(text("t")), sent(.integer(5)), sent(.integer(2))],
            [sent(text("2s"), "wait"), sent(text("5"), "count"), sent(text("t"), "table")],
            [sent(.integer(5), "count"), sent(text("t")), sent(.float(2))],
        ]
        for arguments in all { #expect(try ArgumentBinding.bind(arguments, to: Self.table) == expected) }
    }

    @Test("Optional ones that are left out, or null, are null")
    func optional() throws {
        #expect(try ArgumentBinding.bind([sent(text("t"))], to: Self.table) == [text("t"), .null, .null])
        #expect(
            try ArgumentBinding.bind([sent(text("t")), sent(.null), sent(.integer(1), "wait")], to: Self.table)
                == [text("t"), .null, .duration(1_000_000_000)])
    }

    @Test("The last may take all the rest")
    func theRest() throws {
        #expect(try ArgumentBinding.bind([sent(text("n"))], to: Self.rest) == [text("n"), .list([])])
        #expect(
            try ArgumentBinding.bind(
                [sent(text("n")), sent(.integer(1)), sent(text("0x10")), sent(.integer(3), "more")], to: Self.rest)
                == [text("n"), .list([.integer(1), .integer(16), .integer(3)])])
        let needed = Self.command([.init(name: "name", type: .string), .init(name: "more", type: .int, isRest: true)])
        #expect(fault([sent(text("n"))], needed)?.text == "cmd: the argument more is missing (usage: cmd NAME MORE…)")
    }

    @Test("name::value is a text by place when no argument has that name")
    func colons() throws {
        #expect(try ArgumentBinding.bind([sent(text("d"), "c", as: "c::d")], to: Self.table).first == text("c::d"))
        #expect(try ArgumentBinding.bind([sent(text("t"), "table", as: "table::t")], to: Self.table).first == text("t"))
    }

    @Test(
        "Each type takes what can be it",
        arguments: [
            (.int, .integer(-3), .integer(-3)), (.int, .float(3), .integer(3)),
            (.int, .string(Array("0x10".utf8)), .integer(16)),
            (.float, .integer(2), .float(2)), (.float, .string(Array("2.5".utf8)), .float(2.5)),
            (.float, .float(1.5), .float(1.5)),
            (.string, .integer(7), .string(Array("7".utf8))), (.string, .float(1.5), .string(Array("1.5".utf8))),
            (.bool, .integer(1), .bool(true)), (.bool, .bool(false), .bool(false)),
            (.bool, .string(Array("off".utf8)), .bool(false)),
            (.duration, .string(Array("200ms".utf8)), .duration(200_000_000)),
            (.duration, .float(0.5), .duration(500_000_000)),
            (.size, .string(Array("64k".utf8)), .size(65536)), (.size, .integer(7), .size(7)),
            (.any, .bool(true), .bool(true)),
        ] as [(Command.ArgumentType, ArgumentValue, ArgumentValue)])
    func conversions(type: Command.ArgumentType, given: ArgumentValue, expected: ArgumentValue) throws {
        #expect(try ArgumentBinding.bind([sent(given)], to: Self.command([.init(name: "a", type: type)])) == [expected])
    }

    @Test(
        "What cannot be it says what was found and what is expected",
        arguments: [
            (.int, .string(Array("ten".utf8)), "'ten', expected an integer"),
            (.int, .float(1.5), "1.5, expected an integer"),
            (.int, .bool(true), "a boolean, expected an integer"), (.int, .null, "null, expected an integer"),
            (.int, .nested("an array"), "an array, expected an integer"),
            (.string, .bool(true), "a boolean, expected a string"),
            (.float, .string(Array("x".utf8)), "'x', expected a number"),
            (.bool, .integer(2), "2, expected a boolean (0, 1, yes, no, on, off, true, false)"),
            (.duration, .string(Array("soon".utf8)), "'soon', expected a duration such as 200ms or 5s"),
            (.size, .float(1.5), "1.5, expected a size such as 4096 or 64k"),
            (.any, .nested("an object"), "an object, expected a string, number or boolean"),
        ] as [(Command.ArgumentType, ArgumentValue, String)])
    func wrongKinds(type: Command.ArgumentType, given: ArgumentValue, text: String) {
        let failure = fault([sent(given)], Self.command([.init(name: "a", type: type)]))
        #expect(failure == .init(kind: .value, text: "cmd: the argument a is \(text)"))
    }

    @Test("A long text is cut in the message")
    func longText() {
        let long = String(repeating: "é", count: 500)
        let failure = fault([sent(text(long))], Self.command([.init(name: "a", type: .int)]))
        #expect(failure?.text == "cmd: the argument a is '\(String(repeating: "é", count: 30))…', expected an integer")
    }

    @Test("Too few, too many, twice and unknown are told apart")
    func counts() {
        let usage = "(usage: cmd TABLE [COUNT] [WAIT])"
        #expect(fault([]) == .init(kind: .count, text: "cmd: the argument table is missing \(usage)"))
        #expect(
            fault(Array(repeating: sent(.integer(1)), count: 4))
                == .init(kind: .count, text: "cmd takes 1 to 3 arguments, got 4 \(usage)"))
        #expect(
            fault([sent(text("t"), "table"), sent(text("u"), "table")])
                == .init(kind: .count, text: "cmd: the argument table is given twice"))
        #expect(
            fault([sent(text("t"), "tabel")])
                == .init(kind: .value, text: "cmd has no argument tabel \(usage); did you mean table?"))
        #expect(fault([sent(.integer(1))], Self.command([]))?.text == "cmd takes no arguments, got 1 (usage: cmd)")
        let one = Self.command([.init(name: "a", type: .any)])
        #expect(fault([sent(.integer(1)), sent(.integer(2))], one)?.text == "cmd takes 1 argument, got 2 (usage: cmd A)")
    }

    @Test("Modules get the values laid out as the ABI says, with lists in their place")
    func rawLayout() throws {
        let raw = RawArguments([
            text("héllo"), .integer(-1), .null, .list([text("a"), .bool(true)]), .duration(5), .string([]),
        ])
        let array = raw.array
        #expect(array.count == 6)
        let values = try #require(array.items?.assumingMemoryBound(to: mh_value.self))
        #expect(values[0].as.text.string == "héllo")
        #expect(values[1].as.integer == -1)
        #expect(values[2].type == MH_NULL)
        #expect(values[3].type == MH_LIST)
        let list = try #require(values[3].as.list.items?.assumingMemoryBound(to: mh_value.self))
        #expect(list[0].as.text.string == "a")
        #expect((list[1].type, list[1].as.integer) == (MH_BOOL, 1))
        #expect((values[4].type, values[4].as.integer) == (MH_DURATION, 5))
        #expect(values[5].as.text.len == 0)
        withExtendedLifetime(raw) {}
    }
}
