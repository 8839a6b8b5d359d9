extension Diagnostic {
    /// The diagnostic for a terminal: its line, the source line, and a caret under the column.
    ///
    /// - Parameters:
    ///   - source: The whole text of the file that `location` names, nil or wrong where it is not at hand: the
    ///     caret is then left out.
    ///   - colour: Whether to use ANSI colours.
    /// - Returns: One or three lines without a newline at the end. A source line of more than 110 characters is
    ///   cut around the column.
    public func render(source: String?, colour: Bool) -> String {
        let head = heading(colour: colour)
        guard let source, let line = Self.line(location.line, of: source) else { return head }
        let scalars = Array(line.unicodeScalars)
        let column = location.column - 1
        guard column >= 0, column <= scalars.count else { return head }
        let width = 110
        let start = scalars.count > width ? max(0, min(column - width / 2, scalars.count - width)) : 0
        let end = min(scalars.count, start + width)
        let shown = Self.text(scalars[start..<end])
        let before = Self.text(scalars[start..<max(start, column)])
        // One blank per visible character, and tabs as tabs, so that the caret stands right at any tab width.
        let indent = String(before.map { $0 == "\t" ? "\t" : " " })
        let caret = colour ? "\u{1B}[1;32m^\u{1B}[0m" : "^"
        let lead = start > 0 ? "…" : ""
        let tail = end < scalars.count ? "…" : ""
        let leadIndent = start > 0 ? " " : ""
        return "\(head)\n    \(lead)\(shown)\(tail)\n    \(leadIndent)\(indent)\(caret)"
    }

    private func heading(colour: Bool) -> String {
        guard colour else { return description }
        let paint =
            switch severity {
            case .error: "\u{1B}[1;31m"
            case .warning: "\u{1B}[1;35m"
            case .note: "\u{1B}[1;36m"
            }
        let advice = hint.map { "; \($0)" } ?? ""
        return "\u{1B}[1m\(location):\u{1B}[0m \(paint)\(severity.rawValue):\u{1B}[0m \(message)\(advice)"
    }

    /// The text of a line (from 1), or nil if there is none; the empty line after the last newline counts.
    private static func line(_ number: Int, of source: String) -> String? {
        guard number >= 1 else { return nil }
        var current = 1
        var bytes: [UInt8] = []
        for byte in source.utf8 {
            if byte == Byte.newline {
                if current == number { break }
                current += 1
            } else if current == number {
                bytes.append(byte)
            }
        }
        guard current == number else { return nil }
        if bytes.last == Byte.carriageReturn { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The scalars as text in which nothing moves the cursor or changes the terminal's state.
    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        for scalar in scalars {
            let isControl = (scalar.value < 0x20 && scalar != "\t") || (0x7F..<0xA0).contains(scalar.value)
            view.append(isControl ? "\u{FFFD}" : scalar)
        }
        return String(view)
    }
}
