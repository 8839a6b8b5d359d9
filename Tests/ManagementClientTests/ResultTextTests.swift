import JSON
import ManagementClient
import Testing

@Suite("Results as text")
struct ResultTextTests {
    private let pipe = ResultText(isTerminal: false)
    private let terminal = ResultText(isTerminal: true, width: 40)
    private let colour = ResultText(isTerminal: true, usesColour: true, width: 40)

    static let scalars: [(JSONValue, String, String)] = [
        (nil, "", "ok\n"), ([:], "", "ok\n"), ([], "", "(none)\n"),
        ("text", "text\n", "text\n"), ("a\tb\u{1B}[31m\n", "a\tb\u{1B}[31m\n\n", "a\\tb\\u{1B}[31m\\n\n"),
        (7, "7\n", "7\n"), (0.5, "0.5\n", "0.5\n"), (true, "true\n", "true\n"),
        (["which", "version", 3], "which\nversion\n3\n", "which\nversion\n3\n"),
        ("\u{202E}evil\u{200B}", "\u{202E}evil\u{200B}\n", "\\u{202E}evil\\u{200B}\n"),
    ]

    @Test(
        "Scalars and lists of them stand one a line; a terminal gets no control characters",
        arguments: scalars)
    func lines(value: JSONValue, inPipe: String, onTerminal: String) {
        #expect(pipe.render(value) == inPipe)
        #expect(terminal.render(value) == onTerminal)
    }

    private static let people: JSONValue = [
        ["id": 8, "name": "alice", "load": 0.5],
        ["id": 12, "name": "bob, the second", "load": nil, "tags": ["a", "b"]],
    ]

    @Test("A list of maps is a table: aligned on a terminal, separated by tabs in a pipe")
    func tables() {
        #expect(
            terminal.render(Self.people) == """
                id  name             load  tags
                 8  alice             0.5
                12  bob, the second        a, b

                """)
        #expect(
            pipe.render(Self.people) == """
                id\tname\tload\ttags
                8\talice\t0.5\t
                12\tbob, the second\t\ta, b

                """)
        #expect(
            colour.render(Self.people).hasPrefix(
                "\u{1B}[1mid  name             load  tags\u{1B}[0m\n 8  alice"))
    }

    @Test("Wide values are cut to the terminal, never in a pipe")
    func cutting() {
        let long = String(repeating: "x", count: 60)
        let value: JSONValue = [["key": "a", "value": .string(long), "n": 1]]
        #expect(
            terminal.render(value)
                == "key  value                             n\na    \(long.prefix(31))…  1\n")
        #expect(terminal.render(value).split(separator: "\n").allSatisfy { $0.count == 40 })
        #expect(pipe.render(value) == "key\tvalue\tn\na\t\(long)\t1\n")
    }

    @Test("Characters count by the columns they take")
    func wideCharacters() {
        let value: JSONValue = [["k": "漢字", "v": "x"], ["k": "e\u{301}", "v": "y"], ["k": "😀", "v": "z"]]
        #expect(terminal.render(value) == "k     v\n漢字  x\ne\u{301}     y\n😀    z\n")
    }

    @Test("Fields in a pipe stay one field")
    func fields() {
        #expect(pipe.render([["a": "x\ty\nz\\\r\0", "b": 1]]) == "a\tb\nx\\ty\\nz\\\\\\r\\0\t1\n")
        #expect(terminal.render([["a": "x\ty", "b": 1]]) == "a     b\nx\\ty  1\n")
    }

    @Test("A map is its names and values, what it holds indented below")
    func maps() {
        let value: JSONValue = [
            "now": "Sat", "uptime": 12, "none": nil, "list": ["a", "b"], "empty": [],
            "inner": ["x": 1, "deep": ["y": true]], "rows": [["p": 1, "q": "z"]],
        ]
        let expected = """
            now: Sat
            uptime: 12
            none:
            list:
              a
              b
            empty:
            inner:
              x: 1
              deep:
                y: true
            rows:
              p  q
              1  z

            """
        #expect(terminal.render(value) == expected)
        #expect(
            pipe.render(value) == expected.replacing("p  q", with: "p\tq").replacing("1  z", with: "1\tz"))
        #expect(terminal.render([[], [1], nil]) == "(none)\n\n1\n\n")
        #expect(colour.render(["a": 1]) == "\u{1B}[1ma\u{1B}[0m: 1\n")
    }

    @Test("A dump of a hash table shows each slot with its items")
    func dump() {
        let value: JSONValue = [
            ["entry": 0, "size": 1, "slot": [["name": "c::d", "value": "x\"y", "type": "str"]]],
            ["entry": 3, "size": 1, "slot": [["name": "bob", "value": 42, "type": "int"]]],
        ]
        #expect(
            terminal.render(value) == """
                entry: 0
                size: 1
                slot:
                  name  value  type
                  c::d  x"y    str

                entry: 3
                size: 1
                slot:
                  name  value  type
                  bob      42  int

                """)
    }

    @Test("Whatever the host sends is rendered without a control character on a terminal")
    func anything() {
        var random = SystemRandomNumberGenerator()
        func value(_ depth: Int) -> JSONValue {
            switch Int.random(in: 0...(depth > 0 ? 5 : 3), using: &random) {
            case 0: return nil
            case 1: return .integer(.random(in: -99...99))
            case 2: return .double(.random(in: 0...1))
            case 3:
                return .string(
                    String(
                        String.UnicodeScalarView(
                            (0..<Int.random(in: 0...9)).map { _ in
                                Unicode.Scalar(UInt32.random(in: 0...0x2100)) ?? "x"
                            })))
            case 4: return .array((0..<Int.random(in: 0...4)).map { _ in value(depth - 1) })
            default: return .object((0..<Int.random(in: 0...4)).map { .init("\u{7}\($0)", value(depth - 1)) })
            }
        }
        for width in 1...200 {
            let text = ResultText(isTerminal: true, width: width).render(value(5))
            #expect(text.hasSuffix("\n"))
            #expect(
                text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        }
    }
}
