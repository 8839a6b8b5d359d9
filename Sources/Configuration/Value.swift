/// A value as written on the right of a setting or in a modparam.
public struct Value: Hashable, Sendable {
    /// What was written.
    public enum Content: Hashable, Sendable {
        /// A whole number.
        case integer(Int64)
        /// A number with a fraction or an exponent.
        case float(Double)
        /// A text in quotes.
        case string(ByteString)
        /// yes, true, on, enable; no, false, off, disable (in any letter case).
        case boolean(Bool)
        /// Anything else without quotes: `info`, `udp:127.0.0.1:5060`, `5s`.
        case word(String)
    }

    /// What was written.
    public var content: Content
    /// Where it begins.
    public var location: SourceLocation
    /// The text as in the file, quotes and sign included.
    public var spelling: String
    /// The define that it came from, nil for a value written in place.
    public var expansion: Token.Expansion?

    /// Makes a value.
    public init(
        _ content: Content, at location: SourceLocation, spelling: String, expansion: Token.Expansion? = nil
    ) {
        self.content = content
        self.location = location
        self.spelling = spelling
        self.expansion = expansion
    }

    /// The kind as an error text names it: `the integer 5`, `the string "a"`.
    public var summary: String {
        let short = spelling.count > 40 ? spelling.prefix(40) + "…" : spelling
        return switch content {
        case .integer: "the integer \(short)"
        case .float: "the number \(short)"
        case .string: "the string \(short)"
        case .boolean: "the boolean \(short)"
        case .word: "the word \(short)"
        }
    }

    /// What a word says as a boolean, nil for other words.
    public static func boolean(_ word: String) -> Bool? {
        switch word.lowercased() {
        case "yes", "true", "on", "enable": true
        case "no", "false", "off", "disable": false
        default: nil
        }
    }
}
