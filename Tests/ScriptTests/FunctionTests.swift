import Configuration
import Glibc
import Script
import Synchronization
import Testing

@Suite("Functions")
struct FunctionTests {
    @Test("Arguments arrive in the kind that the function wants")
    func kinds() throws {
        let calls = Calls()
        let running = try RunningProgram(
            """
            request_route {
                $var(n) = 5; $var(t) = "7";
                take(5); take("6"); take("$var(t)"); take($var(n) * 2); take("$var(n)0"); take(-1); take(yes);
                take(1, "a $var(n)"); take(1, $var(n)); take(1, "$var(n)"); take(1, 12); take(1, $avp(none)); take(1, "$avp(none)");
                take(1, "x" + $var(n)); take(1, 'raw $$ $var(n)'); take(1, "$avp(none)x");
                literal("as $var(n) written$"); literal(5);
                pattern("^a.*$");
            }
            """, in: testEnvironment(calls: calls))
        try running.run()
        #expect(running.log.lines == [])
        #expect(
            calls.all == [
                "take 5", "take 6", "take 7", "take 10", "take 50", "take -1", "take 1",
                "take 1 \"a 5\"", "take 1 \"5\"", "take 1 \"5\"", "take 1 \"12\"", "take 1 $null", "take 1 $null",
                "take 1 \"x5\"", "take 1 \"raw $ 5\"", "take 1 \"<null>x\"",
                "literal \"as $var(n) written$\"", "literal \"5\"", "pattern \"^a.*$\"",
            ])
    }

    @Test("A function writes to the pseudo-variable that it was given, of any class")
    func assigning() throws {
        #expect(
            try lines(
                of:
                    "store($var(a), \"x\"); store(\"$avp(b)\", \"y\"); store($box(k), \"z\"); store($shv(s), \"w\"); store($var(a), $avp(none)); xlog(\"$var(a) $avp(b) $box(k) $shv(s)\");"
            ) == ["0 y z w"])
        #expect(
            try lines(of: "store($box(fail), \"x\"); xlog(\"$rc\");") == [
                "m.conf:3:1: request_route: store: the box is locked", "-1",
            ])
    }

    @Test("prepare sees the arguments that are known, release comes once for each place")
    func preparing() throws {
        let calls = Calls()
        let function = TestFunction(
            name: "late", parameters: [ScriptParameter("a", .text), ScriptParameter("b", .integer, isOptional: true)],
            isReadyAtCheck: false,
            prepared: { arguments throws(ScriptError) in
                calls.add(arguments.map { $0?.description ?? "?" }.joined(separator: " "))
                if arguments[0] == "bad" { throw ScriptError("found a bad thing", hint: "take a good one") }
            }, released: { calls.add("released") }
        ) { _, _ in 1 }
        let environment = try testEnvironment(adding: [function])
        let (program, diagnostics) = try checked(
            "request_route {\nlate(\"a$var(x)\", 5);\nlate(\"b\");\nlate(\"bad\");\n}", in: environment)
        #expect(diagnostics.isEmpty)
        #expect(calls.all == [])
        #expect(program.prepare().map(\.description) == ["m.conf:4:1: error: late: found a bad thing; take a good one"])
        #expect(calls.all == ["? 5", "\"b\"", "\"bad\""])
        program.release()
        program.release()
        #expect(calls.all.filter { $0 == "released" }.count == 2)
    }

    @Test("Two functions or classes of one name are refused, and so are the language's own names")
    func duplicates() throws {
        var environment = try testEnvironment()
        #expect(throws: ScriptError("found a second function 'code', expected one of each name")) {
            try environment.add(TestFunction(name: "code") { _, _ in 1 })
        }
        #expect(throws: ScriptError("found a second function 'xlog', expected one of each name")) {
            try environment.add(TestFunction(name: "xlog") { _, _ in 1 })
        }
        #expect(throws: ScriptError("found a second function 'while', expected one of each name")) {
            try environment.add(TestFunction(name: "while") { _, _ in 1 })
        }
        #expect(throws: ScriptError("found a second class of pseudo-variables '$box', expected one of each name")) {
            try environment.add(Box())
        }
    }

    @Test(
        "xlog has its level from the third letter, from a number, from a pseudo-variable, or from its name",
        arguments: [
            ("xlog(\"a\\n\");", "error <script>: a"), ("xlog(\"L_ALERT\", \"a\");", "alert <script>: a"),
            ("xlog(\"L_NOTICE\", \"a\");", "notice <script>: a"), ("xlog(\"L_INFO\", \"a\");", "info <script>: a"),
            ("xlog(\"L_DBG\", \"a\");", "debug <script>: a"), ("xlog(\"L_WARN\", \"a\");", "warning <script>: a"),
            ("xlog(\"L_CRIT\", \"a\");", "critical <script>: a"), ("xlog(\"L_BUG\", \"a\");", "bug <script>: a"),
            ("xlog(\"L_ERR\", \"a\");", "error <script>: a"), ("xlog(\"2\", \"a\");", "info <script>: a"),
            ("$var(l) = \"L_INFO\"; xlog(\"$var(l)\", \"a\");", "info <script>: a"),
            ("$var(l) = 3; xlog(\"$var(l)\", \"a\");", "debug <script>: a"),
            ("xdbg(\"a\");", "debug <script>: a"), ("xinfo(\"a\");", "info <script>: a"),
            ("xnotice(\"a\");", "notice <script>: a"),
            ("xwarn(\"a\");", "warning <script>: a"), ("xerr(\"a\");", "error <script>: a"),
            ("xcrit(\"a\");", "critical <script>: a"),
            ("xbug(\"a\");", "bug <script>: a"), ("xalert(\"a\");", "alert <script>: a"),
            ("xlogl(\"L_INFO\", \"a\");", "info <script>: m.conf:1: a"), ("xinfol(\"a\");", "info <script>: m.conf:1: a"),
            ("xlog($avp(none));", "error <script>: <null>"), ("xlog(\"a\\nb\\n\\n\");", "error <script>: a\nb"),
        ])
    func logLevels(body: String, expected: String) throws {
        let running = try RunningProgram("request_route { \(body) }")
        try running.run()
        #expect(running.log.leveled == [expected])
    }

    @Test("A line whose level is not kept expands nothing, and counts as 1")
    func levelNotKept() throws {
        let running = try RunningProgram(
            "request_route { code(5); xdbg(\"$box(fail)\"); $var(a) = $rc; xlog(\"L_DBG\", \"$box(fail)\"); xlog(\"$var(a)\"); route(LAST); xlog(\"$rc\"); } route[LAST] { xdbg(\"$box(fail)\"); }",
            log: RecordedLog(upTo: .info))
        try running.run()
        #expect(running.log.lines == ["1", "1"])
    }
}

