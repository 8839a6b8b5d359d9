import Configuration
import Script
import Synchronization
import Testing

@Suite("Pseudo-variables of the language")
struct VariableTests {
    @Test("$var is 0 at first, never null, and keeps its value from run to run")
    func workerVariables() throws {
        let running = try RunningProgram(
            "request_route { xlog(\"$var(a) $vz(a) $vn(a)\"); $var(a) = $var(a) + 1; $vn(a) = \"x\"; $vz(a) = 5; }")
        try running.run()
        try running.run()
        #expect(running.log.lines == ["0 0 <null>", "1 5 x"])
        #expect(
            try lines(
                of:
                    "$var(a) = 5; $var(a) = $null; $vn(b) = 5; $vn(b) = $null; $vz(c) = 5; $vz(c) = $avp(none); xlog(\"$var(a) $vn(b) $vz(c)\");"
            ) == ["0 <null> 0"])
    }

    @Test("Each evaluator has its own $var; $shv is the same for all")
    func sharing() throws {
        let running = try RunningProgram(
            "request_route { $var(a) = $var(a) + 1; $shv(a) = $shv(a) + 1; xlog(\"$var(a) $shv(a)\"); }")
        let other = Evaluator(running.program, log: running.log)
        try running.run()
        _ = try other.run(0)
        try running.run()
        #expect(running.log.lines == ["1 1", "1 2", "2 3"])
        #expect(
            try lines(of: "$shv(x) = \"text\"; xlog(\"$shv(x)\"); $shv(x) = $null; xlog(\"$shv(x)\");") == ["text", "0"])
    }

    @Test("$avp is a stack: assigning pushes, null removes, [*] is all of it; the run's end empties it")
    func stack() throws {
        #expect(
            try lines(
                of: """
                    $avp(a) = 1; $avp(a) = "two"; $avp(a) = 3;
                    xlog("$avp(a) $(avp(a)[0]) $(avp(a)[1]) $(avp(a)[2]) $(avp(a)[3]) $(avp(a)[*]) $cnt($avp(a))");
                    $var(i) = 1; xlog("$(avp(a)[$var(i)]) $(avp(a)[-1])");
                    $avp(a) = $null; xlog("$(avp(a)[*])");
                    $(avp(a)[1]) = $null; xlog("$(avp(a)[*])");
                    $(avp(a)[0]) = 5; xlog("$(avp(a)[*])");
                    $(avp(a)[*]) = 9; xlog("$(avp(a)[*])");
                    $(avp(a)[*]) = $null; xlog("$(avp(a)[*]) $cnt($avp(a)) $cnt($avp(other))");
                    $avp(a) = $avp(other); xlog("$avp(a)");
                    """) == [
                    "3 3 two 1 <null> 3, two, 1 3", "two 1", "two, 1", "two", "5, two", "9", "<null> 0 0", "<null>",
                ])
        let running = try RunningProgram("request_route { xlog(\"$cnt($avp(a))\"); $avp(a) = 1; }")
        try running.run()
        try running.run()
        #expect(running.log.lines == ["0", "0"])
    }

    @Test("$avp(s:x) is $avp(x), and the name may be made of pseudo-variables")
    func stackNames() throws {
        #expect(
            try lines(
                of: """
                    $avp(s:a) = 1; $var(n) = "a"; xlog("$avp(a) $avp($var(n)) $avp(s:$var(n))");
                    $var(n) = "new"; $avp(x$var(n)) = 5; $avp(x$var(n)) = 6; xlog("$avp(x$var(n)) $(avp(x$var(n))[*]) $cnt($avp(x$var(n)))");
                    $avp(x$var(n)) = $null; xlog("$avp(x$var(n))");
                    """) == ["1 1 1", "6 6, 5 2", "5"])
    }

    @Test("$def, $null, $cnt and $rc")
    func others() throws {
        let environment = try testEnvironment(defines: ["GREETING": "hello world"])
        let running = try RunningProgram(
            "request_route { xlog(\"$def(GREETING) $(def(GREETING){s.len}) $def(NONE) [$null] [$(null{s.len})] $cnt($var(a)) $cnt($vn(a))\"); if ($def(NONE) == $null) xlog(\"none\"); }",
            in: environment)
        try running.run()
        #expect(
            running.log.lines == ["hello world 11 <null> [<null>] [0] 1 0", "none"]
                || running.log.lines == ["hello world 11 <null> [<null>] [] 1 0", "none"])
    }

    @Test("Strings are literal in expressions and expanded in arguments; $$ is a dollar sign there")
    func expansion() throws {
        #expect(
            try lines(of: "$var(b) = 1; $var(a) = \"x$var(b)\"; xlog($var(a)); xlog(\"$var(a)\"); xlog(\"$$var(b) 100%\");")
                == ["x$var(b)", "x$var(b)", "$var(b) 100%"])
    }

    @Test("A class from outside gets its key expanded, its index, and its transformations applied")
    func outside() throws {
        #expect(
            try lines(
                of: """
                    $var(k) = "key"; $box(a=>$var(k)) = 5; $box(a=>key) = $box(a=>$var(k)) + 1;
                    xlog("$box(a=>key) $(box(a=>key)) $(box(x)[2]) $(box($var(k))[*]) $(box(a=>$var(k)){s.len})");
                    $box(a=>key) = $null; xlog("$box(a=>key)");
                    $box(n) = "text"; $box(m) = $box(n); xlog("$box(m) $fixed");
                    $box($avp(none)) = 1; xlog("$box(<null>)");
                    """) == ["6 6 x@2 key@* 1", "<null>", "text 7", "1"])
    }

    @Test("A pseudo-variable that fails is null, told with its place")
    func failing() throws {
        #expect(
            try lines(of: "xlog(\"[$box(fail)]\");") == [
                "m.conf:3:8: request_route: $box(fail): the box is locked", "[<null>]",
            ])
    }

    @Test("The value before a call counts, also when what is called changes the variable")
    func order() throws {
        #expect(
            try value(
                of: "$var(a) + route(CHANGES)", after: "$var(a) = 5;", routes: "route[CHANGES] { $var(a) = 100; return 1; }")
                == "6")
        #expect(
            try lines(
                of: "$var(a) = 5; if ($var(a) == route(CHANGES) + 4) xlog(\"yes\");",
                routes: "route[CHANGES] { $var(a) = 100; return 1; }")
                == ["yes"])
        #expect(try lines(of: "$var(a) = 2; $var(a) = $var(a) * 10 + $var(a); xlog(\"$var(a)\");") == ["22"])
    }

    @Test("A hundred thousand runs with texts and stacks leave nothing behind in $avp, and the scratch stays small")
    func manyRuns() throws {
        let running = try RunningProgram(
            "request_route { $avp(a) = \"some text that is not short\" + $var(i); $box(k$var(i)) = $null; $var(i) = $var(i) + 1; route(R); } route[R] { $avp(a) = $null; $avp(b) = 5; }",
            log: RecordedLog(upTo: .alert))
        for _ in 0..<100_000 { try running.run() }
        #expect(running.evaluator.counters.runs == 100_000)
        #expect(running.log.lines == [])
    }
}

@Suite("Programs on several threads")
struct ThreadTests {
    @Test("Four threads with an evaluator each lose no turn of $shv, and have their own $var")
    func threads() async throws {
        let (program, _) = try checked(
            "request_route { $var(i) = 0; while ($var(i) < 100) { $var(i) = $var(i) + 1; $avp(x) = \"a\" + $var(i); take($var(i), \"$avp(x)\"); } $var(runs) = $var(runs) + 1; $shv(all) = 0; }",
            in: testEnvironment())
        #expect(program.prepare().isEmpty)
        await withTaskGroup(of: UInt64.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let evaluator = Evaluator(program, log: RecordedLog())
                    for _ in 0..<200 { _ = try? evaluator.run(0) }
                    return evaluator.counters.errors
                }
            }
            for await errors in group { #expect(errors == 0) }
        }
    }
}
