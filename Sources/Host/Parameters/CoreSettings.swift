public import Configuration

/// The core settings of `modules.conf`, with their defaults. Unknown names of Kamailio's SIP core are told apart from typos.
public struct CoreSettings: Sendable, Equatable {
    /// Event loops; 0 in the file means one per core.
    public var workers = 0
    /// Where the FIFO and other run-time files are, absolute.
    public var runDirectory = "/run/modhost"
    public var logLevel = LogLevel.info
    public var logFormat = LogSink.Format.text
    public var logTarget = LogSink.Target.stderr
    /// Threads for blocking work, at most.
    public var poolThreads = 32
    /// A callback on a worker that takes longer is reported; nanoseconds, 0: never.
    public var slowCallback: Int64 = 100_000_000
    /// How long stop waits for work under way; nanoseconds.
    public var stopTimeout: Int64 = 10_000_000_000
    /// Holds the process id while the host runs; nil: none.
    public var pidFile: String?
    /// How long one run of a route may take; nanoseconds.
    public var routeTimeout: Int64 = 5_000_000_000
    /// How often a `while` of a route may go round.
    public var maxWhileLoops = 100

    struct Definition: Sendable {
        var name: String
        var help: String
        var expected: String
        var apply: @Sendable (inout CoreSettings, Value, _ base: String) -> Bool
    }

    static let definitions: [Definition] = [
        Definition(name: "workers", help: "event loops; 0: one per core", expected: "an integer from 0 to 256") {
            settings, value, _ in
            guard case .integer(let number) = value.content, 0...256 ~= number else { return false }
            settings.workers = Int(number)
            return true
        },
        Definition(
            name: "run_dir", help: "directory of the FIFO and other run-time files", expected: "a directory in quotes"
        ) { settings, value, base in
            guard case .string(let text) = value.content, let path = text.text, !path.isEmpty else { return false }
            settings.runDirectory = absolutePath(path, relativeTo: base)
            return true
        },
        Definition(
            name: "log_level", help: "lines up to this level are written",
            expected: "a number from -5 to 3, or alert, bug, critical, error, warning, notice, info or debug"
        ) { settings, value, _ in
            guard let level = logLevel(value) else { return false }
            settings.logLevel = level
            return true
        },
        Definition(name: "debug", help: "Kamailio's name of log_level", expected: "a number from -5 to 3") {
            settings, value, _ in
            guard let level = logLevel(value) else { return false }
            settings.logLevel = level
            return true
        },
        Definition(name: "log_format", help: "text or json", expected: "text or json") { settings, value, _ in
            guard let word = word(value), let format = LogSink.Format(rawValue: word) else { return false }
            settings.logFormat = format
            return true
        },
        Definition(name: "log_target", help: "stderr or syslog", expected: "stderr or syslog") {
            settings, value, _ in
            guard let word = word(value), let target = LogSink.Target(rawValue: word) else { return false }
            settings.logTarget = target
            return true
        },
        Definition(
            name: "log_stderror", help: "Kamailio's: yes logs to stderr, no to syslog", expected: "yes or no"
        ) { settings, value, _ in
            switch value.content {
            case .boolean(let truth): settings.logTarget = truth ? .stderr : .syslog
            case .integer(let number) where number == 0 || number == 1:
                settings.logTarget = number == 1 ? .stderr : .syslog
            default: return false
            }
            return true
        },
        Definition(name: "pool_threads", help: "threads for blocking work, at most", expected: "an integer from 2 to 512") {
            settings, value, _ in
            guard case .integer(let number) = value.content, 2...512 ~= number else { return false }
            settings.poolThreads = Int(number)
            return true
        },
        Definition(
            name: "slow_callback", help: "a callback on a worker that takes longer is logged; 0: never",
            expected: "a duration such as \"100ms\""
        ) { settings, value, _ in
            guard let nanoseconds = duration(value) else { return false }
            settings.slowCallback = nanoseconds
            return true
        },
        Definition(
            name: "stop_timeout", help: "how long stop waits for work under way", expected: "a duration such as \"10s\""
        ) { settings, value, _ in
            guard let nanoseconds = duration(value), nanoseconds > 0 else { return false }
            settings.stopTimeout = nanoseconds
            return true
        },
        Definition(
            name: "pid_file", help: "file that holds the process id while the host runs", expected: "a path in quotes"
        ) {
            settings, value, base in
            guard case .string(let text) = value.content, let path = text.text, !path.isEmpty else { return false }
            settings.pidFile = absolutePath(path, relativeTo: base)
            return true
        },
        Definition(
            name: "route_timeout", help: "a route that runs longer is stopped with an error",
            expected: "a duration such as \"5s\""
        ) { settings, value, _ in
            guard let nanoseconds = duration(value), nanoseconds > 0 else { return false }
            settings.routeTimeout = nanoseconds
            return true
        },
        Definition(
            name: "max_while_loops", help: "rounds of a while in a route, at most",
            expected: "an integer from 1 to 1000000000"
        ) { settings, value, _ in
            guard case .integer(let number) = value.content, 1...1_000_000_000 ~= number else { return false }
            settings.maxWhileLoops = Int(number)
            return true
        },
    ]

