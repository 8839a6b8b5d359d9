public import Glibc
public import JSON
public import ManagementClient
import Synchronization

/// The real modhost with a configuration of the test's own, in a directory of the test's own.
///
/// It is ready when `init` returns, and dead when the last reference goes, whatever happened between. Any thread.
public final class RunningHost: Sendable {
    /// Holds the configuration `modules.conf`, the run directory `run` and the log `modhost.log`.
    public let directory: TemporaryDirectory
    private let arguments: [String]
    private let environment: [String: String]
    private let readyText: String?
    private let launcher: [String]
    private let process: Mutex<ChildProcess>
    private let replies = Atomic<Int>(0)

    /// A configuration: modules come from the build's directory, run-time files go to `run` beside the file, two workers,
    /// and then the given lines, each one statement.
    public static func configuration(_ lines: String...) -> String {
        let head = ["mpath \"\(BuiltProducts.directory)\"", "run_dir = \"run\"", "workers = 2"]
        return (head + lines).joined(separator: "\n") + "\n"
    }

    /// Starts a host and waits until it is ready; throws with what it said if it ends or takes over half a minute.
    ///
    /// - Parameters:
    ///   - configuration: The text of its configuration file; see ``configuration(_:)``.
    ///   - folders: Directories to make before, such as `run/acc`.
    ///   - arguments: More arguments than `-f modules.conf`.
    ///   - environment: Variables put over those of the tests.
    ///   - readyText: What its log says when it is ready; nil where it logs nothing: then the FIFO's appearance counts.
    ///   - launcher: A program and its first arguments that gets the daemon's command line behind them and becomes the daemon,
    ///     such as `["unshare", "-m"]`.
    public init(
        _ configuration: String, folders: [String] = [], in directory: TemporaryDirectory? = nil,
        arguments: [String] = [], environment: [String: String] = [:], readyText: String? = "ready in ",
        launcher: [String] = []
    ) throws {
        let directory = try directory ?? TemporaryDirectory()
        self.directory = directory
        self.arguments = arguments
        self.environment = environment
        self.readyText = readyText
        self.launcher = launcher
        try directory.write(configuration, to: "modules.conf")
        for folder in folders { try directory.makeDirectory(folder) }
        let started = try Self.start(directory, launcher, arguments, environment, readyText)
        process = Mutex(started)
    }

    private static func start(
        _ directory: TemporaryDirectory, _ launcher: [String], _ arguments: [String],
        _ environment: [String: String], _ readyText: String?
    ) throws -> ChildProcess {
        let before = directory.bytes("modhost.log").count
        let words = launcher + [BuiltProducts.modhost, "-f", "modules.conf"] + arguments
        let process = try ChildProcess(
            words[0], Array(words.dropFirst()), directory: directory.path,
            environment: environment, output: directory.file("modhost.out"),
            errors: directory.file("modhost.log"))
        func said() -> String {
            String(decoding: directory.bytes("modhost.log").dropFirst(before), as: UTF8.self)
        }
        let isReady = eventually {
            if process.ended != nil { return true }
            if let readyText { return said().contains(readyText) }
            return directory.contains("run/modhost.fifo")
        }
        if let status = process.ended { throw TestFailure("modhost ended with \(status): \(said())") }
        guard isReady else { throw TestFailure("modhost is not ready: \(said())") }
        return process
    }

    // MARK: The process

    public var processID: pid_t { process.withLock { $0.id } }
    /// How it ended; nil while it runs.
    public var ended: ChildProcess.Status? { process.withLock { $0.ended } }
    /// Everything it wrote to standard error, from all its starts.
    public var log: String { directory.text("modhost.log") }

    /// Waits until the log holds a text.
    public func logs(_ text: String, within time: Duration = .seconds(30)) -> Bool {
        eventually(within: time) { log.contains(text) }
    }

    public func signal(_ number: CInt) { process.withLock { $0.signal(number) } }
    /// SIGHUP: reopen files.
    public func hangUp() { signal(SIGHUP) }
    /// SIGTERM, and the exit status.
    @discardableResult
    public func terminate() throws -> ChildProcess.Status {
        signal(SIGTERM)
        return try wait()
    }
    /// SIGKILL, and waits for the end.
    public func kill() { process.withLock { $0.end() } }
    /// Waits for its end, which something else caused; a negative status is a signal.
    public func wait(within time: Duration = .seconds(30)) throws -> ChildProcess.Status {
        try process.withLock { $0 }.wait(within: time)
    }

    /// Starts it anew in the same directory, after `terminate` if it still runs; a new configuration may be given.
    public func restart(_ configuration: String? = nil) throws {
        if ended == nil { try terminate() }
        if let configuration { try directory.write(configuration, to: "modules.conf") }
        let started = try Self.start(directory, launcher, arguments, environment, readyText)
        process.withLock { $0 = started }
    }

    // MARK: Commands over its FIFO

    /// The path of its FIFO.
    public var fifo: String { directory.file("run/modhost.fifo") }

    /// Runs a command as modctl does: JSON-RPC over the FIFO.
    public func reply(to command: String, _ parameters: JSONValue? = nil) throws -> Reply {
        try ManagementClient(location: FIFOLocation(requestPath: fifo), timeout: .seconds(30))
            .call(command, parameters)
    }

    /// The result of a command that must succeed.
    @discardableResult
    public func command(_ command: String, _ parameters: JSONValue? = nil) throws -> JSONValue {
        switch try reply(to: command, parameters) {
        case .success(let result): return result
        case .failure(let code, let message): throw TestFailure("\(command): \(code) \(message)")
        }
    }

    /// The result of a command that must succeed, with positional arguments.
    @discardableResult
    public func command(_ command: String, _ arguments: [JSONValue]) throws -> JSONValue {
        try self.command(command, .array(arguments))
    }

    /// The failure of a command that must fail, as `code text`.
    public func fault(_ command: String, _ parameters: JSONValue? = nil) throws -> String {
        switch try reply(to: command, parameters) {
        case .success(let result): throw TestFailure("\(command) succeeds: \(result)")
        case .failure(let code, let message): return "\(code) \(message)"
        }
    }

    // MARK: Bytes over its FIFO

    /// Writes bytes into the FIFO as one open, any number of writes, close.
    public func send(_ bytes: [UInt8]) throws { try RequestWriter(fifo).write(bytes) }
    /// Writes text into the FIFO.
    public func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// A new reply FIFO in the reply directory, open for reading.
    public func replyFIFO(named name: String? = nil) throws -> ReplyReader {
        let number = replies.add(1, ordering: .relaxed).newValue
        return try ReplyReader(directory: directory.file("run"), name: name ?? "reply\(number)")
    }

    /// Sends the request that is made with the name of a new reply FIFO; the reply, up to the host's close.
    public func exchange(_ request: (_ replyName: String) -> String) throws -> String {
        let reply = try replyFIFO()
        try send(request(reply.name))
        return String(decoding: try reply.readToEnd(), as: UTF8.self)
    }

    /// Sends a request in the classic text framing; `lines` are its argument lines.
    public func classic(_ command: String, _ lines: String...) throws -> String {
        try exchange { ":\(command):\($0)\n" + lines.map { "\($0)\n" }.joined() + "\n" }
    }
}
