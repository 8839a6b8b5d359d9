/// Why a project is not made: one line that says what was found, what was expected and what to do.
public struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    public let text: String

    init(_ text: String) { self.text = text }

    public var description: String { text }
}
