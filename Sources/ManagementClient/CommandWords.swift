public import JSON

/// Why the words of a command line make no command; the text is for the person who typed them.
public struct CommandWordsError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// A command as it was typed: its name and its arguments, given types the way kamctl gives them.
public struct CommandWords: Sendable, Equatable {
    public let method: String
    /// An array for arguments by position, an object for those by name, nil for none.
    public let parameters: JSONValue?
    /// Set by a word `--csv` or `--plot` behind `timestore.get`.
    public private(set) var presentation: Presentation?

    /// The columns of a chart where nobody says how wide the terminal is.
    public static let chartWidth = 80

    /// Reads the words after modctl's own options.
    ///
    /// A leading `fifo` or `rpc` is dropped (`kamctl fifo …`). Every further word is one argument by position, passed through
    /// untouched, but for `--csv` and `--plot` behind `timestore.get`, which say how to show its result (a chart takes `width` columns);
    /// `named` holds `name=value` texts (`--arg`), which cannot be mixed with arguments by position.
    public init(_ words: [String], named: [String] = [], width: Int = chartWidth) throws(CommandWordsError) {
        var words = words[...]
        if let first = words.first, first == "fifo" || first == "rpc" {
            words = words.dropFirst()
            if words.isEmpty {
                throw CommandWordsError("'\(first)' expects a command after it, such as '\(first) which'")
            }
        }
        guard let method = words.first, !method.isEmpty else {
            throw CommandWordsError("the command is empty, expected a command such as 'which'")
        }
        self.method = method
        words = words.dropFirst()
        if method == "timestore.get" {
            for word in words where word == "--csv" || word == "--plot" {
                presentation = word == "--csv" ? .csv : .plot(width: width)
            }
            words = words.filter { $0 != "--csv" && $0 != "--plot" }[...]
        }
        if named.isEmpty {
            var values: [JSONValue] = []
            for word in words { values.append(try Self.value(of: word)) }
            parameters = values.isEmpty ? nil : .array(values)
            return
        }
        if let word = words.first {
            throw CommandWordsError(
                "found the argument '\(word)' after the command besides --arg; give arguments by position or by name, "
                    + "not both"
            )
        }
        var members: [JSONValue.Member] = []
        for text in named {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw CommandWordsError("--arg '\(text)' expects name=value")
            }
            let name = String(text[..<equals])
            if members.contains(where: { $0.name == name }) {
                throw CommandWordsError("--arg gives '\(name)' twice")
            }
            members.append(.init(name, try Self.value(of: String(text[text.index(after: equals)...]))))
        }
        parameters = .object(members)
    }

    /// The typed value of one word.
    ///
    /// `s:` makes the rest a string and `i:` an integer. Otherwise a word that is a decimal integer or fraction becomes a number if
    /// the number is written back just so: `42`, `-7`, `0.25`. All else is a string, among it what would lose characters as
    /// a number: `007`, `+49301`, `1.10`, `1e5` and integers beyond 64 bits.
    public static func value(of word: String) throws(CommandWordsError) -> JSONValue {
        if word.hasPrefix("s:") { return .string(String(word.dropFirst(2))) }
        if word.hasPrefix("i:") {
            guard let number = Int64(word.dropFirst(2)) else {
                throw CommandWordsError(
                    "'\(word)' expects an integer of at most 64 bits after i: (s: in front makes any text a string)"
                )
            }
            return .integer(number)
        }
        guard let first = word.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else {
            return .string(word)
        }
        if let number = Int64(word), String(number) == word { return .integer(number) }
        let isFraction = word.utf8.allSatisfy {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0)
        }
        if isFraction, let number = Double(word), number.description == word { return .double(number) }
        return .string(word)
    }
}
