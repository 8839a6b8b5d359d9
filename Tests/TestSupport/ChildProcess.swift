public import Glibc
import Synchronization

/// A program that a test started: killed and reaped at the latest when the last reference goes.
///
/// Its two outputs are appended to files, so nothing has to read them while it runs. Any thread.
public final class ChildProcess: Sendable {
    /// How it ended: the exit status, or the number of the signal that ended it, negative.
    public typealias Status = Int32

    public let id: pid_t
    private let status = Mutex<Status?>(nil)

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: Its path, or its name on the search path.
    ///   - directory: Its working directory.
    ///   - environment: Variables put over those of the tests.
    ///   - input: The file that is its standard input.
    ///   - output: The file to which its standard output is appended.
    ///   - errors: The file to which its standard error is appended.
    public init(
        _ program: String, _ arguments: [String], directory: String, environment: [String: String] = [:],
        input: String = "/dev/null", output: String, errors: String
    ) throws {
        Glibc.signal(SIGPIPE, SIG_IGN)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let append = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, append, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, append, 0o600)
        // It starts as from a shell, whatever the tests ignore and whatever their threads block.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        // glibc can change the directory in posix_spawn but shows that only to GNU C; env(1) does it and becomes the program.
        var argv = (["env", "--chdir=\(directory)", program] + arguments).map { strdup($0) } + [nil]
        var envp = Self.environment(with: environment).map { strdup($0) } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var started: pid_t = 0
        let code = posix_spawnp(&started, "env", &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw TestFailure("env \(program) does not start: \(systemText(code))") }
        id = started
    }

    deinit { end() }

    private static func environment(with changes: [String: String]) -> [String] {
        var lines: [String] = []
        var next = environ
        while let entry = next.pointee {
            let line = String(cString: entry)
            let name = String(line.prefix { $0 != "=" })
            if changes[name] == nil { lines.append(line) }
            next += 1
        }
        return lines + changes.map { "\($0)=\($1)" }
    }

    /// Sends a signal; nothing once the process has ended.
    public func signal(_ number: CInt) {
        status.withLock { if $0 == nil { Glibc.kill(id, number) } }
    }

    /// How it ended; nil while it runs.
    public var ended: Status? {
        status.withLock { status in
            if status != nil { return status }
            var raw: Int32 = 0
            guard waitpid(id, &raw, WNOHANG) == id else { return nil }
            status = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : -(raw & 0x7F)
            return status
        }
    }

    /// Waits for its end; throws if it goes on for longer.
    public func wait(within time: Duration = .seconds(30)) throws -> Status {
        try value(of: "the end of process \(id)", within: time) { ended }
    }

    /// SIGKILL and reap, if it still runs.
    public func end() {
        signal(SIGKILL)
        _ = eventually { ended != nil }
    }
}

/// What a program that ran to its end left behind.
public struct ProgramResult: Sendable {
    public var status: ChildProcess.Status
    public var output: String
    public var errors: String
}

/// Runs a program to its end; throws if it takes longer than the time.
///
/// - Parameter input: What it reads from standard input.
public func runToEnd(
    _ program: String, _ arguments: [String], directory: String? = nil, environment: [String: String] = [:],
    input: String = "", within time: Duration = .seconds(60)
) throws -> ProgramResult {
    let files = try TemporaryDirectory()
    try files.write(input, to: "input")
    let process = try ChildProcess(
        program, arguments, directory: directory ?? files.path, environment: environment,
        input: files.file("input"), output: files.file("output"), errors: files.file("errors"))
    let status: ChildProcess.Status
    do { status = try process.wait(within: time) } catch {
        process.end()
        throw TestFailure("\(program) \(arguments) hangs; it said: \(files.text("errors"))")
    }
    return ProgramResult(status: status, output: files.text("output"), errors: files.text("errors"))
}
