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
        let thread = chost_thread_index()
        switch (settings.target, settings.format) {
        case (.syslog, _):
            var line = module.map { "\($0): " } ?? ""
            line += oneLine(text) + fieldText(fields)
            chost_syslog(level.syslogPriority, line)
        case (.stderr, .json):
            var members: [JSONValue.Member] = [
                .init("time", .string(timestamp())), .init("level", .string(level.name)),
                .init("module", .string(module ?? "host")),
            ]
            if thread != MH_THREAD_NONE { members.append(.init("thread", .integer(Int64(thread)))) }
            members.append(.init("message", .string(text)))
            if !fields.isEmpty {
                members.append(.init("fields", .object(fields.map { .init($0.name, $0.value) })))
            }
            var bytes = JSONValue.object(members).encoded(.compact)
            bytes.append(UInt8(ascii: "\n"))
            writeAll(bytes)
        case (.stderr, .text):
            var line = ""
            if settings.isJournal {
                line += "<\(level.syslogPriority)>"
            } else {
                line += timestamp() + " "
            }
            let padded = level.name + String(repeating: " ", count: max(0, 8 - level.name.count))
            line += settings.isColoured ? "\(colour(of: level))\(padded)\u{1B}[0m " : "\(padded) "
            line += module ?? "modhost"
            if thread != MH_THREAD_NONE { line += "[\(thread)]" }
            line += ": " + oneLine(text) + fieldText(fields) + "\n"
            writeAll(Array(line.utf8))
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

    private func fieldText(_ fields: [Field]) -> String {
        fields.reduce(into: "") { text, field in
            let value =
                if case .string(let string) = field.value, !string.contains(where: { " \"=\n".contains($0) }) {
                    string
                } else {
                    String(decoding: field.value.encoded(.compact), as: UTF8.self)
                }
            text += " \(field.name)=\(value)"
        }
    }

    /// Control characters would let outside text forge lines or drive a terminal: they are written as escapes.
    private func oneLine(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return text }
        return text.unicodeScalars.reduce(into: "") { line, scalar in
            switch scalar {
            case "\n": line += "\\n"
            case "\t": line += " "
            case "\r": line += "\\r"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F {
                    line += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
                } else {
                    line.unicodeScalars.append(scalar)
                }
            }
        }
    }

    private func colour(of level: LogLevel) -> String {
        switch level {
        case .alert, .bug, .critical: "\u{1B}[1;31m"
        case .error: "\u{1B}[31m"
        case .warning: "\u{1B}[33m"
        case .notice: "\u{1B}[1m"
        case .info: "\u{1B}[32m"
        case .debug: "\u{1B}[2m"
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
