/// Why a text is not JSON, and where.
public struct JSONParseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds that callers treat differently.
    public enum Kind: Sendable, Equatable {
        /// The text ends before the value does; more bytes could complete it.
        case incomplete
        /// The text breaks JSON's grammar.
        case syntax
        /// A string holds bytes that are not UTF-8.
        case invalidUTF8
        /// An object names one member twice.
        case duplicateMember
        /// A number does not fit: an integer beyond 64 bits or a real number beyond a double.
        case numberOutOfRange
        /// Arrays and objects nest deeper than ``JSONValue/maximumDepth``.
        case tooDeep
    }

    public var kind: Kind
    /// Line, counted from 1.
    public var line: Int
    /// Column in characters, counted from 1: that of the character at which reading stopped.
    public var column: Int
    /// Bytes read before the error was certain, from 0.
    public var offset: Int
    /// What was found and what was expected, a sentence without its full stop.
    public var message: String

    public init(kind: Kind, line: Int, column: Int, offset: Int, message: String) {
        self.kind = kind
        self.line = line
        self.column = column
        self.offset = offset
        self.message = message
    }

    /// `line 1, column 7: '}' expected near end of file`.
    public var description: String { "line \(line), column \(column): \(message)" }
}
