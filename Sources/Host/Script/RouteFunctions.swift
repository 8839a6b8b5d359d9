// What the host itself adds to the language: $arg(name), the arguments of a run, and reply("code", "text").
import Configuration
import ModuleABI
import Script

/// `$arg(name)`: an argument of the run; null when it has none of that name.
struct ArgumentVariable: ScriptVariableClass {
    var name: String { "arg" }

    func prepare(_ use: VariableUse) throws(ScriptError) -> any ScriptVariable {
        guard let inner = use.inner, !inner.isEmpty else {
            throw ScriptError("found $arg without a name", hint: "write $arg(name)")
        }
        return Place()
    }

    private final class Place: ScriptVariable {
        func get(_ run: ScriptRun, key: Span<UInt8>, index: ScriptIndex) throws(ScriptError) -> ScriptValue {
            key.withUnsafeBytes { RouteRun.of(run)?.arguments.find($0) }.map { ScriptValue($0) } ?? .null
        }
    }
}

/// `reply("200", "OK")`: sets what the run answers to whoever asked for it; the last one counts. Always true.
struct ReplyFunction: ScriptFunction {
    var name: String { "reply" }
    var parameters: [ScriptParameter] { [ScriptParameter("code", .integer), ScriptParameter("text", .text)] }

    func prepare(_ arguments: [ScriptValue?], at location: SourceLocation) throws(ScriptError) -> any ScriptCall {
        if case .integer(let code)?? = arguments.first, !(RouteRun.replyCodes ~= code) { throw Self.outOfRange(code) }
        return Call()
    }

    private static func outOfRange(_ code: Int64) -> ScriptError {
        ScriptError(
            "found the reply code \(code), expected \(RouteRun.replyCodes.lowerBound) to \(RouteRun.replyCodes.upperBound)")
    }

    private final class Call: ScriptCall {
        func call(_ run: ScriptRun, _ arguments: Span<ScriptValue>) throws(ScriptError) -> Int32 {
            guard let own = RouteRun.of(run) else { throw ScriptError("there is nobody to reply to outside of a route") }
            let code = arguments[0].integerValue
            let isTaken =
                switch arguments[1] {
                case .text(let text): text.withUnsafeBytes { own.reply(code, $0) }
                case .null: Array("<null>".utf8).withUnsafeBytes { own.reply(code, $0) }
                case let other: other.textValue.withUnsafeBytes { own.reply(code, $0) }
                }
            guard isTaken else { throw ReplyFunction.outOfRange(code) }
            return 1
        }
    }
}
