/// A place in a configuration file.
///
/// `line` and `column` count from 1. A column is a character (Unicode scalar value), and a tab counts as one.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    /// The file's path as it was given or as an include statement resolved it.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// The character within the line, from 1.
    public var column: Int

    /// Makes a location; `line` and `column` count from 1.
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`, the form that editors jump to.
    public var description: String { "\(file):\(line):\(column)" }
}

/// A name or word together with the place where it was written.
public struct LocatedString: Hashable, Sendable, CustomStringConvertible {
    /// The text, escapes resolved and quotes removed.
    public var text: String
    /// Where the text begins (for a quoted string: its opening quote).
    public var location: SourceLocation

    /// Makes a located text.
    public init(_ text: String, at location: SourceLocation) {
        self.text = text
        self.location = location
    }

    /// The text alone.
    public var description: String { text }
}
