// One input of the script language: parsed, checked, and run where it is good, among stand-ins for what modules add. Both
// ScriptTests and the fuzzer in Tests/Fuzzers/ScriptFuzzer use it (the latter by a symbolic link).

import Configuration
import Script

/// What came of an input.
struct ScriptExercise {
    /// How many routes ran to their ends or to a limit; 0 for an input with mistakes.
    private(set) var runs = 0
    /// How many mistakes were found.
    private(set) var mistakes = 0
    /// What must not be, nil when all is well.
    private(set) var fault: String?

    /// Parses, checks and runs. `time` bounds each route.
    init(_ bytes: [UInt8], time: Duration = .milliseconds(20)) {
        let configuration = ConfigurationFile.parse(
            text: bytes, path: "script.conf", environment: [:], reader: InMemoryReader())
        let routes = configuration.statements.compactMap { statement -> Route? in
            if case .route(let route) = statement { route } else { nil }
        }
        let (program, diagnostics) = Program.check(routes, in: Self.environment)
        for diagnostic in diagnostics {
            if diagnostic.location.line < 1 || diagnostic.location.column < 1 { fault = "no place: \(diagnostic)" }
            if diagnostic.message.isEmpty || diagnostic.description.contains("\n") { fault = "not one line: \(diagnostic)" }
        }
        let errors = diagnostics.count { $0.severity == .error }
        mistakes = errors + configuration.diagnostics.count { $0.severity == .error }
        guard errors == 0 else { return }
        if !program.prepare().isEmpty { fault = "a stand-in was refused" }
        let limits = ScriptLimits(time: time, loopTurns: 30, nestedRuns: 10, nestedRoutes: 30)
        let evaluator = Evaluator(program, log: Silence(), limits: limits)
        for route in program.routes.indices.prefix(50) {
            _ = try? evaluator.run(route)
            runs += 1
            if evaluator.depth != 0 { fault = "a run was left open" }
        }
        program.release()
    }

    /// The language with the names that the examples use.
    private static let environment: ScriptEnvironment = {
        var environment = ScriptEnvironment.standard(defines: ["FOO": "hello"])
        let variables = [
            "sht", "shtex", "shtinc", "shtdec", "shtcn", "shtcv", "shtitkey", "shtitval", "shtrecord", "arg", "si", "sp",
            "rm",
            "ru", "au", "fU", "tU", "ci", "ua",
        ]
        let functions = [
            "sht_print", "sht_rm", "sht_rm_name_re", "sht_rm_value_re", "sht_rm_name", "sht_rm_value", "sht_match_name",
            "sht_has_name", "sht_match_str_value", "sht_has_str_value", "sht_reset", "sht_lock", "sht_unlock",
            "sht_iterator_start", "sht_iterator_next", "sht_iterator_end", "sht_iterator_rm", "sht_iterator_sets",
            "sht_iterator_seti", "sht_iterator_setex", "sht_setxs", "sht_setxi", "reply", "sl_send_reply", "is_method",
            "acc_db_request", "acc_log_request",
        ]
        for name in variables { try? environment.add(EchoClass(name: name)) }
        for name in functions { try? environment.add(CountingFunction(name: name)) }
        return environment
    }()
}

/// Nobody reads it.
private struct Silence: ScriptLog {
    func keeps(_ level: ScriptLogLevel) -> Bool { true }
    func write(_ level: ScriptLogLevel, _ text: [UInt8]) {}
}

/// A class of pseudo-variables that give their keys, or null for a key of an even length.
private struct EchoClass: ScriptVariableClass {
    let name: String
    var isReadOnly: Bool { false }
    var isReadyAtCheck: Bool { false }

    func prepare(_ use: VariableUse) throws(ScriptError) -> any ScriptVariable { Echo() }
}

private final class Echo: ScriptVariable {
    func get(_ run: ScriptRun, key: Span<UInt8>, index: ScriptIndex) throws(ScriptError) -> ScriptValue {
        if key.count.isMultiple(of: 2) { return key.count == 6 ? .integer(Int64(key.count)) : .null }
        var text: [UInt8] = []
        for place in 0..<min(key.count, 100) { text.append(key[place]) }
        return .text(text)
    }

    func set(_ run: ScriptRun, key: Span<UInt8>, index: ScriptIndex, to value: ScriptValue) throws(ScriptError) {
        if case .text(let text) = value, text.count > 1000 { throw ScriptError("found a long text") }
    }
}

/// A function of up to four arguments that answers by how long they are: true, false, or the end of the script.
private struct CountingFunction: ScriptFunction {
    let name: String
    var isReadyAtCheck: Bool { false }

    var parameters: [ScriptParameter] {
        (1...4).map { ScriptParameter("argument \($0)", .text, isOptional: true) }
    }

    func prepare(_ arguments: [ScriptValue?], at location: SourceLocation) throws(ScriptError) -> any ScriptCall {
        Counting()
    }
}

private final class Counting: ScriptCall {
    func call(_ run: ScriptRun, _ arguments: Span<ScriptValue>) throws(ScriptError) -> Int32 {
        var bytes = 0
        for place in arguments.indices { bytes += arguments[place].textValue.count }
        return bytes % 7 == 6 ? 0 : bytes.isMultiple(of: 3) ? -1 : 1
    }
}
