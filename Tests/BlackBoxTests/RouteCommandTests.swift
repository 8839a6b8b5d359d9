import JSON
import TestSupport
import Testing

/// Routes run by command: `route.run`, and commands that routes define.
@Suite("Routes run by command")
struct RouteCommandTests {
    private func host(_ routes: String, _ lines: String...) throws -> RunningHost {
        try RunningHost(
            RunningHost.configuration((["loadmodule \"mi-fifo.so\""] + lines).joined(separator: "\n")) + routes + "\n")
    }

    @Test("route.run runs a route by its name, and answers its code and its reply")
    func run() throws {
        let host = try host(
            """
            request_route { return 7; }
            route[GREET] { reply("200", "hello $arg(name)"); }
            route[PLAIN] { $var(x) = 1; }
            route[NO] { return -3; }
            route[END] { exit; }
            route[DROP] { drop; }
            event_route[core:worker-init] { $var(started) = 1; }
            route[STARTED] { return $var(started) + 1; }
            """)
        #expect(
            try host.command("route.run", ["GREET", "name=alice"]) == [
                "code": 1, "reply": ["code": 200, "text": "hello alice"],
            ])
        #expect(
            try host.command("route.run", .object([.init("route", "GREET"), .init("name", "bob")]))["reply"]?["text"]
                == "hello bob")
        #expect(try host.command("route.run", ["PLAIN"]) == ["code": 1])
        #expect(try host.command("route.run", ["NO"]) == ["code": -3])
        #expect(try host.command("route.run", ["END"]) == ["code": 0])
        #expect(try host.command("route.run", ["DROP"]) == ["code": 0, "dropped": true])
        #expect(try host.command("route.run", ["request"]) == ["code": 7])
        #expect(try host.command("route.run", ["event:core:worker-init"]) == ["code": 1])
        for _ in 0..<4 { #expect(try host.command("route.run", ["STARTED"]) == ["code": 2]) }
        #expect(try host.fault("route.run", ["GRET"]) == "404 there is no route GRET; did you mean GREET?")
        #expect(
            try host.fault("route.run")
                == "400 route.run: the argument route is missing (usage: route.run ROUTE [KEY=VALUE…])")
        #expect(
            try host.classic("route.run", "GREET", "name::carol")
                == "200 OK\ncode:: 1\nreply:: \n\tcode:: 200\n\ttext:: hello carol\n\n")
    }

    @Test("Arguments keep their types: numbers are numbers, in JSON and as key=value")
    func types() throws {
        let host = try host(
            """
            route[ADD] { reply("200", "$(arg(n){s.len})"); return $arg(n) + 1; }
            route[ECHO] { reply("200", "$arg(a)|$arg(b)|$arg(1)|$arg(2)|$arg(count)|$arg(missing)"); }
            """)
        #expect(try host.command("route.run", ["ADD", "n=41"])["code"] == 42)
        #expect(try host.command("route.run", .object([.init("route", "ADD"), .init("n", 9)]))["code"] == 10)
        #expect(
            try host.command("route.run", ["ECHO", "a=x=y", "first", "b=", 5])["reply"]?["text"] == "x=y||first|5|2|<null>")
        #expect(
            try host.command("route.run", .object([.init("route", "ECHO"), .init("a", true), .init("b", 2.5)]))["reply"]?[
                "text"]
                == "1|2.5|<null>|<null>|0|<null>")
        #expect(
            try host.fault("route.run", .object([.init("route", "ECHO"), .init("a", ["x"])]))
                == "400 the argument a is an array, expected a string, a number or a boolean")
        #expect(try host.fault("route.run", ["ECHO", "a=1", "a=2"]) == "400 the argument a is given twice")
    }

    @Test("A reply below 300 is the result; one above is the command's failure")
    func replies() throws {
        let host = try host(
            """
            route[REPLY] { reply("$arg(code)", "as asked"); }
            route[TWICE] { reply("200", "first"); reply("404", "second"); }
            """)
        #expect(try host.command("route.run", ["REPLY", "code=100"])["reply"] == ["code": 100, "text": "as asked"])
        #expect(try host.command("route.run", ["REPLY", "code=299"])["reply"]?["code"] == 299)
        #expect(try host.fault("route.run", ["REPLY", "code=300"]) == "300 as asked")
        #expect(try host.fault("route.run", ["REPLY", "code=603"]) == "603 as asked")
        #expect(try host.fault("route.run", ["TWICE"]) == "404 second")
        #expect(try host.command("route.run", ["REPLY", "code=42"])["reply"] == nil)
        #expect(host.logs("found the reply code 42, expected 100 to 999"))
    }

    @Test("event_route[mi:request:NAME] is a command: which and help list it, its reply is its result")
    func commands() throws {
        let host = try host(
            """
            event_route[mi:request:greet] { reply("200", "hello $arg(1), you are $arg(count) with $arg(who)"); }
            event_route["mi:request:users.block"] {
                if ($arg(ip) == $null) { reply("400", "ip=ADDRESS is missing"); exit; }
                $shv(blocked) = $arg(ip);
            }
            event_route[mi:request:blocked] { reply("200", "$shv(blocked)"); }
            event_route[mi:request:unsure] { return -2; }
            """)
        let names = try host.command("which").array ?? []
        for name in ["greet", "users.block", "blocked", "unsure", "route.run"] { #expect(names.contains(.string(name))) }
        let help = try host.command("help", ["users.block"])
        #expect(help["summary"] == "Runs event_route[mi:request:users.block] of modules.conf:6:1.")
        #expect(try host.command("greet", ["ann", "bea", "who=cleo"]) == "hello ann, you are 2 with cleo")
        #expect(try host.classic("greet", "ann") == "200 OK\nhello ann, you are 1 with <null>\n\n")
        #expect(try host.fault("users.block") == "400 ip=ADDRESS is missing")
        #expect(try host.command("users.block", ["ip=192.0.2.7"]) == .object([]))
        #expect(try host.command("blocked") == "192.0.2.7")
        #expect(try host.fault("unsure") == "500 event_route[mi:request:unsure] returned -2 without a reply")
    }

    @Test("Runs go to the workers in turn; $var belongs to a worker, $shv to all")
    func workers() throws {
        let host = try host(
            """
            route[COUNT] { $var(n) = $var(n) + 1; $shv(n) = $shv(n) + 1; reply("200", "$var(n) $shv(n)"); }
            """)
        var own: [String] = []
        for round in 1...8 {
            let text = try host.command("route.run", ["COUNT"])["reply"]?["text"]?.string ?? ""
            #expect(text.hasSuffix(" \(round)"))
            own.append(String(text.prefix(1)))
        }
        #expect(own == ["1", "1", "2", "2", "3", "3", "4", "4"])
    }

    @Test("Replies come in the order of the requests, and the host stops while routes run")
    func order() throws {
        let host = try host("route[A] { reply(\"200\", \"$arg(n)\"); }")
        let requests = (0..<200).map {
            #"{"jsonrpc":"2.0","method":"route.run","params":["A","n=\#($0)"],"id":\#($0),"reply_name":"all"}"#
        }
        let reply = try host.replyFIFO(named: "all")
        try host.send("[\(requests.joined(separator: ","))]")
        let texts = String(decoding: try reply.readToEnd(), as: UTF8.self).matches(of: #/"text":\s*"(\d+)"/#).map {
            String($0.1)
        }
        #expect(texts == (0..<200).map(String.init))
        #expect(try host.terminate() == 0)
    }
}
