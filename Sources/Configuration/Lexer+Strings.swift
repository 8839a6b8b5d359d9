// Strings: "…" with escapes on one line, '…' raw over any number of lines.

extension Lexer {
    /// Reads a string in double quotes.
    mutating func quotedString() -> Token.Kind {
        let opening = location
        var bytes: [UInt8] = []
        advance()
        while let byte = peek(), byte != Byte.newline {
            switch byte {
            case Byte.quote:
                advance()
                return .string(ByteString(bytes: bytes))
            case Byte.backslash:
                escape(into: &bytes)
            default:
                bytes.append(byte)
                advance()
            }
        }
        let found = offset < limit ? "the end of the line" : "the end of the text"
        log.error(
            at: opening, "found \(found) inside a string, expected a closing '\"'",
            hint: "for text of several lines use '…', or a string on each line: neighbours are joined")
        return .invalid
    }

    /// Reads one escape. What Kamailio does not know stays as written, backslash included, since that is how people
    /// write regular expressions.
    private mutating func escape(into bytes: inout [UInt8]) {
        let start = location
        let continuation = lengthOfContinuation()
        if continuation > 0 { return advance(by: continuation) }
        advance()
        guard let byte = peek(), byte != Byte.newline else { return }
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "a"): 0x07,
            UInt8(ascii: "t"): 0x09,
            Byte.quote: Byte.quote, Byte.backslash: Byte.backslash,
        ]
        if let value = simple[byte] {
            advance()
            bytes.append(value)
        } else if byte == UInt8(ascii: "x") {
            advance()
            hexadecimalEscape(into: &bytes, at: start)
        } else if byte.isOctalDigit, offset + 1 < limit, source.bytes[offset + 1].isOctalDigit {
            // One digit alone stays as written: it is the group of a match in {re.subst}.
            octalEscape(into: &bytes, at: start)
        } else {
            bytes.append(Byte.backslash)
        }
    }

    private mutating func hexadecimalEscape(into bytes: inout [UInt8], at start: SourceLocation) {
        var value: UInt8 = 0
        var count = 0
        while count < 2, let digit = peek()?.hexValue {
            value = value << 4 | digit
            count += 1
            advance()
        }
        if count == 0 {
            log.error(
                at: start, "found '\\x' without a hexadecimal digit, expected one or two",
                hint: "write '\\\\x' for a backslash and an x")
        }
        bytes.append(value)
    }

    private mutating func octalEscape(into bytes: inout [UInt8], at start: SourceLocation) {
        var value = 0
        var count = 0
        while count < 3, let digit = peek(), digit.isOctalDigit {
            value = value * 8 + Int(digit - 0x30)
            count += 1
            advance()
        }
        if value > 255 {
            log.error(
                at: start, "found the escape '\\\(String(value, radix: 8))', expected at most '\\377'",
                hint: "a byte goes up to octal 377")
        }
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    /// Reads a string in single quotes.
    mutating func rawString() -> Token.Kind {
        let opening = location
        let begin = offset + 1
        guard let end = source.bytes[begin..<limit].firstIndex(of: Byte.apostrophe) else {
            log.error(at: opening, "found a string that never ends, expected a closing \"'\"")
            // Only its line is lost: what follows is likely meant as statements.
            passLine()
            separation = []
            return .invalid
        }
        advance(by: end + 1 - offset)
        return .string(ByteString(bytes: Array(source.bytes[begin..<end])))
    }
}
