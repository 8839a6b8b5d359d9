import Logging

/// A log level by Kamailio's numbers: −5 alert … 3 debug.
public enum LogLevel: Int32, Sendable, CaseIterable, Comparable {
    case alert = -5
    case bug = -4
    case critical = -3
    case error = -1
    case warning = 0
    case notice = 1
    case info = 2
    case debug = 3

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    /// The level's name as a config and a log line write it.
    public var name: String {
        switch self {
        case .alert: "alert"
        case .bug: "bug"
        case .critical: "critical"
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .info: "info"
        case .debug: "debug"
        }
    }

    public init?(name: String) {
        switch name.lowercased() {
        case "warn": self = .warning
        case "err": self = .error
        case "crit": self = .critical
        case "dbg": self = .debug
        default:
            guard let level = LogLevel.allCases.first(where: { $0.name == name.lowercased() }) else { return nil }
            self = level
        }
    }

    /// The level nearest to a number of a config or a module; numbers outside −5…3 are cut.
    init(clamping number: Int32) {
        switch number {
        case ..<(-4): self = .alert
        case -2: self = .critical
        case 3...: self = .debug
        default: self = LogLevel(rawValue: number) ?? .debug
        }
    }

    init(_ level: Logger.Level) {
        switch level {
        case .trace, .debug: self = .debug
        case .info: self = .info
        case .notice: self = .notice
        case .warning: self = .warning
        case .error: self = .error
        case .critical: self = .critical
        }
    }

    /// syslog(3)'s number, also of sd-daemon prefixes.
    var syslogPriority: Int32 {
        switch self {
        case .alert: 1
        case .bug, .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug: 7
        }
    }
}
