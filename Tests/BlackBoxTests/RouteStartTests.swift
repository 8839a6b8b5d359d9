import JSON
import TestSupport
import Testing

/// What the real modhost says of routes before it serves, and what it runs then.
@Suite("Routes at the start")
struct RouteStartTests {
    private func check(_ text: String) throws -> ProgramResult {
        let directory = try TemporaryDirectory()
        try directory.write(text, to: "modules.conf")
        return try runToEnd(BuiltProducts.modhost, ["-c", "-f", "modules.conf"], directory: directory.path)
    }

    @Test("Everything that is wrong with routes is said with the rest of the file, each at its place")
    func allErrors() throws {
        let result = try check(
            """
            mpath "\(BuiltProducts.directory)"
            wrokers = 3
            loadmodule "mi-fifo.so"
            request_route {
                xlgo("hello");
                route(GREAT);
                $vra(x) = 1;
                reply("200");
                reply("42", "x");
                $arg(x) = 1;
                xlog("$arg");
            }
            route[GREET] { xlog("hello"); }
            event_route[mi:request:which] { exit; }
            event_route["mi:request:no good"] { exit; }

            """)
        #expect(result.status == 78)
        let said = result.errors.split(separator: "\n").map(String.init)
        for start in [
            "modules.conf:2:1: error: unknown core setting wrokers; did you mean workers?", "modules.conf:5:5: error: ",
            "modules.conf:6:", "modules.conf:7:5: error: ", "modules.conf:8:", "modules.conf:9:",
            "modules.conf:10:5: error: ",
            "modules.conf:11:",
            "modules.conf:14:1: error: found event_route[mi:request:which], but there is a command which already",
            "modules.conf:15:1: error: found the command name 'no good'",
        ] {
            #expect(said.contains { $0.hasPrefix(start) }, "\(start) is missing in \(result.errors)")
        }
        #expect(said.contains { $0.contains("did you mean xlog") })
        #expect(said.contains { $0.contains("did you mean route(GREET)") })
        #expect(said.contains { $0.contains("did you mean $var") })
        #expect(said.count == 10, "\(result.errors)")
    }

    @Test("The modules of Kamailio that are built in are accepted, their parameters have no effect")
    func builtIn() throws {
        let text = """
            #!KAMAILIO
            mpath "\(BuiltProducts.directory)"
            run_dir = "run"
            loadmodule "mi-fifo.so"
            loadmodule "xlog.so"
            loadmodule "pv"
            loadmodule "/usr/lib/kamailio/modules/textops.so"
            loadmodule "textopsx.so"
            loadmodule "sl.so"
            modparam("xlog", "buf_size", 8192)
            request_route { xlog("hello\\n"); }

            """
        let result = try check(text)
        #expect(result.status == 0)
        #expect(
            result.errors
                == "modules.conf:10:18: warning: buf_size of xlog has no effect; xlog is built into the host and has no parameters\n"
        )
        let host = try RunningHost(text)
        for name in ["xlog", "pv", "textops", "textopsx", "sl"] { #expect(host.log.contains(": \(name) is built in")) }
    }

    @Test("core:worker-one-init runs on the first worker and core:worker-init on each, before the host is ready")
    func startEvents() throws {
        let host = try RunningHost(
            RunningHost.configuration("loadmodule \"mi-fifo.so\"") + """
                event_route[core:worker-one-init] { xlog("L_NOTICE", "first"); $shv(n) = 10; }
                event_route[core:worker-init] { xlog("L_NOTICE", "each"); $shv(n) = $shv(n) + 1; }
                route[N] { return $shv(n); }

                """)
        let log = host.log
        let ready = try #require(log.firstRange(of: "ready in "))
        let before = log[..<ready.lowerBound]
        #expect(before.matches(of: #/\[1\]: .*first/#).count == 1)
        #expect(before.matches(of: #/\[2\]: .*first/#).isEmpty)
        #expect(before.matches(of: #/\[1\]: .*each/#).count == 1)
        #expect(before.matches(of: #/\[2\]: .*each/#).count == 1)
        #expect(try host.command("route.run", ["N"]) == ["code": 12])
    }

    @Test("A block that nothing runs is named in the log")
    func idle() throws {
        let host = try RunningHost(
            RunningHost.configuration("loadmodule \"mi-fifo.so\"") + """
                request_route { exit; }
                event_route[htable:expired:users] { exit; }
                event_route[core:worker-init] { $var(x) = 1; }
                event_route[mi:request:hello] { exit; }

                """)
        #expect(host.log.contains("modules.conf:5:1: request_route is run by no module that is loaded"))
        #expect(
            host.log.contains("modules.conf:6:1: event_route[htable:expired:users] is triggered by nothing that is loaded"))
        #expect(!host.log.contains("modules.conf:7:1"))
        #expect(!host.log.contains("modules.conf:8:1"))
    }

    @Test("A name of a module that is not loaded says which line to add; one of a refused module is not told")
    func missingModules() throws {
        let routes = """
            request_route {
                if (is_method("REGISTER")) { sht_lock("a=>$au"); }
                $sht(a=>$si) = 1;
            }

            """
        let missing = try check(RunningHost.configuration("loadmodule \"mi-fifo.so\"") + routes)
        #expect(missing.status == 78)
        #expect(
            missing.errors.contains(
                "6:9: error: found the unknown function is_method; add loadmodule \"ask.so\", which has it"))
        #expect(missing.errors.contains("sht_lock; add loadmodule \"htable.so\", which has it"))
        #expect(missing.errors.contains("unknown pseudo-variable $sht; add loadmodule \"htable.so\", which has it"))
        let refused = try check(RunningHost.configuration("loadmodule \"gone.so\"") + routes)
        #expect(refused.status == 78)
        #expect(refused.errors.split(separator: "\n").count == 1, "\(refused.errors)")
    }
}
