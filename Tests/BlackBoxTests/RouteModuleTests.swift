import Glibc
import JSON
import TestSupport
import Testing

/// Routes and a module that uses every function of mh.script/1: Modules/scripted.c, built as a third party would.
@Suite("Routes and modules")
struct RouteModuleTests {
    private func host(_ routes: String, _ lines: String...) throws -> RunningHost {
        let parts = try ScriptedModule.configuration(routes, lines)
        return try RunningHost(parts.text, in: parts.directory)
    }

    /// What a host says that does not start, and its exit status.
    private func refusal(_ routes: String, _ lines: String...) throws -> String {
        let parts = try ScriptedModule.configuration(routes, lines)
        try parts.directory.write(parts.text, to: "modules.conf")
        let result = try runToEnd(BuiltProducts.modhost, ["-f", "modules.conf"], directory: parts.directory.path)
        #expect(result.status == 78)
        return result.errors
    }

    @Test("Functions get numbers, texts and optional arguments, and their answer is the call's value")
    func functions() throws {
        let host = try host(
            """
            route[ADD] { scripted_add("$arg(a)", 2); return $rc; }
            route[ONE] { scripted_add(4); return $rc; }
            route[FALSE] { if (scripted_add(-5, 1)) { return 2; } return 3; }
            route[END] { scripted_add(-2, 2); return 9; }
            route[ASSIGN] { scripted_assign("$var(x)", "<$arg(a)>"); reply("200", "$var(x)"); }
            route[CHECK] { scripted_check("^a+$", "word"); return $rc; }
            route[HAS] { if (scripted_has("$arg(a)")) { return 1; } return -1; }
            route[FORMAT] { scripted_format(); }
            """)
        #expect(try host.command("route.run", ["ADD", "a=40"]) == ["code": 42])
        #expect(try host.command("route.run", ["ONE"]) == ["code": 5])
        #expect(try host.command("route.run", ["FALSE"]) == ["code": 3])
        #expect(try host.command("route.run", ["END"]) == ["code": 0])
        #expect(try host.command("route.run", ["ASSIGN", "a=b"])["reply"]?["text"] == "<b>")
        #expect(try host.command("route.run", ["CHECK"]) == ["code": 1])
        #expect(try host.command("route.run", ["HAS", "a=a"]) == ["code": 1])
        #expect(try host.command("route.run", ["HAS", "a=other"]) == ["code": -1])
        #expect(try host.command("route.run", ["HAS", "a=code"])["reply"] == nil)
        #expect(try host.command("route.run", ["FORMAT", "ip=192.0.2.1"])["reply"]?["text"] == "from 192.0.2.1")
        #expect(try host.command("module.info", ["scripted"])["variables"] == ["$scripted", "$scripted_fixed"])
    }

    @Test("Pseudo-variables are read and written; a place that fails is logged with its line, and the route goes on")
    func variables() throws {
        let host = try host(
            """
            route[SET] { $scripted(a) = 5; $scripted(a) = $scripted(b) + 1; reply("200", "$scripted(c) $scripted(null)"); }
            route[GONE] {
                $var(x) = 1;
                $var(x) = $scripted(gone);
                $scripted(gone) = 7;
                reply("200", "$var(x)");
            }
            """)
        #expect(try host.command("route.run", ["SET"])["reply"]?["text"] == "6 <null>")
        #expect(try host.command("route.run", ["GONE"])["reply"]?["text"] == "0")
        #expect(host.logs("modules.conf:9:15: "))
        #expect(host.log.contains("MH_E_NOT_FOUND"))
        #expect(host.log.contains("modules.conf:10:5: "))
        #expect(host.log.contains("MH_E_DENIED"))
        #expect(try host.command("get_statistics", ["core:route_errors"]) == ["core:route_errors = 2"])
    }

    @Test("Each place is prepared once and released once; the end of each outermost run is told")
    func places() throws {
        let host = try host(
            """
            route[A] { scripted_check("a", "b"); $scripted(x) = 1; scripted_nest("B"); }
            route[B] { $scripted(x) = $scripted(y); reply("201", "from $arg(from)"); return 5; }
            event_route[scripted:loop] { route(B); }
            """)
        #expect(try host.command("scripted.counts") == ["prepared": 4, "released": 0, "ended": 0])
        #expect(try host.command("route.run", ["A"])["reply"] == ["code": 201, "text": "from nest"])
        #expect(try host.command("scripted.counts")["ended"] == 1)
        #expect(try host.command("scripted.loop", [10]) == 10)
        #expect(try host.command("scripted.counts") == ["prepared": 4, "released": 0, "ended": 11])
        #expect(try host.command("get_statistics", ["core:route_runs"]) == ["core:route_runs = 11"])
    }