    /// Settings of Kamailio's that have no meaning here but stand in many files: accepted with a warning.
    static let ignored = [
        "children", "fork", "listen", "disable_tcp", "auto_aliases", "alias", "mhomed", "log_facility", "log_name",
        "log_prefix", "memdbg", "memlog", "port", "user", "group",
    ]

    /// Reads the settings of a configuration; relative paths count from `base`, the directory of the config file.
    public static func read(_ statements: [Statement], base: String) -> (CoreSettings, [Diagnostic]) {
        var settings = CoreSettings()
        var diagnostics: [Diagnostic] = []
        for case .setting(let setting) in statements {
            let name = setting.name.text
            guard let definition = definitions.first(where: { $0.name == name }) else {
                if ignored.contains(name) {
                    diagnostics.append(
                        Diagnostic(
                            .warning, at: setting.name.location, "the setting \(name) has no meaning here and is ignored"))
                    continue
                }
                let near = nearestName(to: name, in: definitions.map(\.name))
                diagnostics.append(
                    Diagnostic(
                        .error, at: setting.name.location, "unknown core setting \(name)",
                        hint: near.map { "did you mean \($0)?" } ?? "known are "
                            + definitions.map(\.name).joined(separator: ", ")))
                continue
            }
            guard let value = setting.values.first, setting.values.count == 1 else {
                diagnostics.append(
                    Diagnostic(
                        .error, at: setting.values.dropFirst().first?.location ?? setting.name.location,
                        "\(name) takes one value, found \(setting.values.count)", hint: "expected \(definition.expected)"))
                continue
            }
            if !definition.apply(&settings, value, base) {
                diagnostics.append(
                    Diagnostic(.error, at: value.location, "\(name) is \(value.summary), expected \(definition.expected)"))
            }
        }
        return (settings, diagnostics)
    }

    private static func word(_ value: Value) -> String? {
        switch value.content {
        case .word(let word): word
        case .string(let text): text.text
        default: nil
        }
    }

    private static func logLevel(_ value: Value) -> LogLevel? {
        if case .integer(let number) = value.content {
            return -5...3 ~= number ? LogLevel(clamping: Int32(number)) : nil
        }
        return word(value).flatMap { LogLevel(name: $0) }
    }

    private static func duration(_ value: Value) -> Int64? {
        switch value.content {
        case .integer(let number): Quantity.duration(String(number))
        case .float(let number): Quantity.duration(String(number))
        case .word(let word): Quantity.duration(word)
        case .string(let text): Quantity.duration(text.description)
        default: nil
        }
    }
}
