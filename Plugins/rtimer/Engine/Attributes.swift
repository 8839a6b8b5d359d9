import ModuleABI
public import ModuleKit

/// The value of a parameter, written "name=t1;interval=10;": names and values between semicolons, blanks around them ignored.
public struct Attributes {
    private var values: [(name: String, value: String)] = []

    /// Throws `MH_E_INVALID` for what is no name=value, an empty value, a doubled name and one that is not among `known`.
    public init(_ text: String, known: [String], example: String) throws(ModuleFailure) {
        for piece in text.split(separator: ";") {
            let piece = Self.trimmed(piece)
            if piece.isEmpty { continue }
            guard let equals = piece.firstIndex(of: "=") else {
                throw ModuleFailure(MH_E_INVALID, "found \"\(piece)\", expected name=value pairs such as \"\(example)\"")
            }
            let name = Self.trimmed(piece[..<equals])
            let value = Self.trimmed(piece[piece.index(after: equals)...])
            guard known.contains(name) else {
                let guess = nearestName(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
                throw ModuleFailure(
                    MH_E_INVALID, "found \"\(name)\", expected one of \(known.joined(separator: ", "))\(guess)")
            }
            guard !value.isEmpty else {
                throw ModuleFailure(MH_E_INVALID, "\(name) has no value, expected such as \"\(example)\"")
            }
            guard self[name] == nil else {
                throw ModuleFailure(MH_E_INVALID, "\(name) is given twice: remove one of them")
            }
            values.append((name, value))
        }
    }

    public subscript(name: String) -> String? { values.first { $0.name == name }?.value }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" }
        let start = text.drop(while: isBlank)
        return start.lastIndex { !isBlank($0) }.map { String(start[...$0]) } ?? ""
    }
}
