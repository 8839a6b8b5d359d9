import Glibc
import JSON
import TestSupport
import Testing

/// The host's own commands: every name and alias, in JSON and in classic text.
@Suite("Core commands")
struct HostCommandTests {
    private let host: RunningHost

    init() throws {
        host = try RunningHost(
            RunningHost.configuration("loadmodule \"mi-fifo.so\"", "loadmodule \"flatstore.so\""))
    }

    private func names(_ command: String, _ arguments: [JSONValue] = []) throws -> [String] {
        try host.command(command, arguments).array?.compactMap(\.string) ?? []
    }

    @Test("which lists primary names, which all and system.listMethods the aliases too, sorted")
    func which() throws {
        let primary = [
            "arg", "clear_statistics", "config.show", "core.echo", "core.info", "debug", "flat_flush", "flat_list",
            "flat_rotate", "get_statistics", "help", "kill", "log_level", "module.disable", "module.info",
            "module.list", "module.load", "module.params", "module.set", "ps", "pwd", "reset_statistics", "route.run",
            "stats.fetch", "uptime", "version", "which",
        ]
        let aliases = [
            "core.arg", "core.kill", "core.ps", "core.psa", "core.psx", "core.pwd", "core.shutdown", "core.uptime",
            "core.version", "corex.debug", "flatstore.flush", "flatstore.k_rotate", "flatstore.list",
            "flatstore.rotate", "jsonrpc.echo", "stats.clear_statistics", "stats.get_statistics",
            "stats.reset_statistics", "system.listMethods", "system.methodHelp",
        ]
        #expect(try names("which") == primary)
        #expect(try names("which", ["all"]) == (primary + aliases).sorted())
        #expect(try names("system.listMethods") == (primary + aliases).sorted())
        #expect(try host.classic("which") == "200 OK\n" + primary.joined(separator: "\n") + "\n\n")
        #expect(try host.fault("which", ["alll"]) == "400 which takes nothing or `all`, found 'alll'")
    }

    @Test("help describes each command there is: usage, arguments, types, aliases, an example")
    func help() throws {
        for name in try names("which", ["all"]) {
            let help = try host.command("help", [.string(name)])
            for member in ["name", "summary", "usage", "module", "kind", "example"] {
                #expect(help[member]?.string?.isEmpty == false, "\(member) of \(name)")
            }
            #expect(help["example"]?.string?.hasPrefix("modctl ") == true)
            #expect(help["arguments"]?.array != nil)
            let known = [help["name"]?.string] + (help["aliases"]?.array?.map(\.string) ?? [])
            #expect(known.contains(name))
            #expect(try host.command("system.methodHelp", [.string(name)]) == help["summary"])
        }
        let overview = try host.classic("help")
        #expect(overview.contains("\nlog_level [MODULE] [LEVEL]:: Shows or sets the log level"))
        #expect(try host.fault("help", ["whihc"]) == "404 there is no command whihc; did you mean which?")
    }

