import Foundation
import JSON
import TestSupport
import Testing

/// Examples/c-mi-udp, built once for all tests.
private let built = Result {
    try ExampleProject("c-mi-udp", "make\nmake check", product: "mi-datagram.so", module: "mi-datagram")
}

@Suite(
    "The example in C: management commands in datagrams",
    .enabled(if: Tools.has("cc", "make", "pkg-config"), "cc, make or pkg-config is not installed: it is NOT TRIED"))
struct DatagramExampleTests {
    private func result(_ reply: String) throws -> JSONValue? { try JSONValue.parse(reply)["result"] }

    /// A host that listens on a UNIX socket and on a port, and the port.
    private func host(_ more: String = "") throws -> (host: RunningHost, port: UInt16) {
        let project = try built.get()
        let directory = try TemporaryDirectory()
        let host = try project.start(
            try project.configuration(
                "loadmodule \"mi-datagram\"", "loadmodule \"htable\"",
                "modparam(\"htable\", \"htable\", \"users=>size=8;\")",
                "modparam(\"mi-datagram\", \"listen\", \"unix:\(directory.file("rpc.sock"))\")",
                "modparam(\"mi-datagram\", \"listen\", \"udp://127.0.0.1:0\")", more), in: directory)
        let info = try host.command("mi_datagram.info")
        guard case .array(let addresses)? = info["addresses"], addresses.count == 2,
            let port = addresses[1].string?.split(separator: ":").last.flatMap({ UInt16($0) })
        else { throw TestFailure("\(info)") }
        return (host, port)
    }

    private func request(_ method: String, _ parameters: String = "[]", id: String? = "1") -> String {
        let last = id.map { ",\"id\":\($0)" } ?? ""
        return "{\"jsonrpc\":\"2.0\",\"method\":\"\(method)\",\"params\":\(parameters)\(last)}"
    }

    @Test("It builds with make and the installed tree, its own checks pass, and its file is as the contract asks")
    func builds() throws {
        let project = try built.get()
        #expect(project.output.contains("all is well"))
        #expect(try Tools.breaches(of: project.file) == [])
    }

    @Test("Its own checks pass under the address and undefined-behaviour sanitizers")
    func isClean() throws {
        let project = try ExampleProject(
            "c-mi-udp",
            "make mi-datagram-check CFLAGS='-g -fsanitize=address,undefined -fno-sanitize-recover=all'\n./mi-datagram-check\nmake",
            product: "mi-datagram.so", module: "mi-datagram")
        #expect(project.output.contains("all is well"))
    }

    @Test("modcheck finds no error", .enabled(if: Tools.hasModcheck, "modcheck is not built: the module is NOT VALIDATED"))
    func validates() throws {
        let project = try built.get()
        #expect(try project.faults("--param", "listen=udp://127.0.0.1:0") == nil)
    }

    @Test("A request over a UNIX socket is answered to where it came from, each sender its own")
    func unixSockets() throws {
        let (host, _) = try host()
        let one = try DatagramClient(at: host.directory.file("one"), to: host.directory.file("rpc.sock"))
        let two = try DatagramClient(at: host.directory.file("two"), to: host.directory.file("rpc.sock"))
        try one.send(request("htable.seti", "[\"users\",\"alice\",7]"))
        #expect(try result(try one.receive())?.string == "Ok. Key set to new value.")
        try one.send(request("core.echo", "[\"one\"]", id: "\"a\""))
        try two.send(request("htable.get", "[\"users\",\"alice\"]"))
        #expect(try result(try two.receive())?["item"]?["value"] == .integer(7))
        let answer = try JSONValue.parse(try one.receive())
        #expect(answer["result"] == .array([.string("one")]))
        #expect(answer["id"] == .string("a"))
        try one.send("{nonsense")
        #expect(try JSONValue.parse(try one.receive())["error"]?["code"] == .integer(-32700))
        var status = stat()
        #expect(stat(host.directory.file("rpc.sock"), &status) == 0 && status.st_mode & 0o777 == 0o660)
    }

