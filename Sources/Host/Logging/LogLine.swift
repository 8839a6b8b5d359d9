import JSON
import ModuleABI

/// One line of the log before it is written: the same content as text, for syslog, or as JSON. Pure.
struct LogLine {
    var level: LogLevel
    /// Nil: the host itself.
    var module: String?
    /// `MH_THREAD_NONE`: a thread without an index.
    var thread: UInt32
    var text: String
    var fields: [LogSink.Field] = []

    /// What syslog(3) gets: it adds time and level itself.
    var syslog: String { (module.map { "\($0): " } ?? "") + oneLine(text) + fieldText }

    /// A line for stderr. Without a time it is for the journal, which has its own and wants `<priority>` instead.
    func text(at time: String?, isColoured: Bool) -> String {
        var line = time.map { "\($0) " } ?? "<\(level.syslogPriority)>"
        let padded = level.name + String(repeating: " ", count: max(0, 8 - level.name.count))
        line += isColoured ? "\(colour)\(padded)\u{1B}[0m " : "\(padded) "
        line += module ?? "modhost"
        if thread != MH_THREAD_NONE { line += "[\(thread)]" }
        return line + ": " + oneLine(text) + fieldText + "\n"
    }

    /// A JSON object on a line of its own.
    func json(at time: String) -> [UInt8] {
        var members: [JSONValue.Member] = [
            .init("time", .string(time)), .init("level", .string(level.name)), .init("module", .string(module ?? "host")),
        ]
        if thread != MH_THREAD_NONE { members.append(.init("thread", .integer(Int64(thread)))) }
        members.append(.init("message", .string(text)))
        if !fields.isEmpty { members.append(.init("fields", .object(fields.map { .init($0.name, $0.value) }))) }
        return JSONValue.object(members).encoded(.compact) + [UInt8(ascii: "\n")]
    }

    private var fieldText: String {
        fields.reduce(into: "") { text, field in
            let value =
                if case .string(let string) = field.value, isPlain(string) {
                    string
                } else {
                    String(decoding: field.value.encoded(.compact), as: UTF8.self)
                }
            text += " \(oneLine(field.name))=\(value)"
        }
    }

    /// Whether a field's text can stand without quotes.
    private func isPlain(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
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

    private var colour: String {
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
