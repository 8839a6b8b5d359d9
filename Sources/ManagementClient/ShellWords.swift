/// Splits a line typed at the prompt, or read from a script, into words the way a shell quotes.
public enum ShellWords {
    /// The words of `line`; none for an empty line and for one whose first word begins with `#`.
    ///
    /// White space separates. Between `'…'` everything stands for itself; between `"…"` a backslash takes the meaning
    /// from `"` and `\`; outside quotes a backslash takes it from any character. Nothing is expanded.
    ///
    /// - Throws: ``CommandWordsError`` that names the column of an open quote or a final backslash.
    public static func split(_ line: String) throws(CommandWordsError) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: (mark: Character, column: Int)?
        var isEscaped = false
        for (index, character) in line.enumerated() {
            if isEscaped {
                if quote != nil, character != "\"", character != "\\" { word = (word ?? "") + "\\" }
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if let open = quote {
                if character == open.mark {
                    quote = nil
                } else if character == "\\", open.mark == "\"" {
                    isEscaped = true
                } else {
                    word?.append(character)
                }
            } else if character == "'" || character == "\"" {
                quote = (character, index + 1)
                word = word ?? ""
            } else if character == "\\" {
                isEscaped = true
            } else if character.isWhitespace {
                if let finished = word { words.append(finished) }
                word = nil
            } else if character == "#", words.isEmpty, word == nil {
                return []
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let open = quote {
            throw CommandWordsError(
                "column \(open.column): found an opening \(open.mark) without its closing one")
        }
        if isEscaped {
            throw CommandWordsError(
                "column \(line.count): found a backslash at the end, expected a character after it")
        }
        if let finished = word { words.append(finished) }
        return words
    }
}
