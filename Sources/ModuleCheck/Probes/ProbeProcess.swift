import CHost
import Glibc
import JSON

/// A probe as modcheck sees it: its own program started once more, with a pipe for findings and a bound on its time.
struct ProbeProcess {
    struct Result {
        var findings: [Finding] = []
        /// Set when the probe itself ended before its time: what happened.
        var fault: String?
    }

    /// Runs a probe and reads its findings. `seconds` bounds it as a whole.
    static func run(_ request: ProbeRequest, program: String, seconds: Double) -> Result {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return Result(fault: "no pipe: \(String(cString: strerror(errno)))") }
        defer { close(ends[0]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "\(request.directory)/stdout", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, "\(request.directory)/stderr", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, ends[1], FindingPipe.descriptor)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        let text = String(decoding: request.json.encoded(), as: UTF8.self)
        let words: [String] = [program, ModuleCheckProgram.probeWord, text]
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { argv.forEach { free($0) } }
        var envp: [UnsafeMutablePointer<CChar>?] = environment().map { strdup($0) } + [nil]
        defer { envp.forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, program, &actions, &attributes, &argv, &envp)
        close(ends[1])
        guard code == 0 else { return Result(fault: "\(program) does not start: \(String(cString: strerror(code)))") }
        var result = Result()
        let (bytes, end) = collect(ends[0], from: child, until: chost_clock() + Int64(seconds * 1e9))
        kill(-child, SIGKILL)
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            if let json = try? JSONValue.parse(Array(line)), let finding = Finding(json: json) {
                result.findings.append(finding)
            }
        }
        switch end {
        case nil: result.fault = "the probe \(request.probe.rawValue) did not end within \(Int(seconds)) s"
        case 0: break
        case .some(let status):
            let how =
                status & 0x7F != 0 ? "was killed by signal \(status & 0x7F)" : "ended with status \(status >> 8 & 0xFF)"
            result.fault = "the probe \(request.probe.rawValue) \(how)"
        }
        return result
    }

    /// The caller's, but for Swift's backtraces: crashes are expected, and they would take seconds each.
    private static func environment() -> [String] {
        var lines = ["SWIFT_BACKTRACE=enable=no"]
        var next = environ
        while let entry = next.pointee {
            let line = String(cString: entry)
            if !line.hasPrefix("SWIFT_BACKTRACE=") { lines.append(line) }
            next += 1
        }
        return lines
    }

    /// Reads until the probe has ended and nothing is left in the pipe: a stray process of a module's may hold the pipe open for ever.
    /// The wait status; nil: it had to be killed.
    private static func collect(
        _ descriptor: Int32, from child: pid_t, until deadline: Int64
    ) -> (bytes: [UInt8], status: Int32?) {
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        var status: Int32 = 0
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&entry, 1, 5)
            let hasEnded = waitpid(child, &status, WNOHANG) == child
            while true {
                let got = read(descriptor, &buffer, buffer.count)
                guard got > 0 else { break }
                bytes += buffer[..<got]
            }
            if hasEnded { return (bytes, status) }
            // The pipe is closed a moment before the process is gone.
            if ready > 0, Int32(entry.revents) & POLLHUP != 0 { usleep(1000) }
            if chost_clock() > deadline || Interruption.signal != 0 {
                kill(-child, SIGKILL)
                waitpid(child, &status, 0)
                return (bytes, nil)
            }
        }
    }
}

/// SIGINT and SIGTERM: modcheck ends its probe, removes its directory, and ends.
enum Interruption {
    nonisolated(unsafe) private static let place: UnsafeMutablePointer<Int32> = {
        let memory = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        memory.initialize(to: 0)
        return memory
    }()

    /// The signal that came; 0: none.
    static var signal: Int32 { place.pointee }

    static func watch() {
        _ = place
        for number in [SIGINT, SIGTERM, SIGHUP] { Glibc.signal(number) { Interruption.place.pointee = $0 } }
    }
}
