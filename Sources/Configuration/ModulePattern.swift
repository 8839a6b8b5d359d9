/// The first argument of a modparam: the name of a module, or a POSIX extended regular expression for several.
public struct ModulePattern: Hashable, Sendable, CustomStringConvertible {
    /// The pattern as written.
    public let text: String
    /// Where it is.
    public let location: SourceLocation
    /// Nil for a plain name, which needs no expression.
    private let expression: RegularExpression?

    /// Makes a pattern; the error says what is wrong with the regular expression.
    init(_ text: String, at location: SourceLocation) throws(RegularExpressionError) {
        self.text = text
        self.location = location
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0.continuesName || $0 == 0x2D }
        expression = isPlain ? nil : try RegularExpression(Array(text.utf8))
    }

    /// Whether it is a plain name, so that a near name may be suggested when nothing matches.
    public var isPlainName: Bool { expression == nil }

    /// Whether the pattern matches the whole of a module's name (or alias). Letter case counts. Any thread.
    public func matches(_ name: String) -> Bool {
        guard let expression else { return name == text }
        return expression.matches(Array(name.utf8))
    }

    /// The pattern as written.
    public var description: String { text }

    public static func == (left: ModulePattern, right: ModulePattern) -> Bool {
        left.text == right.text && left.location == right.location
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(location)
    }
}
