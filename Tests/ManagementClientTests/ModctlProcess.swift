import Glibc

/// A run of the real modctl, which is built beside the tests.
final class ModctlProcess {
    private let directory: TemporaryDirectory
    private let processID: pid_t
    private var status: Int32?
    /// The largest resident set of the process in KiB, once it has ended.
    private(set) var peakMemory = 0

    private static let program: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let tests = String(
            decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return tests.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            + "/modctl"
    }()

    /// Starts modctl.
    ///
    /// - Parameters:
    ///   - input: Its standard input.
    ///   - terminal: The path of a terminal that takes the place of all three streams, and becomes its own.
    ///   - output: A descriptor that takes the place of standard output.
    init(
        _ arguments: [String], environment: [String] = [], input: String = "", terminal: String? = nil,
        output: CInt? = nil
    ) throws {
        directory = try TemporaryDirectory()
        try directory.write(input, to: "input")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The tests ignore SIGPIPE; modctl must start as from a shell.
        var defaults = sigset_t()
        sigfillset(&defaults)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        // Nor may it inherit the mask of the thread, which blocks nearly everything.
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        var flags = Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        if let terminal {
            flags |= 0x80  // POSIX_SPAWN_SETSID
            posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
            posix_spawn_file_actions_adddup2(&actions, 0, 1)
            posix_spawn_file_actions_adddup2(&actions, 0, 2)
        } else {
            let create = O_WRONLY | O_CREAT | O_TRUNC
            posix_spawn_file_actions_addopen(&actions, 0, directory.file("input"), O_RDONLY, 0)
            if let output {
                posix_spawn_file_actions_adddup2(&actions, output, 1)
            } else {
                posix_spawn_file_actions_addopen(&actions, 1, directory.file("output"), create, 0o600)
            }
            posix_spawn_file_actions_addopen(&actions, 2, directory.file("errors"), create, 0o600)
        }
        posix_spawnattr_setflags(&attributes, flags)
        var argv: [UnsafeMutablePointer<CChar>?] = ([Self.program] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] =
            (["HOME=" + directory.path, "LC_ALL=C.UTF-8", "TERM=xterm"] + environment).map { strdup($0) } + [
                nil
            ]
        defer { (argv + envp).forEach { free($0) } }
        var started: pid_t = 0
        let code = posix_spawn(&started, Self.program, &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw TestFailure("\(Self.program): \(String(cString: strerror(code)))") }
        processID = started
    }

    deinit {
        if status == nil {
            kill(processID, SIGKILL)
            var ignored: Int32 = 0
            waitpid(processID, &ignored, 0)
        }
    }

    func signal(_ number: CInt) { kill(processID, number) }

    /// Waits for the end: the exit status, or the signal that ended it, negative; nil if it goes on for over 30 s.
    func wait() -> Int32? {
        _ = eventually(within: 30) {
            var raw: Int32 = 0
            var usage = rusage()
            guard status == nil, wait4(processID, &raw, WNOHANG, &usage) == processID else {
                return status != nil
            }
            status = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : -(raw & 0x7F)
            peakMemory = usage.ru_maxrss
            return true
        }
        return status
    }

    var output: String { directory.read("output") }
    var errors: String { directory.read("errors") }
    /// What modctl takes for the home directory.
    var home: TemporaryDirectory { directory }
}
