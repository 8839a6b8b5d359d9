import Glibc
import JSON
import ManagementClient
import Synchronization
import Testing

@Suite("Management client")
struct ManagementClientTests {
    private func client(_ host: FakeHost, timeout: Duration = .seconds(20)) -> ManagementClient {
        ManagementClient(location: FIFOLocation(requestPath: host.fifo), timeout: timeout)
    }

    @Test("A request is JSON-RPC 2.0 in one line with its reply name, and the result comes back")
    func success() throws {
        let host = try FakeHost { .result(["echo": $0["params"] ?? nil, "text": "ä\n"], to: $0) }
        defer { host.stop() }
        let reply = try client(host).call("core.echo", ["a\nb", 7, -1.5])
        #expect(reply == .success(["echo": ["a\nb", 7, -1.5], "text": "ä\n"]))
        let line = try #require(host.received.first)
        let name = try #require(try JSONValue.parse(line)["reply_name"]?.string)
        #expect(
            line
                == #"{"jsonrpc":"2.0","id":1,"reply_name":"\#(name)","method":"core.echo","params":["a\nb",7,-1.5]}"#
        )
        #expect(name.wholeMatch(of: /modctl\.[0-9]+\.[0-9a-f]{16}/) != nil)
        #expect(host.leftovers == [])
    }

    @Test("A command without arguments is sent without params")
    func noParameters() throws {
        let host = try FakeHost { .result(.bool($0["params"] == nil), to: $0) }
        defer { host.stop() }
        #expect(try client(host).call("which") == .success(true))
    }

    @Test("The command's own failure is an answer with its code and text")
    func failure() throws {
        let host = try FakeHost { .error(500, "no such hash table", to: $0) }
        defer { host.stop() }
        #expect(
            try client(host).call("sht_dump", ["x"]) == .failure(code: 500, message: "no such hash table"))
        #expect(host.leftovers == [])
    }

    @Test("An answer that comes in small pieces may take longer than the timeout")
    func slow() throws {
        let host = try FakeHost { _ in
            .pieces(#"{"jsonrpc":"2.0","result":"slow","id":1}"#.utf8.map { [$0] }, pause: 20)
        }
        defer { host.stop() }
        let start = ContinuousClock.now
        #expect(try client(host, timeout: .milliseconds(500)).call("x") == .success("slow"))
        #expect(ContinuousClock.now - start > .milliseconds(700))
    }

    @Test("A host that never answers is waited for as long as the timeout says")
    func silent() throws {
        let host = try FakeHost { _ in .silence }
        defer { host.stop() }
        let start = ContinuousClock.now
        #expect(throws: ManagementClientError.noAnswer(path: host.fifo, seconds: "0.2")) {
            try client(host, timeout: .milliseconds(200)).call("x")
        }
        #expect(ContinuousClock.now - start >= .milliseconds(200))
        #expect(host.leftovers == [])
    }

    @Test("A host that stops in the middle of an answer is given up")
    func stalled() throws {
        let host = try FakeHost { _ in .pieces([Array(#"{"jsonrpc":"2.0","#.utf8), [0x20]], pause: 1500) }
        defer { host.stop() }
        #expect(throws: ManagementClientError.noAnswer(path: host.fifo, seconds: "0.2")) {
            try client(host, timeout: .milliseconds(200)).call("x")
        }
        #expect(host.leftovers == [])
    }

    @Test("A host that ends without an answer is noticed long before the timeout")
    func goesAway() throws {
        let host = try FakeHost { _ in .goAway }
        let start = ContinuousClock.now
        #expect(throws: ManagementClientError.hostWentAway(path: host.fifo)) {
            try client(host, timeout: .seconds(60)).call("core.kill")
        }
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(host.leftovers == [])
    }

    static let incomplete: [(String, ManagementClientError)] = [
        ("{", .truncatedReply(bytes: 1)),
        (#"{"jsonrpc":"2.0","result":[1,2"#, .truncatedReply(bytes: 30)),
        (#"{"jsonrpc":"2.0","result":"}"#, .truncatedReply(bytes: 28)),
        ("500 command 'x' failed\n", .notJSONRPC(what: #"it begins "500 command 'x' failed\n""#)),
        ("\u{0}\u{1}", .notJSONRPC(what: #"it begins "\u0000\u0001""#)),
        (#"{"jsonrpc":"2.0","id":1}"#, .notJSONRPC(what: "it has neither a result nor an error")),
        ("[]", .notJSONRPC(what: "it has neither a result nor an error")),
        (#"{"result":1,"id":7}"#, .notJSONRPC(what: "its id is 7, expected 1")),
        (#"{"result":1}"#, .notJSONRPC(what: "its id is missing, expected 1")),
        (
            #"{"error":"x","id":1}"#,
            .notJSONRPC(what: "its error has no integer code or no message string")
        ),
        (
            #"{"result":[1 2],"id":1}"#,
            .notJSONRPC(what: "in its result, line 1, column 4: ']' expected near '2'")
        ),
        (
            #"{"result":1,"id":1}{}"#,
            .notJSONRPC(what: "line 1, column 23: the end of the text expected near '{'")
        ),
    ]

    @Test("Garbage is told apart from an answer", arguments: incomplete)
    func garbage(text: String, error: ManagementClientError) throws {
        let host = try FakeHost { _ in .text(text) }
        defer { host.stop() }
        #expect(throws: error) { try client(host).call("x") }
        #expect(host.leftovers == [])
    }

    @Test("A reply that is opened and closed without a byte is an error of its own")
    func nothing() throws {
        let host = try FakeHost { _ in .nothing }
        defer { host.stop() }
        #expect(throws: ManagementClientError.emptyReply) { try client(host).call("x") }
    }

    @Test("A reply of 20 MB passes by in small pieces")
    func large() throws {
        let item = Array(#"{"name":"alice@example.org","value":"0123456789"},"#.utf8)
        var text = Array(#"{"jsonrpc":"2.0","result":["#.utf8)
        while text.count < 20_000_000 { text += item }
        text += Array(#"null],"id":1}"#.utf8)
        let whole = text
        let host = try FakeHost { _ in .pieces([whole]) }
        defer { host.stop() }
        var total = 0
        var largest = 0
        let outcome = try client(host).call("htable.dump", ["users"], passing: .result) { piece in
            total += piece.count
            largest = max(largest, piece.count)
        }
        #expect(outcome == .success)
        #expect(total == whole.count - #"{"jsonrpc":"2.0","result":,"id":1}"#.utf8.count)
        #expect(largest <= 65536)
    }

    @Test("Large and small requests of many clients reach the host whole")
    func manyClients() throws {
        let host = try FakeHost { .result($0["params"] ?? nil, to: $0) }
        defer { host.stop() }
        let client = client(host)
        let good = Atomic(0)
        let ended = Atomic(0)
        for thread in 0..<4 {
            startThread {
                for turn in 0..<15 {
                    let size = thread == 3 ? 10 : 5000 + 9000 * thread
                    let text = String(repeating: "\(thread)", count: size)
                    let parameters: JSONValue = [.string(text), .integer(Int64(turn))]
                    if (try? client.call("echo", parameters)) == .success(parameters) {
                        good.add(1, ordering: .relaxed)
                    }
                }
                ended.add(1, ordering: .releasing)
            }
        }
        #expect(eventually(within: 60) { ended.load(ordering: .acquiring) == 4 })
        #expect(good.load(ordering: .relaxed) == 60)
        #expect(host.received.allSatisfy { (try? JSONValue.parse($0)) != nil })
        #expect(host.leftovers == [])
    }

    @Test("A request that finds no room in the FIFO is given up in time")
    func full() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("stuck.fifo")
        #expect(mkfifo(path, 0o600) == 0)
        let reader = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        let block = [UInt8](repeating: 0x20, count: 4096)
        while write(reader, block, block.count) > 0 {}
        let client = ManagementClient(location: FIFOLocation(requestPath: path), timeout: .milliseconds(100))
        #expect(throws: ManagementClientError.notAccepted(path: path, seconds: "0.1")) {
            try client.call("x")
        }
        #expect(directory.names == ["stuck.fifo"])
    }

    @Test("While one client writes a large request no other client's bytes come between")
    func locked() throws {
        let host = try FakeHost { .result(true, to: $0) }
        defer { host.stop() }
        let other = open(host.fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        #expect(flock(other, LOCK_EX) == 0)
        let impatient = client(host, timeout: .milliseconds(100))
        #expect(throws: ManagementClientError.notAccepted(path: host.fifo, seconds: "0.1")) {
            try impatient.call("x")
        }
        #expect(host.received == [])
        close(other)
        #expect(try client(host).call("x") == .success(true))
    }

    @Test("Each kind of wrong path is named as what it is")
    func wrongPaths() throws {
        let directory = try TemporaryDirectory()
        func error(_ path: String, replies: String? = nil) -> ManagementClientError? {
            #expect(throws: ManagementClientError.self) {
                try ManagementClient(location: FIFOLocation(requestPath: path, replyDirectory: replies)).call(
                    "x")
            }
        }
        #expect(error(directory.file("absent")) == .missing(path: directory.file("absent")))
        #expect(error(directory.path) == .notAFIFO(path: directory.path, found: "a directory"))
        try directory.write("", to: "file")
        #expect(
            error(directory.file("file")) == .notAFIFO(path: directory.file("file"), found: "a regular file"))
        let fifo = directory.file("fifo")
        #expect(mkfifo(fifo, 0o600) == 0)
        #expect(error(fifo) == .noReader(path: fifo))
        let reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        #expect(
            error(fifo, replies: directory.file("absent"))
                == .replyDirectory(path: directory.file("absent"), reason: "No such file or directory"))
        #expect(directory.names == ["fifo", "file"])
    }

    @Test("Root gives the reply FIFO to the host's user, for it alone", .enabled(if: geteuid() == 0))
    func givenToTheHost() throws {
        let owners = Mutex<[[UInt32]]>([])
        let place = Mutex("")
        let host = try FakeHost { request in
            var status = stat()
            stat(place.withLock { $0 } + "/" + (request["reply_name"]?.string ?? ""), &status)
            owners.withLock { $0.append([status.st_uid, status.st_mode & 0o7777]) }
            return .result(true, to: request)
        }
        defer { host.stop() }
        place.withLock { $0 = host.directory.path }
        let client = client(host)
        #expect(try client.call("of-root") == .success(true))
        #expect(chown(host.fifo, 65534, 65534) == 0)
        #expect(try client.call("of-nobody") == .success(true))
        // fifo_user gave the FIFO away; the lock file tells who the host is.
        try host.directory.write("1\n", to: "modhost.fifo.lock")
        #expect(chown(host.fifo + ".lock", 65533, 65533) == 0)
        #expect(try client.call("of-another") == .success(true))
        #expect(owners.withLock { $0 } == [[0, 0o600], [65534, 0o600], [65533, 0o600]])
    }
}
