// The content of one file, known to be text. What is no text is refused here with one error, so that the lexer never
// meets binary junk and an operator never reads a thousand errors about a file that was never a configuration.

/// The text of one file.
final class Source: Sendable {
    let path: String
    let bytes: [UInt8]

    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    /// Where the text begins: behind a UTF-8 byte order mark.
    var start: Int { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }

    /// The first reason why the bytes are no configuration text, nil if they are.
    func problem() -> Diagnostic? {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return Diagnostic(
                .error, at: SourceLocation(file: path, line: 1, column: 1),
                "found UTF-16 text, expected UTF-8",
                hint: "convert the file with 'iconv -f UTF-16 -t UTF-8'")
        }
        if bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) {
            return Diagnostic(
                .error, at: SourceLocation(file: path, line: 1, column: 1),
                "found an ELF binary, expected a configuration file",
                hint: "name the configuration file here, and modules in it with loadmodule")
        }
        let control = bytes.firstIndex { ($0 < 0x20 && !$0.isBlank && $0 != Byte.newline) || $0 == 0x7F }
        let malformed = firstMalformed()
        guard let offset = [control, malformed].compactMap({ $0 }).min() else { return nil }
        let location = location(of: offset)
        let byte = Self.hex(bytes[offset])
        if offset == control {
            let name = bytes[offset] == 0 ? "a NUL byte" : "the control character \(byte)"
            return Diagnostic(
                .error, at: location, "found \(name), expected text", hint: "this is not a configuration file"
            )
        }
        return Diagnostic(
            .error, at: location, "found the byte \(byte), expected UTF-8 text",
            hint: "convert an old file with 'iconv -f LATIN1 -t UTF-8'")
    }

    /// The offset of the first byte that is not UTF-8.
    private func firstMalformed() -> Int? {
        guard String(validating: bytes, as: UTF8.self) == nil else { return nil }
        // The decoder takes a whole malformed sequence at once, so what is before it is counted in scalars' lengths.
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            offset += UTF8.width(scalar)
        }
        return min(offset, bytes.count - 1)
    }

    private func location(of offset: Int) -> SourceLocation {
        var location = SourceLocation(file: path, line: 1, column: 1)
        for byte in bytes[min(start, offset)..<offset] {
            if byte == Byte.newline {
                location.line += 1
                location.column = 1
            } else if byte & 0xC0 != 0x80 {
                location.column += 1
            }
        }
        return location
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "0x" + (digits.count == 1 ? "0" : "") + digits
    }
}
