import CJansson

extension Rejection {
    /// What jansson found wrong with a line, in acc's words. Bytes are counted from 1; jansson names the last one that it read.
    static func json(_ error: inout json_error_t, in line: Bytes, columns: [Column]) -> Rejection {
        let position = max(0, min(Int(error.position), line.count))
        switch json_error_code(rawValue: UInt32(modhost_json_error_kind(&error))) {
        case json_error_invalid_utf8:
            return Rejection(
                "invalid UTF-8 at byte \(position + 1): found \(quoted(Bytes(rebasing: line[position...].prefix(1))))"
            )
        case json_error_duplicate_key:
            let name = Bytes(rebasing: line[..<position])
            if let column = columns.first(where: { ends(name, in: $0) }) { return .twice(column) }
            return Rejection("bad JSON at byte \(position): a member is given twice")
        case json_error_null_byte_in_key:
            return Rejection("bad JSON at byte \(position): a member's name holds \\u0000, no column's does")
        case json_error_numeric_overflow:
            return Rejection(
                "the number that ends at byte \(position) is too great: expected a whole number of 64 bits or a double; for a string column put it in quotes"
            )
        default:
            return Rejection("bad JSON at byte \(position): \(reason(&error))")
        }
    }

    /// An array or object as a member's value, `name` as it stands in the line.
    static func nested(_ found: String, at byte: Int, name: Bytes, among columns: [Column]) -> Rejection {
        if let column = columns.first(where: { name.elementsEqual($0.name.utf8) }) {
            return .kind(found, for: column)
        }
        if !name.contains(UInt8(ascii: "\\")) { return .unknownColumn(name, among: columns) }
        return Rejection("bad JSON at byte \(byte): expected a string, a number or null, found \(found)")
    }

    /// Whether the bytes end with the column's name in quotes.
    private static func ends(_ bytes: Bytes, in column: Column) -> Bool {
        let start = bytes.count - column.name.utf8.count - 2
        guard start >= 0, bytes[start] == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\""),
            start == 0 || bytes[start - 1] != UInt8(ascii: "\\")
        else { return false }
        return bytes[(start + 1)..<(bytes.count - 1)].elementsEqual(column.name.utf8)
    }

    /// jansson's text, "REASON near 'TEXT'" or "REASON near end of file", as acc says it.
    private static func reason(_ error: inout json_error_t) -> String {
        withUnsafeBytes(of: &error.text) { buffer in
            let bytes = buffer.bindMemory(to: UInt8.self).prefix { $0 != 0 }
            guard !bytes.isEmpty else { return "no memory is left to read it" }
            let near = Array(" near ".utf8)
            var split = bytes.startIndex
            while split < bytes.endIndex, !bytes[split...].starts(with: near) { split += 1 }
            let reason = inOurWords(bytes[..<split])
            var context = bytes[split...].dropFirst(near.count)
            if context.isEmpty { return reason }
            // What jansson expected it has looked for in the text that it names.
            let link = reason.hasPrefix("expected") ? ", found" : " near"
            if context.elementsEqual("end of file".utf8) { return "\(reason)\(link) the end of the line" }
            let quote = UInt8(ascii: "'")
            if context.first == quote { context = context.dropFirst() }
            if context.last == quote { context = context.dropLast() }
            return "\(reason)\(link) \(quoted(Bytes(rebasing: context)))"
        }
    }

    /// The reasons of jansson 2.14 that acc says otherwise; new ones stay as they are.
    private static func inOurWords(_ reason: Slice<Bytes>) -> String {
        let text = String(decoding: reason, as: UTF8.self)
        switch text {
        case "string or '}' expected": return "expected a member's name in quotes or \"}\""
        case "':' expected": return "expected \":\" after the member's name"
        case "'}' expected": return "expected \",\" or \"}\" after the member's value"
        case "unexpected token": return "expected a value"
        case "invalid token": return "not a JSON value"
        case "premature end of input": return "a string without its closing quote"
        case "invalid escape": return "invalid escape, not one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX,"
        case "end of file expected": return "expected nothing after the object"
        default:
            if text.hasPrefix("control character") { return "\(text) must be escaped" }
            return text
        }
    }
}
