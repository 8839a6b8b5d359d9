import JSON
import TestSupport
import Testing

@Suite("Modules built with the headers of ABI 1.0 in today's host", .enabled(if: Tools.has("cc"), "cc is not installed"))
struct OldModuleTests {
    /// Compiles a module of Tests/abi/old-minor with the frozen headers and nothing else.
    private func build(_ name: String, in directory: TemporaryDirectory) throws {
        let abi = "\(BuiltProducts.repository)/Tests/abi"
        let outcome = try runToEnd(
            "cc",
            [
                "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fPIC", "-fvisibility=hidden", "-shared",
                "-Wl,-z,now", "-Wl,-z,nodelete", "-I\(abi)/1.0", "-o", directory.file("\(name).so"),
                "\(abi)/old-minor/\(name).c",
            ])
        guard outcome.status == 0 else { throw TestFailure(outcome.errors) }
    }

    private func host(_ name: String, _ lines: String...) throws -> RunningHost {
        let directory = try TemporaryDirectory()
        try build(name, in: directory)
        let all = ["loadmodule \"mi-fifo\"", "loadmodule \"./\(name).so\""] + lines
        return try RunningHost(
            RunningHost.configuration(all.joined(separator: "\n")), folders: ["rows"], in: directory)
    }

    @Test("Parameters of each type, commands, a deferred reply, a timer, counters, the log and the hooks work")
    func counter() throws {
        let host = try host(
            "old-counter", "modparam(\"old-counter\", \"duration\", \"250ms\")",
            "modparam(\"old_counter\", \"list\", \"a, b\")")
        let settings = try host.command("old.settings")
        #expect(settings["number"] == .integer(7))
        #expect(settings["duration"] == .integer(250_000_000))
        #expect(settings["size"] == .integer(1024))
        #expect(settings["real"] == .double(0.5))
        #expect(settings["truth"] == .bool(true))
        #expect(settings["text"] == .string("plain"))
        #expect(settings["text_by_service"] == .string("plain"))
        #expect(settings["list_length"] == .integer(2))
        #expect(try host.command("old_sum", [1, 2, 39].map { .integer($0) }) == .integer(42))
        #expect(try host.fault("old.sum") == "400 nothing to add")
        #expect(try host.command("old.later") == .string("later"))
        #expect(
            try eventually {
                let shown = "\(try host.command("stats.get_statistics", ["old-counter:"]))"
                return shown.contains("old-counter:limit = 7") && !shown.contains("old-counter:ticks = 0")
            })
        host.hangUp()
        #expect(host.logs("old-counter reopens"))
        #expect(try host.terminate() == 0)
        #expect(host.log.contains("old-counter starts") && host.log.contains("old-counter stops"))
    }

    @Test("Interfaces are found and called, those of today's modules by their old tables; an optional one may be missing")
    func tables() throws {
        let host = try host(
            "old-tables", "loadmodule \"htable\"", "loadmodule \"flatstore\"",
            "modparam(\"htable\", \"htable\", \"old=>size=4;\")", "modparam(\"old-tables\", \"db_url\", \"flatstore:rows\")")
        try host.command("old.put", [.string("a"), .integer(5)])
        #expect(try host.command("old.take", [.string("a")]) == .integer(5))
        #expect(try host.fault("old.take", .array([.string("b")])) == "404 no such key")
        #expect(try host.command("htable.get", [.string("old"), .string("a")])["item"]?["value"] == .integer(5))
        #expect("\(try host.command("stats.get_statistics", ["old-tables:"]))".contains("changes = 1"))
        #expect(try host.terminate() == 0)
        let rows = host.directory.names(in: "rows").map { host.directory.text("rows/\($0)") }.joined()
        #expect(rows == "a|5\n")
    }

    @Test("A function and a variable from the days of the draft are called by routes, and streams are served on workers")
    func script() throws {
        let host = try host(
            "old-script", "modparam(\"old-script\", \"listen\", \"unix:run/old.sock\")",
            "route[ADD] { if (!old_add(\"$arg(n)\")) { return -2; } $old(total) = $old(total) + 1; reply(\"200\", \"$old(total)\"); }"
        )
        #expect(try host.command("old.total") == .integer(0))
        #expect(try host.command("route.run", ["ADD", "n=40"])["reply"]?["text"] == .string("41"))
        #expect(try host.command("old.total") == .integer(41))
        let client = try StreamClient(unix: host.directory.file("run/old.sock"))
        try client.send("echo\n")
        #expect(try client.readLine() == "echo")
        let shown = "\(try host.command("module.info", [.string("old-script")]))"
        #expect(shown.contains("old_add") && shown.contains("1.0"), "\(shown)")
        #expect(try host.terminate() == 0)
    }
}