@Suite("Runs within one another, and what bounds them")
struct LimitTests {
    @Test("A function runs a route as a run of its own: $avp, $rc and the context are separate, $var is shared")
    func nestedRun() throws {
        let running = try RunningProgram(
            """
            request_route { $avp(a) = 1; $var(v) = 1; code(9); nested("INNER"); xlog("$avp(a) $var(v) $rc"); }
            route[INNER] { xlog("[$avp(a)] $rc $var(v)"); $avp(a) = 5; $var(v) = 2; exit; }
            """)
        #expect(try running.run().hasEnded)
        // The inner run's exit gives code 0, which ends the outer script, as any function's 0 does.
        #expect(running.log.lines == ["[<null>] 1 1"])
        let other = try RunningProgram(
            """
            request_route { $avp(a) = 1; $var(v) = 1; nested("INNER"); xlog("$avp(a) $var(v) $rc"); }
            route[INNER] { xlog("[$avp(a)] $rc $var(v)"); $avp(a) = 5; $var(v) = 2; return 3; }
            """)
        try other.run()
        #expect(other.log.lines == ["[<null>] 1 1", "1 2 3"])
    }

    @Test("The context given to a run is what functions find there")
    func context() throws {
        final class Box { let text = "the owner's" }
        let seen = Calls()
        let function = TestFunction(name: "look") { run, _ in
            seen.add((run.context as? Box)?.text ?? "none")
            return 1
        }
        let running = try RunningProgram(
            "request_route { look(); nested(\"A\"); look(); } route[A] { look(); }", in: testEnvironment(adding: [function]))
        try running.run(context: Box())
        try running.run()
        #expect(seen.all == ["the owner's", "none", "the owner's", "none", "none", "none"])
    }

