// What the tests of routes share: functions and pseudo-variables of a module that is none, a log in memory, and short ways
// to check and to run a configuration's text.

import Configuration
import Script
import Synchronization
import Testing

/// Keeps lines in memory.
final class RecordedLog: ScriptLog {
    private let entries = Mutex<[(ScriptLogLevel, String)]>([])
    private let threshold: ScriptLogLevel

    init(upTo threshold: ScriptLogLevel = .debug) {
        self.threshold = threshold
    }

    func keeps(_ level: ScriptLogLevel) -> Bool { level <= threshold }

    func write(_ level: ScriptLogLevel, _ text: [UInt8]) {
        entries.withLock { $0.append((level, String(decoding: text, as: UTF8.self))) }
    }

    /// The lines without the prefix of xlog.
    var lines: [String] {
        entries.withLock { entries in
            entries.map { $0.1.hasPrefix("<script>: ") ? String($0.1.dropFirst("<script>: ".count)) : $0.1 }
        }
    }

    /// The lines with their levels, as they were written.
    var leveled: [String] { entries.withLock { entries in entries.map { "\($0.0) \($0.1)" } } }
}

/// A function made of a closure.
struct TestFunction: ScriptFunction {
    typealias Body = @Sendable (ScriptRun, [ScriptValue]) throws(ScriptError) -> Int32

    let name: String
    var parameters: [ScriptParameter] = []
    var isReadyAtCheck = true
    var prepared: @Sendable ([ScriptValue?]) throws(ScriptError) -> Void = { _ in }
    var released: @Sendable () -> Void = {}
    let body: Body

    func prepare(_ arguments: [ScriptValue?], at location: Configuration.SourceLocation) throws(ScriptError)
        -> any ScriptCall
    {
        try prepared(arguments)
        return TestCall(body, released)
    }
}

final class TestCall: ScriptCall {
    let body: TestFunction.Body
    let released: @Sendable () -> Void

    init(_ body: @escaping TestFunction.Body, _ released: @escaping @Sendable () -> Void) {
        self.body = body
        self.released = released
    }

    func call(_ run: ScriptRun, _ arguments: Span<ScriptValue>) throws(ScriptError) -> Int32 {
        var copies: [ScriptValue] = []
        for index in arguments.indices { copies.append(arguments[index]) }
        return try body(run, copies)
    }

    func release() { released() }
}

/// `$box(key)`: values of all threads that can be written; with an index it reads as that. `$box(fail)` fails.
final class Box: ScriptVariableClass, ScriptVariable {
    let name = "box"
    let isReadOnly = false
    let takesIndex = true
    private let values = Mutex<[String: ScriptValue]>([:])

    func prepare(_ use: VariableUse) throws(ScriptError) -> any ScriptVariable {
        guard let inner = use.inner, !inner.isEmpty else {
            throw ScriptError("found $box without a key", hint: "write $box(key)")
        }
        return self
    }

    func get(_ run: ScriptRun, key: Span<UInt8>, index: ScriptIndex) throws(ScriptError) -> ScriptValue {
        let key = text(key)
        if key == "fail" { throw ScriptError("the box is locked") }
        switch index {
        case .none: return values.withLock { $0[key] ?? .null }
        case .at(let number): return .text("\(key)@\(number)")
        case .all: return .text("\(key)@*")
        }
    }

    func set(_ run: ScriptRun, key: Span<UInt8>, index: ScriptIndex, to value: ScriptValue) throws(ScriptError) {
        let key = text(key)
        if key == "fail" { throw ScriptError("the box is locked") }
        values.withLock { $0[key] = value.isNull ? nil : value }
    }

    private func text(_ key: Span<UInt8>) -> String {
        key.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}

/// `$fixed`: read-only.
final class Fixed: ScriptVariableClass, ScriptVariable {
    let name = "fixed"

    func prepare(_ use: VariableUse) throws(ScriptError) -> any ScriptVariable { self }

    func get(_ run: ScriptRun, key: Span<UInt8>, index: ScriptIndex) throws(ScriptError) -> ScriptValue { 7 }
}

/// What functions were called with.
final class Calls: Sendable {
    private let entries = Mutex<[String]>([])

    func add(_ text: String) { entries.withLock { $0.append(text) } }

