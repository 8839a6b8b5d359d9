import Configuration
import Testing

@testable import Host

@Suite("The core settings of a configuration")
struct CoreSettingsTests {
    private func read(_ text: String) -> (settings: CoreSettings, said: [String]) {
        let parsed = ConfigurationFile.parse(text: text, path: "m.conf", reader: FileReader())
        let (settings, diagnostics) = CoreSettings.read(parsed.statements, base: "/etc/modhost")
        return (settings, (parsed.diagnostics + diagnostics).map { "\($0)" })
    }

    @Test("Without a line each has its default")
    func defaults() {
        let (settings, said) = read("")
        #expect(settings == CoreSettings())
        #expect(settings.runDirectory == "/run/modhost")
        #expect(settings.stopTimeout == 10_000_000_000)
        #expect(said.isEmpty)
    }

    @Test("Each is read from its spellings")
    func all() {
        let (settings, said) = read(
            """
            workers = 4
            run_dir = "run/mh"
            log_level = debug
            log_format = json
            log_target = "syslog"
            pool_threads = 8
            slow_callback = 250ms
            stop_timeout = 1.5
            pid_file = "/run/mh.pid"
            route_timeout = 200ms
            max_while_loops = 5000
            """)
        #expect(said.isEmpty)
        var expected = CoreSettings()
        expected.workers = 4
        expected.runDirectory = "/etc/modhost/run/mh"
        expected.logLevel = .debug
        expected.logFormat = .json
        expected.logTarget = .syslog
        expected.poolThreads = 8
        expected.slowCallback = 250_000_000
        expected.stopTimeout = 1_500_000_000
        expected.pidFile = "/run/mh.pid"
        expected.routeTimeout = 200_000_000
        expected.maxWhileLoops = 5000
        #expect(settings == expected)
    }

    @Test(
        "Log levels have numbers and names",
        arguments: [
            ("log_level = 3", .debug), ("debug = -1", .error), ("log_level = \"notice\"", .notice),
            ("log_level = warn", .warning),
            ("debug = -5", .alert), ("log_level = -4", .bug),
        ] as [(String, LogLevel)])
    func levels(line: String, level: LogLevel) { #expect(read(line).settings.logLevel == level) }

    @Test("Kamailio's log_stderror chooses the target")
    func stderror() {
        #expect(read("log_stderror = no").settings.logTarget == .syslog)
        #expect(read("log_stderror = 1").settings.logTarget == .stderr)
    }

    @Test(
        "What does not fit is refused at its place",
        arguments: [
            ("workers = 257", "m.conf:1:11: error: workers is the integer 257, expected an integer from 0 to 256"),
            ("workers = \"2\"", "m.conf:1:11: error: workers is the string \"2\", expected an integer from 0 to 256"),
            ("pool_threads = 1", "m.conf:1:16: error: pool_threads is the integer 1, expected an integer from 2 to 512"),
            ("run_dir = \"\"", "m.conf:1:11: error: run_dir is the string \"\", expected a directory in quotes"),
            (
                "log_level = 4",
                "m.conf:1:13: error: log_level is the integer 4, expected a number from -5 to 3, or alert, bug, critical, error, warning, notice, info or debug"
            ),
            ("log_format = xml", "m.conf:1:14: error: log_format is the word xml, expected text or json"),
            ("stop_timeout = 0", "m.conf:1:16: error: stop_timeout is the integer 0, expected a duration such as \"10s\""),
            ("route_timeout = 0", "m.conf:1:17: error: route_timeout is the integer 0, expected a duration such as \"5s\""),
            (
                "max_while_loops = 0",
                "m.conf:1:19: error: max_while_loops is the integer 0, expected an integer from 1 to 1000000000"
            ),
            ("log_stderror = 2", "m.conf:1:16: error: log_stderror is the integer 2, expected yes or no"),
        ])
    func refused(line: String, said: String) { #expect(read(line).said == [said]) }

    @Test("A misspelt name is guessed, an unknown one gets the list")
    func unknown() throws {
        #expect(read("worker = 2").said == ["m.conf:1:1: error: unknown core setting worker; did you mean workers?"])
        let said = try #require(read("zebra = 2").said.first)
        #expect(said.hasPrefix("m.conf:1:1: error: unknown core setting zebra; known are workers, run_dir, "))
    }

    @Test("Settings of Kamailio's SIP core are passed over with a warning")
    func ignored() {
        #expect(
            read("children = 8").said == ["m.conf:1:1: warning: the setting children has no meaning here and is ignored"])
    }

    @Test("All that is wrong is said in one go")
    func together() { #expect(read("workers = -1\nzebra = 1\nlog_format = xml\n").said.count == 3) }
}
