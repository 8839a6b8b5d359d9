import Glibc
import JSON
import Testing

@Suite("modctl, the program")
struct ModctlTests {
    /// Runs modctl to its end.
    private func run(
        _ arguments: [String], environment: [String] = [], input: String = ""
    ) throws -> (status: Int32?, output: String, errors: String) {
        let process = try ModctlProcess(arguments, environment: environment, input: input)
        let status = process.wait()
        return (status, process.output, process.errors)
    }

    @Test("A result goes to standard output and the status is 0")
    func good() throws {
        let host = try FakeHost { .result(["which", "version"], to: $0) }
        defer { host.stop() }
        let direct = try run(["--fifo", host.fifo, "which"])
        #expect(direct == (0, "which\nversion\n", ""))
        #expect(try run(["fifo", "which"], environment: ["MODHOST_FIFO=" + host.fifo]) == direct)
        #expect(
            try run(["--json", "--fifo", host.fifo, "which"]).output
                == "[\n    \"which\",\n    \"version\"\n  ]\n")
        #expect(host.leftovers == [])
    }

    @Test("--raw prints the whole response, errors included")
    func raw() throws {
        let host = try FakeHost { .error(404, "none", to: $0) }
        defer { host.stop() }
        let (status, output, errors) = try run(["--raw", "--fifo", host.fifo, "x"])
        #expect(status == 1)
        #expect(output == #"{"jsonrpc":"2.0","error":{"code":404,"message":"none"},"id":1}"# + "\n")
        #expect(errors == "modctl: x: 404 none\n")
    }

    @Test("A command's failure is status 1 and one line on standard error")
    func failure() throws {
        let host = try FakeHost { .error(500, "disk full\u{1B}[2J", to: $0) }
        defer { host.stop() }
        for form in [[], ["--json"]] {
            let (status, output, errors) = try run(form + ["--fifo", host.fifo, "flat_rotate"])
            #expect(status == 1)
            #expect(output == "")
            #expect(errors == "modctl: flat_rotate: 500 disk full\\u{1B}[2J\n")
        }
    }

    @Test("Everything after the command belongs to the command")
    func passThrough() throws {
        let host = try FakeHost { .result($0["params"] ?? nil, to: $0) }
        defer { host.stop() }
        let (status, output, _) = try run([
            "--fifo", host.fifo, "--json", "echo", "--json", "--help", "--version", "-f", "x=1", "--", "3",
            "s:4",
        ])
        #expect(status == 0)
        #expect(
            try JSONValue.parse(output) == ["--json", "--help", "--version", "-f", "x=1", "--", 3, "4"])
        let named = try run(["--fifo", host.fifo, "--json", "--arg", "a=-1", "--arg", "b=--x", "echo"])
        #expect(try JSONValue.parse(named.output) == ["a": -1, "b": "--x"])
    }

    @Test(
        "Usage errors are status 2, whatever they are",
        arguments: [
            ["--nope", "which"], ["--timeout", "x", "which"], ["--timeout", "-1", "which"], ["--fifo"],
            ["fifo"],
            ["--json", "--raw", "which"], ["--arg", "a=1"], ["--arg", "x", "which"], ["which", "i:x"],
            ["-f", "/nonexistent/modules.conf", "which"],
        ])
    func usage(arguments: [String]) throws {
        let (status, output, errors) = try run(arguments)
        #expect(status == 2)
        #expect(output == "")
        #expect(errors.hasPrefix("modctl: "))
    }

    @Test("--help and --version are good and need no host")
    func help() throws {
        #expect(try run(["--version"]) == (0, "modctl 0.1.0\n", ""))
        for arguments in [["--help"], ["-h"], ["--json", "--help"]] {
            let (status, output, errors) = try run(arguments)
            #expect(status == 0)
            #expect(output.contains("modctl [options] [command [argument ...]]"))
            #expect(errors == "")
        }
    }

    @Test("No host is status 3, and which kind of none is told")
    func noHost() throws {
        let directory = try TemporaryDirectory()
        let fifo = directory.file("fifo")
        let missing = try run(["--fifo", fifo, "which"])
        #expect(missing.status == 3)
        #expect(
            missing.errors.hasPrefix(
                "modctl: which: no host found: there is no FIFO at \(fifo); start modhost"))
        #expect(mkfifo(fifo, 0o600) == 0)
        let idle = try run(["--fifo", fifo, "which"])
        #expect(idle.status == 3)
        #expect(idle.errors.hasPrefix("modctl: which: no host is running: nobody reads \(fifo)"))
        let host = try FakeHost { _ in .silence }
        defer { host.stop() }
        let silent = try run(["--timeout", "0.1", "--fifo", host.fifo, "which"])
        #expect(silent.status == 3)
        #expect(
            silent.errors.hasPrefix(
                "modctl: which: timed out: the host behind \(host.fifo) sent nothing for 0.1 s"))
        #expect(host.leftovers == [])
    }

    @Test("The configuration file leads to the host and its reply directory")
    func configuration() throws {
        let host = try FakeHost { .result("found", to: $0) }
        defer { host.stop() }
        try host.directory.write("run_dir = \".\"\nloadmodule \"mi-fifo\"\n", to: "modules.conf")
        #expect(try run(["-f", host.directory.file("modules.conf"), "x"]) == (0, "found\n", ""))
    }

    @Test("Commands from standard input run one a line and stop at the first failure")
    func script() throws {
        let host = try FakeHost {
            $0["method"] == "bad"
                ? .error(500, "no", to: $0) : .result($0["params"]?.array?.first ?? nil, to: $0)
        }
        defer { host.stop() }
        let input = "# comment\n\necho 'a b'\nbad\necho c\nbroken '\n"
        let stopping = try run(["--fifo", host.fifo], input: input)
        #expect(stopping == (1, "a b\n", "modctl: line 4: bad: 500 no\n"))
        let going = try run(["--keep-going", "--fifo", host.fifo], input: input)
        #expect(
            going == (
                1, "a b\nc\n",
                "modctl: line 4: bad: 500 no\nmodctl: line 6: column 8: found an opening ' without its closing one\n"
            ))
        #expect(try run(["--fifo", host.fifo], input: "") == (0, "", ""))
    }

    @Test(
        "A signal ends modctl as always, but not before its reply FIFO is gone",
        arguments: [
            SIGTERM, SIGINT, SIGHUP, SIGQUIT,
        ])
    func signals(number: CInt) throws {
        let host = try FakeHost { _ in .silence }
        defer { host.stop() }
        let process = try ModctlProcess(["--fifo", host.fifo, "--timeout", "60", "wait"])
        #expect(eventually { !host.received.isEmpty })
        let name = try #require(host.leftovers.first)
        var status = stat()
        #expect(stat(host.directory.file(name), &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
        process.signal(number)
        #expect(process.wait() == -number)
        #expect(host.leftovers == [])
    }

    @Test("A reader that has enough ends modctl quietly, reply FIFO included")
    func brokenPipe() throws {
        let text = String(repeating: "x", count: 1_000_000)
        let host = try FakeHost { .result(.string(text), to: $0) }
        defer { host.stop() }
        // Sockets, since no child of another test may inherit the end that is closed here.
        var ends: [CInt] = [0, 0]
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        #expect(socketpair(AF_UNIX, kind, 0, &ends) == 0)
        close(ends[0])
        let process = try ModctlProcess(["--json", "--fifo", host.fifo, "big"], output: ends[1])
        close(ends[1])
        #expect(process.wait() == -SIGPIPE)
        #expect(process.errors == "")
        #expect(host.leftovers == [])
    }

    @Test("A full disk under standard output is told, status 1")
    func fullOutput() throws {
        let host = try FakeHost { .result("x", to: $0) }
        defer { host.stop() }
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        let process = try ModctlProcess(["--fifo", host.fifo, "x"], output: full)
        close(full)
        #expect(process.wait() == 1)
        #expect(process.errors == "modctl: x: cannot write the result: No space left on device\n")
    }

    @Test("A dump of 20 MB as JSON takes no more memory than a small one")
    func boundedMemory() throws {
        let item = Array(#"{"name":"alice@example.org","value":"0123456789"},"#.utf8)
        var text = Array(#"{"jsonrpc":"2.0","result":["#.utf8)
        while text.count < 20_000_000 { text += item }
        let large = text + Array(#"null],"id":1}"#.utf8)
        let host = try FakeHost { $0["method"] == "large" ? .pieces([large]) : .result(nil, to: $0) }
        defer { host.stop() }
        func peak(_ command: String) throws -> Int {
            let process = try ModctlProcess(["--json", "--fifo", host.fifo, command])
            #expect(process.wait() == 0)
            if command == "large" { #expect(process.output.utf8.count == large.count - 33) }
            return process.peakMemory
        }
        let small = try peak("small")
        #expect(try peak("large") < small + 4096)
    }
}
