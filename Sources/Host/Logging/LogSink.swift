import CHost
import Glibc
import JSON
import Logging
import ModuleABI
import Synchronization

/// Where log lines go and what they look like. One line is one write; any thread.
public final class LogSink: Sendable {
    public enum Format: String, Sendable, CaseIterable { case text, json }
    public enum Target: String, Sendable, CaseIterable { case stderr, syslog }

    private struct Settings {
        var format: Format = .text
        var target: Target = .stderr
        var isColoured = false
        /// stderr is the journal: it adds the time, and wants `<priority>` at the start.
        var isJournal = false
    }

    private let settings: Mutex<Settings>
    private let hostLevel: Mutex<LogLevel>

    public static let shared = LogSink()

    private init() {
        var settings = Settings()
        settings.isColoured = isatty(STDERR_FILENO) == 1 && getenv("NO_COLOR") == nil && termIsCapable()
        settings.isJournal = stderrIsJournal()
        self.settings = Mutex(settings)
        hostLevel = Mutex(.info)
    }

    /// Whether stderr is a terminal that wants colours.
    public var isColoured: Bool { settings.withLock { $0.isColoured } }

    /// The level of the host's own lines.
    public var level: LogLevel {
        get { hostLevel.withLock { $0 } }
        set { hostLevel.withLock { $0 = newValue } }
    }

    func configure(format: Format, target: Target) {
        if target == .syslog { chost_syslog_open("modhost") }
        settings.withLock {
            $0.format = format
            $0.target = target
        }
    }

    struct Field {
        var name: String
        var value: JSONValue
    }

    /// Writes a line. `module` nil: the host itself.
    func write(_ level: LogLevel, module: String?, _ text: String, fields: [Field] = []) {
        let settings = settings.withLock { $0 }
        let line = LogLine(
            level: level, module: module, thread: chost_thread_index(), text: text, fields: fields)
        switch (settings.target, settings.format) {
        case (.syslog, _): chost_syslog(level.syslogPriority, line.syslog)
        case (.stderr, .json): writeAll(line.json(at: timestamp()))
        case (.stderr, .text):
            let stamp = settings.isJournal ? nil : timestamp()
            writeAll(Array(line.text(at: stamp, isColoured: settings.isColoured).utf8))
        }
    }

    private func writeAll(_ bytes: [UInt8]) {
        // A log that cannot be written must not stop the host: what stderr refuses is dropped.
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                let count = Glibc.write(STDERR_FILENO, part.baseAddress, part.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}

/// The time now as RFC 3339 in UTC with microseconds.
func timestamp() -> String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var fields = tm()
    var seconds = now.tv_sec
    gmtime_r(&seconds, &fields)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let micros = String(now.tv_nsec / 1000)
    return "\(fields.tm_year + 1900)-\(two(fields.tm_mon + 1))-\(two(fields.tm_mday))T\(two(fields.tm_hour)):"
        + "\(two(fields.tm_min)):\(two(fields.tm_sec))."
        + String(repeating: "0", count: 6 - micros.count) + micros + "Z"
}

private func termIsCapable() -> Bool {
    guard let term = getenv("TERM") else { return false }
    return String(cString: term) != "dumb"
}

/// systemd sets JOURNAL_STREAM to device:inode of the stream that it gave as stderr.
private func stderrIsJournal() -> Bool {
    guard let stream = getenv("JOURNAL_STREAM") else { return false }
    var status = stat()
    guard fstat(STDERR_FILENO, &status) == 0 else { return false }
    return String(cString: stream) == "\(status.st_dev):\(status.st_ino)"
}

/// The host's own lines, and those of its libraries, through swift-log.
struct HostLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let wanted = LogLevel(event.level)
        guard wanted <= LogSink.shared.level else { return }
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let fields = all.sorted { $0.key < $1.key }.map { LogSink.Field(name: $0.key, value: .string("\($0.value)")) }
        LogSink.shared.write(wanted, module: nil, event.message.description, fields: fields)
    }
}

/// The logger of the host's own code.
let log = Logger(label: "modhost") { _ in HostLogHandler() }
