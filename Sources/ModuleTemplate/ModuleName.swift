/// The name of a module to be, in the forms that its sources need.
public struct ModuleName: Sendable, Equatable {
    /// The most bytes that a name may have (modhost/module.h, `mh_module.name`).
    public static let maximumLength = 64

    /// As modules.conf has it: `hello-world`.
    public let text: String
    /// As commands and C have it: `hello_world`.
    public let identifier: String
    /// As types have it: `HelloWorld`.
    public let typeName: String

    /// Checks a name against the ABI's rule, `[a-z][a-z0-9_-]*` with at most 64 bytes, and against what the host and the
    /// language keep for themselves.
    public init(_ text: String, in language: TemplateLanguage) throws(TemplateError) {
        guard Self.isWellFormed(text) else { throw Self.malformed(text) }
        guard text != "core" && text != "modhost" else {
            throw TemplateError("\"\(text)\" is a name of the host's own; choose another name")
        }
        let identifier = String(text.map { $0 == "-" ? "_" : $0 })
        guard !language.reservedNames.contains(text), !language.reservedNames.contains(identifier) else {
            throw TemplateError(
                "\"\(text)\" means something else to \(language.title) or its build tool; choose another name")
        }
        self.text = text
        self.identifier = identifier
        typeName = text.split { $0 == "-" || $0 == "_" }.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func isWellFormed(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first), text.utf8.count <= maximumLength else { return false }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte }
    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    private static func malformed(_ text: String) -> TemplateError {
        let rule = "a module's name begins with a letter a-z, goes on with a-z, 0-9, _ and -, and has at most 64 bytes"
        guard !text.isEmpty else { return TemplateError("the module has no name; \(rule)") }
        if text.utf8.count > maximumLength {
            return TemplateError("a name of \(text.utf8.count) bytes is too long; \(rule)")
        }
        let near = repaired(text)
        let hint = near.isEmpty ? "" : "; did you mean \"\(near)\"?"
        return TemplateError("\"\(text)\" cannot be a module's name; \(rule)\(hint)")
    }

    /// The nearest name that could be meant: small letters, one - for what is not allowed.
    private static func repaired(_ text: String) -> String {
        var name = ""
        for byte in text.lowercased().utf8 {
            if isLetter(byte) || (isDigit(byte) && !name.isEmpty) || (byte == UInt8(ascii: "_") && !name.isEmpty) {
                name.append(Character(UnicodeScalar(byte)))
            } else if !name.isEmpty && !name.hasSuffix("-") {
                name.append("-")
            }
        }
        while name.hasSuffix("-") { name.removeLast() }
        return name
    }
}
