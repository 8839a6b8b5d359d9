/// What the Tab key offers at the prompt.
public struct CommandCompletion: Sendable, Equatable {
    /// What to insert at the cursor: the rest of the only candidate and a space, or what all candidates share; may be empty.
    public let insertion: String
    /// The names that fit, sorted; to be listed when there are several and nothing is to insert.
    public let candidates: [String]

    /// Completes the command name that ends at the cursor.
    ///
    /// - Parameters:
    ///   - text: The line up to the cursor.
    ///   - names: The commands that exist, in any order.
    /// - Returns: nil where the cursor does not stand on a command's name (arguments are the command's own).
    public init?(_ text: String, names: [String]) {
        let words = text.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        let startsNewWord = text.isEmpty || text.last == " "
        let before = startsNewWord ? words : words.dropLast()
        guard before.isEmpty || before == ["help"] || before == ["fifo"] || before == ["rpc"] else {
            return nil
        }
        let prefix = startsNewWord ? "" : words.last ?? ""
        candidates = Array(Set(names.filter { $0.hasPrefix(prefix) })).sorted()
        guard let first = candidates.first else {
            insertion = ""
            return
        }
        var shared = first[...]
        for name in candidates {
            while !name.hasPrefix(shared) { shared = shared.dropLast() }
        }
        insertion = shared.dropFirst(prefix.count) + (candidates.count == 1 ? " " : "")
    }
}

extension CommandCompletion {
    /// `names` in as many columns as fit `width`, read downwards, each line with its newline.
    public static func columns(_ names: [String], width: Int) -> String {
        let widest = (names.map { TextMeasure.width($0) }.max() ?? 0) + 2
        let columns = max(1, (width + 2) / widest)
        let rows = (names.count + columns - 1) / columns
        var text = ""
        for row in 0..<rows {
            var line = ""
            for index in stride(from: row, to: names.count, by: rows) {
                line += names[index] + String(repeating: " ", count: widest - TextMeasure.width(names[index]))
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }
}
