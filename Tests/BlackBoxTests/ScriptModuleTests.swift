import Foundation
import JSON
import ManagementClient
import TestSupport
import Testing

/// What the modules that run routes, or lend them names, do in the real daemon.
@Suite("Modules and routes")
struct ScriptModuleTests {
    private func start(
        _ lines: [String], modules: [String] = ["mi-fifo", "htable", "ask", "rtimer"], folders: [String] = []
    ) throws -> RunningHost {
        let head = ["mpath \"\(BuiltProducts.directory)\"", "run_dir = \"run\"", "workers = 2"]
        return try RunningHost(
            (head + modules.map { "loadmodule \"\($0)\"" } + lines).joined(separator: "\n") + "\n", folders: folders)
    }

    /// What a host says that does not start.
    private func refusal(_ lines: String..., modules: [String] = ["mi-fifo", "htable", "ask", "rtimer"]) throws -> String {
        let failure = #expect(throws: TestFailure.self) { _ = try start(lines, modules: modules) }
        return failure?.description ?? ""
    }

    private static let listen = "modparam(\"ask\", \"listen\", \"unix:run/ask.sock\")"

    // MARK: ask

    @Test("A question's members are what the route reads, whatever they hold")
    func members() throws {
        let host = try start([
            Self.listen,
            """
            request_route {
                if ($arg(missing) == $null && $arg(none) == $null) {
                    sl_send_reply("200", "$rm $si:$sp $fU@$fd $hdr(USER-AGENT) $arg(n) $arg(t) $arg(f) $arg(list) $ua");
                }
            }
            """,
        ])
        let asker = try Asker(host)
        let answer = try asker.ask([
            "method": "INVITE", "source_ip": "192.0.2.1", "source_port": 5060, "from_uri": "sip:alice@example.com;x=1",
            "headers": ["User-Agent": "phone \"7\""], "n": -12, "t": true, "f": 2.5, "list": [1, ["a"]], "none": nil,
        ])
        #expect(answer == "200 INVITE 192.0.2.1:5060 alice@example.com phone \"7\" -12 1 2.5 [1,[\"a\"]] <null>")
    }

    @Test("Answers keep the order of the questions, bad lines among them, up to the half-close")
    func order() throws {
        let host = try start([Self.listen, "request_route { sl_send_reply(200, \"$arg(n)\"); }"])
        let asker = try Asker(host)
        try asker.send(
            (0..<5000).map { $0 % 100 == 7 ? "{bad\n" : "{\"n\":\($0),\"id\":\($0)}\n" }.joined() + "{\"n\":5000}")
        asker.halfClose()
        let answers = try asker.readToEnd().split(separator: "\n")
        #expect(answers.count == 5001)
        for (number, answer) in answers.enumerated() {
            if number % 100 == 7 {
                #expect(answer.hasPrefix("{\"code\":400,\"text\":\"line \(number + 1): bad JSON"))
            } else if number < 5000 {
                #expect(answer == "{\"code\":200,\"text\":\"\(number)\",\"id\":\(number)}")
            }
        }
        #expect(answers.last == "{\"code\":200,\"text\":\"5000\"}")
        let info = try host.command("ask.info")
        #expect(info["questions"] == .integer(4951) && info["bad"] == .integer(50))
    }

    @Test("A route that runs over its time answers 500, and the connection goes on")
    func overTime() throws {
        let host = try start([
            "route_timeout = \"200ms\"", "max_while_loops = 1000000000", Self.listen,
            "request_route {",
            "    while ($arg(loop) == 1) { $var(x) = 1; }",
            "    sl_send_reply(\"200\", \"OK\");",
            "}",
        ])
        let asker = try Asker(host)
        let answer = try asker.ask(["loop": 1])
        #expect(answer.hasPrefix("500 ") && answer.contains("route_timeout"), "\(answer)")
        #expect(try asker.ask(["loop": 0]) == "200 OK")
        #expect(try host.command("ask.info")["failed"] == .integer(1))
    }

