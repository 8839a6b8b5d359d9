// `#!subst "/pattern/replacement/flags"`: a replacement inside strings and pseudo-variables. Any character may stand
// for the slash.

/// One substitution, ready to apply.
struct Substitution {
    /// What is wrong with the text of a substitution.
    struct Malformed: Error {
        let message: String
        var hint: String?
    }

    /// A part of the replacement: bytes, or the text of group 0…9.
    private enum Piece {
        case bytes([UInt8])
        case group(Int)
    }

    /// Longest text that a substitution works on or makes, in bytes.
    static let maximumLength = 65536
    /// Most replacements in one text.
    static let maximumReplacements = 4096

    /// The pattern as written, escapes included.
    let pattern: String
    /// The replacement with `$env(…)` resolved, as a substdef's value.
    let replacement: String
    private let expression: RegularExpression
    private let pieces: [Piece]
    private let isGlobal: Bool

    /// Reads `/pattern/replacement/flags`; `environment` answers `$env(NAME)` in the replacement.
    init(_ text: String, environment: [String: String]) throws(Malformed) {
        let (parts, delimiter) = try Self.split(Array(text.utf8))
        pattern = String(decoding: parts[0], as: UTF8.self)
        (pieces, replacement) = try Self.pieces(of: parts[1], delimiter: delimiter, environment: environment)
        var ignoringCase = false
        var isGlobal = false
        for flag in String(decoding: parts[2], as: UTF8.self) {
            switch flag {
            case "g": isGlobal = true
            case "i": ignoringCase = true
            default:
                throw Malformed(
                    message: "found the flag '\(flag)', expected g (all places) or i (ignore case)")
            }
        }
        self.isGlobal = isGlobal
        do {
            expression = try RegularExpression(parts[0], ignoringCase: ignoringCase)
        } catch {
            throw Malformed(message: "found a bad regular expression '\(pattern)': \(error.reason)")
        }
    }

    /// The pattern, replacement and flags, and the character between them.
    private static func split(_ bytes: [UInt8]) throws(Malformed) -> ([[UInt8]], UInt8) {
        let form = "expected \"/pattern/replacement/flags\""
        guard let delimiter = bytes.first else {
            throw Malformed(message: "found an empty substitution, \(form)")
        }
        guard delimiter < 0x80, !delimiter.continuesName, delimiter != Byte.backslash else {
            let character = String(decoding: bytes, as: UTF8.self).prefix(1)
            throw Malformed(
                message: "found '\(character)' at the beginning of a substitution, \(form)",
                hint: "any sign but a letter, a digit and a backslash may separate the parts")
        }
        var parts: [[UInt8]] = [[]]
        var index = 1
        while index < bytes.count {
            let byte = bytes[index]
            if byte == delimiter, parts.count < 3 {
                parts.append([])
            } else if byte == Byte.backslash, index + 1 < bytes.count {
                // An escaped delimiter is the character itself; all other escapes are for the part's reader.
                if bytes[index + 1] != delimiter { parts[parts.count - 1].append(byte) }
                index += 1
                parts[parts.count - 1].append(bytes[index])
            } else {
                parts[parts.count - 1].append(byte)
            }
            index += 1
        }
        guard parts.count == 3 else {
            let character = String(decoding: [delimiter], as: UTF8.self)
            throw Malformed(
                message:
                    "found a substitution with \(parts.count) of its 3 separators '\(character)', \(form)")
        }
        return (parts, delimiter)
    }

    private static func pieces(
        of bytes: [UInt8], delimiter: UInt8, environment: [String: String]
    ) throws(Malformed) -> ([Piece], String) {
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        var whole: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == Byte.backslash, index + 1 < bytes.count {
                index += 1
                let escaped = bytes[index]
                if escaped.isDigit {
                    pieces.append(.bytes(literal))
                    pieces.append(.group(Int(escaped - 0x30)))
                    literal = []
                    whole += [byte, escaped]
                } else {
                    let known: [UInt8: UInt8] = [
                        0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09, Byte.backslash: Byte.backslash,
                    ]
                    let result = known[escaped].map { [$0] } ?? [byte, escaped]
                    literal += result
                    whole += result
                }
                index += 1
            } else if bytes[index...].starts(with: Array("$env(".utf8)) {
                guard let end = bytes[index...].firstIndex(of: Byte.rightParenthesis) else {
                    throw Malformed(message: "found '$env(' in a replacement without its end, expected ')'")
                }
                let name = String(decoding: bytes[(index + 5)..<end], as: UTF8.self)
                guard let value = environment[name] else {
                    throw Malformed(
                        message:
                            "found $env(\(name)) in a replacement, but there is no environment variable \(name)",
                        hint: "set it before the start")
                }
                literal += Array(value.utf8)
                whole += Array(value.utf8)
                index = end + 1
            } else {
                literal.append(byte)
                whole.append(byte)
                index += 1
            }
        }
        pieces.append(.bytes(literal))
        return (pieces, String(decoding: whole, as: UTF8.self))
    }

    /// The text with the replacements made, nil when it is or becomes too long.
    func apply(to text: [UInt8]) -> [UInt8]? {
        guard text.count <= Self.maximumLength else { return nil }
        var result: [UInt8] = []
        var position = 0
        var count = 0
        while position <= text.count, let groups = expression.firstMatch(in: text, from: position),
            let whole = groups[0]
        {
            result += text[position..<whole.lowerBound]
            for piece in pieces {
                switch piece {
                case .bytes(let bytes): result += bytes
                case .group(let number): if let range = groups[number] { result += text[range] }
                }
            }
            position = whole.upperBound
            if whole.isEmpty {
                // Behind an empty match one byte is taken over, or it would match here for ever.
                if position < text.count { result.append(text[position]) }
                position += 1
            }
            count += 1
            guard result.count <= Self.maximumLength, count <= Self.maximumReplacements else { return nil }
            if !isGlobal { break }
        }
        if position < text.count { result += text[position...] }
        return result.count <= Self.maximumLength ? result : nil
    }
}
