/// The content of a module's ELF note: lines of key=value, as `<modhost/note.h>` describes.
struct ModuleNote: Sendable, Equatable {
    /// An interface as a note names it: `id`, `id:selector`, with `?` at the end when it is optional.
    struct Interface: Sendable, Hashable, CustomStringConvertible {
        var id: String
        var selector = ""
        var isOptional = false

        init(id: String, selector: String = "", isOptional: Bool = false) {
            self.id = id
            self.selector = selector
            self.isOptional = isOptional
        }

        init(_ text: Substring) {
            var text = text
            if text.hasSuffix("?") {
                isOptional = true
                text = text.dropLast()
            }
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            id = String(parts[0])
            selector = parts.count > 1 ? String(parts[1]) : ""
        }

        var description: String { (selector.isEmpty ? id : "\(id):\(selector)") + (isOptional ? "?" : "") }

        /// Whether a provider's interface satisfies this requirement.
        func isSatisfied(by provided: Interface) -> Bool {
            provided.id == id && (selector.isEmpty || provided.selector == selector)
        }
    }

    struct Fault: Error, Equatable {
        var text: String
    }

    var name = ""
    var version = ""
    var abiMajor: UInt16 = 0
    var abiMinor: UInt16 = 0
    var aliases: [String] = []
    var provides: [Interface] = []
    var requires: [Interface] = []

    init(content: [UInt8]) throws(Fault) {
        let end = content.firstIndex(of: 0) ?? content.endIndex
        guard content[end...].allSatisfy({ $0 == 0 }) else {
            throw Fault(text: "bytes follow the text's end at byte \(end)")
        }
        guard let text = String(validating: content[..<end], as: UTF8.self) else {
            throw Fault(text: "it is not ASCII text")
        }
        var abi: Substring?
        var given: Set<Substring> = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where !line.isEmpty {
            guard let equals = line.firstIndex(of: "=") else {
                throw Fault(text: "line \(number + 1) is '\(line.prefix(60))', expected key=value")
            }
            let value = line[line.index(after: equals)...]
            if ["name", "version", "abi"].contains(line[..<equals]), !given.insert(line[..<equals]).inserted {
                throw Fault(text: "line \(number + 1) gives \(line[..<equals]) again")
            }
            switch line[..<equals] {
            case "name": name = String(value)
            case "version": version = String(value)
            case "abi": abi = value
            case "alias": aliases.append(String(value))
            case "provides": provides.append(Interface(value))
            case "requires": requires.append(Interface(value))
            default: break
            }
        }
        guard !name.isEmpty else { throw Fault(text: "it has no line name=…") }
        guard isModuleName(name) else { throw Fault(text: "its name '\(name.prefix(80))' is not [a-z][a-z0-9_-]*") }
        guard !version.isEmpty else { throw Fault(text: "it has no line version=…") }
        guard let abi else { throw Fault(text: "it has no line abi=…") }
        let numbers = abi.split(separator: ".", omittingEmptySubsequences: false).map { UInt16($0) }
        guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else {
            throw Fault(text: "its abi is '\(abi.prefix(40))', expected MAJOR.MINOR")
        }
        (abiMajor, abiMinor) = (major, minor)
    }
}

/// Whether text may be a module's name: `[a-z][a-z0-9_-]*`, at most 64 bytes.
func isModuleName(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= 64, (0x61...0x7A).contains(first) else { return false }
    return name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F || $0 == 0x2D }
}

/// Whether text may be the name of a command, parameter, function or variable: `[A-Za-z_][A-Za-z0-9_.]*`, at most 128 bytes.
func isDottedName(_ name: String) -> Bool {
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == 0x5F }
    guard let first = name.utf8.first, name.utf8.count <= 128, isLetter(first) else { return false }
    return name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2E }
}
