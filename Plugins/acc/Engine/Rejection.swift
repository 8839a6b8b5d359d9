/// Why a record is refused: one line that says what was found and what was expected. All texts on bad input are made here.
public struct Rejection: Error, Equatable, Sendable {
    public var text: String

    init(_ text: String) { self.text = text }

    static func fieldCount(found: Int, expected: Int) -> Rejection {
        Rejection("found \(found) field\(found == 1 ? "" : "s"), expected \(expected)")
    }

    static func value(_ found: Bytes, for column: Column) -> Rejection {
        Rejection("column \"\(column.name)\": expected \(column.type.expectation), found \(quoted(found))")
    }

    static func kind(_ found: String, for column: Column) -> Rejection {
        Rejection("column \"\(column.name)\": expected \(column.type.expectation), found \(found)")
    }

    static func unknownColumn(_ name: Bytes, among columns: [Column]) -> Rejection {
        let guess = nearestName(to: String(decoding: name, as: UTF8.self), among: columns.map(\.name))
        return Rejection("unknown column \(quoted(name))" + (guess.map { "; did you mean \"\($0)\"?" } ?? ""))
    }

    static func twice(_ column: Column) -> Rejection { Rejection("column \"\(column.name)\" is given twice") }

    static func syntax(at byte: Int, expected: String, found: UInt8?) -> Rejection {
        var shown = "the end of the line"
        if let found { shown = withUnsafePointer(to: found) { quoted(Bytes(start: $0, count: 1)) } }
        return Rejection("bad JSON at byte \(byte): expected \(expected), found \(shown)")
    }

    static func encoding(at byte: Int) -> Rejection {
        Rejection("invalid UTF-8 in the string that begins at byte \(byte)")
    }

    static func tooLong(_ length: Int, limit: Int) -> Rejection {
        Rejection("the line is \(length) bytes long, more than max_line (\(limit) bytes)")
    }
}

/// Input as it may be shown in a message: in quotes, at most 40 bytes of it, anything but printable ASCII and whole UTF-8
/// characters as `\xHH`.
func quoted(_ bytes: Bytes) -> String {
    let shown = 40
    var text = "\""
    var index = 0
    while index < bytes.count {
        let byte = bytes[index]
        if index >= shown {
            return text + "\"… (\(bytes.count) bytes)"
        }
        let length = utf8Length(bytes, at: index)
        if length > 1 {
            text += String(decoding: bytes[index..<(index + length)], as: UTF8.self)
        } else if length == 1, byte >= 0x20, byte != 0x7F {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text += "\\" }
            text.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            let digits = String(byte, radix: 16, uppercase: true)
            text += "\\x" + (digits.count == 1 ? "0" : "") + digits
        }
        index += max(1, length)
    }
    return text + "\""
}
