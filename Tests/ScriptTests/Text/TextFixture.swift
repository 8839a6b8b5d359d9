import Configuration
import Script
import Synchronization
import Testing

/// Routes that were checked, and an evaluator that runs them and keeps what they log.
struct TextFixture {
    /// The lines that were logged, as `level: text`.
    final class Log: ScriptLog {
        private let lines = Mutex<[String]>([])

        func keeps(_ level: ScriptLogLevel) -> Bool { true }

        func write(_ level: ScriptLogLevel, _ text: [UInt8]) {
            lines.withLock { $0.append(String(decoding: text, as: UTF8.self)) }
        }

        /// Everything so far.
        var all: [String] { lines.withLock { $0 } }
    }

    let program: Program
    let evaluator: Evaluator
    let log = Log()
    private let results: ScriptFormat

    /// Checks a configuration and makes an evaluator; errors fail the test.
    init(configuration text: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
        let (program, diagnostics) = Self.check(text)
        let errors = diagnostics.filter { $0.severity == .error }
        try #require(errors.isEmpty, "\(errors)", sourceLocation: sourceLocation)
        self.program = program
        results = try program.compileFormat(Array("$var(result)".utf8), at: .init(file: "result", line: 1, column: 1))
        evaluator = Evaluator(program, log: log)
    }

    /// A route with these statements.
    init(_ statements: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
        try self.init(configuration: "route[T] {\n\(statements)\n}", sourceLocation: sourceLocation)
    }

    /// Parses and checks a configuration.
    static func check(_ text: String) -> (program: Program, diagnostics: [Diagnostic]) {
        let configuration = ConfigurationFile.parse(
            text: Array(text.utf8), path: "t.conf", environment: [:], reader: InMemoryReader())
        let routes = configuration.statements.compactMap { statement -> Route? in
            if case .route(let route) = statement { route } else { nil }
        }
        var environment = ScriptEnvironment.standard(defines: configuration.defines)
        environment.defines["FOO"] = "hello"
        let (program, diagnostics) = Program.check(routes, in: environment)
        return (program, configuration.diagnostics + diagnostics)
    }

    /// Runs `route[T]` and says what `$var(result)` is then.
    @discardableResult
    func run() throws -> ScriptValue {
        _ = try evaluator.run(try #require(program.route(named: "T")))
        return evaluator.expand(results)
    }

    /// What an expression is behind some statements.
    static func value(
        of expression: String, after statements: String = "", sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> ScriptValue {
        try TextFixture("\(statements)\n$var(result) = \(expression);", sourceLocation: sourceLocation).run()
    }

    /// Whether an `if` takes an expression for true.
    static func isTrue(
        _ condition: String, after statements: String = "", sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws -> Bool {
        let text = "\(statements)\nif (\(condition)) { $var(result) = 1; } else { $var(result) = 2; }"
        return try TextFixture(text, sourceLocation: sourceLocation).run() == 1
    }
}
