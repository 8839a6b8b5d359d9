import Glibc
import JSON
import TestSupport
import Testing

/// What clients do wrong, by accident or on purpose: nothing but their own request suffers.
@Suite("Bad clients of the FIFO")
struct FifoFaultTests {
    private func host(_ lines: String...) throws -> RunningHost {
        try RunningHost(
            RunningHost.configuration(
                (["loadmodule \"mi-fifo.so\"", "modparam(\"mi-fifo\", \"pretty_format\", 0)"] + lines)
                    .joined(separator: "\n")))
    }

    private func isAlive(_ host: RunningHost) throws -> Bool {
        try host.classic("core.echo", "alive") == "200 OK\nalive\n\n"
    }

    @Test("A classic request left unfinished is answered with 408 after request_timeout; the next one is read cleanly")
    func unfinishedClassic() throws {
        let host = try host("modparam(\"mi-fifo\", \"request_timeout\", \"200ms\")")
        let reply = try host.replyFIFO()
        try host.send(":core.echo:\(reply.name)\nhalf\n")
        #expect(
            try String(decoding: reply.readToEnd(), as: UTF8.self)
                == "408 command 'core.echo' not finished in time: expected an empty line after its arguments\n\n")
        #expect(try isAlive(host))
        #expect(try host.command("get_statistics", ["mi-fifo:timeouts"]) == ["mi-fifo:timeouts = 1"])
    }

    @Test("A JSON request left unfinished is answered with 408 too, when it has named its reply FIFO")
    func unfinishedJSON() throws {
        let host = try host("modparam(\"mi-fifo\", \"request_timeout\", \"200ms\")")
        let reply = try host.replyFIFO()
        try host.send(#"{"jsonrpc":"2.0","reply_name":"\#(reply.name)","method":"core.ec"#)
        let answer = try JSONValue.parse(reply.readToEnd())
        #expect(answer["error"]?["code"] == 408)
        #expect(answer["error"]?["message"]?.string?.hasPrefix("request not finished in time: ") == true)
        #expect(try isAlive(host))
    }

    @Test("The next client does not wait for a dead one: its request cuts off the unfinished one at once")
    func deadClientDelaysNobody() throws {
        let host = try host("modparam(\"mi-fifo\", \"request_timeout\", \"1h\")")
        let dead = try host.replyFIFO()
        try host.send(":core.echo:\(dead.name)\nhalf\n")
        #expect(try isAlive(host))
        #expect(
            try String(decoding: dead.readToEnd(), as: UTF8.self)
                .hasPrefix("400 parse error in command 'core.echo': found the start of another request"))
        let other = try host.replyFIFO()
        try host.send(#"{"jsonrpc":"2.0","reply_name":"\#(other.name)","id":1,"method":"#)
        try host.send("\n")
        #expect(try isAlive(host))
        #expect(try JSONValue.parse(other.readToEnd())["error"]?["code"] == -32700)
    }

    @Test("A reader that stalls is dropped after reply_timeout; meanwhile others are answered")
    func stalledReader() throws {
        let host = try host("modparam(\"mi-fifo\", \"reply_timeout\", \"700ms\")")
        let stalled = try host.replyFIFO()
        let padding = String(repeating: "x", count: 300_000)
        try host.send(":core.echo:\(stalled.name)\n\(padding)\n\n")
        _ = try stalled.readSome(upTo: 10)
        for _ in 0..<20 { #expect(try isAlive(host)) }
        #expect(
            host.logs(
                "reply dropped: the reply FIFO '\(stalled.name)' in \(host.directory.file("run")) "))
        var received = 10
        while let piece = try stalled.readSome() { received += piece.count }
        #expect(received < 300_000)
        #expect(try host.command("get_statistics", ["mi-fifo:dropped_replies"]) == ["mi-fifo:dropped_replies = 1"])
    }

    @Test("A reader that is slow but goes on gets all")
    func slowReader() throws {
        let host = try host()
        let reply = try host.replyFIFO()
        let padding = String(repeating: "y", count: 600_000)
        try host.send(":core.echo:\(reply.name)\n\(padding)\n\n")
        var received: [UInt8] = []
        while let piece = try reply.readSome(upTo: 20_000) {
            received += piece
            letPass(milliseconds: 1)
        }
        #expect(String(decoding: received, as: UTF8.self) == "200 OK\n\(padding)\n\n")
    }

    @Test("A reader that never opens its FIFO costs nobody else anything")
    func noReader() throws {
        let host = try host("modparam(\"mi-fifo\", \"reply_timeout\", \"300ms\")")
        #expect(mkfifo(host.directory.file("run/lonely"), 0o600) == 0)
        try host.send(":core.echo:lonely\nx\n\n")
        #expect(try isAlive(host))
        #expect(host.logs("reply dropped: the reply FIFO 'lonely' in "))
    }

    @Test(
        "A reply name that points elsewhere is refused, and its command does not run",
        arguments: ["../x", "/tmp/x", ".x", "a/b", "a..b", "a\\b", String(repeating: "n", count: 101)])
    func badReplyName(name: String) throws {
        let host = try host()
        let outside = host.directory.file("x")
        #expect(mkfifo(outside, 0o600) == 0)
        try host.send(":debug:\(name)\n3\n\n")
        let escaped = name.replacing("\\", with: "\\\\")
        try host.send(#"{"jsonrpc":"2.0","method":"debug","params":[3],"id":1,"reply_name":"\#(escaped)"}"#)
        try host.send(":\(name):{\"jsonrpc\":\"2.0\",\"method\":\"debug\",\"params\":[3],\"id\":1}\n")
        #expect(try isAlive(host))
        #expect(try host.command("debug") == ["level": 2])
        #expect(host.log.contains("request not run: the reply name "))
        #expect(host.directory.names() == ["modhost.log", "modhost.out", "modules.conf", "run", "x"])
    }

    @Test("A dot inside a reply name is fine, as kamcli writes it")
    func dottedName() throws {
        let host = try host()
        let reply = try host.replyFIFO(named: "kamailio_rpc_reply.fifo")
        try host.send(":core.echo:\(reply.name)\nx\n\n")
        #expect(try String(decoding: reply.readToEnd(), as: UTF8.self) == "200 OK\nx\n\n")
    }

    @Test("Symbolic links, regular files, linked FIFOs and names that are not there get no reply")
    func badReplyFiles() throws {
        let host = try host()
        let run = host.directory.file("run")
        #expect(mkfifo("\(run)/real", 0o600) == 0)
        let reader = open("\(run)/real", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        #expect(symlink("\(run)/real", "\(run)/symbolic") == 0)
        try host.directory.write("untouched", to: "run/regular")
        #expect(link("\(run)/real", "\(run)/hard") == 0)
        for name in ["symbolic", "regular", "hard", "real", "missing"] {
            try host.send(":core.echo:\(name)\nsecret\n\n")
        }
        for (name, why) in [
            ("symbolic", "is a symbolic link"), ("regular", "is not a FIFO"), ("hard", "has 2 links, expected 1"),
            ("real", "has 2 links, expected 1"), ("missing", "cannot be opened: No such file or directory"),
        ] {
            #expect(host.logs("reply dropped: the reply FIFO '\(name)' in \(run) \(why)\n"))
        }
        var byte: UInt8 = 0
        #expect(read(reader, &byte, 1) == 0)
        #expect(host.directory.text("run/regular") == "untouched")
        #expect(!host.directory.contains("run/missing"))
        #expect(try isAlive(host))
    }

    @Test("A FIFO that was deleted comes back; a file in its place is left alone and told of, until it goes")
    func fifoComesBack() throws {
        let host = try host()
        unlink(host.fifo)
        #expect(eventually { (try? isAlive(host)) == true })
        #expect(host.log.contains("somebody removed or replaced the FIFO \(host.fifo); it has been made again\n"))

        unlink(host.fifo)
        try host.directory.write("not a FIFO", to: "run/modhost.fifo")
        #expect(
            host.logs(
                "the FIFO \(host.fifo) is gone and cannot be made again: found a regular file at \(host.fifo), expected nothing or a FIFO; remove it or set fifo_name to another place\n"
            ))
        #expect(host.directory.text("run/modhost.fifo") == "not a FIFO")
        unlink(host.fifo)
        #expect(eventually { (try? isAlive(host)) == true })
        #expect(try host.terminate() == 0)
        #expect(!host.directory.contains("run/modhost.fifo"))
    }

    @Test("Somebody else's FIFO in its place is replaced, and clients reach the host again")
    func replacedFIFO() throws {
        let host = try host()
        unlink(host.fifo)
        #expect(mkfifo(host.fifo, 0o600) == 0)
        #expect(eventually { (try? isAlive(host)) == true })
        #expect(try host.terminate() == 0)
    }

    @Test("A host that stops leaves a FIFO alone that is not its own")
    func foreignFIFO() throws {
        let host = try host()
        host.signal(SIGSTOP)
        unlink(host.fifo)
        #expect(mkfifo(host.fifo, 0o600) == 0)
        host.signal(SIGTERM)
        host.signal(SIGCONT)
        #expect(try host.wait() == 0)
        #expect(host.directory.contains("run/modhost.fifo"))
    }

    @Test("A request over max_request gets 413, in each framing, and the next one is read cleanly")
    func tooLarge() throws {
        let host = try host("modparam(\"mi-fifo\", \"max_request\", 4096)")
        let padding = String(repeating: "z", count: 100_000)
        #expect(
            try host.classic("core.echo", padding)
                == "413 request too large: more than 4096 bytes (max_request)\n\n")
        #expect(try isAlive(host))
        for request: (String) -> String in [
            { #"{"jsonrpc":"2.0","id":1,"reply_name":"\#($0)","method":"core.echo","params":["\#(padding)"]}"# },
            { #"{"jsonrpc":"2.0","id":1,"method":"core.echo","params":["\#(padding)"],"reply_name":"\#($0)"}"# },
            { #":\#($0):{"jsonrpc":"2.0","id":1,"method":"core.echo","params":["\#(padding)"]}"# + "\n" },
        ] {
            #expect(
                try host.exchange(request)
                    == #"{"jsonrpc":"2.0","error":{"code":413,"message":"request too large: more than 4096 bytes (max_request)"},"id":null}"#
            )
            #expect(try isAlive(host))
        }
    }

    @Test("Requests up to max_request, 1 MiB as it is set, go through whole")
    func largest() throws {
        let host = try host()
        let value = String(repeating: "w", count: (1 << 20) - 200)
        #expect(try host.classic("core.echo", value) == "200 OK\n\(value)\n\n")
    }

    @Test("10,000 pieces of garbage, then a good request")
    func garbage() throws {
        let host = try host("modparam(\"mi-fifo\", \"request_timeout\", \"200ms\")")
        let pieces: [[UInt8]] = [
            Array("garbage\n".utf8), Array(":\n".utf8), Array("::\n\n".utf8), Array("::::\n\n".utf8),
            Array("}\n".utf8), Array("{]}\n".utf8), Array("[}]\n".utf8), Array("\"a\\\\\"\n".utf8),
            [0, 0, 0, 10], [0xFF, 0xFE, 0xC0, 0x80, 10], Array(":which\n\n".utf8), Array("\r\n \t\n".utf8),
            Array(":no such command:\n\n".utf8), Array("{\"a\\\\\":\"}\"}".utf8), Array(":\0:\n\n".utf8),
        ]
        let writer = try RequestWriter(host.fifo)
        var batch: [UInt8] = []
        for index in 0..<10_000 {
            batch += pieces[index % pieces.count]
            if batch.count > 30_000 {
                try writer.write(batch)
                batch = []
            }
        }
        try writer.write(batch + Array("\n\n".utf8))
        #expect(try isAlive(host))
        #expect(
            try host.exchange { #"{"jsonrpc":"2.0","method":"core.echo","id":1,"reply_name":"\#($0)"}"# }
                == #"{"jsonrpc":"2.0","result":[],"id":1}"#)
        // Ten lines a second are enough to know.
        #expect(host.log.split(separator: "\n").count < 200)
    }

    @Test("NUL bytes, bad UTF-8 and a backslash before the closing quote are answered or dropped cleanly")
    func oddBytes() throws {
        let host = try host()
        func echo(_ value: [UInt8]) throws -> [UInt8] {
            let reply = try host.replyFIFO()
            try host.send(Array(":core.echo:\(reply.name)\n".utf8) + value + Array("\n\n".utf8))
            return try reply.readToEnd()
        }
        let ok = Array("200 OK\n".utf8)
        #expect(try echo([0x61, 0, 0x62]) == ok + [0x61, 0, 0x62, 10, 10])
        #expect(try echo([0x61, 0xFF, 0xC3]).starts(with: ok + [0x61]))
        #expect(
            try host.exchange {
                #"{"jsonrpc":"2.0","method":"core.echo","params":["a\\"],"id":1,"reply_name":"\#($0)"}"#
            } == #"{"jsonrpc":"2.0","result":["a\\"],"id":1}"#)
        #expect(
            try host.exchange {
                #"{"jsonrpc":"2.0","method":"core.echo","params":["a\u0000b"],"id":1,"reply_name":"\#($0)"}"#
            } == #"{"jsonrpc":"2.0","result":["a\u0000b"],"id":1}"#)
        let reply = try host.replyFIFO()
        try host.send(
            Array(#"{"jsonrpc":"2.0","reply_name":"\#(reply.name)","id":1,"method":"core.echo","params":[""#.utf8)
                + [0xFF, 0xFE] + Array("\"]}".utf8))
        let answer = try JSONValue.parse(reply.readToEnd())
        #expect(answer["error"]?["code"] == -32700)
        #expect(try isAlive(host))
    }
}
