/// Why a record is refused: one line that says what was found and what was expected. All texts on bad input are made here
/// and in Rejection+JSON.swift.
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

    static func unquoted(_ number: String, for column: Column) -> Rejection {
        .kind("the number \(number): put it in quotes", for: column)
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
