// Takes the module's parameters as the config gives them, one by one, and checks each where it stands; `settings` then
// checks those that must agree with each other.
import ModuleABI
public import ModuleKit

/// The parameters while the config is read. Main thread only.
public final class Parameters {
    private var settings = Settings()
    private var flush = true
    private var durability: Durability?
    private var encodesDelimiters = true

    public init() {}

    private static func word(_ byte: UInt8) -> String {
        (0x21...0x7E).contains(byte)
            ? "\"\(Character(UnicodeScalar(byte)))\"" : "byte 0x\(String(byte, radix: 16, uppercase: true))"
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    private static func invalid(_ text: String) -> ModuleFailure { ModuleFailure(MH_E_INVALID, text) }

    private static func text(_ value: Value) throws(ModuleFailure) -> String {
        guard case .string(let text) = value else { throw invalid("found \(value), expected text") }
        return text
    }

    private static func number(_ value: Value) throws(ModuleFailure) -> Int64 {
        switch value {
        case .integer(let number), .duration(let number), .size(let number): return number
        case .bool(let truth): return truth ? 1 : 0
        default: throw invalid("found \(value), expected a number")
        }
    }

    public func setFlush(_ value: Value) throws(ModuleFailure) { flush = try Self.number(value) != 0 }

    public func setDurability(_ value: Value) throws(ModuleFailure) {
        let text = try Self.text(value)
        guard let choice = Durability(rawValue: text) else {
            throw Self.invalid(
                "durability is \"\(text)\", expected one of "
                    + Durability.allCases.map(\.rawValue).joined(separator: ", "))
        }
        durability = choice
    }

    public func setBufferSize(_ value: Value) throws(ModuleFailure) {
        settings.bufferSize = Int(try Self.number(value))
    }

    public func setFlushInterval(_ value: Value) throws(ModuleFailure) {
        settings.flushInterval = try Self.number(value)
    }

    public func setFieldDelimiter(_ value: Value) throws(ModuleFailure) {
        let bytes = Array(try Self.text(value).utf8)
        guard bytes.count == 1, let byte = bytes.first, !Self.isAlphanumeric(byte), byte < 0x80 else {
            throw Self.invalid(
                "field_delimiter has \(bytes.count) bytes, expected exactly one ASCII byte that is no letter and no digit, "
                    + "such as \"|\"")
        }
        settings.fieldDelimiter = byte
    }

    public func setRecordDelimiter(_ value: Value) throws(ModuleFailure) {
        let bytes = Array(try Self.text(value).utf8)
        guard (1...2).contains(bytes.count), bytes.allSatisfy({ !Self.isAlphanumeric($0) && $0 < 0x80 })
        else {
            throw Self.invalid(
                "record_delimiter has \(bytes.count) bytes, expected one or two ASCII bytes that are no letters and no digits, "
                    + "such as \"\\n\" or \"\\r\\n\"")
        }
        settings.recordDelimiter = bytes
    }

    public func setEscape(_ value: Value) throws(ModuleFailure) {
        let text = try Self.text(value)
        guard let choice = Escape(rawValue: text) else {
            throw Self.invalid("escape is \"\(text)\", expected one of percent, backslash, none")
        }
        settings.escape = choice
    }

    public func setEncodeDelimiter(_ value: Value) throws(ModuleFailure) {
        encodesDelimiters = try Self.number(value) != 0
    }

    public func setEscapeCharacter(_ value: Value) throws(ModuleFailure) {
        let bytes = Array(try Self.text(value).utf8)
        guard bytes.count == 1, let byte = bytes.first, (0x21...0x7E).contains(byte),
            !Self.isAlphanumeric(byte)
        else {
            throw Self.invalid(
                "escape_char has \(bytes.count) bytes, expected one punctuation character such as \"\\\"")
        }
        settings.escapeCharacter = byte
    }

    public func setNullText(_ value: Value) throws(ModuleFailure) {
        let bytes = Array(try Self.text(value).utf8)
        guard bytes.count <= 64 else {
            throw Self.invalid("null_text has \(bytes.count) bytes, expected at most 64")
        }
        settings.nullText = bytes
    }

    private static func namePart(_ name: String, _ value: Value) throws(ModuleFailure) -> String {
        let part = try text(value)
        guard !part.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 < 0x20 }) else {
            throw invalid(
                "\(name) is \"\(part)\", expected text without \"/\" and control characters: it is part of a file name"
            )
        }
        guard part.utf8.count <= 64 else {
            throw invalid("\(name) has \(part.utf8.count) bytes, expected at most 64")
        }
        return part
    }

    public func setFilePrefix(_ value: Value) throws(ModuleFailure) {
        settings.filePrefix = try Self.namePart("file_prefix", value)
    }

    public func setFileSuffix(_ value: Value) throws(ModuleFailure) {
        let suffix = try Self.namePart("file_suffix", value)
        guard !suffix.hasSuffix(".ring") else {
            throw Self.invalid(
                "file_suffix ends in \".ring\", which flatstore uses for its staging files; choose another")
        }
        settings.fileSuffix = suffix
    }

    public func setFileMode(_ value: Value) throws(ModuleFailure) {
        let text = try Self.text(value)
        guard let mode = UInt32(text, radix: 8), mode <= 0o777, mode & 0o200 != 0 else {
            throw Self.invalid(
                "file_mode is \"\(text)\", expected octal digits such as \"0640\", at most 0777, with write permission for the owner"
            )
        }
        settings.fileMode = mode
    }

    /// The settings as a whole; throws when two parameters contradict each other.
    public func checkedSettings() throws(ModuleFailure) -> Settings {
        var settings = settings
        settings.durability = durability ?? (flush ? .kernel : .buffered)
        if !encodesDelimiters, settings.escape == .percent { settings.escape = .none }
        let field = settings.fieldDelimiter
        if settings.recordDelimiter.contains(field) {
            throw Self.invalid(
                "field_delimiter and record_delimiter both hold \(Self.word(field)), expected different bytes; change one of them"
            )
        }
        if settings.escape == .backslash {
            let character = settings.escapeCharacter
            if character == field || settings.recordDelimiter.contains(character) {
                throw Self.invalid(
                    "escape_char \(Self.word(character)) is a delimiter too, expected a character of its own; change one of them"
                )
            }
        }
        if let byte = settings.nullText.first(where: { $0 == field || settings.recordDelimiter.contains($0) }) {
            throw Self.invalid(
                "null_text holds the delimiter \(Self.word(byte)), which would split the row; change null_text"
            )
        }
        return settings
    }
}
