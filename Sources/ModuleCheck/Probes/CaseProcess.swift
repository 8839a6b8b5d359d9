import CHost
import CModuleCheck
import Glibc

/// One case of a probe, in a forked process of its own: a crash, a hang or an exit() of the module ends the case and nothing else.
struct CaseProcess {
    /// How a case ended.
    enum End: Equatable {
        case finished
        /// Killed by a signal, or ended by exit(); what was going on.
        case died(String)
        /// Still busy at the end of its time.
        case hung(String)
        /// Killed since the module used memory that it was lent for an earlier call.
        case keptLoan(String)
    }

    /// What is going on in the case that runs now, in memory shared with the process that waits for it. Main thread of the case.
    nonisolated(unsafe) private static var shared: UnsafeMutableRawPointer?
    private static let size = 4096
    /// Where the clock of the last step is kept.
    private static let stepTime = 2048

    /// Says what comes next, for the text of a crash or hang.
    static func step(_ text: String) {
        guard let shared else { return }
        shared.storeBytes(of: chost_clock(), toByteOffset: stepTime, as: Int64.self)
        let bytes = Array(text.utf8.prefix(1000))
        memset(shared + 16, 0, 1008)
        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { memcpy(shared + 16, start, source.count) }
        }
    }

    /// Where it is kept whether memory was touched whose loan had ended.
    private static let touched = 2064

    /// Notes, for all processes of this probe, that something was found after which it makes no sense to go on.
    static func endAll() { shared?.storeBytes(of: 1, toByteOffset: stepTime + 8, as: Int64.self) }
    static var isEnded: Bool { shared?.load(fromByteOffset: stepTime + 8, as: Int64.self) == 1 }

    /// Counts something that the waiting process wants to know.
    static func setNumber(_ number: Int64) { shared?.storeBytes(of: number, toByteOffset: 8, as: Int64.self) }
    static var number: Int64 { shared?.load(fromByteOffset: 8, as: Int64.self) ?? 0 }

    private static var text: String {
        guard let shared else { return "" }
        return String(cString: (shared + 16).assumingMemoryBound(to: CChar.self))
    }

    /// What the module wrote to standard output and standard error, as far as it is known: the first 16 KiB.
    struct Result {
        var end: End
        var output: String
    }

    /// Makes the shared memory, once.
    static func open() {
        guard shared == nil else { return }
        let page = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
        if let page, page != MAP_FAILED { shared = page }
    }

    /// Runs a case and waits for it, `limit` seconds at most for each of its steps. Reports nothing itself.
    static func run(limit: Double, _ body: () -> Void) -> Result {
        open()
        shared?.storeBytes(of: 0, toByteOffset: 0, as: Int64.self)
        shared?.storeBytes(of: 0, toByteOffset: touched, as: Int64.self)
        setNumber(0)
        step("starting")
        let output = cmodulecheck_nameless_file()
        let child = cmodulecheck_fork()
        if child == 0 {
            setpgid(0, 0)
            // Should modcheck itself be killed.
            alarm(UInt32(limit * longest) + 5)
            if output >= 0 {
                dup2(output, 1)
                dup2(output, 2)
                close(output)
            }
            chost_crash_report_install(reporter)
            if let shared {
                cmodulecheck_lent_open((shared + touched).assumingMemoryBound(to: Int64.self))
            }
            body()
            fflush(nil)
            shared?.storeBytes(of: 1, toByteOffset: 0, as: Int64.self)
            _exit(0)
        }
        guard child > 0 else { return Result(end: .died("it cannot be tried: fork failed"), output: "") }
        defer { if output >= 0 { close(output) } }
        let (status, isLate) = wait(for: child, limit: limit)
        kill(-child, SIGKILL)
        let written = read(output)
        if isLate { return Result(end: .hung(text), output: written) }
        if status & 0x7F != 0, shared?.load(fromByteOffset: touched, as: Int64.self) == 1 {
            return Result(
                end: .keptLoan("it uses memory\(place(in: written)) that was lent to it for an earlier call (\(text))"),
                output: written)
        }
        if status & 0x7F != 0 {
            return Result(
                end: .died("it crashed with \(signalName(status & 0x7F))\(place(in: written)) (\(text))"), output: written)
        }
        if shared?.load(as: Int64.self) != 1 {
            return Result(end: .died("it ended the process with exit(\(status >> 8 & 0xFF)) (\(text))"), output: written)
        }
        return Result(end: .finished, output: written)
    }

    /// A case of many steps may take as many times the limit of one.
    private static let longest = 10.0

    private static func wait(for child: pid_t, limit: Double) -> (status: Int32, isLate: Bool) {
        let end = chost_clock() + Int64(limit * longest * 1e9)
        var pause: UInt32 = 200
        while true {
            var status: Int32 = 0
            let got = waitpid(child, &status, WNOHANG)
            if got == child || (got < 0 && errno != EINTR) { return (status, false) }
            let step = shared?.load(fromByteOffset: stepTime, as: Int64.self) ?? 0
            if chost_clock() > min(end, step + Int64(limit * 1e9)) {
                kill(-child, SIGKILL)
                kill(child, SIGKILL)
                waitpid(child, &status, 0)
                return (status, true)
            }
            usleep(pause)  // waitpid has no deadline; the pause grows to 5 ms
            pause = min(pause * 2, 5000)
        }
    }

    private static func read(_ output: Int32) -> String {
        guard output >= 0 else { return "" }
        let bytes = [UInt8](unsafeUninitializedCapacity: 16384) { target, used in
            used = max(0, pread(output, target.baseAddress, target.count, 0))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    nonisolated(unsafe) private static let reporter = strdup("modcheck")

    /// ", callback stop" of the line that the crash handler has written.
    private static func place(in output: String) -> String {
        guard let line = output.split(separator: "\n").last(where: { $0.hasPrefix("modhost modcheck crashed: ") }),
            let start = line.firstRange(of: "callback ")
        else { return "" }
        let callback = line[start.upperBound...].prefix { $0 != "," }
        return " in \(callback)"
    }

    /// What the module itself wrote, without the crash handler's line: its first line, shortened.
    static func ownOutput(_ output: String) -> String {
        let lines = output.split(separator: "\n").filter { !$0.hasPrefix("modhost modcheck crashed: ") }
        return String((lines.first ?? "").prefix(120))
    }

    private static func signalName(_ number: Int32) -> String {
        switch number {
        case SIGSEGV: "SIGSEGV"
        case SIGBUS: "SIGBUS"
        case SIGILL: "SIGILL"
        case SIGTRAP: "SIGTRAP"
        case SIGFPE: "SIGFPE"
        case SIGABRT: "SIGABRT"
        case SIGKILL: "SIGKILL"
        case SIGPIPE: "SIGPIPE"
        case SIGTERM: "SIGTERM"
        default: "signal \(number)"
        }
    }
}