    @Test("exit without a reply, drop and a reply that counts last")
    func replies() throws {
        let host = try start([
            Self.listen, "modparam(\"ask\", \"no_reply\", \"480 nobody answers\")",
            """
            request_route {
                if ($arg(n) == 1) exit;
                if ($arg(n) == 2) drop;
                sl_send_reply("100", "first");
                if (!sl_send_reply("99", "wrong")) sl_reply("202", "last");
            }
            """,
        ])
        let asker = try Asker(host)
        #expect(try asker.ask(["n": 1]) == "480 nobody answers")
        #expect(try asker.ask(["n": 2]) == "480 nobody answers")
        #expect(try asker.ask(["n": 3]) == "202 last")
        #expect(host.logs("sl_send_reply: the code is \"99\", expected a number of 100 to 999"))
    }

    @Test("A host that stops answers what has come in")
    func stop() throws {
        let host = try start([Self.listen, "request_route { sl_send_reply(\"200\", \"$arg(n)\"); }"])
        let asker = try Asker(host)
        try asker.send((0..<2000).map { "{\"n\":\($0)}\n" }.joined())
        #expect(try asker.answer() == "200 0")
        host.signal(SIGTERM)
        let rest = try asker.readToEnd().split(separator: "\n")
        #expect(rest.count <= 1999)
        #expect(rest.enumerated().allSatisfy { $1 == "{\"code\":200,\"text\":\"\($0 + 1)\"}" })
        #expect(try host.wait() == 0)
    }

