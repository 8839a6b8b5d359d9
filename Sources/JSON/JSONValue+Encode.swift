extension JSONValue {
    /// How encoded text is laid out.
    public enum Layout: Sendable, Hashable {
        /// One line, no white space.
        case compact
        /// One member or element a line, two spaces per level, `"name": value`; empty arrays and objects as `[]` and `{}`.
        case pretty
    }

    /// The value as JSON text in UTF-8, without a final newline.
    ///
    /// NaN and infinities become `null`. Pure; may be called on any thread.
    public func encoded(_ layout: Layout = .compact) -> [UInt8] {
        var output: [UInt8] = []
        append(to: &output, layout: layout)
        return output
    }

    /// Appends the value as JSON text; see ``encoded(_:)``.
    public func append(to output: inout [UInt8], layout: Layout = .compact) {
        append(to: &output, layout: layout, level: 0)
    }

    private func append(to output: inout [UInt8], layout: Layout, level: Int) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let truth): output.append(contentsOf: (truth ? "true" : "false").utf8)
        case .integer(let number): JSONText.appendInteger(number, to: &output)
        case .double(let number): JSONText.appendDouble(number, to: &output)
        case .string(let text): JSONText.appendQuoted(text, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                Self.separate(index, in: &output, layout: layout, level: level + 1)
                element.append(to: &output, layout: layout, level: level + 1)
            }
            Self.close(
                UInt8(ascii: "]"), isEmpty: elements.isEmpty, in: &output, layout: layout, level: level)
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                Self.separate(index, in: &output, layout: layout, level: level + 1)
                JSONText.appendQuoted(member.name, to: &output)
                output.append(UInt8(ascii: ":"))
                if layout == .pretty { output.append(UInt8(ascii: " ")) }
                member.value.append(to: &output, layout: layout, level: level + 1)
            }
            Self.close(UInt8(ascii: "}"), isEmpty: members.isEmpty, in: &output, layout: layout, level: level)
        }
    }

    private static func separate(_ index: Int, in output: inout [UInt8], layout: Layout, level: Int) {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        if layout == .pretty { indent(&output, level: level) }
    }

    private static func close(
        _ bracket: UInt8, isEmpty: Bool, in output: inout [UInt8], layout: Layout, level: Int
    ) {
        if layout == .pretty, !isEmpty { indent(&output, level: level) }
        output.append(bracket)
    }

    private static func indent(_ output: inout [UInt8], level: Int) {
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * level))
    }
}
