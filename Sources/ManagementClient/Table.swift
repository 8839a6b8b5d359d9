import JSON

/// A list of maps as rows and columns.
struct Table {
    private let names: [String]
    /// As many cells in each row as there are names; nil where a map has no such member.
    private let rows: [[JSONValue?]]

    /// The table of `elements`, or nil if one of them is no map or holds more than scalars and lists of scalars.
    init?(_ elements: [JSONValue]) {
        var names: [String] = []
        var columns: [String: Int] = [:]
        var rows: [[JSONValue?]] = []
        for element in elements {
            guard let members = element.object else { return nil }
            var row = [JSONValue?](repeating: nil, count: names.count)
            for (position, member) in members.enumerated() {
                guard Self.fitsCell(member.value) else { return nil }
                // Nearly all rows have their members in one order: no look-up for them.
                if position < names.count, names[position] == member.name {
                    row[position] = member.value
                } else if let column = columns[member.name] {
                    row[column] = member.value
                } else {
                    columns[member.name] = names.count
                    names.append(member.name)
                    row.append(member.value)
                }
            }
            rows.append(row)
        }
        guard !names.isEmpty else { return nil }
        self.names = names
        for index in rows.indices where rows[index].count < names.count {
            rows[index] += [JSONValue?](repeating: nil, count: names.count - rows[index].count)
        }
        self.rows = rows
    }

    func render(isTerminal: Bool, usesColour: Bool, width: Int, indent: String) -> String {
        guard isTerminal else {
            var text = indent + names.map(TextMeasure.field).joined(separator: "\t") + "\n"
            for row in rows {
                text += indent
                for (column, cell) in row.enumerated() {
                    if column > 0 { text += "\t" }
                    if let cell { text += TextMeasure.field(Self.text(of: cell)) }
                }
                text += "\n"
            }
            return text
        }
        let header = names.map(TextMeasure.escaped)
        let cells = rows.map { row in row.map { $0.map { TextMeasure.escaped(Self.text(of: $0)) } ?? "" } }
        let isNumber = names.indices.map { column in
            rows.contains { $0[column]?.double != nil }
                && rows.allSatisfy { row in row[column].map { $0.double != nil || $0.isNull } ?? true }
        }
        var widths = header.map(TextMeasure.width)
        for row in cells {
            for (column, cell) in row.enumerated() {
                widths[column] = max(widths[column], TextMeasure.width(cell))
            }
        }
        Self.shrink(&widths, to: width)
        func line(_ row: [String]) -> String {
            var text = indent
            for (column, cell) in row.enumerated() {
                let shown = TextMeasure.cut(cell, to: widths[column])
                let padding = String(repeating: " ", count: widths[column] - TextMeasure.width(shown))
                if column > 0 { text += "  " }
                text += isNumber[column] ? padding + shown : shown + (column == row.count - 1 ? "" : padding)
            }
            while text.last == " " { text.removeLast() }
            return text
        }
        let first = line(header)
        return (usesColour ? "\u{1B}[1m\(first)\u{1B}[0m" : first) + "\n"
            + cells.map { line($0) + "\n" }.joined()
    }

    /// The table with commas between fields, quotes where a field needs them (RFC 4180), and a line feed after each line.
    var csv: String {
        func field(_ text: String) -> String {
            guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }) else { return text }
            return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
        }
        var text = names.map(field).joined(separator: ",") + "\n"
        for row in rows {
            text += row.map { $0.map { field(Self.text(of: $0)) } ?? "" }.joined(separator: ",") + "\n"
        }
        return text
    }

    /// The text of a scalar, or of a list of scalars: `a, b`.
    static func text(of value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .string(let text): text
        case .array(let elements): elements.map(text).joined(separator: ", ")
        case .object: ""
        default: String(decoding: value.encoded(), as: UTF8.self)
        }
    }

    private static func fitsCell(_ value: JSONValue) -> Bool {
        switch value {
        case .object(let members): members.isEmpty
        case .array(let elements): elements.allSatisfy { $0.object == nil && $0.array == nil }
        default: true
        }
    }

    /// Takes columns from the widest until the line fits; no column gets narrower than four.
    private static func shrink(_ widths: inout [Int], to width: Int) {
        var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - width
        while excess > 0, let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > 4 {
            widths[widest] -= 1
            excess -= 1
        }
    }
}
