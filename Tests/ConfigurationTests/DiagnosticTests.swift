import Configuration
import Testing

@Suite("Diagnostics and near names")
struct DiagnosticTests {
    let place = SourceLocation(file: "m.conf", line: 2, column: 4)

    @Test("A diagnostic is one line that an editor can jump to")
    func line() {
        #expect(
            Diagnostic(.error, at: place, "found x, expected y").description
                == "m.conf:2:4: error: found x, expected y")
        #expect(Diagnostic(.note, at: place, "a", hint: "b").description == "m.conf:2:4: note: a; b")
    }

    @Test("The source line is shown with a caret under the column, at any tab width")
    func caret() {
        let error = Diagnostic(.error, at: place, "found x", hint: "no")
        #expect(
            error.render(source: "one\n\tä x = 5\r\nthree", colour: false)
                == "m.conf:2:4: error: found x; no\n    \tä x = 5\n    \t  ^")
        #expect(
            error.render(source: "one\nabc", colour: true)
                == "\u{1B}[1mm.conf:2:4:\u{1B}[0m \u{1B}[1;31merror:\u{1B}[0m found x; no\n    abc\n       "
                + "\u{1B}[1;32m^\u{1B}[0m")
        #expect(error.render(source: nil, colour: false) == "m.conf:2:4: error: found x; no")
        #expect(error.render(source: "one", colour: false) == "m.conf:2:4: error: found x; no")
        #expect(error.render(source: "one\nab", colour: false) == "m.conf:2:4: error: found x; no")
    }

    @Test("A long line is cut around the column, and control characters do not reach the terminal")
    func longLine() throws {
        let source = String(repeating: "a", count: 300) + "X\u{1B}[31m" + String(repeating: "b", count: 300)
        let error = Diagnostic(.error, at: SourceLocation(file: "m", line: 1, column: 301), "x")
        let lines = error.render(source: source, colour: false).split(separator: "\n")
        try #require(lines.count == 3)
        let caret = try #require(lines[2].firstIndex(of: "^"))
        #expect(lines[1].count < 120)
        #expect(Array(lines[1])[lines[2].distance(from: lines[2].startIndex, to: caret)] == "X")
        #expect(!lines[1].contains("\u{1B}"))
    }

    @Test("A configuration renders a diagnostic of any of its files")
    func render() {
        let configuration = parse("include_file \"b\"", files: ["b": "x = 1 y = 2"])
        #expect(
            configuration.diagnostics.map { configuration.render($0, colour: false) } == [
                "b:1:7: error: found 'y' on the line of 'x', expected ';' or a new line between the two; put a ';' before "
                    + "'y'\n    x = 1 y = 2\n          ^"
            ])
    }

    @Test(
        "The near name is found, and only a near one",
        arguments: [
            ("loadmodul", "loadmodule"), ("laodmodule", "loadmodule"), ("LoadModule", "loadmodule"),
            ("workrs", "workers"), ("wrokers", "workers"), ("flush_intreval", "flush_interval"), ("xyz", nil),
            ("work", nil), ("w", nil), ("", nil), ("db", nil), ("workers", nil),
            (String(repeating: "w", count: 70), nil),
        ] as [(String, String?)])
    func near(_ word: String, _ name: String?) {
        #expect(nearestName(to: word, in: ["loadmodule", "workers", "flush_interval", "mpath"]) == name)
    }

    @Test("The nearest of several wins, and the first of equals")
    func nearest() {
        #expect(nearestName(to: "flsuh", in: ["flash", "flush", "flesh"]) == "flush")
        #expect(nearestName(to: "cat_", in: ["cats", "cath"]) == "cats")
    }
}
