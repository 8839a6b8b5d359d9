import CHost
import Configuration
import Glibc
import Host
import JSON

/// What the `modcheck` program does, with its arguments already parsed.
public enum ModuleCheckProgram {
    /// The first argument of a probe: modcheck started by itself.
    public static let probeWord = "--internal-probe"

    /// The version of modhost that modcheck belongs to.
    public static var version: String { modhostVersion }

    /// Checks modules and prints what is found. 0: nothing of severity error; 1: something; 2: the arguments make no sense; 128 and the
    /// signal: interrupted.
    public static func run(_ options: CheckOptions) -> Int32 {
        do throws(UsageError) {
            let mutes = try Mutes(options)
            let seed = options.seed ?? UInt64(bitPattern: chost_clock()) % 1_000_000
            guard options.timeout >= 0.1, options.timeout <= 3600 else {
                throw UsageError("--timeout is \(options.timeout), expected seconds from 0.1 to 3600")
            }
            guard let program = programPath() else { throw UsageError("/proc/self/exe cannot be read; is /proc mounted?") }
            let checker = ModuleChecker(
                program: program, companions: options.companions.map(absolute),
                settings: try options.parameters.map(setting),
                seed: seed, timeout: options.timeout)
            var report = Report(seed: seed, reasons: mutes.reasons)
            let isColoured = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil
            Interruption.watch()
            for path in options.modules {
                let findings = checker.check(absolute(path))
                // What was not looked at to the end is not reported at all.
                if Interruption.signal != 0 { return 128 + Interruption.signal }
                let module = report.add(path, findings)
                if !options.isJSON { write(report.text(module, isQuiet: options.isQuiet, isColoured: isColoured)) }
            }
            if options.isJSON { write(String(decoding: report.json.encoded(), as: UTF8.self) + "\n") }
            return report.isGood ? 0 : 1
        } catch {
            let bytes = Array("modcheck: \(error.description)\n".utf8)
            bytes.withUnsafeBytes { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            return 2
        }
    }

    /// Prints the table of checks: Markdown, or JSON.
    public static func list(isJSON: Bool) {
        guard isJSON else { return write(CheckDescription.markdown) }
        let rows = CheckDescription.all.map { check in
            JSONValue.object([
                .init("id", .string(check.id)), .init("severity", .string(check.severity.rawValue)),
                .init("what", .string(check.what)), .init("why", .string(check.why)), .init("mend", .string(check.mend)),
            ])
        }
        write(String(decoding: JSONValue.array(rows).encoded(), as: UTF8.self) + "\n")
    }

    /// Does the work of a probe: `text` is what modcheck wrote into the argument vector. The exit status.
    public static func probe(_ text: String) -> Int32 {
        guard let json = try? JSONValue.parse(text), let request = ProbeRequest(json: json), chdir(request.directory) == 0
        else {
            return 2
        }
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(4), &limit)  // RLIMIT_CORE: a crash of the module is expected
        // Cases must not inherit it into programs that the module starts.
        _ = fcntl(FindingPipe.descriptor, F_SETFD, FD_CLOEXEC)
        signal(SIGPIPE, SIG_IGN)
        switch request.probe {
        case .rules: RulesProbe.run(request)
        case .entry: EntryProbe.run(request)
        case .behaviour: BehaviourProbe.run(request)
        }
        return 0
    }

    /// `NAME=VALUE` or `MODULE:NAME=VALUE`.
    private static func setting(_ text: String) throws(UsageError) -> ProbeRequest.Setting {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw UsageError("--param \(text): expected NAME=VALUE or MODULE:NAME=VALUE")
        }
        let name = text[..<equals]
        let words = name.split(separator: ":", maxSplits: 1)
        guard let last = words.last else { throw UsageError("--param \(text): expected NAME=VALUE or MODULE:NAME=VALUE") }
        return ProbeRequest.Setting(
            module: words.count == 2 ? String(words[0]) : "", name: String(last),
            value: String(text[text.index(after: equals)...]))
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        var buffer = [CChar](repeating: 0, count: 4096)
        guard let here = getcwd(&buffer, buffer.count) else { return path }
        return "\(String(cString: here))/\(path)"
    }

    private static func programPath() -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        bytes.withUnsafeBytes { buffer in
            while sent < buffer.count {
                let count = Glibc.write(STDOUT_FILENO, buffer.baseAddress.map { $0 + sent }, buffer.count - sent)
                if count > 0 { sent += count } else if errno != EINTR { return }
            }
        }
    }
}
