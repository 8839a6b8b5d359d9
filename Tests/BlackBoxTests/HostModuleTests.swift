import Glibc
import JSON
import TestSupport
import Testing

/// A module of a third party, Examples/c-counter, built from its folder and commanded in the real host.
@Suite("A module in C, loaded and commanded")
struct HostModuleTests {
    /// A host with c-counter in its configuration; ticks are off unless a line turns them on.
    private func host(_ lines: String...) throws -> RunningHost {
        let directory = try TemporaryDirectory()
        let module = try TestModules.buildCounter(in: directory)
        return try RunningHost(
            RunningHost.configuration(
                (["loadmodule \"mi-fifo.so\"", "loadmodule \"\(module)\""] + lines).joined(separator: "\n")),
            in: directory)
    }

    private let still = "modparam(\"c-counter\", \"interval\", 0)"

    @Test("Its parameters, commands, alias, counter and log are those of its source")
    func configured() throws {
        let host = try host(
            still, "modparam(\"c_counter\", \"start\", 100)", "modparam(\"c-counter\", \"label\", \"sheep\")")
        #expect(try host.command("counter.get") == ["label": "sheep", "value": 100])
        #expect(try host.command("counter.add", [5]) == ["label": "sheep", "value": 105])
        #expect(try host.command("get_statistics", ["c-counter:"]) == ["c-counter:value = 105"])
        #expect(try host.classic("c_counter_reset") == "200 OK\nlabel:: sheep\nvalue:: 105\n\n")
        #expect(try host.classic("counter.get") == "200 OK\nlabel:: sheep\nvalue:: 100\n\n")
        #expect(
            try host.fault("counter.add", [.integer(.max)])
                == "409 the count would leave the range of 64 bits; it is unchanged")
        #expect(
            try host.fault("counter.add", ["x"]).hasPrefix(
                "-32602 counter.add: the argument amount is 'x', expected an integer"))
        #expect(host.log.contains(#/ c-counter\[0\]: counting/#))
        #expect(try host.terminate() == 0)
        #expect(host.log.contains(#/ c-counter\[0\]: stopped counting/#))
    }

    @Test("Its timer ticks, and SIGHUP reaches it")
    func timerAndReopen() throws {
        let host = try host("modparam(\"c-counter\", \"interval\", \"5ms\")")
        #expect(eventually { (try? host.command("counter.get"))?["value"]?.integer ?? 0 >= 3 })
        host.hangUp()
        #expect(host.logs("asked to reopen; there is no file to reopen"))
    }

    @Test("module.load, module.set and module.disable work while the host runs")
    func runTime() throws {
        let directory = try TemporaryDirectory()
        _ = try TestModules.buildCounter(in: directory)
        let host = try RunningHost(
            RunningHost.configuration("loadmodule \"mi-fifo.so\"", "modparam(\"c-counter\", \"start\", 7)")
                .replacing("modparam", with: "#modparam"), in: directory)
        #expect(try host.fault("counter.get").hasPrefix("-32601 Method not found: counter.get"))
        #expect(try host.command("module.load", ["c-counter/c-counter.so"]) == ["loaded": "c-counter"])
        #expect(try host.command("counter.get")["label"] == "ticks")
        #expect(
            try host.fault("module.load", ["c-counter/c-counter.so"])
                == "500 \(directory.path)/c-counter/c-counter.so is loaded already, as module c-counter [MH-R113]; remove one of the loadmodule lines"
        )
        #expect(try host.fault("module.load", ["gone"]).contains("[MH-R101]"))

        #expect(try host.command("module.set", ["c-counter", "step", "10"]) == .object([]))
        let parameters = try host.command("module.params", ["c_counter"]).array ?? []
        #expect(parameters.first { $0["name"] == "step" }?["value"] == "10")
        #expect(
            try host.fault("module.set", ["c-counter", "step", "0"])
                == "400 c-counter's step is '0', expected an integer from 1 to 1000000")
        #expect(
            try host.fault("module.set", ["c-counter", "label", "x"])
                == "403 c-counter's label cannot change while the host runs; set it with modparam and restart")
        #expect(
            try host.fault("module.set", ["c-counter", "stepp", "1"])
                == "404 module c-counter has no parameter stepp; did you mean step?")

        #expect(try host.command("module.disable", ["c-counter"]) == ["disabled": "c-counter"])
        #expect(host.logs("module c-counter is disabled"))
        #expect(host.log.contains("stopped counting"))
        #expect(try host.fault("counter.get").hasPrefix("-32601 Method not found: counter.get"))
        #expect(try host.fault("module.disable", ["c-counter"]) == "404 no module c-counter is loaded")
        #expect(try host.fault("get_statistics", ["c-counter:"]).hasPrefix("404 Statistics Not Found"))

        #expect(try host.command("module.load", ["c-counter/c-counter.so"]) == ["loaded": "c-counter"])
        #expect(try host.command("counter.get")["label"] == "ticks")
        #expect(try host.terminate() == 0)
    }

    @Test("A module that others use cannot be disabled; mi-fifo can, and answers that last request")
    func disableRules() throws {
        let host = try RunningHost(
            RunningHost.configuration(
                "loadmodule \"mi-fifo.so\"", "loadmodule \"flatstore.so\"", "loadmodule \"acc.so\"",
                "modparam(\"acc\", \"db_url\", \"flatstore:run/acc\")"), folders: ["run/acc"])
        #expect(
            try host.fault("module.disable", ["flatstore"])
                == "409 module flatstore is used by acc; disable that first")
        #expect(try host.command("module.disable", ["acc"]) == ["disabled": "acc"])
        #expect(host.logs("module acc is disabled"))
        #expect(try host.command("module.disable", ["flatstore"]) == ["disabled": "flatstore"])
        #expect(try host.command("module.disable", ["mi-fifo"]) == ["disabled": "mi-fifo"])
        #expect(host.logs("module mi-fifo is disabled"))
        #expect(!host.directory.contains("run/modhost.fifo"))
        #expect(try host.terminate() == 0)
    }

    @Test("A deferred reply comes when its time is up; meanwhile other commands are answered")
    func deferred() throws {
        let host = try host(still)
        let reply = try host.replyFIFO()
        try host.send(":counter.wait:\(reply.name)\n300\n\n")
        for _ in 0..<5 { #expect(try host.command("counter.add", [1])["label"] == "ticks") }
        #expect(
            try String(decoding: reply.readToEnd(), as: UTF8.self) == "200 OK\nbefore:: 0\nafter:: 5\n\n")
    }

    @Test("A deferred reply that is due when the host stops says so, and the host does not wait for it")
    func deferredAtStop() throws {
        let host = try host(still)
        let reply = try host.replyFIFO()
        try host.send(":counter.wait:\(reply.name)\n60000\n\n")
        #expect(try host.command("counter.get")["value"] == 0)
        #expect(try host.terminate() == 0)
        #expect(
            try String(decoding: reply.readToEnd(), as: UTF8.self) == "503 stopping before the wait was over\n\n")
    }

    @Test("So it is when the transport was loaded last and would, in reverse order, stop first")
    func deferredBehindTransport() throws {
        let directory = try TemporaryDirectory()
        let module = try TestModules.buildCounter(in: directory)
        let host = try RunningHost(
            RunningHost.configuration("loadmodule \"\(module)\"", still, "loadmodule \"mi-fifo.so\""), in: directory)
        let reply = try host.replyFIFO()
        try host.send(":counter.wait:\(reply.name)\n60000\n\n")
        #expect(try host.command("counter.get")["value"] == 0)
        #expect(try host.terminate() == 0)
        #expect(
            try String(decoding: reply.readToEnd(), as: UTF8.self)
                == "503 stopping before the wait was over\n\n")
        #expect(!host.log.contains("stopping it all the same"))
    }

    @Test("Modules disabled in one breath, the transport among them, do not wait for one another")
    func disableTogether() throws {
        let host = try host(still)
        let replies = try (0..<2).map { _ in try host.replyFIFO() }
        try host.send(
            ":module.disable:\(replies[0].name)\nc-counter\n\n:module.disable:\(replies[1].name)\nmi-fifo\n\n:which:\n\n")
        for (reply, name) in zip(replies, ["c-counter", "mi-fifo"]) {
            #expect(
                try String(decoding: reply.readToEnd(), as: UTF8.self) == "200 OK\ndisabled:: \(name)\n\n")
        }
        #expect(host.logs("module mi-fifo is disabled"))
        #expect(try host.terminate() == 0)
        #expect(!host.log.contains("stopping it all the same"))
    }

    @Test("A long list streams: others are answered meanwhile, the host does not grow, and the end is whole")
    func streaming() throws {
        let host = try host(still)
        let reply = try host.replyFIFO()
        let before = try residentSize(of: host.processID)
        try host.send(":counter.list:\(reply.name)\n1000000\n\n")
        var lines = 0
        var last: [UInt8] = []
        while let piece = try reply.readSome() {
            if lines == 0 { #expect(try host.command("core.echo", ["meanwhile"]) == ["meanwhile"]) }
            lines += piece.reduce(0) { $1 == 10 ? $0 + 1 : $0 }
            last = Array((last + piece).suffix(40))
        }
        #expect(lines == 1_000_002)
        #expect(
            String(decoding: last, as: UTF8.self).hasSuffix("\nvalue:: 999999\n\n")
                || String(decoding: last, as: UTF8.self).hasSuffix("\n999999\n\n"))
        let growth = try residentSize(of: host.processID) - before
        #expect(growth < 16 << 20, "grew by \(growth) bytes")
    }

    @Test("A stalled reader of a long list is dropped, and the command ends")
    func stalledStream() throws {
        let host = try host(still, "modparam(\"mi-fifo\", \"reply_timeout\", \"200ms\")")
        let reply = try host.replyFIFO()
        try host.send(":counter.list:\(reply.name)\n10000000\n\n")
        #expect(host.logs("reply dropped: the reply FIFO '\(reply.name)' in "))
        #expect(try host.command("core.echo", ["after"]) == ["after"])
        #expect(try host.terminate() == 0)
    }

    private func residentSize(of process: pid_t) throws -> Int {
        guard let stream = fopen("/proc/\(process)/statm", "r") else { throw TestFailure("no statm") }
        defer { fclose(stream) }
        var buffer = [CChar](repeating: 0, count: 256)
        _ = fgets(&buffer, 256, stream)
        let words = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(separator: " ")
        guard words.count > 1, let pages = Int(words[1]) else { throw TestFailure("no resident size") }
        return pages * Int(sysconf(CInt(_SC_PAGESIZE)))
    }
}
