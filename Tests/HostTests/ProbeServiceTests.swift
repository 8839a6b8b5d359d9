import JSON
import TestSupport
import Testing

@Suite("The other services, as a module meets them in the real host")
struct ProbeServiceTests {
    @Test("A module runs commands and hears every event, faults too")
    func execute() throws {
        let probe = try ProbeHost()
        try probe.host.command("probe.mi")
        #expect(
            probe.missing([
                "mi [ 'hello' 1:-5 'c::d' ) done 0  on management 3",
                "mi done -32601 Method not found: no.such on management 3",
                "mi done -32602 probe.params takes no arguments, got 1 (usage: probe.params) on management 3",
            ]) == [])
        #expect(probe.lines("mi*").count == 3)
    }

    @Test("JSON-RPC is a service: the routing member first, then bytes, then the end")
    func jsonrpc() throws {
        let probe = try ProbeHost()
        let request = "{\"to\":\"r1\",\"jsonrpc\":\"2.0\",\"method\":\"core.echo\",\"params\":[1,\"x\"],\"id\":7}"
        try probe.host.command("probe.jsonrpc", [.string(request)])
        #expect(probe.missing(["jsonrpc route r1 {\"jsonrpc\":\"2.0\",\"result\":[1,\"x\"],\"id\":7} done 0"]) == [])
        try probe.host.command("probe.jsonrpc", ["{"])
        #expect(
            probe.missing(["jsonrpc route none {\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700,*\"id\":null} done 0"]) == [])
        try probe.host.command("probe.jsonrpc", ["{\"jsonrpc\":\"2.0\",\"method\":\"core.echo\"}"])
        #expect(probe.missing(["jsonrpc route none  done 0"]) == [])
    }

    @Test("A module stores a row through another module's interface")
    func database() throws {
        let probe = try ProbeHost("loadmodule \"flatstore.so\"", "modparam(\"flatstore\", \"flush\", 1)")
        let folder = try probe.host.directory.makeDirectory("rows")
        try probe.host.command("probe.db", [.string(folder)])
        #expect(probe.missing(["db insert 0 "]) == [])
        let files = probe.host.directory.names(in: "rows").filter { !$0.hasPrefix(".") }
        #expect(files.count == 1)
        #expect(probe.host.directory.text("rows/\(files.first ?? "")") == "alice|42\n")
        #expect(try probe.host.command("module.info", ["probe"])["uses"] == ["flatstore"])
        #expect(try probe.host.fault("module.disable", ["flatstore"]).hasPrefix("409 module flatstore is used by probe"))
    }

    @Test("An optional interface that nobody provides is not found, and said so")
    func noDatabase() throws {
        let probe = try ProbeHost()
        try probe.host.command("probe.db", ["/nowhere"])
        #expect(
            probe.missing([
                "db acquire -4 no module provides mh.db/1 for 'flatstore' (none is loaded); add a loadmodule line for one that does"
            ]) == [])
    }

    @Test("Settings are read as they were set, the core's too")
    func settings() throws {
        let probe = try ProbeHost("modparam(\"probe\", \"wait\", \"1.5s\")")
        #expect(
            try probe.host.command("probe.params")
                == .object([
                    .init("wait", "0 type 7 1500000000"), .init("words", "0 by default"), .init("none", "-4"),
                    .init("workers", "0 2"),
                    .init("run_dir", "0 absolute"), .init("nothing", "-4"),
                ]))
    }

    @Test("Counters are the module's by name, computed ones are asked for, and all go with it")
    func counters() throws {
        let probe = try ProbeHost()
        #expect(
            try probe.host.command("get_statistics", ["probe:"]) == [
                "probe:events = 7", "probe:level = -2", "probe:answer = 42",
            ])
        try probe.host.command("reset_statistics", ["all"])
        #expect(
            try probe.host.command("get_statistics", ["probe:"]) == [
                "probe:events = 0", "probe:level = -2", "probe:answer = 42",
            ])
        try probe.host.command("module.disable", ["probe"])
        #expect(probe.host.logs("module probe is disabled"))
        #expect(try probe.host.fault("get_statistics", ["probe:"]) == "404 Statistics Not Found: probe:")
    }

    @Test("A log line has its level, module, thread and fields, and cannot forge another")
    func log() throws {
        let probe = try ProbeHost()
        #expect(try probe.host.command("probe.log") == "2")
        #expect(probe.host.logs(" warning  probe[3]: first line\\nforged line rows=5 why=\"disk full\" wait=1.5\n"))
        #expect(!probe.host.log.contains("unwanted line"))
        try probe.host.command("log_level", ["probe", "debug"])
        #expect(try probe.host.command("probe.log") == "3")
        #expect(probe.host.logs(" debug    probe[3]: unwanted line\n"))
    }

    @Test("Wrong use is answered with a code and a sentence")
    func misuse() throws {
        let probe = try ProbeHost()
        let reply = try probe.host.command("probe.misuse")
        let expected = [
            ("listen off main", "-12 listen is for the main thread; use mh.loop/1 post with worker 0"),
            ("datagrams off main", "-12 datagrams is for the main thread; use mh.loop/1 post with worker 0"),
            ("timer on worker 99", "-1 there is no worker 99, workers are 1 to 2"),
            ("timer in the past", "-1 a timer's first and interval are nanoseconds, 0 or more"),
            ("timer without fire", "-1 a timer needs a fire function"),
            ("timer of 8 bytes", "-1 mh_timer_options has no valid struct_size"),
            ("watch without ready", "-1 a watch needs a ready function, a descriptor, and READ or WRITE"),
            ("post nothing", "-1 "), ("post to worker 99", "-1 "),
            ("offload nothing", "-1 mh_offload_options has no valid struct_size or no work"),
            ("offload for worker 99", "-1 there is no worker 99, workers are 1 to 2"),
            (
                "connect to http",
                "-1 'http://x:1' has no known scheme; expected tcp://HOST:PORT, udp://HOST:PORT or unix:/PATH"
            ),
            ("connect to udp", "-1 connect is for tcp:// and unix: addresses"),
            ("connect without handler", "-1 mh_connect_options or its handler has no valid struct_size"),
            ("adopt without flags", "-1 adopt needs MH_ADOPT_READ, MH_ADOPT_WRITE or both"),
            ("adopt nothing", "-1 descriptor 987654: Bad file descriptor"),
            ("acquire unannounced", "-12 module probe acquires mh.htable/1 but does not name it among its requirements"),
            ("counter with blanks", "-1 the counter name 'a b' is not [A-Za-z0-9_.:-]+ of at most 128 bytes"),
            ("counter of kind 9", "-1 counter ninth has kind 9, expected MH_COUNTER or MH_GAUGE"),
            ("counter as gauge", "-5 counter events exists as another kind"),
            ("execute nothing", "-1 mh_mi_request or mh_mi_sink is not valid"),
        ]
        for (name, answer) in expected { #expect(reply[name]?.string == answer, "\(name)") }
    }
}

