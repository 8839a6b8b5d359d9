// xlog and its shortcuts: lines to the log.

import Configuration

/// xlog, xlogl, and those with a level in their names.
struct LogFunction: ScriptFunction {
    let name: String
    /// The level in the name, nil for xlog and xlogl, which take one as an argument.
    let level: ScriptLogLevel?
    /// Whether lines begin with the place of the call.
    let namesPlace: Bool

    var parameters: [ScriptParameter] {
        level == nil
            ? [ScriptParameter("level or text", .text), ScriptParameter("text", .text, isOptional: true)]
            : [ScriptParameter("text", .text)]
    }

    /// All of them.
    static let all: [LogFunction] = {
        var functions = [
            LogFunction(name: "xlog", level: nil, namesPlace: false),
            LogFunction(name: "xlogl", level: nil, namesPlace: true),
        ]
        let levels: [(String, ScriptLogLevel)] = [
            ("alert", .alert), ("bug", .bug), ("crit", .critical), ("err", .error), ("warn", .warning), ("notice", .notice),
            ("info", .info), ("dbg", .debug),
        ]
        for (word, level) in levels {
            functions.append(LogFunction(name: "x\(word)", level: level, namesPlace: false))
            functions.append(LogFunction(name: "x\(word)l", level: level, namesPlace: true))
        }
        return functions
    }()

    /// The level of a text such as `L_NOTICE` or `-1`: in words the third character tells.
    static func level(_ text: [UInt8]) -> ScriptLogLevel? {
        if let number = ScriptValue.integer(in: text) {
            if number == -2 { return .critical }
            return ScriptLogLevel(rawValue: Int(max(-5, min(3, number))))
        }
        guard text.count >= 3, text.starts(with: "L_".utf8) else { return nil }
        return switch text[2] {
        case UInt8(ascii: "A"): .alert
        case UInt8(ascii: "B"): .bug
        case UInt8(ascii: "C"): .critical
        case UInt8(ascii: "E"): .error
        case UInt8(ascii: "W"): .warning
        case UInt8(ascii: "N"): .notice
        case UInt8(ascii: "I"): .info
        case UInt8(ascii: "D"): .debug
        default: nil
        }
    }

    /// The level of a call as written, nil where it is known only when it runs.
    func level(of arguments: [Expression]) -> ScriptLogLevel? {
        if let level { return level }
        guard arguments.count == 2 else { return .error }
        switch arguments[0] {
        case .text(let text): return text.bytes.contains(dollar) ? nil : Self.level(text.bytes)
        case .integer(let number, _): return Self.level(ScriptValue.decimal(number))
        default: return nil
        }
    }

    func prepare(_ arguments: [ScriptValue?], at location: SourceLocation) throws(ScriptError) -> any ScriptCall {
        var level = self.level ?? .error
        var isKnown = true
        if self.level == nil, arguments.count == 2 {
            if let text = arguments[0] {
                guard let named = Self.level(text.textValue) else {
                    throw ScriptError(
                        "found the log level \(text), expected one such as \"L_INFO\"",
                        hint: "levels are L_ALERT, L_BUG, L_CRIT, L_ERR, L_WARN, L_NOTICE, L_INFO and L_DBG")
                }
                level = named
            } else {
                isKnown = false
            }
        }
        let place = namesPlace ? "\(location.file):\(location.line): " : ""
        return LogCall(level: isKnown ? level : nil, prefix: Array("<script>: \(place)".utf8))
    }
}

/// One place that logs.
private final class LogCall: ScriptCall {
    let level: ScriptLogLevel?
    let prefix: [UInt8]

    init(level: ScriptLogLevel?, prefix: [UInt8]) {
        self.level = level
        self.prefix = prefix
    }

    func call(_ run: ScriptRun, _ arguments: Span<ScriptValue>) throws(ScriptError) -> Int32 {
        let text = arguments[arguments.count - 1]
        if let level {
            write(text, level, run)
            return 1
        }
        let word = arguments[0]
        guard let level = LogFunction.level(word.textValue) else {
            throw ScriptError("found the log level \(word), expected one such as \"L_INFO\"")
        }
        write(text, level, run)
        return 1
    }

    private func write(_ text: ScriptValue, _ level: ScriptLogLevel, _ run: ScriptRun) {
        let log = run.evaluator.log
        guard log.keeps(level) else { return }
        var line = prefix
        if text.isNull {
            line.append(contentsOf: "<null>".utf8)
        } else {
            text.append(to: &line)
        }
        // The log ends lines itself.
        while line.last == UInt8(ascii: "\n") { line.removeLast() }
        log.write(level, line)
    }
}
