/// One thing to tell the operator about a configuration: an error, a warning, or a note that belongs to the one before.
public struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
    /// How bad it is. Any error makes a configuration unusable.
    public enum Severity: String, Hashable, Sendable {
        /// The configuration cannot be used.
        case error
        /// The configuration can be used but probably does not do what was meant.
        case warning
        /// More about the diagnostic before this one, usually a second place.
        case note
    }

    /// How bad it is.
    public var severity: Severity
    /// Where it is.
    public var location: SourceLocation
    /// What was found and what was expected.
    public var message: String
    /// What to do about it, nil where the message says it all.
    public var hint: String?

    /// Makes a diagnostic; `message` is a phrase without a capital or a full stop, as is `hint`.
    public init(_ severity: Severity, at location: SourceLocation, _ message: String, hint: String? = nil) {
        self.severity = severity
        self.location = location
        self.message = message
        self.hint = hint
    }

    /// `file:line:column: severity: message; hint`, one line.
    public var description: String {
        let text = "\(location): \(severity.rawValue): \(message)"
        guard let hint else { return text }
        return "\(text); \(hint)"
    }
}