@Suite("A module that is stopped in the midst of everything")
struct ProbeTeardownTests {
    @Test("Disabled under load, each thing is gone exactly once and nothing comes after stop")
    func disable() throws {
        let probe = try ProbeHost()
        #expect(try probe.host.command("probe.busy", [20]) == "0 failures")
        #expect(try probe.host.command("module.disable", ["probe"])["disabled"] == "probe")
        #expect(
            probe.missing(["stop on main 0: outstanding 0, twice 0, services answer", "after stop: service null, post -12"])
                == [])
        #expect(probe.faults == [])
        #expect(try probe.host.fault("probe.post", [1]).hasPrefix("-32601 Method not found: probe.post"))
        #expect(try probe.host.terminate() == 0)
        #expect(probe.faults == [])
        #expect(!probe.host.log.contains("stopping it all the same"))
    }

    @Test("The same when the whole host stops, and its own stop takes no longer than what is under way")
    func terminate() throws {
        let probe = try ProbeHost()
        #expect(try probe.host.command("probe.busy", [20]) == "0 failures")
        let clock = ContinuousClock()
        let elapsed = try clock.measure { try probe.host.terminate() }
        #expect(elapsed < .seconds(8))
        #expect(probe.lines("stop on*") == ["stop on main 0: outstanding 0, twice 0, services answer"])
        #expect(probe.faults == [])
    }
}
