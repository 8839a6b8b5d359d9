import Glibc
import JSON
import TestSupport
import Testing

@Suite("mh.net/1, as a module meets it in the real host")
struct ProbeNetTests {
    private let probe: ProbeHost

    init() throws { probe = try ProbeHost() }

    @Test("Listeners have an address once they listen")
    func addresses() throws {
        let reply = try probe.host.command("probe.addresses")
        #expect(try #require(reply["tcp"]?.string).wholeMatch(of: /tcp:\/\/127\.0\.0\.1:[1-9]\d*/) != nil)
        #expect(reply["unix"]?.string == "unix:\(probe.socket("unix"))")
        #expect(probe.lines("address before*") == ["address before it listens is ''"])
    }

    @Test("Ten megabytes go there and back, held back whenever one side is full", arguments: ["tcp", "unix"])
    func echo(kind: String) throws {
        let address = kind == "tcp" ? try probe.tcpAddress() : "unix:\(probe.socket("unix"))"
        try probe.host.command("probe.echo", [.string(address), 10_000_000])
        #expect(probe.missing(["client has 10000000 bytes back, right, held back at times", "client gone 0 "]) == [])
        #expect(probe.lines("client*").count == 2)
    }

    @Test("A half-close lets the answer out, then the stream closes in order")
    func halfClose() throws {
        let client = try StreamClient(unix: probe.socket("unix"))
        try client.send("hello ")
        client.halfClose()
        #expect(try client.readToEnd() == "hello bye")
        #expect(probe.missing(["unix gone 0 "]) == [])
        #expect(
            probe.lines("unix *").map { $0.replacing(/worker \d/, with: "worker") } == [
                "unix accepts on worker worker, user \(geteuid()), group \(getegid()), process known", "unix end",
                "unix gone 0 ",
            ])
        #expect(probe.lines("a write after*") == [])
    }

    @Test("A file goes out in its turn among other bytes, from disk or cache")
    func file() throws {
        var content = [UInt8](repeating: 0, count: 5_000_000)
        for index in content.indices {
            content[index] = UInt8(ascii: "a") + UInt8(truncatingIfNeeded: index &* 2_654_435_761 >> 12) % 26
        }
        let path = try probe.host.directory.write(content, to: "file")
        for _ in 0..<2 {
            let client = try StreamClient(unix: probe.socket("file"))
            try client.send("\(path)\n")
            let text = try client.readToEnd()
            let expected =
                "head|abc|" + String(decoding: content, as: UTF8.self) + "|mid|"
                + String(decoding: content[1000..<1100], as: UTF8.self) + "|tail"
            #expect(text.utf8.count == expected.utf8.count)
            #expect(text == expected)
        }
        #expect(probe.missing(["file write_file answers MH_FULL", "file drained", "file gone 0 "]) == [])
        #expect(probe.lines("file drained").count == 2)
        #expect(probe.lines("a file that is none*") == [])
    }

    @Test("An abort drops what is unwritten and is told once")
    func abort() throws {
        let client = try StreamClient(unix: probe.socket("abort"))
        try client.send("x")
        _ = try? client.readToEnd()
        #expect(probe.missing(["abort gone*"]) == [])
        #expect(probe.lines("abort gone*").count == 1)
    }

    @Test("Over the limit a connection is closed at once and counted; when one goes there is room again")
    func connectionLimit() throws {
        let first = try StreamClient(unix: probe.socket("one"))
        try first.send("1")
        #expect(probe.missing(["one accepts*"]) == [])
        let second = try StreamClient(unix: probe.socket("one"))
        #expect(try second.readToEnd() == "")
        #expect(try probe.host.command("stats.fetch", ["core:refused_connections"])["core.refused_connections"] == 1)
        first.halfClose()
        #expect(try first.readToEnd() == "1bye")
        #expect(probe.missing(["one gone 0 "]) == [])
        let third = try StreamClient(unix: probe.socket("one"))
        try third.send("3")
        third.halfClose()
        #expect(try third.readToEnd() == "3bye")
    }

    @Test("A connection that the module refuses is closed without a gone")
    func refused() throws {
        #expect(try StreamClient(unix: probe.socket("refuse")).readToEnd() == "")
        #expect(probe.lines("refuse*") == [])
    }

    @Test("A peer that resets the connection is an end with a reason")
    func reset() throws {
        let address = try probe.tcpAddress()
        let port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
        do {
            let client = try StreamClient(port: port)
            try client.send([UInt8](repeating: 0x78, count: 4_000_000), within: .seconds(1))
        } catch { /* the echo holds the sender back: that is the point */  }
        let client = try StreamClient(port: port)
        try client.send("still here")
        client.halfClose()
        #expect(try client.readToEnd() == "still herebye")
    }

    @Test("Nobody there: gone comes with the system's reason, and connected never")
    func nobodyThere() throws {
        let path = probe.host.directory.file("nobody.sock")
        try probe.host.command("probe.echo", [.string("unix:\(path)"), 1])
        #expect(probe.missing(["client gone -7 No such file or directory (errno 2)"]) == [])
        #expect(probe.lines("client*").count == 1)
    }

    @Test("Pipes are adopted for reading or writing; a file is not, and stays the module's")
    func adoption() throws {
        let reply = try probe.host.command("probe.adopt", [.string(probe.host.directory.file("modules.conf"))])
        #expect(reply.string == "-1 is a file or directory; adopt takes pipes, terminals and sockets; still mine")
        #expect(probe.missing(["pipe data hello", "pipe end", "other end of the pipe has written"]) == [])
        #expect(eventually { probe.lines("pipe gone 0").count == 2 })
        // The reading one is paused past its end: nothing is lost, and the end comes after the bytes.
        #expect(probe.lines("write to a pipe*") == ["write to a pipe for reading answers -3"])
        let order = probe.journal.filter { $0 == "pipe data hello" || $0 == "pipe end" }
        #expect(order == ["pipe data hello", "pipe end"])
    }

    @Test("Datagrams come back from where they were sent, each socket on its worker")
    func datagrams() throws {
        try probe.host.command("probe.udp")
        #expect(probe.missing(["udp send to nonsense answers -1", "udp got ping on worker 2"]) == [])
        #expect(eventually { probe.lines("udp gone").count == 2 })
        #expect(probe.faults == [])
    }

    @Test("A UNIX socket has its mode, and is gone with the host")
    func socketFile() throws {
        var status = stat()
        #expect(stat(probe.socket("unix"), &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        try probe.host.terminate()
        #expect(!probe.host.directory.contains("run/unix.sock"))
        #expect(probe.host.directory.names(in: "run").filter { $0.hasPrefix(".mh") } == [])
    }
}
