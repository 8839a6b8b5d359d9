import Configuration
import Script
import Testing

@Suite("Statements do what Kamailio's do")
struct StatementTests {
    @Test(
        "if is true above 0 only; while, &&, || and ! take anything but 0 as true",
        arguments: [
            ("if (1) xlog(\"yes\"); else xlog(\"no\");", "yes"),
            ("if (-1) xlog(\"yes\"); else xlog(\"no\");", "no"),
            ("$var(a) = -1; if ($var(a)) xlog(\"yes\"); else xlog(\"no\");", "no"),
            ("$var(a) = 0; if ($var(a)) xlog(\"yes\"); else xlog(\"no\");", "no"),
            ("$var(a) = \"5\"; if ($var(a)) xlog(\"yes\"); else xlog(\"no\");", "yes"),
            ("$var(a) = -1; $var(b) = 1; if ($var(a) && $var(b)) xlog(\"yes\"); else xlog(\"no\");", "yes"),
            ("$var(a) = -1; if ($var(a) || 0) xlog(\"yes\"); else xlog(\"no\");", "yes"),
            ("$var(a) = -1; if (!$var(a)) xlog(\"yes\"); else xlog(\"no\");", "no"),
            ("if (code(-1)) xlog(\"yes\"); else xlog(\"no\");", "no"),
            ("if (!code(-1)) xlog(\"yes\"); else xlog(\"no\");", "yes"),
            ("if (code(-1) && 1) xlog(\"yes\"); else xlog(\"no\");", "no"),
            ("if (code(2) && code(3)) xlog(\"yes\"); else xlog(\"no\");", "yes"),
            ("if (route(NEGATIVE)) xlog(\"yes\"); else xlog(\"no\");", "no"),
            ("if (not route(NEGATIVE)) xlog(\"yes\"); else xlog(\"no\");", "yes"),
            ("if (1 == 1 and not (2 == 3 or 0)) xlog(\"yes\"); else xlog(\"no\");", "yes"),
            ("if $var(a) == 0 xlog(\"yes\");", "yes"),
            ("if ($var(a) == 0) && (1) xlog(\"yes\");", "yes"),
            (
                "$var(a) = -2; $var(n) = 0; while ($var(a)) { $var(a) = $var(a) + 1; $var(n) = $var(n) + 1; } xlog(\"$var(n)\");",
                "2"
            ),
        ])
    func truth(body: String, expected: String) throws {
        #expect(try lines(of: body, routes: "route[NEGATIVE] { return -5; }") == [expected])
    }

    @Test("else if takes the first branch whose condition holds", arguments: [(1, "one"), (2, "two"), (3, "more")])
    func elseIf(number: Int, expected: String) throws {
        let body =
            "$var(a) = \(number); if ($var(a) == 1) xlog(\"one\"); else if ($var(a) == 2) { xlog(\"two\"); } else { xlog(\"more\"); }"
        #expect(try lines(of: body) == [expected])
    }

