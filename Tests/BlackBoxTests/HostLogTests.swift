import Glibc
import JSON
import TestSupport
import Testing

/// What the real host writes to standard error.
@Suite("The log and the crash report")
struct HostLogTests {
    @Test("Text lines have time, level, module and thread; a pipe gets no colours")
    func textLines() throws {
        let host = try RunningHost(RunningHost.configuration("loadmodule \"mi-fifo.so\""))
        #expect(try host.terminate() == 0)
        let lines = host.log.split(separator: "\n")
        #expect(lines.count == 4)
        for line in lines {
            #expect(
                line.contains(
                    #/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z (notice  |info    |warning ) (modhost|mi-fifo)\[\d+\]: /#),
                "\(line)")
        }
        #expect(!host.log.contains("\u{1B}"))
        #expect(host.log.contains(#/: ready in \d+\.\d ms: 1 modules? \(mi-fifo\), 2 workers, process \d+\n/#))
    }

    @Test("log_format = json writes one object a line, odd bytes of clients included")
    func jsonLines() throws {
        let host = try RunningHost(
            RunningHost.configuration("log_format = json", "loadmodule \"mi-fifo.so\""))
        try host.send(Array(":a\"b\\:../x\n\n".utf8) + [0xFF, 0x01, 10])
        #expect(host.logs("request not run"))
        #expect(try host.terminate() == 0)
        let lines = host.log.split(separator: "\n")
        #expect(lines.count >= 5)
        for line in lines {
            let object = try JSONValue.parse(Array(line.utf8))
            for member in ["time", "level", "module", "message"] {
                #expect(object[member]?.string?.isEmpty == false, "\(member) in \(line)")
            }
            #expect(object["thread"]?.integer != nil, "\(line)")
        }
    }

    @Test("log_level in the configuration keeps lines out; at run time it changes for all or one module")
    func levels() throws {
        let host = try RunningHost(
            RunningHost.configuration("log_level = error", "loadmodule \"mi-fifo.so\""), readyText: nil)
        #expect(eventually { (try? host.command("log_level")) == ["core": "error", "mi-fifo": "error"] })
        #expect(host.log == "")
        func provoke(_ name: String) throws { try host.send(":which:../\(name)\n\n") }
        try provoke("unheard")
        #expect(
            try host.command("log_level", ["mi_fifo", "debug"]) == ["core": "error", "mi-fifo": "debug"])
        #expect(try host.command("log_level", ["mi-fifo"]) == ["mi-fifo": "debug"])
        try provoke("heard")
        #expect(host.logs("../heard"))
        #expect(!host.log.contains("unheard"))
        #expect(try host.command("log_level", ["info"]) == ["core": "info", "mi-fifo": "info"])
        #expect(try host.command("log_level", ["core", "-1"]) == ["core": "error", "mi-fifo": "info"])
        #expect(try host.command("debug", [3]) == ["level": 3])
        #expect(try host.command("log_level") == ["core": "debug", "mi-fifo": "debug"])
        #expect(try host.fault("log_level", ["loud"]).hasPrefix("400 the level is 'loud', expected -5 to 3 or alert, "))
        #expect(try host.fault("log_level", ["nobody", "info"]) == "404 no module nobody is loaded")
        #expect(try host.fault("debug", [9]) == "400 Bad parameter: the level is '9', expected a number from -5 to 3")
        #expect(try host.terminate() == 0)
        #expect(host.log.hasSuffix("stopped\n"))
    }

    @Test(
        "A crash is reported with its signal, module, callback and thread before the process dies of it",
        arguments: [
            ("crasher.null", "SIGSEGV (bad memory access)", "command handler", SIGSEGV),
            ("crasher.abort", "SIGABRT (abort)", "command handler", SIGABRT),
            ("crasher.timer", "SIGSEGV (bad memory access)", "timer", SIGSEGV),
            ("call_in_route", "SIGABRT (abort)", "function", SIGABRT),
            ("read_in_route", "SIGABRT (abort)", "pseudo-variable get", SIGABRT),
        ])
    func crash(command: String, name: String, callback: String, number: CInt) throws {
        let directory = try TemporaryDirectory()
        let module = try TestModules.build("crasher", in: directory)
        let host = try RunningHost(
            RunningHost.configuration(
                "loadmodule \"mi-fifo.so\"", "loadmodule \"\(module)\"",
                "event_route[mi:request:call_in_route] { crasher_call(); }",
                "event_route[mi:request:read_in_route] { $var(x) = $crasher(x); }"), in: directory,
            environment: ["SWIFT_BACKTRACE": "enable=no"])
        let process = host.processID
        try host.send(":\(command):\n\n")
        #expect(try host.wait() == -number)
        #expect(
            host.log.contains(
                try Regex(
                    #"\nmodhost \d+\.\d+\.\d+ crashed: \#(escaped(name)) in module crasher, callback \#(callback), thread \d+, process \#(process)\n"#
                )), "\(host.log)")
        // The next one takes its place.
        try host.restart()
        #expect(try host.command("core.echo", ["back"]) == ["back"])
        #expect(try host.terminate() == 0)
    }

    /// Parentheses are all that the names hold of a regular expression's characters.
    private func escaped(_ text: String) -> String {
        text.replacing("(", with: "\\(").replacing(")", with: "\\)")
    }
}
