public import JSON

/// How grave a finding is; only errors make modcheck end with status 1.
public enum Severity: String, Sendable, CaseIterable, Comparable {
    case note
    case warning
    case error

    private var rank: Int {
        switch self {
        case .note: 0
        case .warning: 1
        case .error: 2
        }
    }

    public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
}

/// Something that modcheck saw in a module: which check, and what was found.
public struct Finding: Sendable, Hashable {
    /// A stable id: `MH-R1xx`, a rule by which the host refuses modules too, or `MH-C2xx` to `MH-C3xx`, a check of modcheck's own.
    public var id: String
    public var severity: Severity
    /// What was found, one line, without the id.
    public var text: String

    public init(id: String, severity: Severity, text: String) {
        self.id = id
        self.severity = severity
        self.text = text
    }

    init(_ check: Check, _ text: String) {
        self.init(id: check.rawValue, severity: check.severity, text: text)
    }

    /// Whether it makes no sense to go on: what the host refuses or does not start, or what dies of its own hooks, would do so in every
    /// case that follows.
    var endsAll: Bool {
        let ends: [Check] = [.probeFailed, .entryDies, .hookDies, .hookHangs, .processEnded]
        return severity == .error && (id.hasPrefix("MH-R") || ends.contains { $0.rawValue == id })
    }

    /// The finding as an object with the members `id`, `severity` and `text`.
    public var json: JSONValue {
        .object([.init("id", .string(id)), .init("severity", .string(severity.rawValue)), .init("text", .string(text))])
    }

    init?(json: JSONValue) {
        guard let id = json["id"]?.string, let name = json["severity"]?.string, let severity = Severity(rawValue: name),
            let text = json["text"]?.string
        else { return nil }
        self.init(id: id, severity: severity, text: text)
    }
}

/// "1 thread", "2 threads".
func plural(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
