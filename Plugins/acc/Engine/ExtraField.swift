import ModuleABI
public import ModuleKit

/// One field of `db_extra` or `log_extra`: a name, and a text whose pseudo-variables give its value.
public struct ExtraField: Equatable, Sendable {
    public var name: String
    public var text: String

    /// Reads "src_ip=$si;ua=$arg(ua)". A semicolon within parentheses or braces belongs to its pseudo-variable.
    ///
    /// Throws `MH_E_INVALID` for a piece that is no name=text, and a doubled name.
    public static func parse(_ list: String) throws(ModuleFailure) -> [ExtraField] {
        var fields: [ExtraField] = []
        for piece in pieces(of: list) {
            let piece = trimmed(piece)
            if piece.isEmpty { continue }
            let equals = piece.firstIndex(of: "=") ?? piece.endIndex
            let name = trimmed(piece[..<equals])
            let text = equals == piece.endIndex ? "" : trimmed(piece[piece.index(after: equals)...])
            guard !name.isEmpty, !text.isEmpty else {
                throw ModuleFailure(
                    MH_E_INVALID, "found \"\(piece)\", expected name=text pairs such as \"src_ip=$si;ua=$hdr(User-Agent)\"")
            }
            guard !fields.contains(where: { $0.name == name }) else {
                throw ModuleFailure(MH_E_INVALID, "\"\(name)\" is given twice: remove one of them")
            }
            fields.append(ExtraField(name: String(name), text: String(text)))
        }
        return fields
    }

    private static func pieces(of list: String) -> [Substring] {
        var pieces: [Substring] = []
        var depth = 0
        var start = list.startIndex
        for index in list.indices {
            switch list[index] {
            case "(", "{": depth += 1
            case ")", "}": depth -= 1
            case ";" where depth <= 0:
                pieces.append(list[start..<index])
                start = list.index(after: index)
            default: break
            }
        }
        return pieces + [list[start...]]
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\n" }
        let start = text.drop(while: isBlank)
        return start.lastIndex { !isBlank($0) }.map { start[...$0] } ?? start
    }
}
