import Foundation
import JSON
import TestSupport
import Testing

@Suite("htable in the real daemon")
struct DaemonTests {
    private func start(_ lines: String...) throws -> RunningHost {
        var configuration = RunningHost.configuration("loadmodule \"mi-fifo\"", "loadmodule \"htable\"")
        for line in lines { configuration += "modparam(\"htable\", \"htable\", \"\(line)\")\n" }
        return try RunningHost(configuration)
    }

    /// The items of the fact sheet's sample.
    private func fill(_ host: RunningHost, _ table: String) throws {
        try host.command("htable.sets", [.string(table), .string("c::d"), .string("x\"y")])
        try host.command("htable.seti", [.string(table), .string("bob"), .integer(42)])
        try host.command("htable.sets", [.string(table), .string("empty"), .string("")])
    }

    @Test("The classic text of sht_dump is Kamailio 4.4's, byte for byte")
    func classicDump() throws {
        let host = try start("t=>size=4")
        try fill(host, "t")
        #expect(
            try host.classic("sht_dump", "t")
                == "200 OK\nEntry:: 0\n\tc::d:: x\"y\nEntry:: 3\n\tbob:: 42\nEntry:: 4\n\tempty:: \n\n")
        #expect(try host.classic("sht_dump", "nix") == "500 no such hash table\n\n")
        #expect(try host.classic("sht_dump").hasPrefix("400 Too few or too many arguments"))
        #expect(try host.classic("sht_delete", "t", "c::d") == "200 OK\n\n")
        #expect(try host.classic("sht_delete", "t", "\"missing\"") == "200 OK\n\n")
        #expect(try host.classic("sht_delete", "nix", "k") == "404 Bad parameter\n\n")
        #expect(try host.classic("sht_reload", "t") == "500 ERROR Reloading data\n\n")
        #expect(try host.classic("htable.sets", "t", "k", "v") == "200 OK\nOk. Key set to new value.\n\n")
        #expect(try host.classic("htable.count", "t") == "200 OK\n3\n\n")
    }

    @Test("The JSON of get and dump is laid out as Kamailio 5.6's, byte for byte")
    func jsonLayout() throws {
        let host = try start("t=>size=4")
        try fill(host, "t")
        let get = try host.exchange {
            "{\"jsonrpc\": \"2.0\", \"method\": \"htable.get\", \"params\": [\"t\", \"bob\"], \"reply_name\": \"\($0)\", \"id\": 1}\n"
        }
        #expect(
            get
                == "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"result\":\t{\n\t\t\"item\":\t{\n\t\t\t\"name\":\t\"bob\",\n\t\t\t\"value\":\t42,\n"
                + "\t\t\t\"flags\":\t0,\n\t\t\t\"expire\":\t\"NEVER\"\n\t\t}\n\t},\n\t\"id\":\t1\n}")
        let dump = try host.exchange {
            "{\"jsonrpc\": \"2.0\", \"method\": \"htable.dump\", \"params\": [\"t\", 1], \"reply_name\": \"\($0)\", \"id\": 1}\n"
        }
        #expect(
            dump
                == "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"result\":\t[{\n\t\t\t\"entry\":\t0,\n\t\t\t\"size\":\t1,\n\t\t\t\"slot\":\t[{\n"
                + "\t\t\t\t\t\"name\":\t\"c::d\",\n\t\t\t\t\t\"value\":\t\"x\\\"y\",\n\t\t\t\t\t\"type\":\t\"str\"\n\t\t\t\t}]\n\t\t}],\n"
                + "\t\"id\":\t1\n}")
    }

    @Test("Every command answers in Kamailio's words, and every fault too")
    func commands() throws {
        let host = try start("users=>size=4;autoexpire=3600", "cnt=>initval=5")
        func strings(_ words: [String]) -> JSONValue { .array(words.map { .string($0) }) }
        for (command, words, expected) in [
            ("htable.sets", ["users", "a", "1"], "Ok. Key set to new value."),
            ("htable.setxs", ["users", "b", "v", "60"], "Ok. Key set to new value."),
            ("htable.setxi", ["users", "c", "7", "60"], "Ok. Key set to new value."),
            ("htable.setex", ["users", "missing", "60"], "Ok"), ("htable.setex", ["users", "a", "60"], "Ok"),
            ("htable.delete", ["users", "a"], "Ok. Key deleted."), ("htable.flush", ["cnt"], "Ok. Htable flushed."),
        ] as [(String, [String], String)] {
            #expect(try host.command(command, strings(words)) == .string(expected), "\(command)")
        }
        #expect(try host.command("htable.inc", strings(["cnt", "n"])) == .integer(6))
        #expect(try host.command("htable.dec", strings(["cnt", "n", "4"])) == .integer(2))
        #expect(try host.command("htable.minc", strings(["cnt", "10", "n", "m"])) == .array([.integer(12), .integer(15)]))
        #expect(try host.command("htable.mset", strings(["cnt", "x", "1", "y", "2"])) == .integer(2))
        #expect("\(try host.command("htable.mget", strings(["cnt", "y", "none", "n"])))".contains("12"))
        #expect(try host.command("htable.count", strings(["cnt", "name", "re", "^[xy]$"])) == .integer(2))
        #expect(try host.command("htable.rm", strings(["cnt", "name", "in", "x"])) == .integer(1))
        for (command, words, expected) in [
            ("htable.get", ["nix", "a"], "500 No such htable"), ("htable.dump", ["nix"], "500 No such htable"),
            ("htable.get", ["users", "a"], "500 Key name doesn't exist in htable."),
            ("htable.delete", ["users", "a"], "404 Key not found in htable."),
            ("htable.setxs", ["nix", "a", "b", "5"], "500 Failed to set the item"),
            ("htable.reload", ["users"], "500 No htable db_url"), ("htable.store", ["users"], "500 No htable db_url"),
            ("htable.inc", ["users", "none"], "500 Key name doesn't exist in htable."),
            ("htable.inc", ["users", "b"], "400 the value of \"b\" in table users is a string, expected an integer"),
            ("htable.match", ["users", "key", "re", "x"], "400 the argument on is \"key\", expected name or value"),
        ] as [(String, [String], String)] {
            #expect(try host.fault(command, strings(words)) == expected, "\(command)")
        }
        #expect(try host.fault("htable.rm", strings(["users", "name", "re", "["])).hasPrefix("400 the pattern \"[\""))
        #expect(try host.fault("htable.seti", strings(["users", "k", "many"])).contains("value"))
        let tables = "\(try host.command("htable.listTables"))"
        #expect(try #require(tables.range(of: "cnt")).lowerBound < (try #require(tables.range(of: "users")).lowerBound))
        #expect("\(try host.command("get_statistics", strings(["htable:items.users"])))".contains("htable:items.users = 2"))
        #expect(
            try host.command("sht_dump", .array([.string("cnt"), .integer(0), .integer(0), .string("^y")])) != .array([]))
        #expect(try host.command("htable.dump", .array([.string("users"), .integer(0), .integer(9)])) == .array([]))
    }

    @Test("An item expires on time, and is gone from every command")
    func expiry() throws {
        let host = try start("t=>autoexpire=1")
        try host.command("htable.seti", [.string("t"), .string("k"), .integer(1)])
        #expect(try eventually { try host.command("htable.count", [.string("t")]) == .integer(0) })
        #expect(try host.fault("htable.get", .array([.string("t"), .string("k")])).hasPrefix("500 Key name"))
        #expect(try host.command("htable.dump", [.string("t")]) == .array([]))
        #expect(
            try eventually { "\(try host.command("get_statistics", [.string("htable:expired.t")]))".contains("= 1") })
    }

    @Test("Twenty thousand items stream over the FIFO, and a client that goes away holds nobody up")
    func stream() throws {
        let host = try start("t=>size=8")
        for start in stride(from: 0, to: 20_000, by: 2000) {
            let words = (start..<(start + 2000)).flatMap { [JSONValue.string("key\($0)"), .string("value \($0)")] }
            try host.command("htable.mset", [.string("t")] + words)
        }
        let gone = try host.replyFIFO()
        try host.send(":sht_dump:\(gone.name)\nt\n\n")
        let text = try host.classic("sht_dump", "t")
        #expect(text.split(separator: "\n").count { $0.hasPrefix("\tkey") } == 20_000)
        #expect(try host.command("htable.count", [.string("t")]) == .integer(20_000))
        _ = gone
    }

    @Test("A bad definition stops the start with file, line and column of both")
    func badDefinition() throws {
        let failure = #expect(throws: TestFailure.self) { try start("users=>sise=4") }
        #expect(failure?.description.contains("did you mean size?") == true, "\(failure?.description ?? "")")
        #expect(failure?.description.contains("modules.conf:6:") == true, "\(failure?.description ?? "")")
        let twice = #expect(throws: TestFailure.self) { try start("a=>", "a=>") }
        #expect(twice?.description.contains("htable already configured [a]") == true)
    }
}
