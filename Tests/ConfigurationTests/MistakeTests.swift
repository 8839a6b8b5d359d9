import Configuration
import Testing

@Suite("Mistakes in statements")
struct MistakeTests {
    @Test(
        "A mistake is told with what was found, what was expected, and where",
        arguments: [
            Case(
                "loadmodul \"x\"",
                "m.conf:1:1: error: found the unknown word 'loadmodul', expected loadmodule, modparam, mpath, a route "
                    + "or 'name = value'; did you mean loadmodule?"),
            Case(
                "a = 1\nmodpram(\"a\", \"b\", 1)\nb = 2",
                "m.conf:2:1: error: found the unknown word 'modpram', expected loadmodule, modparam, mpath, a route "
                    + "or 'name = value'; did you mean modparam?"),
            Case(
                "request_rote {\n a = b = c;\n}\nx = 1",
                "m.conf:1:1: error: found the unknown word 'request_rote', expected loadmodule, modparam, mpath, a "
                    + "route or 'name = value'; did you mean request_route?"),
            Case(
                "workers 4",
                "m.conf:1:1: error: found the word 'workers' without '=', expected a statement; write 'workers = 4' if "
                    + "a setting is meant"),
            Case(
                "loadmodule \"a\" loadmodule \"b\"",
                "m.conf:1:16: error: found 'loadmodule' on the line of loadmodule, expected ';' or a new line between "
                    + "the two; put a ';' before 'loadmodule'"),
            Case(
                "modparam(\"a\",\"b\",1)modparam(\"a\",\"b\",1) x = 5",
                "m.conf:1:20: error: found 'modparam' on the line of modparam, expected ';' or a new line between the "
                    + "two; put a ';' before 'modparam'",
                "m.conf:1:40: error: found 'x' on the line of modparam, expected ';' or a new line between the two; put "
                    + "a ';' before 'x'"),
            Case(
                "workers = 4 log_level = 2",
                "m.conf:1:13: error: found 'log_level' on the line of 'workers', expected ';' or a new line between "
                    + "the two; put a ';' before 'log_level'"),
            Case(
                "loadmodule \"a\" 5",
                "m.conf:1:16: error: found the number 5 after loadmodule, expected ';' or the end of the line"
            ),
            Case(
                "loadmodule \"a\" optinal",
                "m.conf:1:16: error: found 'optinal' after the module's name, expected 'optional' or the end of the "
                    + "line; did you mean optional?"),
            Case(
                "loadmodule flatstore.so",
                "m.conf:1:12: error: found 'flatstore', expected the module's name in quotes; write loadmodule "
                    + "\"flatstore.so\""),
            Case(
                "loadmodule\nx = 1",
                "m.conf:1:11: error: found the end of the line, expected the module's name in quotes"),
            Case(
                "loadmodule",
                "m.conf:1:11: error: found the end of the file, expected the module's name in quotes"),
            Case(
                "loadmodule \"\"",
                "m.conf:1:12: error: found an empty module name, expected a name such as \"flatstore.so\""),
            Case(
                "loadmodule \"a\\x00b\"",
                "m.conf:1:12: error: found bytes that are not text in the string \"a\\x00b\", expected UTF-8 without NUL"
            ),
            Case(
                "loadmodule \"a",
                "m.conf:1:12: error: found the end of the text inside a string, expected a closing '\"'; for text of "
                    + "several lines use '…', or a string on each line: neighbours are joined"),
            Case(
                "modparam(\"a\", \"b, 1)\nx = 1 y = 2",
                "m.conf:1:15: error: found the end of the line inside a string, expected a closing '\"'; for text of "
                    + "several lines use '…', or a string on each line: neighbours are joined",
                "m.conf:2:7: error: found 'y' on the line of 'x', expected ';' or a new line between the two; put a ';' "
                    + "before 'y'"),
            Case(
                "a = 'x\nb = 5", "m.conf:1:5: error: found a string that never ends, expected a closing \"'\""
            ),
            Case(
                "mpath",
                "m.conf:1:6: error: found the end of the file, expected directories in quotes, separated by ':'; write mpath \"/usr/lib/modhost/modules\""
            ),
            Case(
                "mpath \":\"",
                "m.conf:1:7: error: found no directory in the string \":\", expected one or more separated by ':'"
            ),
            Case(
                "modparam \"a\", \"b\", 1",
                "m.conf:1:10: error: found the string \"a\", expected '('; write modparam(\"module\", \"name\", value)"
            ),
            Case(
                "modparam(a, \"b\", 1)",
                "m.conf:1:10: error: found 'a', expected the module's name in quotes; write modparam(\"module\", \"name\", value)"
            ),
            Case(
                "modparam(\"a\" \"b\", 1)",
                "m.conf:1:19: error: found the number 1, expected the parameter's name in quotes; write modparam(\"module\", \"name\", value)"
            ),
            Case(
                "modparam(\"a\"; \"b\", 1)",
                "m.conf:1:13: error: found ';', expected ',' after the module's name; write modparam(\"module\", \"name\", value)",
                "m.conf:1:15: error: found the string \"b\", expected a statement such as loadmodule, modparam, a route or 'name = value'"
            ),
            Case(
                "modparam(\"a\", \"b\")",
                "m.conf:1:18: error: found ')', expected ',' and a value after the parameter's name; write modparam(\"module\", \"name\", value)"
            ),
            Case(
                "modparam(\"a\", \"b\", )",
                "m.conf:1:20: error: found ')', expected a string, a number or a boolean"),
            Case(
                "modparam(\"a\", \"b\", 1\nx = 1",
                "m.conf:1:21: error: found the end of the line, expected ')' for the '(' at 1:9"),
            Case(
                "modparam(\"a\", \"b\", URL)",
                "m.conf:1:20: error: found 'URL', expected a string, a number or a boolean; put the word into quotes, or define it with #!define before"
            ),
            Case(
                "modparam(\"a\", \"b\", 1.2.3.4)",
                "m.conf:1:20: error: found the word '1.2.3.4', expected a string, a number or a boolean; put it into quotes"
            ),
            Case(
                "modparam(\"a\", \"b\", $var(x))",
                "m.conf:1:20: error: found the pseudo-variable $var(x), expected a string, a number or a boolean; modparamx resolves $env(NAME) and $def(NAME) in a string; other variables are for routes"
            ),
            Case(
                "modparam(\"a(\", \"b\", 1)",
                "m.conf:1:10: error: found a bad regular expression \"a(\": Unmatched ( or \\(; alternatives are written \"acc|flatstore\""
            ),
            Case(
                "modparam(\"\", \"b\", 1)",
                "m.conf:1:10: error: found an empty module name, expected a name such as \"flatstore\""),
            Case(
                "modparam(\"a\", \"\", 1)",
                "m.conf:1:15: error: found an empty parameter name, expected a name"),
            Case(
                "#!define N 08\nmodparam(\"a\", \"b\", N)",
                "m.conf:2:20: error: found the bad number 08: a leading 0 makes it octal, without 8 and 9: write 8",
                "m.conf:1:1: note: it comes from the define N"),
            Case(
                "a =\nb = 1",
                "m.conf:1:4: error: found the end of the line, expected a value after 'a ='; put an empty value into quotes: a = \"\""
            ),
            Case(
                "a = ;",
                "m.conf:1:5: error: found ';', expected a value after 'a ='; put an empty value into quotes: a = \"\""
            ),
            Case(
                "a = (1)",
                "m.conf:1:5: error: found '(', expected a value for 'a': a number, a string, a boolean or a word; put anything unusual into quotes"
            ),
            Case(
                "a = $si",
                "m.conf:1:5: error: found the pseudo-variable $si, expected a number, a string, a boolean or a word; pseudo-variables are for routes"
            ),
            Case(
                "a = tcp://1.2.3.4",
                "m.conf:1:8: error: found '//' in a value without quotes: it begins a comment; put the address into quotes"
            ),
            Case("a = 1 = 2", "m.conf:1:7: error: found '=' after 'a', expected ';' or the end of the line"),
            Case(
                "a = “x”",
                "m.conf:1:5: error: found the character '“', expected a word, a number, a string or a symbol; write the plain quotes \" or '"
            ),
            Case(
                "5 = a",
                "m.conf:1:1: error: found the number 5, expected a statement such as loadmodule, modparam, a route or 'name = value'"
            ),
            Case("x = 1\n}\ny = 2", "m.conf:2:1: error: found '}' without a '{' before it; remove it"),
            Case(
                "request_route\n{\n  if (1) {\n  a();\n",
                "m.conf:2:1: error: found '{' that is never closed, expected '}' before the end of the file",
                "m.conf:3:10: note: of 2 open braces this is the last"),
            Case(
                "route[A] {\n  a();\n\nroute[B] {\n b();\n}\n",
                "m.conf:1:10: error: found '{' that is never closed, expected '}' before 'route' on line 4"),
            Case(
                "request_route[A] { }",
                "m.conf:1:14: error: found '[', expected '{': a request_route has no name"),
            Case(
                "event_route { a(); }",
                "m.conf:1:13: error: found '{', expected a name in brackets; write event_route[module:event] { … }"
            ),
            Case(
                "event_route[a] { a(); }",
                "m.conf:1:13: error: found the event name 'a', expected module:event; write event_route[a:event] { … }"
            ),
            Case(
                "route[] { a(); }",
                "m.conf:1:7: error: found ']', expected the route's name; write route[NAME] { … }"),
            Case(
                "route[A B] { a(); }", "m.conf:1:9: error: found 'B', expected ']' after the route's name 'A'"
            ),
            Case("route[A { a(); }", "m.conf:1:9: error: found '{', expected ']' after the route's name 'A'"),
            Case(
                "route[A]\nx = 1",
                "m.conf:1:9: error: found the end of the line, expected '{' after 'route[A]'"),
            Case(
                "x = 1\n/* a /* b */\ny = 2",
                "m.conf:2:1: error: found a comment that never ends, expected '*/'"),
            Case(
                "/* /* ",
                "m.conf:1:1: error: found a comment that never ends, expected '*/'; comments nest: 2 are open at the end"
            ),
            Case(
                "route[A] { $; }",
                "m.conf:1:12: error: found '$' without a name, expected a pseudo-variable such as $var(x); put a literal '$' into a string"
            ),
            Case(
                "route[A] { $var(a; }",
                "m.conf:1:12: error: found a pseudo-variable that does not end on its line, expected ')'",
                "m.conf:1:10: error: found '{' that is never closed, expected '}' before the end of the file"),
            Case(
                #"a = "\xZ""#,
                #"m.conf:1:6: error: found '\x' without a hexadecimal digit, expected one or two; write '\\x' for a backslash and an x"#
            ),
            Case(
                #"a = "\777""#,
                #"m.conf:1:6: error: found the escape '\777', expected at most '\377'; a byte goes up to octal 377"#
            ),
        ])
    func mistakes(_ example: Case) {
        #expect(complaints(example.text) == example.expected)
    }

