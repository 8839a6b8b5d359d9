import Configuration
import Testing

@Suite("Directives")
struct PreprocessorTests {
    @Test(
        "A directive does what it says",
        arguments: [
            Case("#!define N 5\na = N", "a = i:5"),
            Case("!!def N 5\na = N", "a = i:5"),
            Case("#!define N 5 # five\na = N // x", "a = i:5"),
            Case("#!define N 1 \\\n  2\na = N 3", "a = i:1 i:2 i:3"),
            Case("#!define N 5\na = \"N\"", "a = s:N"),
            Case("#!define NAME\na = NAME 1", "a = i:1"),
            Case("#!define A B\n#!define B 7\na = A", "a = i:7"),
            Case("#!define URL \"x:\" \"/y\"\na = URL \"/z\"", "a = s:x:/y/z"),
            Case("#!define PORT 5060\nlisten = udp:1.2.3.4:PORT", "listen = w:udp:1.2.3.4:5060"),
            Case(
                "#!define LOAD loadmodule \"acc\"\nLOAD\nLOAD;a=1", "loadmodule acc", "loadmodule acc",
                "a = i:1"),
            Case("#!define N 1\n#!trydefine N 2\n#!trydef M 3\na = N M", "a = i:1 i:3"),
            Case("#!define N 1\n#!redefine N 2\na = N\n#!redef N 3\nb = N", "a = i:2", "b = i:3"),
            Case("#!define N 1\n#!ifdef N\na = 1\n#!else\na = 2\n#!endif\nb = 3", "a = i:1", "b = i:3"),
            Case("#!ifdef N\na = 1\n#!else\na = 2\n#!endif", "a = i:2"),
            Case("#!ifndef N\na = 1\n#!else\na = 2\n#!endif # N", "a = i:1"),
            Case(
                "#!ifdef N\n#!ifdef M\na=1\n#!else\na=2\n#!endif\n\"unclosed /* '\n#!else\nb=1\n#!endif",
                "b = i:1"),
            Case("#!ifndef N\n#!ifdef M\na=1\n#!else\na=2\n#!endif\n#!endif", "a = i:2"),
            Case("request_route {\n#!ifdef X\n a();\n#!else\n b();\n#!endif\n}", "request[] b ( ) ;"),
            Case("#!subst \"/HOST/h.example/\"\na = \"HOST HOST\" HOST", "a = s:h.example HOST w:HOST"),
            Case("#!subst \"/HOST/x/g\"\na = \"HOST HOST\"\nb = 'HOST'", "a = s:x x", "b = s:x"),
            Case("#!subst \"!host!x!gi\"\na = \"Host!HOST\"", "a = s:x!x"),
            Case("#!subst \"/(a)(b*)/<\\2\\1\\0>/g\"\na = \"abb a\"", "a = s:<bbaabb> <aa>"),
            Case("#!subst \"/x*/-/g\"\na = \"abc\"", "a = s:-a-b-c-"),
            Case("#!subst \"/^a/b/g\"\na = \"aaa\"", "a = s:baa"),
            Case("#!subst \"/a\\/b/c/\"\na = \"a/b\"", "a = s:c"),
            Case("#!subst \"/T/users/\"\nroute[A] { $sht(T=>x) = 1; }", "named[A] $sht(users=>x) = i:1 ;"),
            Case("a = \"X\"\n#!subst \"/X/y/\"\nb = \"X\"", "a = s:X", "b = s:y"),
            Case("#!substdef \"!N!42!g\"\na = N \"is N\"", "a = i:42 s:is 42"),
            Case("#!substdefs \"!N!42!g\"\na = N\nb = \"is N\"", "a = s:42", "b = s:is 42"),
            Case("#!subst \"/D/$env(HOME)/\"\na = \"D/x\"", "a = s:/home/me/x"),
            Case("#!defenv HOME\n#!defenv H=SIZE\na = H\n#!defenvs S=SIZE\nb = S", "a = i:7", "b = s:7"),
            Case(
                "#!trydefenv NONE\n#!trydefenvs HOME\na = HOME\n#!ifdef NONE\nb=1\n#!endif", "a = s:/home/me"),
        ])
    func directives(_ example: Case) {
        let configuration = parse(example.text, environment: ["HOME": "/home/me", "SIZE": "7"])
        #expect(configuration.diagnostics.map(\.description) == [])
        #expect(shown(configuration) == example.expected)
    }

    @Test("The defines at the end are kept for scripts, those given beforehand included")
    func defines() {
        let configuration = parse(
            "#!define A x y\n#!trydefine B 2\n#!substdefs \"/C/3/\"", defines: ["B": "1"])
        #expect(configuration.defines == ["A": "x y", "B": "1", "C": "3"])
    }

    @Test("A token from a define stands where its name was used and knows the define")
    func expansion() throws {
        guard case .setting(let setting) = try #require(parse("#!define N 5\n  a = N").statements.first)
        else { return }
        #expect(setting.values[0].location.description == "m.conf:2:7")
        #expect(setting.values[0].expansion?.name == "N")
        #expect(setting.values[0].expansion?.location.description == "m.conf:1:1")
    }