    @Test("ask without request_route, a bad address and a bad parameter stop the start")
    func askMistakes() throws {
        #expect(try refusal(Self.listen).contains("the config has no request_route to run"))
        #expect(
            try refusal("modparam(\"ask\", \"listen\", \"carrier-pigeon:1\")", "request_route { exit; }").contains(
                "listen \"carrier-pigeon:1\""))
        let parameter = try refusal("modparam(\"ask\", \"no_reply\", \"yes\")", "request_route { exit; }")
        #expect(
            parameter.contains("modules.conf:8:") && parameter.contains("no_reply is \"yes\", expected a code"),
            "\(parameter)")
        let variable = try refusal("request_route { $rm = \"x\"; }")
        #expect(variable.contains("modules.conf:8:17"), "\(variable)")
    }

    // MARK: rtimer

    @Test("Timers run their routes in order on their workers, and a slow route loses ticks without piling up")
    func timers() throws {
        let host = try start([
            "modparam(\"htable\", \"htable\", \"t=>initval=0\")",
            "modparam(\"rtimer\", \"timer\", \"name=fast;interval=20ms;mode=2\")",
            "modparam(\"rtimer\", \"exec\", \"timer=fast;route=FIRST\")",
            "modparam(\"rtimer\", \"exec\", \"timer=fast;route=SECOND\")",
            "modparam(\"rtimer\", \"timer\", \"name=slow;interval=10000u\")",
            "modparam(\"rtimer\", \"exec\", \"timer=slow;route=SLOW\")",
            "max_while_loops = 100000000", "route_timeout = \"60ms\"",
            "route[FIRST] { $var(n) = $shtinc(t=>first); }",
            "route[SECOND] { if ($sht(t=>second) < $sht(t=>first)) { $var(n) = $shtinc(t=>second); } }",
            "route[SLOW] { while (1) { $var(x) = 1; } }",
        ])
        func timer(_ name: String) throws -> JSONValue {
            let timers = try #require(try host.command("rtimer.list").array)
            return try #require(timers.first { $0["name"]?.string == name })
        }
        #expect(try eventually { try (timer("fast")["runs"]?.integer ?? 0) > 10 })
        #expect(
            try eventually {
                try (timer("slow")["skipped"]?.integer ?? 0) > 4 && (timer("slow")["errors"]?.integer ?? 0) > 1
            })
        #expect(try timer("fast")["workers"]?.array?.count == 2)
        #expect(try timer("fast")["routes"]?.array?.map(\.string) == ["FIRST", "SECOND"])
        #expect(try timer("slow")["interval"]?.double == 0.01)
        #expect(host.logs("timer slow: route[SLOW]: "))
        let first = try host.command("htable.get", ["t", "first"])["item"]?["value"]?.integer ?? 0
        let second = try host.command("htable.get", ["t", "second"])["item"]?["value"]?.integer ?? 0
        #expect(first > 10 && second > 10)
        #expect("\(try host.command("get_statistics", ["rtimer:runs.fast"]))".contains("rtimer:runs.fast = "))
        #expect(try host.terminate() == 0)
    }

    @Test("No timer fires before every module has started, however short it is and wherever its line stands")
    func timersWait() throws {
        let host = try start(
            [
                "modparam(\"rtimer\", \"timer\", \"name=t;interval=1ms\")",
                "modparam(\"rtimer\", \"exec\", \"timer=t;route=R\")",
                "modparam(\"htable\", \"htable\", \"t=>\")", "max_while_loops = 1000000",
                "event_route[htable:mod-init] { $var(i) = 0; while ($var(i) < 100000) { $var(i) = $var(i) + 1; } $sht(t=>filled) = 1; }",
                "route[R] { if ($sht(t=>filled) != 1) $sht(t=>early) = 1; $sht(t=>runs) = $sht(t=>runs) + 1; }",
            ], modules: ["mi-fifo", "rtimer", "htable"])
        #expect(try eventually { try host.command("htable.count", ["t", "name", "eq", "runs"]) == .integer(1) })
        #expect(try host.command("htable.count", ["t", "name", "eq", "early"]) == .integer(0))
        #expect(!host.log.contains("does not run"))
    }

    @Test("Every mistake about timers stops the start and is named where it stands")
    func timerMistakes() throws {
        let unknown = try refusal(
            "modparam(\"rtimer\", \"timer\", \"name=t1;interval=10\")",
            "modparam(\"rtimer\", \"exec\", \"timer=t2;route=A\")",
            "route[A] { return; }")
        #expect(
            unknown.contains("modules.conf:9:") && unknown.contains("no line before this one defines timer t2"), "\(unknown)"
        )
        let interval = try refusal("modparam(\"rtimer\", \"timer\", \"name=t1\")")
        #expect(interval.contains("modules.conf:8:") && interval.contains("timer t1 has no interval"), "\(interval)")
        let route = try refusal(
            "modparam(\"rtimer\", \"timer\", \"name=t1;interval=10\")",
            "modparam(\"rtimer\", \"exec\", \"timer=t1;route=CLEANUPP\")",
            "route[CLEANUP] { return; }")
        #expect(route.contains("timer t1 is to run route[CLEANUPP], which the config does not have"), "\(route)")
    }

    // MARK: htable

    @Test("drop in mod-init refuses the start; before it, the tables can be filled")
    func modInit() throws {
        let host = try start([
            "modparam(\"htable\", \"htable\", \"t=>\")",
            "event_route[htable:mod-init] { $sht(t=>a) = 1; $sht(t=>b) = \"x\"; return; }",
        ])
        #expect(try host.command("htable.count", ["t"]) == .integer(2))
        let dropped = try refusal("modparam(\"htable\", \"htable\", \"t=>\")", "event_route[htable:mod-init] { drop; }")
        #expect(dropped.contains("event_route[htable:mod-init] said drop, which refuses the start"), "\(dropped)")
    }

    @Test("A route that ends with slots locked, by exit, drop or a failure, holds nobody up; its iterators are gone")
    func locksLeft() throws {
        let host = try start([
            "modparam(\"htable\", \"htable\", \"t=>size=2\")",
            """
            route[FORGET] {
                sht_lock("t=>k");
                sht_lock("t=>k");
                sht_iterator_start("it", "t");
                sht_iterator_next("it");
                $var(n) = $arg(n) / 0;
                if ($arg(how) == "exit") exit;
                if ($arg(how) == "drop") drop;
                reply("200", "$shtitkey(it)");
            }
            route[USE] {
                if (!sht_lock("t=>k")) { reply("500", "locked"); exit; }
                $sht(t=>k) = $sht(t=>k) + 1;
                sht_unlock("t=>k");
                if ($shtitkey(it) != $null) { reply("500", "an iterator is left"); exit; }
                reply("200", "$sht(t=>k)");
            }
            """,
        ])
        try host.command("htable.seti", ["t", "k", 0])
        let clock = ContinuousClock()
        let spent = try clock.measure {
            for round in 0..<10 {
                for how in ["exit", "drop"] { _ = try host.command("route.run", ["FORGET", .string("how=\(how)")]) }
                #expect(try host.run("FORGET", "how=return") == "k")
                // In turn on both workers.
                #expect(try host.run("USE") == "\(round * 2 + 1)")
                #expect(try host.run("USE") == "\(round * 2 + 2)")
                try host.command("htable.sets", ["t", "other", "x"])
                try host.command("htable.delete", ["t", "other"])
            }
        }
        #expect(spent < .seconds(9))
        #expect(host.logs("a route ended with 1 slot locked, now unlocked"))
    }

    @Test(
        "A table that the config does not define is said with the nearest name; reads are null, writes fail, the route goes on"
    )
    func unknownTable() throws {
        let host = try start([
            "modparam(\"htable\", \"htable\", \"users=>\")",
            "route[R] { $sht(usres=>k) = 1; if ($sht(usres=>k) == $null) reply(\"200\", \"null\"); }",
        ])
        #expect(try host.run("R") == "null")
        #expect(host.logs("there is no table \"usres\" for \"usres=>k\"; did you mean users?"))
    }

    @Test("What Kamailio's users write with htable runs as it stands")
    func idioms() throws {
        let host = try start(
            [
                "loadmodule \"pv.so\"", "loadmodule \"xlog.so\"", "loadmodule \"textops.so\"", "loadmodule \"sl.so\"",
                "modparam(\"htable\", \"htable\", \"a=>size=4;autoexpire=7200;\")",
                "modparam(\"htable\", \"htable\", \"ipban=>size=8;autoexpire=300;\")",
                "modparam(\"htable\", \"htable\", \"auth=>size=8;\")",
                "modparam(\"htable\", \"htable\", \"cnt=>size=8;initval=0;\")",
                Self.listen,
                """
                request_route {
                    if($sht(ipban=>$si)!=$null) {
                        sl_send_reply("403", "Forbidden");
                        exit;
                    }
                    $sht(a=>$ci::srcip)=$si;
                    $sht(auth=>$au::count)=$null;
                    $var(n)=$shtinc(cnt=>$fU);
                    sht_lock("a=>$ci");
                    $sht(a=>$ci)=$sht(a=>$ci)+1;
                    sht_unlock("a=>$ci");
                    if($shtcn(a=>~~^$ci::.*)>0 && $shtex(a=>$ci) > 7000)
                        $sht(a=>$ci::seen) = "yes";
                    $var(i) = 0;
                    while($var(i) < 3) {
                        $sht(a=>arr[$var(i)]) = "v" + $var(i);
                        $var(i) = $var(i) + 1;
                    }
                    $sht(a=>arr::size) = $var(i);
                    if(sht_has_name("a", "sw", "$ci") && sht_match_str_value("a", "eq", "v2"))
                        route(REPLY);
                }
                route[REPLY] {
                    sl_send_reply("200", "$var(n) $sht(a=>$ci) $sht(a=>$ci::srcip) $shtcn(a=>~~^$ci::.*) $shtcv(a=>==yes) $sht(a=>arr[2])");
                    if($fU == "mallory") $sht(ipban=>$si) = 1;
                }
                """,
            ])
        let asker = try Asker(host)
        func ask(_ user: String, _ address: String) throws -> String {
            try asker.ask([
                "from_user": .string(user), "call_id": .string("c-\(user)"), "source_ip": .string(address), "auth_user": "x",
            ])
        }
        #expect(try ask("alice", "192.0.2.1") == "200 1 1 192.0.2.1 2 1 v2")
        #expect(try ask("alice", "192.0.2.1") == "200 2 2 192.0.2.1 2 1 v2")
        #expect(try ask("mallory", "192.0.2.9") == "200 1 1 192.0.2.9 2 2 v2")
        #expect(try ask("mallory", "192.0.2.9") == "403 Forbidden")
        #expect(try host.command("htable.get", ["cnt", "alice"])["item"]?["value"] == .integer(2))
    }

    @Test("A full table that makes room while a command writes runs its expired route on a worker")
    func expiredByCommand() throws {
        let host = try start([
            "modparam(\"htable\", \"htable\", \"t=>autoexpire=1;maxsize=50\")",
            "modparam(\"htable\", \"htable\", \"seen=>\")",
            "modparam(\"htable\", \"timer_interval\", 3600)",
            "event_route[htable:expired:t] { $sht(seen=>$shtrecord(key)) = $shtrecord(expire); }",
        ])
        for number in 0..<50 { try host.command("htable.seti", ["t", .string("k\(number)"), 1]) }
        #expect(try eventually { try host.command("htable.count", ["t"]) == .integer(0) })
        try host.command("htable.seti", ["t", "new", 1])
        #expect(try eventually { try host.command("htable.count", ["seen"]) == .integer(50) })
        let expire = try host.command("htable.get", ["seen", "k7"])["item"]?["value"]?.integer ?? 0
        #expect(abs(expire - Int64(time(nil))) < 60)
    }

    // MARK: acc

    @Test("acc stores rows and writes lines for a question, with fields of its own")
    func accounting() throws {
        let host = try start(
            [
                Self.listen, "modparam(\"acc\", \"db_url\", \"flatstore:run/acc\")",
                "modparam(\"acc\", \"db_extra\", \"src_ip=$si; ua=$hdr(User-Agent)\")",
                "modparam(\"acc\", \"log_extra\", \"src_ip=$si\")",
                """
                request_route {
                    acc_log_request("$arg(code) Done");
                    if (acc_db_request("$arg(code) Done", "calls") && acc_db_request("blocked")) sl_send_reply("200", "stored");
                }
                """,
            ], modules: ["mi-fifo", "htable", "ask", "flatstore", "acc"], folders: ["run/acc"])
        let asker = try Asker(host)
        let question: JSONValue = [
            "method": "BYE", "call_id": "c1", "from_tag": "f", "source_ip": "192.0.2.3", "code": 404,
            "headers": ["user-agent": "a|b"],
        ]
        #expect(try asker.ask(question) == "200 stored")
        #expect(host.logs(";method=BYE;from_tag=f;to_tag=;call_id=c1;code=404;reason=Done;src_ip=192.0.2.3"))
        try host.terminate()
        func rows(_ table: String) throws -> [Substring] {
            try FileManager.default.contentsOfDirectory(atPath: host.directory.file("run/acc"))
                .filter { $0.hasPrefix(table + "_") }.map { host.directory.text("run/acc/\($0)") }.joined().split(
                    separator: "\n")
        }
        let row = try #require(try rows("calls").first).split(separator: "|", omittingEmptySubsequences: false)
        #expect(row.prefix(6) == ["BYE", "f", "", "c1", "404", "Done"])
        #expect(row.suffix(2) == ["192.0.2.3", "a%7Cb"])
        #expect(try rows("acc").count == 1)
    }

    @Test("Unknown columns and pseudo-variables of acc's extras stop the start")
    func accountingMistakes() throws {
        let modules = ["mi-fifo", "flatstore", "acc"]
        let base = "modparam(\"acc\", \"db_url\", \"flatstore:run\")"
        let column = try refusal(
            base, "modparam(\"acc\", \"columns\", \"src_ip:string\")", "modparam(\"acc\", \"db_extra\", \"srcip=$var(x)\")",
            modules: modules)
        #expect(column.contains("which `columns` does not name; did you mean \"src_ip\"?"), "\(column)")
        let variable = try refusal(base, "modparam(\"acc\", \"db_extra\", \"x=$nothing\")", modules: modules)
        #expect(variable.contains("db_extra: x=$nothing") && variable.contains("nothing"), "\(variable)")
    }
}
