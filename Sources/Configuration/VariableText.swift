// loadmodulex and modparamx resolve variables in their strings while the configuration is read. Only what is known then
// can be meant: the environment and the defines.

/// Resolves `$env(NAME)` and `$def(NAME)` in a text; `$$` is a dollar sign.
struct VariableText {
    /// Why a text cannot be resolved.
    struct Unresolved: Error {
        let message: String
        let hint: String?
    }

    let environment: [String: String]
    let defines: [String: String]

    /// The text with its variables replaced.
    func resolve(_ text: [UInt8]) throws(Unresolved) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            guard text[index] == Byte.dollar else {
                result.append(text[index])
                index += 1
                continue
            }
            if index + 1 < text.count, text[index + 1] == Byte.dollar {
                result.append(Byte.dollar)
                index += 2
                continue
            }
            guard let (value, end) = try variable(in: text, at: index) else {
                let found = String(decoding: text[index...].prefix(24), as: UTF8.self)
                throw Unresolved(
                    message:
                        "found '\(found)', expected $env(NAME) or $def(NAME), the only variables known here",
                    hint: "write '$$' for a dollar sign")
            }
            result += Array(value.utf8)
            index = end
        }
        return result
    }

    private func variable(in text: [UInt8], at start: Int) throws(Unresolved) -> (String, Int)? {
        let rest = text[start...]
        let isEnvironment = rest.starts(with: Array("$env(".utf8))
        guard isEnvironment || rest.starts(with: Array("$def(".utf8)),
            let end = rest.firstIndex(of: Byte.rightParenthesis)
        else { return nil }
        let name = String(decoding: text[(start + 5)..<end], as: UTF8.self)
        if isEnvironment {
            if let value = environment[name] { return (value, end + 1) }
            throw Unresolved(
                message: "found $env(\(name)), but there is no environment variable \(name)",
                hint: "set it before the start")
        }
        if let value = defines[name] { return (value, end + 1) }
        let near = nearestName(to: name, in: defines.keys.sorted()).map { "did you mean \($0)?" }
        throw Unresolved(message: "found $def(\(name)), but there is no define \(name)", hint: near)
    }
}