    @Test(
        "A bad directive is refused",
        arguments: [
            Case(
                "#!define N 1\n  #!define N 2",
                "m.conf:2:3: error: found a second '#!define' of N, expected one; use #!redefine to replace the value, "
                    + "or #!trydefine to keep the first", "m.conf:1:1: note: N was first defined here"),
            Case(
                "#!define",
                "m.conf:1:9: error: found the end of the line after '#!define', expected a name of letters, digits "
                    + "and '_'"),
            Case(
                "#!define A=5",
                "m.conf:1:10: error: found 'A=5' after '#!define', expected a name of letters, digits and '_'; a space "
                    + "separates name and value: '#!define NAME value'"),
            Case(
                "#!defin A 5",
                "m.conf:1:1: error: found the unknown directive '#!defin', expected a directive such as #!define; did "
                    + "you mean '#!define'?"),
            Case(
                "a=1\n#!wombat",
                "m.conf:2:1: warning: found the unknown directive '#!wombat': it is read as a comment; write '# !' if a "
                    + "comment is meant"),
            Case(
                "#!ifexp A",
                "m.conf:1:1: error: found the directive '#!ifexp', which modhost does not have; use #!ifdef, #!ifndef, "
                    + "#!else, #!endif, #!define and #!redefine"),
            Case(
                "#!define A B\n#!define B A\nx = A",
                "m.conf:3:5: error: found the define A, whose value leads back to itself: A -> B -> A",
                "m.conf:1:1: note: A is defined here"),
            Case(
                "x = 1\n #!ifdef A\n#!else",
                "m.conf:2:2: error: found '#!ifdef' without its end, expected '#!endif' before the end of the file"
            ),
            Case("#!endif", "m.conf:1:1: error: found '#!endif' without '#!ifdef' or '#!ifndef' before it"),
            Case("!!else", "m.conf:1:1: error: found '#!else' without '#!ifdef' or '#!ifndef' before it"),
            Case(
                "#!ifdef A\n#!else\n#!else\n#!endif",
                "m.conf:3:1: error: found a second '#!else', expected '#!endif'",
                "m.conf:2:1: note: the first '#!else' is here"),
            Case(
                "#!ifdef\n#!endif",
                "m.conf:1:8: error: found the end of the line after '#!ifdef', expected a name"),
            Case(
                "#!ifdef A B\n#!endif",
                "m.conf:1:11: error: found 'B' after '#!ifdef A', expected the end of the line; one directive asks for "
                    + "one name: nest several"),
            Case(
                "#!defenv NONE",
                "m.conf:1:10: error: found no environment variable NONE; set it before the start, or use #!trydefenv"
            ),
            Case(
                "#!defenv 5",
                "m.conf:1:10: error: found '5' after '#!defenv', expected NAME or NAME=VARIABLE"),
            Case(
                "#!subst /a/b/",
                "m.conf:1:9: error: found '/' after '#!subst', expected \"/pattern/replacement/flags\"; the quotes are "
                    + "needed"),
            Case(
                "#!subst \"/a/b\"",
                "m.conf:1:9: error: found a substitution with 2 of its 3 separators '/', expected "
                    + "\"/pattern/replacement/flags\""),
            Case(
                "#!subst \"/a(/b/\"",
                "m.conf:1:9: error: found a bad regular expression 'a(': Unmatched ( or \\("),
            Case(
                "#!subst \"/a/b/x\"",
                "m.conf:1:9: error: found the flag 'x', expected g (all places) or i (ignore case)"),
            Case(
                "#!subst \"aXbX\"",
                "m.conf:1:9: error: found 'a' at the beginning of a substitution, expected "
                    + "\"/pattern/replacement/flags\"; any sign but a letter, a digit and a backslash may separate the "
                    + "parts"),
            Case(
                "#!substdef \"!a.b!c!\"",
                "m.conf:1:12: error: found 'a.b' as the name for '#!substdef', expected letters, digits and '_'; use "
                    + "#!subst for a regular expression"),
            Case(
                "#!subst \"/(a)\\1/b/\"",
                "m.conf:1:9: error: found a bad regular expression '(a)\\1': back-references are not a part of POSIX "
                    + "extended expressions"),
            Case(
                "#!subst \"/a{999}{999}/b/\"",
                "m.conf:1:9: error: found a bad regular expression 'a{999}{999}': its repeat counts multiply to more "
                    + "than 1000"),
            Case(
                "#!define U \"open\n\na = U",
                "m.conf:1:12: error: found the end of the text inside a string, expected a closing '\"'; for text of "
                    + "several lines use '…', or a string on each line: neighbours are joined"),
        ])
    func bad(_ example: Case) {
        #expect(complaints(example.text) == example.expected)
    }

    @Test("Defines that multiply without end are stopped")
    func explosion() {
        var text = "#!define A0\n#!define X \(String(repeating: " x", count: 1000))\n"
        for step in 1...24 { text += "#!define A\(step) A\(step - 1) A\(step - 1)\n" }
        #expect(
            complaints(text + "a = A24\n") == [
                "m.conf:27:5: error: found more than 200000 uses of defines, expected fewer"
            ])
        #expect(
            complaints(text + "a =" + String(repeating: " X", count: 1001)) == [
                "m.conf:27:2003: error: found more than 1000000 words, expected a smaller configuration"
            ])
    }
}
