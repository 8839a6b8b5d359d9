import JSON
import ManagementClient
import Testing

@Suite("Commands as typed")
struct CommandWordsTests {
    static let typed: [(String, JSONValue)] = [
        ("alice", "alice"), ("", ""), ("42", 42), ("-7", -7), ("0", 0), ("0.25", 0.25), ("-1.5", -1.5),
        ("9223372036854775807", .integer(.max)), ("9223372036854775808", "9223372036854775808"),
        ("007", "007"), ("+49301", "+49301"), ("-", "-"), ("-0", "-0"), ("1.10", "1.10"), ("1e5", "1e5"),
        ("0x1F", "0x1F"), ("1.2.3", "1.2.3"), ("nan", "nan"), ("inf", "inf"), ("1 ", "1 "), (".5", ".5"),
        ("12345678901234567.0", "12345678901234567.0"), ("٣", "٣"), ("id=alice", "id=alice"), ("n=3", "n=3"),
        ("c::d", "c::d"), ("true", "true"), ("s:42", "42"), ("s:", ""), ("s:s:x", "s:x"),
        ("sip:a@b", "sip:a@b"),
        ("i:42", 42), ("i:+42", 42), ("i:007", 7), ("i:-1", -1), ("{\"a\":1}", "{\"a\":1}"),
    ]

    @Test("Only what survives as a number is sent as one; prefixes decide", arguments: typed)
    func types(word: String, value: JSONValue) throws {
        #expect(try CommandWords.value(of: word) == value)
    }

    @Test(
        "i: takes nothing but an integer", arguments: ["i:", "i:x", "i:1.5", "i: 1", "i:9223372036854775808"])
    func badIntegers(word: String) {
        let error = #expect(throws: CommandWordsError.self) { try CommandWords(["cmd", word]) }
        #expect(
            error?.description
                == "'\(word)' expects an integer of at most 64 bits after i: (s: in front makes any text a string)"
        )
    }

    @Test("The habit of kamctl works, and words go through untouched")
    func words() throws {
        let direct = try CommandWords(["acc.record", "id=alice", "--x", "-f", "3"])
        #expect(direct.method == "acc.record")
        #expect(direct.parameters == ["id=alice", "--x", "-f", 3])
        #expect(try CommandWords(["fifo", "which"]) == CommandWords(["which"]))
        #expect(try CommandWords(["rpc", "which"]) == CommandWords(["which"]))
        #expect(try CommandWords(["which"]).parameters == nil)
        #expect(try CommandWords(["fifo", "fifo", "rpc"]).parameters == ["rpc"])
    }

    @Test("Arguments by name become an object")
    func named() throws {
        #expect(
            try CommandWords(["x"], named: ["table=users", "n=3", "text=a=b", "e=", "s=s:3"]).parameters
                == ["table": "users", "n": 3, "text": "a=b", "e": "", "s": "3"])
    }

    static let mistakes: [([String], [String], String)] = [
        (["fifo"], [], "'fifo' expects a command after it, such as 'fifo which'"),
        ([""], [], "the command is empty, expected a command such as 'which'"),
        ([], [], "the command is empty, expected a command such as 'which'"),
        (["x"], ["novalue"], "--arg 'novalue' expects name=value"),
        (["x"], ["=v"], "--arg '=v' expects name=value"),
        (["x"], ["a=1", "a=2"], "--arg gives 'a' twice"),
        (
            ["x", "y"], ["a=1"],
            "found the argument 'y' after the command besides --arg; give arguments by position or by name, not both"
        ),
    ]

    @Test("Mistakes are explained", arguments: mistakes)
    func explains(words: [String], named: [String], text: String) {
        let error = #expect(throws: CommandWordsError.self) { try CommandWords(words, named: named) }
        #expect(error?.description == text)
    }

    static let lines: [(String, [String])] = [
        ("", []), ("  \t ", []), ("a", ["a"]), (" a  b\tc ", ["a", "b", "c"]), ("# a b", []),
        ("a # b", ["a", "#", "b"]),
        ("a#b", ["a#b"]), ("'a b' \"c d\"", ["a b", "c d"]), ("a'b'\"c\"d", ["abcd"]), ("''", [""]),
        ("a \"\"", ["a", ""]),
        (#"a\ b \' \" \\"#, ["a b", "'", "\"", "\\"]), (#""a\"b\\c\n""#, [#"a"b\c\n"#]),
        (#"'a\b'"#, [#"a\b"#]),
        (#"'it'\''s'"#, ["it's"]), ("\\#", ["#"]), ("'#'", ["#"]), ("ä 'ö ü'", ["ä", "ö ü"]),
    ]

    @Test("Lines are split as a shell quotes", arguments: lines)
    func split(line: String, words: [String]) throws {
        #expect(try ShellWords.split(line) == words)
    }

    static let broken = [
        ("a 'b", "column 3: found an opening ' without its closing one"),
        ("\"", "column 1: found an opening \" without its closing one"),
        (#""a\""#, "column 1: found an opening \" without its closing one"),
        (#"a \"#, #"column 3: found a backslash at the end, expected a character after it"#),
    ]

    @Test("Open quotes are pointed at", arguments: broken)
    func openQuotes(line: String, text: String) {
        let error = #expect(throws: CommandWordsError.self) { try ShellWords.split(line) }
        #expect(error?.description == text)
    }

    @Test("Tab inserts what all names share and lists what is left")
    func completion() {
        let names = ["which", "flat_rotate", "flatstore.rotate", "version"]
        #expect(CommandCompletion("wh", names: names)?.insertion == "ich ")
        #expect(CommandCompletion("f", names: names)?.insertion == "lat")
        #expect(CommandCompletion("flat", names: names)?.insertion == "")
        #expect(CommandCompletion("flat", names: names)?.candidates == ["flat_rotate", "flatstore.rotate"])
        #expect(CommandCompletion("help v", names: names)?.insertion == "ersion ")
        #expect(CommandCompletion("fifo w", names: names)?.insertion == "hich ")
        #expect(CommandCompletion("", names: names)?.candidates.count == 4)
        #expect(CommandCompletion("zz", names: names)?.candidates == [])
        #expect(CommandCompletion("which w", names: names) == nil)
        #expect(CommandCompletion("help which w", names: names) == nil)
        #expect(CommandCompletion.columns(["a", "bbb", "c", "d", "e"], width: 10) == "a    d\nbbb  e\nc\n")
        #expect(CommandCompletion.columns(["toolong"], width: 3) == "toolong\n")
    }
}
