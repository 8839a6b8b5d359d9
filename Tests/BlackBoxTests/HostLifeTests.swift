import Glibc
import JSON
import TestSupport
import Testing

/// Start, signals, files and the end of the real process.
@Suite("The life of the process")
struct HostLifeTests {
    private static let everything = [
        "loadmodule \"acc.so\"", "loadmodule \"flatstore.so\"", "loadmodule \"mi-fifo.so\"",
        "modparam(\"acc\", \"db_url\", \"flatstore:run/acc\")",
        "modparam(\"acc\", \"listen\", \"unix:run/acc.sock\")",
    ].joined(separator: "\n")

    @Test(
        "SIGTERM and SIGINT end it with status 0, and FIFO, lock, socket and pid file are gone",
        arguments: [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")])
    func signals(number: CInt, name: String) throws {
        let host = try RunningHost(
            RunningHost.configuration(Self.everything), folders: ["run/acc"],
            arguments: ["-m", "run/modhost.pid"])
        #expect(
            host.directory.names(in: "run")
                == ["acc", "acc.sock", "modhost.fifo", "modhost.fifo.lock", "modhost.pid"])
        #expect(host.directory.text("run/modhost.pid") == "\(host.processID)\n")
        host.signal(number)
        #expect(try host.wait() == 0)
        #expect(host.directory.names(in: "run") == ["acc"])
        #expect(host.log.contains("stopping on \(name)\n"))
        #expect(host.log.hasSuffix("stopped\n"))
    }

    @Test("core.shutdown and kill end it with status 0", arguments: ["core.shutdown", "core.kill", "kill"])
    func shutdownCommand(name: String) throws {
        let host = try RunningHost(RunningHost.configuration("loadmodule \"mi-fifo.so\""))
        #expect(try host.command(name) == .object([]))
        #expect(try host.wait() == 0)
        #expect(host.log.contains("stopping: asked by \(name)\n"))
        #expect(host.directory.names(in: "run").isEmpty)
    }

    @Test("The order of loadmodule lines does not matter: acc comes before its provider")
    func loadOrder() throws {
        let host = try RunningHost(RunningHost.configuration(Self.everything), folders: ["run/acc"])
        let modules = try host.command("module.list").array ?? []
        let names = modules.compactMap { $0["name"]?.string }
        #expect(Set(names) == ["acc", "flatstore", "mi-fifo"])
        #expect(modules.allSatisfy { $0["state"]?.string == "running" })
        let provider = try #require(names.firstIndex(of: "flatstore"))
        let user = try #require(names.firstIndex(of: "acc"))
        #expect(provider < user)
    }

    @Test("An optional module that is missing, or that does not start, is a warning; the rest serves")
    func optional() throws {
        let host = try RunningHost(
            RunningHost.configuration(
                "loadmodule \"gone.so\" optional", "loadmodule \"mi-fifo.so\"",
                "loadmodule \"flatstore.so\"", "loadmodule \"acc.so\" optional",
                "modparam(\"acc\", \"db_url\", \"flatstore:nowhere\")"))
        let names = try host.command("module.list").array?
            .filter { $0["state"]?.string == "running" }.compactMap { $0["name"]?.string }
        #expect(names == ["mi-fifo", "flatstore"])
        #expect(host.log.contains("modules.conf:4:12: warning: module gone.so is not found"))
        #expect(host.log.contains("modules.conf:7:12: warning: module acc does not start: "))
        #expect(try host.fault("acc.info").hasPrefix("-32601 Method not found: acc.info"))
        #expect(try host.terminate() == 0)
    }

    @Test("The pid file names the process and keeps a second host out; a killed host's file does not")
    func pidFile() throws {
        let host = try RunningHost(
            RunningHost.configuration("pid_file = \"modhost.pid\"", "loadmodule \"mi-fifo.so\""))
        #expect(host.directory.text("modhost.pid") == "\(host.processID)\n")
        let second = try runToEnd(
            BuiltProducts.modhost, ["-f", "modules.conf"], directory: host.directory.path)
        #expect(second.status == 73)
        #expect(
            second.errors.contains(
                "another modhost runs as process \(host.processID): it holds the pid file \(host.directory.file("modhost.pid"))\n"
            ))
        #expect(host.directory.text("modhost.pid") == "\(host.processID)\n")
        #expect(try host.command("core.echo", ["here"]) == ["here"])

        host.kill()
        #expect(host.directory.contains("modhost.pid"))
        try host.restart()
        #expect(host.directory.text("modhost.pid") == "\(host.processID)\n")
        #expect(try host.terminate() == 0)
        #expect(!host.directory.contains("modhost.pid"))
    }

