public import JSON

/// Turns a command's result into text for people and for shell scripts.
///
/// On a terminal: lists of maps as aligned columns, nothing that could disturb the terminal. Into a pipe: the same content
/// without padding, colour or cut values, the columns separated by tabs. Nothing here reads the terminal or the environment.
public struct ResultText: Sendable {
    /// Whether a person is looking.
    public var isTerminal: Bool
    /// Whether names and headers may be bold; only on a terminal.
    public var usesColour: Bool
    /// The terminal's columns; tables are cut to it.
    public var width: Int

    public init(isTerminal: Bool, usesColour: Bool = false, width: Int = 80) {
        self.isTerminal = isTerminal
        self.usesColour = usesColour && isTerminal
        self.width = width
    }

    /// The text of `result`, each line with its newline; empty for an empty result into a pipe.
    public func render(_ result: JSONValue) -> String {
        if Self.isEmpty(result) { return isTerminal ? (result.array == nil ? "ok\n" : "(none)\n") : "" }
        var text = ""
        append(result, indent: 0, to: &text)
        return text
    }

    private func append(_ value: JSONValue, indent: Int, to text: inout String) {
        switch value {
        case .array([]), .object([]):
            text += String(repeating: " ", count: indent) + (isTerminal ? "(none)" : "") + "\n"
        case .array(let elements):
            appendList(elements, indent: indent, to: &text)
        case .object(let members):
            appendMap(members, indent: indent, to: &text)
        default:
            text += String(repeating: " ", count: indent) + scalar(value) + "\n"
        }
    }

    private func appendList(_ elements: [JSONValue], indent: Int, to text: inout String) {
        if let table = Table(elements) {
            text += table.render(
                isTerminal: isTerminal, usesColour: usesColour, width: width - indent,
                indent: String(repeating: " ", count: indent)
            )
            return
        }
        // Maps that hold more than scalars, or a mixture: one block each.
        for (index, element) in elements.enumerated() {
            let isBlock = element.object != nil || element.array != nil
            if isBlock, index > 0 { text += "\n" }
            append(element, indent: indent, to: &text)
        }
    }

    private func appendMap(_ members: [JSONValue.Member], indent: Int, to text: inout String) {
        for member in members {
            let name = isTerminal ? TextMeasure.escaped(member.name) : member.name
            text +=
                String(repeating: " ", count: indent) + (usesColour ? "\u{1B}[1m\(name)\u{1B}[0m" : name)
                + ":"
            if Self.isEmpty(member.value) {
                text += "\n"
            } else if member.value.array != nil || member.value.object != nil {
                text += "\n"
                append(member.value, indent: indent + 2, to: &text)
            } else {
                text += " " + scalar(member.value) + "\n"
            }
        }
    }

    private func scalar(_ value: JSONValue) -> String {
        let text = Table.text(of: value)
        return isTerminal ? TextMeasure.escaped(text) : text
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        switch value {
        case .null: true
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }
}