    @Test("Over UDP requests and batches are answered, notifications are not, and what has no method is dropped")
    func udp() throws {
        let (host, port) = try host()
        let client = try DatagramClient(port: port)
        // Answers come in the order of the requests: the first that comes is that of the first that gets one.
        try client.send("{\"jsonrpc\":\"2.0\",\"result\":1,\"id\":1}")
        try client.send("garbage")
        try client.send(request("htable.sets", "[\"users\",\"bob\",\"x\"]", id: nil))
        try client.send("[\(request("core.version", id: "2")),\(request("htable.get", "[\"users\",\"bob\"]", id: "3"))]")
        guard case .array(let answers) = try JSONValue.parse(try client.receive()) else {
            throw TestFailure("no batch comes back")
        }
        #expect(answers.count == 2)
        #expect(answers.last?["result"]?["item"]?["value"]?.string == "x")
        let counters = try host.command("stats.get_statistics", ["mi-datagram:"])
        #expect("\(counters)".contains("requests_refused = 2"), "\(counters)")
    }

    @Test("A reply that is longer than max_reply is an error with the request's id, and the next one is answered")
    func longReplies() throws {
        let (host, _) = try host("modparam(\"mi-datagram\", \"max_reply\", 2048)")
        let client = try DatagramClient(at: host.directory.file("one"), to: host.directory.file("rpc.sock"))
        let long = String(repeating: "x", count: 3000)
        try client.send(request("core.echo", "[\"\(long)\", \"{\\\"id\\\":5}\"]", id: "\"mine\""))
        let answer = try JSONValue.parse(try client.receive())
        #expect(answer["error"]?["code"] == .integer(500))
        #expect(answer["error"]?["message"]?.string?.contains("2048 bytes") == true)
        #expect(answer["id"] == .string("mine"))
        try client.send(request("core.echo", "[\"short\"]"))
        #expect(try result(try client.receive()) == .array([.string("short")]))
    }

    @Test("A slow command is answered too, and what nobody takes is counted as lost")
    func slowAndLost() throws {
        let (host, _) = try host()
        let client = try DatagramClient(at: host.directory.file("one"), to: host.directory.file("rpc.sock"))
        for number in 0..<200 { try host.command("htable.seti", [.string("users"), .string("key\(number)"), .integer(1)]) }
        try client.send(request("htable.dump", "[\"users\"]"))
        #expect(try client.receive().contains("key199"))
        do {
            let gone = try DatagramClient(at: host.directory.file("gone"), to: host.directory.file("rpc.sock"))
            unlink(host.directory.file("gone"))
            try gone.send(request("core.version"))
        }
        #expect(
            try eventually { "\(try host.command("stats.get_statistics", ["mi-datagram:"]))".contains("replies_lost = 1") })
    }

    @Test(
        "Requests beyond max_pending are dropped; those that wait are answered by another thread, and a stop waits for nobody"
    )
    func pendingRequests() throws {
        // counter.wait of c-counter answers later.
        let counter = try ExampleProject("c-counter", "make", product: "c-counter.so", module: "c-counter")
        let (host, _) = try host(
            "loadmodule \"\(counter.file)\"\nmodparam(\"mi-datagram\", \"max_pending\", 2)")
        let client = try DatagramClient(at: host.directory.file("one"), to: host.directory.file("rpc.sock"))
        for id in 1...3 { try client.send(request("counter.wait", "[1000]", id: "\(id)")) }
        let answered = try (0..<2).map { _ in try JSONValue.parse(try client.receive())["id"]?.integer ?? 0 }
        #expect(answered.sorted() == [1, 2])
        try client.send(request("core.version", id: "4"))
        #expect(try JSONValue.parse(try client.receive())["id"] == .integer(4))
        let counters = "\(try host.command("stats.get_statistics", ["mi-datagram:"]))"
        #expect(counters.contains("requests_refused = 1"), "\(counters)")
        try client.send(request("counter.wait", "[60000]", id: "5"))
        #expect(try eventually { try host.command("mi_datagram.info")["pending"] == .integer(1) })
        #expect(try host.terminate() == 0)
    }

    @Test("The socket of a host that was killed is taken over, that of a live one is not, and a stop removes it")
    func socketFiles() throws {
        let (host, _) = try host()
        let project = try built.get()
        let socket = host.directory.file("rpc.sock")
        let other = try project.refusal(
            try project.configuration(
                "loadmodule \"mi-datagram\"", "modparam(\"mi-datagram\", \"listen\", \"\(socket)\")"),
            in: try TemporaryDirectory())
        #expect(other.contains("another program receives there"), "\(other)")
        host.kill()
        #expect(host.directory.contains("rpc.sock"))
        try host.restart()
        let client = try DatagramClient(at: host.directory.file("one"), to: socket)
        try client.send(request("core.version"))
        #expect(try result(try client.receive())?.string?.hasPrefix("modhost") == true)
        #expect(try host.terminate() == 0)
        #expect(!host.directory.contains("rpc.sock"))
    }

    @Test(
        "A bad address is refused at its line, with what was expected",
        arguments: [
            ("listen", "tcp://127.0.0.1:1", "expected unix:/PATH or udp://HOST:PORT"),
            ("listen", "unix:relative", "must begin with /"),
            ("listen", "udp://127.0.0.1:99999", "a number from 0 to 65535"),
            ("socket_mode", "rw", "octal digits, such as 0660"),
        ])
    func badSettings(name: String, value: String, text: String) throws {
        let project = try built.get()
        let said = try project.refusal(
            try project.configuration(
                "loadmodule \"mi-datagram\"", "modparam(\"mi-datagram\", \"listen\", \"udp://127.0.0.1:0\")",
                "modparam(\"mi-datagram\", \"\(name)\", \"\(value)\")"), in: try TemporaryDirectory())
        #expect(said.contains("modules.conf:7:") && said.contains(text), "\(said)")
    }
}
