import Configuration
import Script
import Testing

@Suite("Mistakes in routes are told with their places, all of them, when the configuration is read")
struct MistakeTests {
    @Test(
        "Each mistake has its place and its text",
        arguments: [
            // Names
            ("nothing();", "1: error: found the unknown function nothing; load the module that has it"),
            ("cod(1);", "1: error: found the unknown function cod; did you mean code?"),
            ("xlog(\"$vra(x)\");", "7: error: found the unknown pseudo-variable $vra; did you mean $var?"),
            ("$var(a) = $shtt(x);", "11: error: found the unknown pseudo-variable $shtt; load the module that has it"),
            ("route(OTHR);", "7: error: found a call of the unknown route 'OTHR'; did you mean route(OTHER)?"),
            ("$var(a) = $(var(x){s.lne});", "19: error: found the unknown transformation {s.lne}; did you mean {s.len}?"),
            (
                "$var(a) = $(var(x){q.len});",
                "19: error: found the unknown transformation {q.len}; the classes are line, nameaddr, param, re, s, uri, val"
            ),
            // Arguments
            ("code();", "1: error: found code with no arguments, expected 1; write code(code)"),
            ("code(1, 2);", "1: error: found code with 2 arguments, expected 1; write code(code)"),
            ("take();", "1: error: found take with no arguments, expected 1 or 2; write take(number[, text])"),
            ("code(\"x\");", "6: error: found \"x\" as the argument 'code' of code, expected a number"),
            (
                "literal($var(x));",
                "9: error: found an expression as the argument 'text' of literal, expected a string; it must be known when the configuration is read"
            ),
            (
                "pattern(\"(\");",
                "9: error: found the bad pattern '(': Unmatched ( or \\(; patterns are POSIX extended regular expressions"
            ),
            (
                "store(\"x\", \"y\");",
                "7: error: found no pseudo-variable as the argument 'target' of store, expected one; write $var(x)"
            ),
            (
                "store($fixed, \"y\");",
                "7: error: found $fixed as the argument 'target' of store, expected a pseudo-variable that can be written"
            ),
            (
                "xlog(\"L_LOUD\", \"x\");",
                "1: error: found the log level \"L_LOUD\", expected one such as \"L_INFO\"; levels are L_ALERT, L_BUG, L_CRIT, L_ERR, L_WARN, L_NOTICE, L_INFO and L_DBG"
            ),
            // Kinds of values
            (
                "$var(a) = 5 + \"x\";",
                "15: error: found text behind '+', expected a number as before it; the left side decides: write (str) before the number, or (int) before the text"
            ),
            (
                "$var(a) = \"5\" * 2;",
                "11: error: found text before '*', expected a number; write the number without quotes, or (int) before the text"
            ),
            (
                "$var(a) = $var(b) < \"5\";",
                "21: error: found text behind '<', expected a number; write the number without quotes, or (int) before the text"
            ),
            (
                "$var(a) = $var(b) eq 5;",
                "22: error: found a number beside 'eq', which compares text, expected text; write 'ieq' or '=='"
            ),
            (
                "if (1 ne $var(b)) exit;",
                "5: error: found a number beside 'ne', which compares text, expected text; write 'ine' or '!='"
            ),
            ("$var(a) = strlen(5);", "18: error: found a number in strlen, expected text; write (str) before the number"),
            (
                "$var(a) = \"x\" && 1;",
                "11: error: found text beside '&&', expected a number; compare the text with something"
            ),
            ("return \"3\";", "8: error: found text behind 'return', expected a number; write return without quotes"),
            ("$var(a) = 5 =~ \"5\";", "13: error: found a number before '=~', expected text; write (str) before the number"),
            (
                "$var(a) = $var(b) =~ \"a[\";",
                "22: error: found the bad pattern 'a[': Invalid regular expression; patterns are POSIX extended regular expressions"
            ),
            ("$var(a) = 1 / 0;", "13: error: found a division by zero"),
            (
                "$var(a) = 9223372036854775807 + 1;",
                "31: error: found an overflow: 9223372036854775807 + 1 does not fit in 64 bits"
            ),
            (
                "$var(a) = 9223372036854775808;",
                "11: error: found the number 9223372036854775808, expected -9223372036854775808 to 9223372036854775807"
            ),
            ("$var(a) = 1 << 64;", "13: error: found a shift by 64 bits, expected 0 to 63"),
            // Assignment
            (
                "$fixed = 5;",
                "1: error: found $fixed on the left of '=', expected a pseudo-variable that can be written; it is read-only"
            ),
            (
                "$rc = 5;",
                "1: error: found $rc on the left of '=', expected a pseudo-variable that can be written; it is read-only"
            ),
            (
                "$(var(a){s.len}) = 5;",
                "1: error: found $(var(a){s.len}) on the left of '=', expected a pseudo-variable that can be written; a transformation gives a value, not a variable: leave it out"
            ),
            ("$var(a) == 5;", "9: error: found '==' in a statement, expected '='; '=' assigns, '==' compares"),
            ("$var(a) += 5;", "9: error: found '+=', which the language does not have; write $var(a) = $var(a) + …"),
            ("$var(a)++;", "8: error: found '++', which the language does not have; write $var(a) = $var(a) + 1"),
            ("$var(a);", "8: error: found ';', expected '=' after the pseudo-variable $var(a)"),
            (
                "count = 5;",
                "1: error: found 'count =' in a route, expected a statement; settings stand outside of routes, and a variable is written $var(count)"
            ),
            // Pseudo-variables
            ("$var() = 5;", "1: error: found $var without a name, expected $var(NAME)"),
            ("$var = 5;", "1: error: found $var without a name, expected $var(NAME)"),
            (
                "$var($var(x)) = 5;",
                "6: error: found '$var(x)' as a name of $var, expected a name without pseudo-variables; $avp and hash tables take names that change"
            ),
            ("$box = 5;", "1: error: found $box without a key; write $box(key)"),
            ("xlog(\"$(var(x)[1])\");", "7: error: found an index behind $var, which has none; leave '[…]' out"),
            ("xlog(\"$(avp(x)[y])\");", "16: error: found the index 'y', expected a number, '*' or a pseudo-variable"),
            (
                "xlog(\"$(avp(x)y)\");",
                "15: error: found 'y' in a pseudo-variable, expected '[index]', '{transformation}' or its end"
            ),
            (
                "xlog(\"100$ x\");",
                "10: error: found '$' without a name, expected a pseudo-variable such as $var(x); write '$$' for a dollar sign"
            ),
            ("xlog(\"a $var(x\");", "9: error: found a pseudo-variable that does not end, expected ')'"),
            ("xlog(\"$(var(x){s})\");", "15: error: found '{s}', expected a transformation such as {s.len}"),
            (
                "xlog(\"a$box(b$nope(x))\");",
                "14: error: found the unknown pseudo-variable $nope; load the module that has it"
            ),
            (
                "xlog(\"a$(avp(x)[$nope(x)])\");",
                "17: error: found the unknown pseudo-variable $nope; load the module that has it"
            ),
            ("xlog(\"$cnt(avp)\");", "12: error: found 'avp' in $cnt(…), expected a pseudo-variable; write $cnt($avp(x))"),
            ("xlog(\"$null(x)\");", "7: error: found '(' behind $null, which takes no name; write $null"),
            // Syntax
            ("xlog(\"x\")", "10: error: found the end of the route, expected ';' after xlog(…)"),
            ("exit", "5: error: found the end of the route, expected ';' after exit"),
            ("if ($var(a) = 5) exit;", "13: error: found '=' in an expression, expected '=='; '=' assigns, '==' compares"),
            ("if (1 exit;", "7: error: found 'exit', expected ')' after the expression"),
            ("else exit;", "1: error: found 'else' without an 'if' before it"),
            (
                "continue;",
                "1: error: found 'continue', which the language does not have; put the rest of the loop's body into an if"
            ),
            ("for ($var(i)) exit;", "1: error: found 'for', which the language does not have; write a while loop"),
            ("{ exit; }", "1: error: found '{', expected a statement; a block stands behind if, else, while or switch only"),
            ("case 1: exit;", "1: error: found 'case' outside of a switch"),
            ("exti;", "1: error: found 'exti', expected a statement; did you mean 'exit'?"),
            ("hello;", "1: error: found 'hello', expected a statement; a function is called with parentheses: hello()"),
            ("5;", "1: error: found the number 5, expected a statement"),
            ("$var(a) = 7 % 2;", "13: error: found '%', which the language does not have; write 'mod' for the remainder"),
            ("$var(a) = 1.5;", "11: error: found the number 1.5, expected a value; numbers are whole: write 1 or \"1.5\""),
            (
                "$var(a) = 08;",
                "11: error: found the malformed number 08: a leading 0 makes it octal, without 8 and 9: write 8"
            ),
            (
                "$var(a) = abc;",
                "11: error: found 'abc', expected a value; write \"abc\" for text, $var(abc) for a variable, abc() for a function"
            ),
            ("strlen(\"x\");", "1: error: found 'strlen(…)' as a statement, expected it in an expression"),
            ("route();", "7: error: found ')', expected a route's name; write route(NAME)"),
            ("code(1;", "7: error: found ';', expected ',' or ')' after an argument of code"),
            // Switch
            (
                "switch ($var(a)) { case $var(b): exit; }",
                "25: error: found an expression as the label of a case, expected a number, a string or /\"pattern\"; compare with if and else if"
            ),
            ("switch ($var(a)) { exit; }", "20: error: found 'exit', expected 'case', 'default' or '}' in a switch"),
            (
                "switch ($var(a)) { case /\"(\": exit; }",
                "20: error: found the bad pattern '(': Unmatched ( or \\(; patterns are POSIX extended regular expressions"
            ),
        ])
    func oneMistake(body: String, expected: String) throws {
        let found = try mistakes(body)
        #expect(found == ["m.conf:2:\(expected)"])
    }