    @Test("A while loop ends after max_while_loops turns with an error, and the script goes on")
    func loopLimit() throws {
        let log = try lines(of: "while (1) { $var(n) = $var(n) + 1; } xlog(\"$var(n)\");")
        #expect(
            log == [
                "m.conf:3:1: request_route: found a while loop of more than 100 turns: it was ended (max_while_loops)",
                "100",
            ])
        #expect(
            try lines(
                of:
                    "$var(i) = 3; while ($var(i)) { $var(j) = 3; while ($var(j)) { $var(j) = $var(j) - 1; $var(n) = $var(n) + 1; } $var(i) = $var(i) - 1; } xlog(\"$var(n)\");",
                limits: ScriptLimits(loopTurns: 3)) == ["9"])
    }

    @Test(
        "break leaves the innermost loop or switch; elsewhere it leaves the route, whose code is 0, and the script goes on")
    func leave() throws {
        #expect(
            try lines(
                of:
                    "$var(i) = 5; while ($var(i)) { $var(i) = $var(i) - 1; switch ($var(i)) { case 4: break; default: xlog(\"$var(i)\"); } if ($var(i) == 2) break; } xlog(\"end\");"
            ) == ["3", "2", "end"])
        #expect(
            try lines(
                of: "route(LEAVES); xlog(\"rc $rc\");",
                routes: "route[LEAVES] { xlog(\"in\"); if (1) { break; } xlog(\"not\"); }")
                == ["in", "rc 0"])
    }

    @Test(
        "switch takes the first case that fits, falls through to the next, and takes default wherever it stands",
        arguments: [
            (
                "4", "case 3: xlog(\"3\"); case 4: xlog(\"4\"); case 5: xlog(\"5\"); break; default: xlog(\"d\");",
                ["4", "5"]
            ),
            ("\"4\"", "case 4: xlog(\"4\"); break; default: xlog(\"d\");", ["4"]),
            ("4", "case \"4\": xlog(\"4\"); break; default: xlog(\"d\");", ["4"]),
            ("\"four\"", "case 0: xlog(\"0\"); break; default: xlog(\"d\");", ["d"]),
            ("9", "default: xlog(\"d\"); case 4: xlog(\"4\"); break; case 5: xlog(\"5\");", ["d", "4"]),
            ("4", "default: xlog(\"d\"); case 4: xlog(\"4\"); break;", ["4"]),
            ("-1", "case -1: xlog(\"minus\");", ["minus"]),
            ("9", "case 1: xlog(\"1\");", []),
            (
                "\"abc\"",
                "case \"x\": xlog(\"x\"); break; case /\"^a.c$\": xlog(\"pattern\"); break; default: xlog(\"d\");",
                ["pattern"]
            ),
            (
                "\"abc\"",
                "case /\"^A\": xlog(\"pattern\"); break; default: xlog(\"patterns of cases mind the letter case\");",
                ["patterns of cases mind the letter case"]
            ),
            ("\"abc\"", "", []),
        ])
    func choice(value: String, cases: String, expected: [String]) throws {
        #expect(try lines(of: "$var(v) = \(value); switch ($var(v)) { \(cases) }") == expected)
    }

    @Test("The value of a switch is looked at once, also when a case changes the variable")
    func choiceOnce() throws {
        #expect(try lines(of: "$var(v) = 1; switch ($var(v)) { case 1: $var(v) = 2; case 2: xlog(\"$var(v)\"); }") == ["2"])
        #expect(try lines(of: "switch ($avp(none)) { case 0: xlog(\"0\"); }") == ["0"])
        #expect(try lines(of: "switch ($avp(none)) { case \"\": xlog(\"empty\"); }") == ["empty"])
    }

    @Test(
        "A route's code is what it returns, or that of its last statement",
        arguments: [
            ("return;", 1), ("return();", 1), ("return 5;", 5), ("return (-3);", -3), ("return $var(a) + 4;", 4),
            ("return(7);", 7), ("code(-4);", -4), ("code(-4); $var(a) = 1;", 1), ("route(INNER);", -9), ("", 1),
            ("if (1) { code(-4); }", -4), ("code(-4); if (0) { $var(a) = 1; }", 1),
            ("if (0) { exit; } else { code(-2); }", -2),
            ("$var(n) = 2; while ($var(n)) { $var(n) = $var(n) - 1; code(-3); }", -3),
            ("while (0) { exit; }", 1), ("while (1) { code(5); break; }", 0), ("while (1) { code(5); }", -1),
            ("switch (1) { case 1: code(-6); }", -6), ("switch (1) { case 1: code(-6); break; }", 0),
            ("switch (5) { case 1: code(-6); }", 1), ("$var(a) = 1 / $var(zero);", -1),
        ])
    func routeCode(body: String, expected: Int) throws {
        let log = try lines(
            of: "$var(a) = 0; route(R); xlog(\"$rc $retcode\");", routes: "route[INNER] { return -9; } route[R] { \(body) }")
        #expect(log.last == "\(expected) \(expected)")
    }

    @Test("$rc is the code of the last function or route; assignments and conditions leave it")
    func returnCode() throws {
        #expect(
            try lines(of: "code(7); $var(a) = 3; if ($var(zero)) { exit; } xlog(\"$rc\"); xlog(\"$rc\");") == ["7", "1"])
    }

    @Test(
        "A call in an expression is 1 or 0, assigned alone it is its code",
        arguments: [
            ("code(-1)", "-1"), ("code(7)", "7"), ("route(SEVEN)", "7"), ("code(7) + 1", "2"), ("code(-7) + 1", "1"),
            ("!code(-1)", "1"), ("route(SEVEN) + 1", "2"), ("(code(7))", "7"), ("selval(code(-1), 1, 2)", "2"),
        ])
    func calls(expression: String, expected: String) throws {
        #expect(try value(of: expression, routes: "route[SEVEN] { return 7; }") == expected)
    }

    @Test(
        "exit, drop, return 0 and a function's 0 end the script from any depth",
        arguments: [
            ("exit;", true, false, 0), ("exit();", true, false, 0), ("drop;", true, true, 0), ("drop(0);", true, true, 0),
            ("return 0;", true, false, 0), ("return(0);", true, false, 0), ("code(0);", true, false, 0),
            ("if (code(0)) { xlog(\"no\"); }", true, false, 0), ("$var(a) = 5 + code(0);", true, false, 0),
            ("return code(-1);", true, false, 0), ("return 5;", false, false, 5), ("break;", false, false, 0),
        ])
    func ends(body: String, ended: Bool, dropped: Bool, code: Int) throws {
        let direct = try RunningProgram("request_route { xlog(\"first\"); \(body) }")
        #expect(try direct.run() == ScriptOutcome(code: Int32(code), hasEnded: ended, wasDropped: dropped))
        guard ended else { return }
        let nested = try RunningProgram(
            "route[A] { route(B); xlog(\"not\"); } route[B] { while (1) { switch (1) { case 1: \(body) xlog(\"not\"); } } } request_route { if (route(A)) xlog(\"not\"); xlog(\"not\"); }"
        )
        #expect(try nested.run() == ScriptOutcome(code: 0, hasEnded: true, wasDropped: dropped))
        #expect(nested.log.lines == [])
        // The evaluator is as good as before.
        #expect(try nested.run().hasEnded)
        #expect(nested.evaluator.depth == 0)
    }

    @Test("route() takes a name, a string or a pseudo-variable")
    func routeNames() throws {
        let routes = "route[A-1] { xlog(\"a\"); } route[5] { xlog(\"five\"); }"
        #expect(
            try lines(of: "route(A-1); route(\"A-1\"); route(5); $var(r) = \"A-1\"; route($var(r));", routes: routes) == [
                "a", "a", "five", "a",
            ])
        #expect(
            try lines(of: "$var(r) = \"A-2\";\nroute($var(r)); xlog(\"on\");", routes: routes) == [
                "m.conf:4:1: request_route: found a call of the unknown route 'A-2'; did you mean A-1?", "on",
            ])
    }

    @Test("A statement that fails is told with its place and route, and the script goes on behind it")
    func failures() throws {
        let log = try lines(
            of: """
                $var(a) = 3; $var(one) = 1; $var(least) = -9223372036854775808; $var(many) = 64;
                $var(a) = 5 / $var(zero);
                xlog("$var(a)");
                $var(a) = 5 mod $var(zero);
                $var(a) = 9223372036854775807 + $var(one);
                $var(a) = -$var(least);
                $var(a) = 1 << $var(many);
                xlog("$var(a)");
                if (5 / $var(zero)) xlog("then"); else xlog("else");
                while (5 / $var(zero)) { xlog("never"); }
                switch (5 / $var(zero)) { default: xlog("never"); }
                $var(p) = "("; $var(a) = "x" =~ $var(p);
                $box(fail) = 1;
                $var(b) = $box(fail);
                fails();
                xlog("$rc $var(b)");
                $var(t) = "word"; take($var(t)); xlog("$rc");
                return 1 / $var(zero);
                """,
            routes: "route[UNUSED] { exit; }")
        #expect(log.contains("m.conf:4:13: request_route: found a division by zero"))
        #expect(log.contains("m.conf:6:13: request_route: found 'mod' by zero"))
        #expect(log.filter { $0 == "3" }.count == 2)
        #expect(
            log.contains(
                "m.conf:7:31: request_route: found an overflow: 9223372036854775807 + 1 does not fit in 64 bits"))
        #expect(
            log.contains("m.conf:8:11: request_route: found an overflow: -(-9223372036854775808) does not fit in 64 bits"))
        #expect(log.contains("m.conf:9:13: request_route: found a shift by 64 bits, expected 0 to 63"))
        #expect(log.contains("m.conf:11:7: request_route: found a division by zero"))
        #expect(log.contains("else"))
        #expect(!log.contains("then"))
        #expect(!log.contains("never"))
        #expect(log.contains { $0.hasPrefix("m.conf:14:30: request_route: found the bad pattern '('") })
        #expect(log.contains("m.conf:15:1: request_route: $box(fail): the box is locked"))
        #expect(log.contains("m.conf:16:11: request_route: $box(fail): the box is locked"))
        #expect(log.contains("m.conf:17:1: request_route: fails: there is no weather today"))
        #expect(log.contains("-1 0"))
        #expect(
            log.contains(
                "m.conf:19:24: request_route: found \"word\" as the argument 'number' of take, expected a number: it was not called"
            ))
    }

    @Test("An error is counted, and so are runs")
    func counters() throws {
        let running = try RunningProgram("request_route { fails(); $var(a) = 1 / $var(zero); }")
        try running.run()
        try running.run()
        #expect(running.evaluator.counters.runs == 2)
        #expect(running.evaluator.counters.errors == 4)
        #expect(running.evaluator.counters.timeouts == 0)
    }
}