    @Test("What a module says against a place is an error at that place, and all of them are said")
    func refusedPlaces() throws {
        let said = try refusal(
            """
            route[A] {
                scripted_check("a", "bad");
                $var(x) = $scripted(never);
                scripted_nest("NONE");
            }
            """)
        #expect(
            said.contains("modules.conf:7:5: error: scripted_check: module scripted refuses this call: the word is bad"))
        #expect(
            said.contains("modules.conf:8:15: error: $scripted(never): module scripted refuses it: never is not to be read"))
        #expect(
            said.contains(
                "modules.conf:9:5: error: scripted_nest: module scripted refuses this call: there is no such route"))
    }

    @Test("Calls that cannot be meant are refused before anything starts")
    func wrongCalls() throws {
        let said = try refusal(
            """
            route[A] {
                scripted_add();
                scripted_add(1, 2, 3);
                scripted_assign("text", "x");
                scripted_check("(", "x");
                $scripted_fixed(a) = 1;
            }
            """)
        for line in 7...11 { #expect(said.contains("modules.conf:\(line):"), "line \(line) is missing in \(said)") }
        #expect(!said.contains("started"))
    }

    @Test("A text with pseudo-variables in a parameter is checked when the module starts")
    func formats() throws {
        let said = try refusal("route[A] { exit; }", "modparam(\"scripted\", \"format\", \"a $vra(x)\")")
        #expect(said.contains("module scripted does not start: "))
        #expect(said.contains("a $vra(x)"))
        #expect(said.contains("did you mean $var"))
    }

    @Test("An event that is misspelt gets the one that was meant; so does a route that a module looks for")
    func misspelt() throws {
        let host = try host("event_route[scripted:loup] { exit; }\nevent_route[other:thing] { exit; }")
        #expect(
            host.log.contains(
                "event_route[scripted:loup] is triggered by nothing that is loaded; did you mean event_route[scripted:loop]?"
            ))
        #expect(host.log.contains("event_route[other:thing] is triggered by nothing that is loaded\n"))
        let said = try refusal("route[GREET] { exit; }", "modparam(\"scripted\", \"start\", \"GRET\")")
        #expect(said.contains("there is no route GRET [MH-R118]; did you mean route[GREET]?"), "\(said)")
    }

    @Test("A module runs a route in its worker_start; drop there refuses the start")
    func startRoute() throws {
        let good = try host(
            "event_route[scripted:start] { $scripted(a) = 3; }\nroute[GET] { return $scripted(a); }",
            "modparam(\"scripted\", \"start\", \"event:scripted:start\")")
        #expect(try good.command("route.run", ["GET"]) == ["code": 3])
        let said = try refusal(
            "event_route[scripted:start] { drop; }", "modparam(\"scripted\", \"start\", \"event:scripted:start\")",
            "modparam(\"scripted\", \"refuses_dropped\", 1)")
        #expect(said.contains("module scripted does not start on its workers: worker 1: the start route dropped"))
    }

    @Test("A disabled module's functions are false and its pseudo-variables null; loaded again, it serves the same places")
    func disabled() throws {
        let host = try host(
            """
            route[CALL] { if (scripted_check("a", "b")) { return 1; } return -1; }
            route[READ] { reply("200", "$scripted(a)"); }
            """)
        #expect(try host.command("route.run", ["CALL"]) == ["code": 1])
        _ = try host.command("module.disable", ["scripted"])
        for _ in 0..<3 {
            #expect(try host.command("route.run", ["CALL"]) == ["code": -1])
            #expect(try host.command("route.run", ["READ"])["reply"]?["text"] == "<null>")
        }
        #expect(host.log.matches(of: #/module scripted does not run/#).count == 1)
        _ = try host.command("module.load", [.string(host.directory.file("scripted.so"))])
        #expect(try host.command("route.run", ["CALL"]) == ["code": 1])
        #expect(try host.command("scripted.counts")["prepared"] == 2)
    }

    @Test("A module comes and goes while routes call it on all workers")
    func comingAndGoing() throws {
        let host = try host(
            """
            route[CALL] {
                $var(i) = 0;
                while ($var(i) < 50) {
                    if (scripted_check("a", "b")) { $scripted(x) = $scripted(y) + 1; }
                    $var(i) = $var(i) + 1;
                }
                $shv(calls) = $shv(calls) + 1;
            }
            route[CALLS] { return $shv(calls); }
            """)
        let call = #"{"jsonrpc":"2.0","method":"route.run","params":["CALL"]}"# + "\n"
        for _ in 0..<5 {
            try host.send(String(repeating: call, count: 300))
            _ = try host.command("module.disable", ["scripted"])
            try host.send(String(repeating: call, count: 300))
            _ = try host.command("module.load", [.string(host.directory.file("scripted.so"))])
        }
        // $shv takes one assignment at a time, but two workers may read the same number before it.
        #expect(try eventually { try host.command("route.run", ["CALLS"])["code"]?.integer ?? 0 > 1000 })
        #expect(try host.command("scripted.counts")["prepared"] == 3)
        #expect(try host.terminate() == 0)
    }

    @Test("A module that is loaded later runs routes and brings texts; $var keeps its values meanwhile")
    func loadedLater() throws {
        let directory = try TemporaryDirectory()
        let module = try TestModules.build("scripted", in: directory)
        let host = try RunningHost(
            RunningHost.configuration("loadmodule \"mi-fifo.so\"") + """
                event_route[scripted:loop] { $var(n) = $var(n) + 1; $avp(a) = $arg(index); return $avp(a) + 1; }
                route[N] { return $var(n); }

                """, in: directory)
        #expect(host.log.contains("event_route[scripted:loop] is triggered by nothing that is loaded"))
        for _ in 0..<4 { _ = try host.command("route.run", ["event:scripted:loop"]) }
        #expect(try host.command("route.run", ["N"]) == ["code": 2])
        #expect(try host.command("route.run", ["N"]) == ["code": 2])
        _ = try host.command("module.load", [.string(module)])
        #expect(try host.command("scripted.loop", [10]) == 10)
        let sum = try (0..<2).map { _ in try host.command("route.run", ["N"])["code"]?.integer ?? 0 }
        #expect(sum.sorted() == [2, 12])
        #expect(try host.command("scripted.counts")["ended"] == 12)
        _ = try host.command("module.disable", ["scripted"])
        #expect(try host.command("route.run", ["N"])["code"] != nil)
        _ = try host.command("module.load", [.string(module)])
        #expect(try host.command("scripted.loop", [1]) == 1)
    }

    @Test("A route that runs over route_timeout is stopped, with an error that names the line; the worker goes on")
    func budget() throws {
        let host = try host(
            """
            route[SPIN] {
                while (1) {
                    $var(x) = 1;
                }
            }
            route[GOOD] { return 1; }
            """, "route_timeout = 200ms", "max_while_loops = 1000000000")
        let fault = try host.fault("route.run", ["SPIN"])
        #expect(fault.hasPrefix("504 route SPIN ran over route_timeout (200ms) and was stopped at modules.conf:"))
        #expect(fault.contains(#/conf:(9|10):/#), "\(fault)")
        #expect(host.logs("route_timeout"))
        #expect(host.logs("slow route: SPIN held worker"))
        for _ in 0..<2 { #expect(try host.command("route.run", ["GOOD"]) == ["code": 1]) }
        #expect(try host.command("get_statistics", ["core:route_timeouts"]) == ["core:route_timeouts = 1"])
    }

    @Test("A host that is told to stop while a route runs answers for that route, and stops")
    func stopMidway() throws {
        let host = try host(
            "route[SPIN] { $shv(spins) = 1; while (1) { $var(x) = 1; } }\nroute[SPINS] { return $shv(spins) + 1; }",
            "route_timeout = 1s", "max_while_loops = 1000000000")
        let reply = try host.replyFIFO(named: "spin")
        try host.send(#"{"jsonrpc":"2.0","method":"route.run","params":["SPIN"],"id":1,"reply_name":"spin"}"#)
        #expect(try eventually { try host.command("route.run", ["SPINS"]) == ["code": 2] })
        host.signal(SIGTERM)
        #expect(String(decoding: try reply.readToEnd(), as: UTF8.self).contains("route SPIN ran over route_timeout"))
        #expect(try host.wait() == 0)
    }

    @Test("max_while_loops ends a while with an error; the route goes on behind it")
    func loops() throws {
        let host = try host(
            """
            route[LOOP] {
                $var(n) = 0;
                while (1) { $var(n) = $var(n) + 1; }
                reply("200", "$var(n)");
            }
            """, "max_while_loops = 50")
        #expect(try host.command("route.run", ["LOOP"])["reply"]?["text"] == "50")
        #expect(host.logs("modules.conf:"))
        #expect(host.log.contains("max_while_loops"))
    }

    @Test("Runs within one another have a limit")
    func depth() throws {
        let host = try host("route[A] { scripted_nest(\"A\"); return $rc; }")
        let reply = try host.command("route.run", ["A"])
        #expect(reply["code"]?.integer ?? 0 < 0)
        #expect(try host.command("scripted.counts")["ended"] == 1)
    }
}