    @Test("All mistakes of a file are told at once, in its order, and the good statements are kept")
    func all() {
        let text = """
            wrkers 4;
            loadmodule "acc
            modparam("acc", "flush" 0)
            workers = 4
            rout[A] { if (1) { x(); } y(); }
            a = 099
            #!endif
            b = 1
            loadmodule "x" loadmodule "y"
            """
        let configuration = parse(text)
        #expect(configuration.hasErrors)
        #expect(configuration.diagnostics.map(\.location.line) == [1, 2, 3, 5, 6, 7, 9])
        #expect(shown(configuration) == ["workers = i:4", "b = i:1", "loadmodule x", "loadmodule y"])
    }

    @Test("After a hundred errors one line says that there are more")
    func tooMany() {
        let found = complaints(String(repeating: "a = 08\n", count: 150))
        #expect(found.count == 101)
        #expect(found.last == "m.conf:101:5: error: too many errors; repair the 100 above first")
        #expect(complaints(String(repeating: "é\n", count: 5000)).count == 101)
    }

    @Test("A statement behind a mistake on the same line is read all the same")
    func sameLine() {
        let configuration = parse("loadmodule \"a\" 5 loadmodule \"b\"\nfoo ? route[A] { a(); }")
        #expect(configuration.diagnostics.map(\.location.description) == ["m.conf:1:16", "m.conf:2:1"])
        #expect(shown(configuration) == ["loadmodule a", "loadmodule b", "named[A] a ( ) ;"])
    }

    @Test("A broken head takes its body along")
    func body() {
        let text = "route[A B]\n{\n if (1) { x(); }\n}\nrout { y(); }\nz = 1\n"
        #expect(parse(text).diagnostics.map(\.location.line) == [1, 5])
        #expect(shown(parse(text)) == ["z = i:1"])
    }

    @Test("Junk on a line is one error, not many")
    func junk() {
        #expect(complaints("%&/( )=?? é é é ` ` \\ ^^\nworkers = 4").count == 1)
    }
}