    var all: [String] { entries.withLock { $0 } }
}

/// The language with the functions and pseudo-variables of these tests:
/// `code(N)` returns N; `take(number [, text])`, `literal(text)`, `pattern(regex)` note their arguments; `store($var(x), text)`
/// assigns; `fails()` throws; `nested("NAME")` runs a route.
func testEnvironment(
    defines: [String: String] = [:], calls: Calls = Calls(), adding more: [TestFunction] = []
) throws -> ScriptEnvironment {
    var environment = ScriptEnvironment.standard(defines: defines)
    let note: @Sendable (String) -> TestFunction.Body = { name in
        { _, arguments in
            calls.add("\(name) \(arguments.map(\.description).joined(separator: " "))")
            return 1
        }
    }
    let functions =
        [
            TestFunction(name: "code", parameters: [ScriptParameter("code", .integer)]) { _, arguments in
                Int32(clamping: arguments[0].integerValue)
            },
            TestFunction(
                name: "take",
                parameters: [ScriptParameter("number", .integer), ScriptParameter("text", .text, isOptional: true)],
                body: note("take")),
            TestFunction(name: "literal", parameters: [ScriptParameter("text", .literal)], body: note("literal")),
            TestFunction(
                name: "pattern", parameters: [ScriptParameter("expression", .regularExpression)], body: note("pattern")),
            TestFunction(
                name: "store", parameters: [ScriptParameter("target", .variable), ScriptParameter("value", .text)]
            ) { run, arguments throws(ScriptError) in
                try run.assign(arguments[1], to: arguments[0].integerValue)
                return 1
            },
            TestFunction(name: "fails") { _, _ throws(ScriptError) in throw ScriptError("there is no weather today") },
            TestFunction(name: "nested", parameters: [ScriptParameter("route", .literal)]) {
                run, arguments throws(ScriptError) in
                let name = String(decoding: arguments[0].textValue, as: UTF8.self)
                guard let route = run.evaluator.program.route(named: name) else { throw ScriptError("there is no \(name)") }
                do throws(ScriptStop) {
                    return try run.evaluator.run(route).code
                } catch {
                    return -7
                }
            },
        ] + more
    for function in functions { try environment.add(function) }
    try environment.add(Box())
    try environment.add(Fixed())
    return environment
}

/// Checks a configuration's text.
func checked(
    _ text: String, in environment: ScriptEnvironment? = nil, defines: [String: String] = [:]
) throws -> (program: Program, diagnostics: [Diagnostic]) {
    let parsed = ConfigurationFile.parse(
        text: text, path: "m.conf", environment: [:], defines: defines, reader: FileReader())
    try #require(parsed.diagnostics.isEmpty, "\(parsed.diagnostics)")
    let routes = parsed.statements.compactMap { statement -> Route? in
        guard case .route(let route) = statement else { return nil }
        return route
    }
    return Program.check(routes, in: try environment ?? testEnvironment(defines: parsed.defines))
}

/// What is wrong with a text, each as one line.
func problems(_ text: String, in environment: ScriptEnvironment? = nil) throws -> [String] {
    try checked(text, in: environment).diagnostics.map(\.description)
}

/// What is wrong with the body of a route, each as one line; the body begins at column 1 of line 2.
func mistakes(_ body: String) throws -> [String] {
    try problems("route[OTHER] { return 1; } request_route {\n\(body)\n}")
}

/// A program that has no mistakes, and what runs it.
struct RunningProgram {
    let program: Program
    let evaluator: Evaluator
    let log: RecordedLog

    init(
        _ text: String, in environment: ScriptEnvironment? = nil, limits: ScriptLimits = ScriptLimits(),
        log: RecordedLog = RecordedLog()
    ) throws {
        let (program, diagnostics) = try checked(text, in: environment)
        try #require(!diagnostics.contains { $0.severity == .error }, "\(diagnostics)")
        let refusals = program.prepare()
        try #require(refusals.isEmpty, "\(refusals)")
        self.program = program
        self.log = log
        evaluator = Evaluator(program, log: log, limits: limits)
    }

    @discardableResult
    func run(_ name: String = "request", context: AnyObject? = nil) throws -> ScriptOutcome {
        let route = try #require(program.route(named: name))
        return try evaluator.run(route, context: context)
    }
}

/// Runs the body of a request_route, perhaps with other routes behind it, and gives the lines of the log.
func lines(of body: String, routes: String = "", limits: ScriptLimits = ScriptLimits()) throws -> [String] {
    let running = try RunningProgram("\(routes)\nrequest_route {\n\(body)\n}", limits: limits)
    try running.run()
    return running.log.lines
}

/// What an expression is when it is assigned to a variable that can be null, as a log line shows it.
func value(of expression: String, after statements: String = "", routes: String = "") throws -> String {
    let log = try lines(of: "\(statements) $vn(result) = \(expression); xlog(\"$vn(result)\");", routes: routes)
    return log.joined(separator: "\n")
}
