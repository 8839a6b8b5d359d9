/// Why a function, a pseudo-variable or a transformation refuses its use, at load or while a route runs.
///
/// The language adds the place: who throws says what was found and what was expected, as a phrase without a capital
/// or a full stop.
public struct ScriptError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was found and what was expected.
    public var message: String
    /// What to do about it, nil where the message says it all.
    public var hint: String?
    /// Where in the text at hand it is, in bytes from its start; 0 where the whole is meant. Used at load only.
    public var offset: Int

    /// Makes an error.
    public init(_ message: String, hint: String? = nil, offset: Int = 0) {
        self.message = message
        self.hint = hint
        self.offset = offset
    }

    /// `message; hint`
    public var description: String {
        hint.map { "\(message); \($0)" } ?? message
    }
}