    @Test("A hundred runs within one another are the limit: the next does not begin, with an error")
    func nestedRuns() throws {
        let running = try RunningProgram(
            "route[A] { $var(n) = $var(n) + 1; nested(\"A\"); return 1; } request_route { route(A); xlog(\"$var(n)\"); }")
        try running.run()
        #expect(
            running.log.lines == [
                "route[A]: found more than 100 runs of routes within one another: this one did not begin", "100",
            ])
        #expect(running.evaluator.depth == 0)
    }

    @Test("A route that calls itself for ever is stopped after a hundred calls, with the place")
    func recursion() throws {
        let running = try RunningProgram(
            "route[A] {\n  $var(n) = $var(n) + 1;\n  route(A);\n}\nrequest_route { route(A); xlog(\"not\"); }")
        #expect(throws: ScriptStop.tooDeep(Configuration.SourceLocation(file: "m.conf", line: 3, column: 3))) {
            try running.run()
        }
        #expect(
            running.log.lines == [
                "m.conf:3:3: route[A]: found more than 100 routes within one another: the run was stopped; a route may call itself"
            ])
        // The evaluator goes on.
        let again = try RunningProgram(
            "route[A] { if ($var(n) < 50) { $var(n) = $var(n) + 1; route(A); } } request_route { route(A); xlog(\"$var(n)\"); }"
        )
        try again.run()
        #expect(again.log.lines == ["50"])
    }

    @Test("A run that takes longer than its time is stopped with the line that it was at")
    func budget() throws {
        let running = try RunningProgram(
            "request_route {\n  while (1) {\n    $var(n) = $var(n) + 1;\n  }\n}",
            limits: ScriptLimits(time: .milliseconds(50), loopTurns: .max))
        #expect(throws: ScriptStop.timeout(Configuration.SourceLocation(file: "m.conf", line: 2, column: 3))) {
            try running.run()
        }
        #expect(
            running.log.lines == ["m.conf:2:3: request_route: it ran longer than 50 ms (route_timeout): it was stopped here"]
        )
        #expect(running.evaluator.counters.timeouts == 1)
        #expect(running.evaluator.depth == 0)
    }

    @Test("Routes that call one another without a loop are stopped too, and so are runs within the run")
    func budgetOfCalls() throws {
        let chain = (0..<60).map { "route[R\($0)] { route(R\($0 + 1)); route(R\($0 + 1)); }" }.joined(separator: "\n")
        let running = try RunningProgram(
            "\(chain)\nroute[R60] { exit1(); }\nrequest_route { nested(\"R0\"); xlog(\"not\"); while (1) { $var(n) = 1; } }",
            in: testEnvironment(adding: [TestFunction(name: "exit1") { _, _ in 1 }]),
            limits: ScriptLimits(time: .milliseconds(50), loopTurns: .max))
        #expect(throws: ScriptStop.self) { try running.run() }
        #expect(running.evaluator.counters.timeouts == 2)
    }

    @Test(
        "Slow functions are stopped after a few of them, however few turns the loop has",
        arguments: ["slow();", "$var(x) = slow() + 1;"])
    func budgetOfSlowCalls(body: String) throws {
        let calls = Calls()
        let slow = TestFunction(name: "slow") { _, _ in
            calls.add("slow")
            usleep(10_000)  // what is tested: a function that takes a quarter of the time limit
            return 1
        }
        let running = try RunningProgram(
            "request_route { while (1) { \(body) } }", in: testEnvironment(adding: [slow]),
            limits: ScriptLimits(time: .milliseconds(40)))
        #expect(throws: ScriptStop.self) { try running.run() }
        #expect((4...20).contains(calls.all.count), "\(calls.all.count)")
    }

    @Test("A text made later brings an evaluator that takes over the variables of the one before")
    func succeeding() throws {
        let running = try RunningProgram("request_route { $var(a) = $var(a) + 1; $vn(t) = \"text\"; }")
        try running.run()
        let location = Configuration.SourceLocation(file: "m.conf", line: 9, column: 5)
        let format = try running.program.compileFormat(Array("$var(a) $vn(t) $var(later)".utf8), at: location)
        let next = Evaluator(running.program, log: running.log, succeeding: running.evaluator)
        #expect(next.expand(format) == "1 text 0")
        _ = try next.run(0)
        #expect(next.expand(format) == "2 text 0")
        #expect(next.counters.runs == 2)
    }

    @Test("Where modules were refused, names that are theirs are not told, other mistakes are")
    func incomplete() throws {
        var environment = try testEnvironment()
        environment.isIncomplete = true
        let found = try problems(
            "request_route { theirs($their(x), 1 / 0); $their(y) = $(their(z)[2]{s.len}); route(NONE); }", in: environment)
        #expect(
            found
                == [
                    "m.conf:1:37: error: found a division by zero",
                    "m.conf:1:84: error: found a call of the unknown route 'NONE'; write route[NONE] { … } somewhere outside of routes",
                ])
    }

    @Test("Texts made ready for modules expand within a run and outside of runs")
    func formats() throws {
        let (program, _) = try checked(
            "request_route { $avp(a) = \"in a run\"; show(); $var(v) = 7; }",
            in: testEnvironment(adding: [
                TestFunction(name: "show") { run, _ in
                    if let format = (run.context as? Shown)?.format { run.log(.info, run.expand(format).description) }
                    return 1
                }
            ]))
        let location = Configuration.SourceLocation(file: "m.conf", line: 9, column: 5)
        let format = try program.compileFormat(Array("avp=$avp(a) var=$var(v) new=$var(unseen)".utf8), at: location)
        let single = try program.compileFormat(Array("$var(v)".utf8), at: location)
        let constant = try program.compileFormat(Array("100$$".utf8), at: location)
        #expect(constant.constant == "100$")
        #expect(
            throws: ScriptError("found the unknown pseudo-variable $nope", hint: "load the module that has it", offset: 2)
        ) {
            try program.compileFormat(Array("a $nope(x)".utf8), at: location)
        }
        #expect(program.prepare().isEmpty)
        let log = RecordedLog()
        let evaluator = Evaluator(program, log: log)
        _ = try evaluator.run(0, context: Shown(format))
        #expect(log.lines == ["\"avp=in a run var=0 new=0\""])
        #expect(evaluator.expand(format) == "avp=<null> var=7 new=0")
        #expect(evaluator.expand(single) == 7)
    }

    final class Shown {
        let format: ScriptFormat
        init(_ format: ScriptFormat) { self.format = format }
    }
}