    @Test("A second host on the same FIFO is refused, and the first goes on")
    func sameFIFO() throws {
        let host = try RunningHost(RunningHost.configuration("loadmodule \"mi-fifo.so\""))
        let second = try runToEnd(
            BuiltProducts.modhost, ["-f", "modules.conf"], directory: host.directory.path)
        #expect(second.status == 78)
        #expect(
            second.errors.contains(
                "modules.conf:4:12: error: module mi-fifo does not start: the FIFO \(host.fifo) is served by another host (process \(host.processID)); stop that one, or set fifo_name or run_dir to another place [MH-R118]"
            ))
        #expect(try host.command("core.echo", ["here"]) == ["here"])
        #expect(try host.terminate() == 0)
    }

    @Test("A killed host's FIFO, lock and socket do not hinder the next one")
    func afterKill() throws {
        let host = try RunningHost(RunningHost.configuration(Self.everything), folders: ["run/acc"])
        host.kill()
        #expect(host.ended == -SIGKILL)
        #expect(
            host.directory.names(in: "run") == ["acc", "acc.sock", "modhost.fifo", "modhost.fifo.lock"])
        try host.restart()
        #expect(try host.command("core.echo", ["back"]) == ["back"])
        _ = try StreamClient(unix: host.directory.file("run/acc.sock"))
        #expect(try host.terminate() == 0)
    }

    @Test("A path that is no directory where run_dir should be is refused with status 73")
    func runDirectory() throws {
        let directory = try TemporaryDirectory()
        try directory.write("", to: "run")
        try directory.write(RunningHost.configuration("loadmodule \"mi-fifo.so\""), to: "modules.conf")
        let result = try runToEnd(
            BuiltProducts.modhost, ["-f", "modules.conf"], directory: directory.path)
        #expect(result.status == 73)
        #expect(
            result.errors.contains(
                "run_dir \(directory.file("run")) is not a directory; remove it or set run_dir to another path\n"))
    }

    @Test("Relative paths count from the configuration's directory, wherever the host is started")
    func relativePaths() throws {
        let host = try RunningHost(
            RunningHost.configuration(Self.everything, "include_file \"more/levels.conf\""),
            folders: ["run/acc", "elsewhere"], in: try withFile("log_level = debug\n", "more/levels.conf"))
        #expect(try host.terminate() == 0)
        let program = try ChildProcess(
            BuiltProducts.modhost, ["-f", "../modules.conf", "-m", "modhost.pid"],
            directory: host.directory.file("elsewhere"), output: "/dev/null", errors: host.directory.file("second.log"))
        #expect(eventually { host.directory.text("second.log").contains("ready in ") })
        #expect(host.directory.names(in: "run") == ["acc", "acc.sock", "modhost.fifo", "modhost.fifo.lock"])
        // What the command line names counts from where it was typed.
        #expect(host.directory.text("elsewhere/modhost.pid") == "\(program.id)\n")
        _ = try host.reply(to: "acc.record", ["method=BYE"])
        #expect(host.directory.names(in: "run/acc").count == 1)
        #expect(try host.command("log_level", ["core"]) == ["core": "debug"])
        program.signal(SIGTERM)
        #expect(try program.wait() == 0)
        #expect(host.directory.names(in: "elsewhere").isEmpty)
    }

    private func withFile(_ text: String, _ name: String) throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try directory.write(text, to: name)
        return directory
    }

    @Test("SIGHUP reaches flatstore: rows after it go to a new file")
    func hangUp() throws {
        let host = try RunningHost(RunningHost.configuration(Self.everything), folders: ["run/acc"])
        let record: JSONValue = ["method=INVITE", "callid=first", "sip_code=200"]
        _ = try host.reply(to: "acc.record", record)
        let file = try #require(host.directory.names(in: "run/acc").first)
        #expect(
            rename(host.directory.file("run/acc/\(file)"), host.directory.file("run/acc/old.log")) == 0)
        host.hangUp()
        #expect(host.logs("SIGHUP: reopening files"))
        #expect(host.logs("rotated: closed 1 file"))
        _ = try host.reply(to: "acc.record", ["method=BYE", "callid=second", "sip_code=200"])
        let new = host.directory.names(in: "run/acc").filter { $0 != "old.log" }
        #expect(new.count == 1)
        #expect(host.directory.text("run/acc/old.log").contains("first"))
        #expect(!host.directory.text("run/acc/old.log").contains("second"))
        #expect(host.directory.text("run/acc/\(new.first ?? "")").contains("second"))
    }

    @Test("systemd hears READY=1, signs of life, and STOPPING=1")
    func serviceManager() throws {
        let directory = try TemporaryDirectory()
        let manager = try DatagramReceiver(directory.file("notify"))
        let host = try RunningHost(
            RunningHost.configuration("loadmodule \"mi-fifo.so\""), in: directory,
            environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "40000"])
        #expect(try manager.next() == "READY=1\nMAINPID=\(host.processID)")
        #expect(try manager.next() == "WATCHDOG=1")
        #expect(try manager.next() == "WATCHDOG=1")
        #expect(try host.terminate() == 0)
        var last = try manager.next()
        while last == "WATCHDOG=1" { last = try manager.next() }
        #expect(last == "STOPPING=1")
    }

    @Test("Without WATCHDOG_USEC no signs of life are sent")
    func withoutWatchdog() throws {
        let directory = try TemporaryDirectory()
        let manager = try DatagramReceiver(directory.file("notify"))
        let host = try RunningHost(
            RunningHost.configuration("loadmodule \"mi-fifo.so\""), in: directory,
            environment: ["NOTIFY_SOCKET": manager.path])
        #expect(try host.terminate() == 0)
        #expect(try manager.next() == "READY=1\nMAINPID=\(host.processID)")
        #expect(try manager.next() == "STOPPING=1")
    }
}
