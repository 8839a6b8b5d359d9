public import Configuration

/// Why a module, or a line about one, is refused: the place, the rule, what was found and what to do.
public struct Refusal: Error, Sendable, CustomStringConvertible {
    public var rule: Rule
    /// The `loadmodule` or `modparam` line; nil for a module loaded by command.
    public var location: SourceLocation?
    /// What was found and what is expected, one line.
    public var message: String
    /// What to do in this very case; the rule's own next step when nil.
    public var hint: String?
    /// The line says `optional`: the host goes on without the module.
    public var isOptional = false

    public init(_ rule: Rule, at location: SourceLocation?, _ message: String, hint: String? = nil) {
        self.rule = rule
        self.location = location
        self.message = message
        self.hint = hint
    }

    /// The message with the rule's id and the next step, one line.
    public var text: String { "\(message) [\(rule.id)]; \(step)" }

    /// What to do, as the second half of a sentence.
    private var step: String {
        if let hint { return hint }
        let step = rule.nextStep.hasSuffix(".") ? rule.nextStep.dropLast() : rule.nextStep[...]
        return step.prefix(1).lowercased() + step.dropFirst()
    }

    public var description: String {
        location.map { "\($0): error: \(text)" } ?? text
    }

    /// As a diagnostic of the configuration.
    var diagnostic: Diagnostic? {
        location.map {
            Diagnostic(isOptional ? .warning : .error, at: $0, "\(message) [\(rule.id)]", hint: step)
        }
    }
}
