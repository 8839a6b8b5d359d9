/// Pieces of JSON text, appended to a byte buffer.
///
/// For writers that stream a reply without building a ``JSONValue`` first. Everything here is pure and may be called on
/// any thread.
public enum JSONText {
    /// Appends `bytes` as a JSON string with its quotes.
    ///
    /// `"` and `\` are escaped; control characters below U+0020 become `\b \t \n \f \r` or `\u00XX`; all other valid UTF-8 is
    /// copied raw, DEL included. Each maximal piece of invalid UTF-8 (Unicode 15, table 3-7) becomes one U+FFFD, so the result is
    /// always valid JSON.
    public static func appendQuoted(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var index = 0
        var plainStart = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                index += 1
                continue
            }
            if byte >= 0x80 {
                let (length, isValid) = sequenceLength(in: bytes, at: index)
                if !isValid {
                    output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[plainStart..<index]))
                    output.append(contentsOf: [0xEF, 0xBF, 0xBD])
                    plainStart = index + length
                }
                index += length
                continue
            }
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[plainStart..<index]))
            appendEscape(of: byte, to: &output)
            index += 1
            plainStart = index
        }
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[plainStart..<index]))
        output.append(UInt8(ascii: "\""))
    }

    /// Appends `bytes` as a JSON string; see ``appendQuoted(_:to:)-(UnsafeRawBufferPointer,_)``.
    public static func appendQuoted(_ bytes: [UInt8], to output: inout [UInt8]) {
        bytes.withUnsafeBytes { appendQuoted($0, to: &output) }
    }

    /// Appends `text` as a JSON string; see ``appendQuoted(_:to:)-(UnsafeRawBufferPointer,_)``.
    public static func appendQuoted(_ text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { appendQuoted(UnsafeRawBufferPointer($0), to: &output) }
    }

    /// Appends a decimal integer.
    public static func appendInteger(_ number: Int64, to output: inout [UInt8]) {
        guard number < 0 || number > 9 else { return output.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number)) }
        output.append(contentsOf: String(number).utf8)
    }

    /// Appends the shortest decimal text that reads back as the same double, always with a fraction or an exponent.
    ///
    /// JSON has no NaN and no infinities: they become `null`.
    public static func appendDouble(_ number: Double, to output: inout [UInt8]) {
        output.append(contentsOf: (number.isFinite ? number.description : "null").utf8)
    }

    private static func appendEscape(of byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        default:
            let digits = Array("0123456789ABCDEF".utf8)
            output.append(contentsOf: [
                UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0"), digits[Int(byte >> 4)],
                digits[Int(byte & 15)],
            ])
        }
    }

    /// Length of the UTF-8 sequence that starts at `index` with a byte of 0x80 or more. If it is not valid, the length
    /// is that of the piece that one U+FFFD replaces.
    private static func sequenceLength(
        in bytes: UnsafeRawBufferPointer, at index: Int
    ) -> (length: Int, isValid: Bool) {
        let second: ClosedRange<UInt8>
        let expected: Int
        switch bytes[index] {
        case 0xC2...0xDF: (expected, second) = (2, 0x80...0xBF)
        case 0xE0: (expected, second) = (3, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE, 0xEF: (expected, second) = (3, 0x80...0xBF)
        case 0xED: (expected, second) = (3, 0x80...0x9F)
        case 0xF0: (expected, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (expected, second) = (4, 0x80...0xBF)
        case 0xF4: (expected, second) = (4, 0x80...0x8F)
        default: return (1, false)
        }
        guard index + 1 < bytes.count, second.contains(bytes[index + 1]) else { return (1, false) }
        var length = 2
        while length < expected {
            guard index + length < bytes.count, bytes[index + length] & 0xC0 == 0x80 else {
                return (length, false)
            }
            length += 1
        }
        return (length, true)
    }
}
