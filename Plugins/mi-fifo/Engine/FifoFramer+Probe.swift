// What a line says about the framing: whether it can only be the start of a request.

extension FifoFramer {
    private static let jsonMember = Array("\"jsonrpc\"".utf8)

    /// Whether a line is `:command:reply_name` with nothing that a header does not have, or `:reply_name:{`.
    static func isHeader(_ line: [UInt8]) -> Bool {
        guard line.first == UInt8(ascii: ":") else { return false }
        var text = line[1...]
        while let last = text.last, isBlank(last) { text.removeLast() }
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { return false }
        guard let first = text.first, isLetter(first) || first == UInt8(ascii: "_") else { return false }
        return text[..<colon].allSatisfy(isNameByte)
            && text[(colon + 1)...].allSatisfy {
                $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\")
                    && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: ":")
            }
    }

    /// Whether a line begins like a JSON-RPC request: `{"jsonrpc"`, blanks allowed, or `:reply_name:{`.
    static func startsJSONRequest(_ line: [UInt8]) -> Bool {
        if line.first == UInt8(ascii: "{") {
            return line[1...].prefix(64).drop { $0 == UInt8(ascii: " ") }.starts(with: jsonMember)
        }
        guard line.first == UInt8(ascii: ":") else { return false }
        let rest = line[1...].prefix(ReplyName.maximumLength + 1).drop(while: isNameByte)
        guard rest.first == UInt8(ascii: ":"), rest.startIndex + 1 < line.endIndex else { return false }
        let opener = line[rest.startIndex + 1]
        return opener == UInt8(ascii: "{") || opener == UInt8(ascii: "[")
    }

    /// Where the first `{"jsonrpc"` begins.
    static func firstJSONStart(in line: [UInt8]) -> Int? {
        var index = 0
        while index + jsonMember.count < line.count {
            if line[index] == UInt8(ascii: "{"), line[(index + 1)...].starts(with: jsonMember) {
                return index
            }
            index += 1
        }
        return nil
    }

    /// Where the last `{"jsonrpc"` begins.
    static func lastJSONStart(in line: [UInt8]) -> Int? {
        var index = line.count - jsonMember.count - 1
        while index >= 0 {
            if line[index] == UInt8(ascii: "{"), line[(index + 1)...].starts(with: jsonMember) {
                return index
            }
            index -= 1
        }
        return nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}