    @Test("version and core.info", arguments: ["version", "core.version"])
    func version(name: String) throws {
        let text = try #require(try host.command(name).string)
        #expect(text.wholeMatch(of: #/modhost \d+\.\d+\.\d+ \(\w+\/linux\)/#) != nil)
        #expect(
            try host.classic(name).wholeMatch(
                of: #/200 OK\nServer:: modhost \(\d+\.\d+\.\d+ \(\w+\/linux\)\)\nABI:: 1\.\d+\n\n/#) != nil)
        let info = try host.command("core.info")
        for member in ["version", "id", "compiler", "compiled", "flags"] {
            #expect(info[member]?.string?.isEmpty == false, "\(member)")
        }
        #expect(info["process"]?.integer == Int64(host.processID))
        #expect(info["workers"] == 2)
    }

    @Test("uptime", arguments: ["uptime", "core.uptime"])
    func uptime(name: String) throws {
        let reply = try host.command(name)
        for member in ["now", "up_since"] {
            #expect(
                reply[member]?.string?.wholeMatch(of: #/\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}/#) != nil)
        }
        #expect(reply["uptime"]?.integer.map { 0..<600 ~= $0 } == true)
        #expect(
            try host.classic(name).wholeMatch(of: #/200 OK\nNow:: .*\nUp since:: .*\nUp time:: \d+ \[sec\]\n\n/#) != nil)
    }

    @Test("ps, core.ps and core.psa show main, workers, management and pool")
    func processes() throws {
        let threads = try host.command("ps").array ?? []
        #expect(threads.compactMap { $0["kind"]?.string }.prefix(4) == ["main", "worker", "worker", "management"])
        #expect(threads.compactMap { $0["index"]?.integer } == (0..<Int64(threads.count)).map { $0 })
        #expect(threads.first?["tid"]?.integer == Int64(host.processID))
        for thread in threads {
            #expect(thread["cpu_seconds"]?.double != nil && thread["load_percent"]?.double != nil)
            #expect(thread["module"]?.string != nil && thread["callback"]?.string != nil)
        }
        let flat = try host.command("core.ps").array ?? []
        #expect(flat.prefix(4) == [.integer(Int64(host.processID)), "main thread", flat[2], "worker 1"])
        #expect(flat.count % 2 == 0)
        let list = try host.command("core.psa").array ?? []
        #expect(list.first?["pid"]?.integer == Int64(host.processID))
        #expect(list.first?["description"] == "main thread")
        let brief = try host.command("core.psx").array ?? []
        #expect(brief.first?["PID"]?.integer == Int64(host.processID))
        #expect(brief.first?["IDX"]?.integer == 0 && brief.first?["DSC"] == "main thread")
        for member in ["index", "status", "rank"] { #expect(list.first?[member]?.integer != nil) }
        #expect(
            try host.classic("ps").hasPrefix(
                "200 OK\nProcess::  ID=0 PID=\(host.processID) Type=main thread\nProcess::  ID=1 PID="))
    }

    @Test("pwd and arg")
    func surroundings() throws {
        let path = host.directory.path
        for name in ["pwd", "core.pwd"] {
            #expect(try host.command(name) == .string(path))
            #expect(try host.classic(name) == "200 OK\nWD:: \(path)\n\n")
        }
        for name in ["arg", "core.arg"] {
            #expect(try host.command(name) == [.string(BuiltProducts.modhost), "-f", "modules.conf"])
            #expect(try host.classic(name) == "200 OK\n\(BuiltProducts.modhost)\n-f\nmodules.conf\n\n")
        }
    }

    @Test("debug shows and sets the level by number", arguments: ["debug", "corex.debug"])
    func debug(name: String) throws {
        #expect(try host.command(name) == ["level": 2])
        #expect(try host.classic(name, "3") == "200 OK\nDEBUG:: 3\n\n")
        #expect(try host.classic(name) == "200 OK\nDEBUG:: 3\n\n")
    }

    @Test("core.echo gives back what it got, each value with its type", arguments: ["core.echo", "jsonrpc.echo"])
    func echo(name: String) throws {
        #expect(try host.command(name, [1, "x", 2.5, true, ""]) == [1, "x", 2.5, true, ""])
        #expect(try host.command(name) == [])
        #expect(try host.classic(name, "1", "x") == "200 OK\n1\nx\n\n")
    }

    @Test("Statistics: by name, by group, all; fetched, reset, cleared; unknown ones are 404")
    func statistics() throws {
        for name in ["get_statistics", "stats.get_statistics"] {
            #expect(
                try names(name, ["flatstore:rows", "core:slow_callbacks"]) == [
                    "flatstore:rows = 0", "core:slow_callbacks = 0",
                ])
        }
        #expect(try names("get_statistics", ["mi-fifo:"]).count == 6)
        #expect(try names("get_statistics", ["all"]).contains("flatstore:open_files = 0"))
        #expect(try host.classic("get_statistics", "flatstore:rows") == "200 OK\nflatstore:rows = 0\n\n")
        #expect(try host.command("stats.fetch", ["flatstore:rows"]) == ["flatstore.rows": 0])
        #expect(try host.fault("get_statistics", ["nothing"]) == "404 Statistics Not Found: nothing")

        try host.send(":which:../x\n\n")
        #expect(eventually { (try? names("get_statistics", ["mi-fifo:malformed"])) == ["mi-fifo:malformed = 1"] })
        #expect(try names("clear_statistics", ["mi-fifo:malformed"]) == ["mi-fifo:malformed = 0 (1)"])
        #expect(try names("stats.clear_statistics", ["mi-fifo:malformed"]) == ["mi-fifo:malformed = 0"])
        for name in ["reset_statistics", "stats.reset_statistics"] {
            #expect(try host.command(name, ["mi-fifo:requests"]) == .object([]))
            #expect(try host.classic(name, "mi-fifo:requests") == "200 OK\n\n")
        }
        #expect(try names("get_statistics", ["mi-fifo:requests"]) == ["mi-fifo:requests = 1"])
    }

    @Test("module.list, module.info and module.params describe a module by name or alias")
    func modules() throws {
        let list = try host.command("module.list").array ?? []
        #expect(list.compactMap { $0["name"]?.string } == ["mi-fifo", "flatstore"])
        #expect(list.allSatisfy { $0["state"] == "running" && $0["version"]?.string != nil })
        #expect(try host.classic("module.list").hasPrefix("200 OK\nmodule::  name=mi-fifo version="))
        let info = try host.command("module.info", ["db_flatstore"])
        #expect(info["name"] == "flatstore")
        #expect(info["file"] == .string("\(BuiltProducts.directory)/libflatstore.so"))
        #expect(info["abi"] == "1.0")
        #expect(info["aliases"] == ["db_flatstore"])
        #expect(info["commands"]?.array?.contains("flat_rotate") == true)
        #expect(info["provides"]?.array?.compactMap(\.string).contains { $0.hasPrefix("mh.db/1") } == true)
        let parameters = try host.command("module.params", ["flatstore"]).array ?? []
        let flush = try #require(parameters.first { $0["name"] == "flush" })
        #expect(flush["type"] == "bool" && flush["default"] == "1" && flush["live"] == false)
        #expect(try host.fault("module.info", ["flatstor"]) == "404 no module flatstor is loaded; did you mean flatstore?")
    }

    @Test("config.show has the settings in force")
    func configuration() throws {
        let shown = try host.command("config.show")
        #expect(shown["file"] == .string(host.directory.file("modules.conf")))
        #expect(shown["files"] == ["modules.conf"])
        #expect(shown["core"]?["workers"] == 2)
        #expect(shown["core"]?["run_dir"] == .string(host.directory.file("run")))
        #expect(shown["core"]?["log_level"] == "info")
        #expect(shown["modules"]?["mi-fifo"]?["fifo_mode"] == "0660")
        #expect(shown["modules"]?["flatstore"]?["flush"] == "1")
        #expect(try host.classic("config.show").contains("\ncore:: \n\tworkers:: 2\n"))
    }
}