    @Test("Mistakes of several routes come in the order of the source, and do not hide one another")
    func allMistakes() throws {
        let found = try problems(
            """
            route[A] {
                $var(x) = $nope;
                if ($var(x) {
                    bad();
                }
                worse();
            }
            request_route {
                route(B); xlog("$none(x)");
                $var(y) = = 5;
                code("z");
            }
            """)
        #expect(
            found == [
                "m.conf:2:15: error: found the unknown pseudo-variable $nope; load the module that has it",
                "m.conf:3:17: error: found '{', expected ')' after the expression",
                "m.conf:6:5: error: found the unknown function worse; load the module that has it",
                "m.conf:9:11: error: found a call of the unknown route 'B'; write route[B] { … } somewhere outside of routes",
                "m.conf:9:21: error: found the unknown pseudo-variable $none; load the module that has it",
                "m.conf:10:15: error: found '=', expected a value",
                "m.conf:11:10: error: found \"z\" as the argument 'code' of code, expected a number",
            ])
    }

    @Test("A missing ';' is told behind the statement that lacks it")
    func missingSemicolon() throws {
        #expect(
            try mistakes("xlog(\"x\")\n$var(a) = 5;") == [
                "m.conf:2:10: error: found the pseudo-variable $var(a), expected ';' after xlog(…)"
            ])
    }

    @Test("Two routes of one name are an error with both places; several request_route are one")
    func duplicates() throws {
        #expect(
            try problems("route[A] { exit; }\nroute[A] { exit; }") == [
                "m.conf:2:1: error: found a second route[A], expected one of each name",
                "m.conf:1:1: note: the first one is here",
            ])
        #expect(
            try problems("event_route[a:b] { exit; }\nevent_route[a:b] { exit; }").first
                == "m.conf:2:1: error: found a second event_route[a:b], expected one of each name")
        let running = try RunningProgram(
            "request_route { xlog(\"1\"); }\nroute[A] { exit; }\nrequest_route { xlog(\"2\"); }")
        try running.run()
        #expect(running.log.lines == ["1", "2"])
        #expect(running.program.routes.map(\.name) == ["request", "A"])
    }

    @Test("Routes that only SIP triggers are checked, with one warning for each")
    func untriggered() throws {
        #expect(
            try problems("failure_route[F] { nothing(); }\nreply_route { exit; }") == [
                "m.conf:1:1: warning: found failure_route[F], which nothing here triggers: it is checked and never runs; there is no SIP in this host",
                "m.conf:1:20: error: found the unknown function nothing; load the module that has it",
                "m.conf:2:1: warning: found reply_route, which nothing here triggers: it is checked and never runs; there is no SIP in this host",
            ])
    }

    @Test("What works but is not what was meant is a warning")
    func warnings() throws {
        #expect(
            try mistakes("exit;\nxlog(\"x\");") == [
                "m.conf:3:1: warning: found a statement behind 'exit': it never runs; remove it"
            ])
        #expect(
            try mistakes("if (\"abc\") exit;") == [
                "m.conf:2:5: warning: found text as a condition: it is never true; compare it with something"
            ])
        #expect(
            try mistakes("if ($var(a));") == [
                "m.conf:2:13: warning: found ';' right behind if (…): nothing depends on it; remove the ';'"
            ])
        #expect(
            try mistakes("switch ($var(a)) { case 1: exit; case 1: drop; }") == [
                "m.conf:2:34: warning: found a second case 1: it is never reached",
                "m.conf:2:20: note: the first one is here",
            ])
    }

    @Test("Cases of numbers and of text do not mix, and there is one default")
    func mixedCases() throws {
        #expect(
            try mistakes("switch ($var(a)) { case 1: exit; case \"a\": exit; }") == [
                "m.conf:2:34: error: found cases of numbers and of text in one switch, expected one kind; put the numbers in quotes",
                "m.conf:2:20: note: the first case is here",
            ])
        #expect(
            try mistakes("switch ($var(a)) { default: exit; default: exit; }") == [
                "m.conf:2:35: error: found a second 'default' in a switch, expected one",
                "m.conf:2:20: note: the first one is here",
            ])
    }

    @Test("More than a hundred mistakes end in one line that says so")
    func tooMany() throws {
        let found = try mistakes(String(repeating: "nothing();\n", count: 500))
        #expect(found.count == 101)
        #expect(found.last == "m.conf:102:1: error: too many errors; repair the 100 above first")
    }

    @Test("A mistake in a define's text names the define")
    func fromDefine() throws {
        let found = try problems("#!define NUMBER 1.5\nrequest_route {\n$var(a) = NUMBER;\n}")
        #expect(
            found == [
                "m.conf:3:11: error: found the number 1.5, expected a value; numbers are whole: write 1 or \"1.5\"",
                "m.conf:1:1: note: it comes from the define NUMBER",
            ])
    }

    @Test(
        "Deep nesting is an error, not a crash: parentheses, signs, blocks, arguments",
        arguments: [
            "$var(a) = " + String(repeating: "(", count: 10_000) + "1" + String(repeating: ")", count: 10_000) + ";",
            "$var(a) = " + String(repeating: "(", count: 10_000) + "1;",
            "$var(a) = " + String(repeating: "!", count: 10_000) + "1;",
            "$var(a) = " + String(repeating: "- ", count: 10_000) + "$var(a);",
            "$var(a) = " + String(repeating: "(int)", count: 10_000) + "1;",
            String(repeating: "if (1) { ", count: 10_000) + "exit;" + String(repeating: " }", count: 10_000),
            String(repeating: "if (1) ", count: 10_000) + "exit;",
            String(repeating: "while (1) { ", count: 1000) + String(repeating: "}", count: 1000),
            String(repeating: "switch (1) { case 1: ", count: 1000) + String(repeating: "}", count: 1000),
            String(repeating: "code(", count: 10_000) + "1" + String(repeating: ")", count: 10_000) + ";",
            "$var(a) = " + String(repeating: "selval(1, 2, ", count: 5000) + "1" + String(repeating: ")", count: 5000) + ";",
        ])
    func nesting(body: String) throws {
        let found = try mistakes(body)
        #expect(
            found.first?.contains("found more than 100 blocks and parentheses within one another") == true,
            "\(found.prefix(3))")
    }

    @Test("Pseudo-variables within one another have a limit too")
    func nestedVariables() throws {
        let text = String(repeating: "$box(", count: 5000) + "x" + String(repeating: ")", count: 5000)
        let found = try mistakes("xlog(\"\(text)\");")
        #expect(
            found.first?.contains("found more than 30 pseudo-variables within one another") == true, "\(found.prefix(3))")
    }

    @Test("Long is not deep: sums, else-ifs and bodies of many thousands are fine")
    func long() throws {
        #expect(try value(of: String(repeating: "1 + ", count: 20_000) + "$var(a)", after: "$var(a) = 1;") == "20001")
        let chain = (0..<5000).map { "if ($var(a) == \($0)) { $var(b) = \($0); } else " }.joined() + "$var(b) = -1;"
        #expect(try lines(of: "$var(a) = 4999; \(chain) xlog(\"$var(b)\");") == ["4999"])
        #expect(
            try lines(of: String(repeating: "$var(n) = $var(n) + 1;\n", count: 50_000) + "xlog(\"$var(n)\");") == ["50000"])
    }
}
