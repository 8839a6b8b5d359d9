import JSON
import ModuleABI
import ModuleKit

/// An answer as one line of JSON: `{"code":200,"text":"OK","id":7}`.
enum Answer {
    /// Appends an answer; the question, if there is one, gives its `id`.
    static func append(
        _ code: Int32, _ text: UnsafeRawBufferPointer, to question: Question?, in output: inout [UInt8]
    ) {
        output += "{\"code\":".utf8
        JSONText.appendInteger(Int64(code), to: &output)
        output += ",\"text\":".utf8
        JSONText.appendQuoted(text, to: &output)
        question?.appendID(to: &output)
        output += "}\n".utf8
    }

    static func append(_ code: Int32, _ text: String, to question: Question?, in output: inout [UInt8]) {
        var text = text
        text.withUTF8 { append(code, UnsafeRawBufferPointer($0), to: question, in: &output) }
    }
}

/// A code and a text, as the parameter `no_reply` gives them: "200 OK".
struct StandardReply: Equatable, Sendable {
    var code: Int32
    var text: String

    static let none = StandardReply(code: 0, text: "no reply")

    init(code: Int32, text: String) {
        self.code = code
        self.text = text
    }

    /// Throws `MH_E_INVALID` for anything but a code of 0 or 100 to 999 with a text behind it.
    init(_ words: String) throws(ModuleFailure) {
        let parts = words.split(separator: " ", maxSplits: 1)
        guard let first = parts.first, let code = Int32(first), code == 0 || (100...999).contains(code) else {
            throw ModuleFailure(
                MH_E_INVALID, "no_reply is \"\(words)\", expected a code (0, or 100 to 999) and a text, such as \"200 OK\"")
        }
        self.code = code
        text = parts.count > 1 ? String(parts[1]) : ""
    }
}
