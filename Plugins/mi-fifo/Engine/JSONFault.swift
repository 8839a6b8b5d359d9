import ModuleKit

/// A JSON-RPC 2.0 error response for requests that never reach the host (specification, section 5.1); its id
/// is null.
enum JSONFault {
    static func encoded(code: Int32, text: String, isCompact: Bool) -> [UInt8] {
        let message = escaped(text)
        if isCompact {
            return Array(
                #"{"jsonrpc":"2.0","error":{"code":\#(code),"message":"\#(message)"},"id":null}"#.utf8)
        }
        return Array(
            """
            {
            \t"jsonrpc":\t"2.0",
            \t"error":\t{
            \t\t"code":\t\(code),
            \t\t"message":\t"\(message)"
            \t},
            \t"id":\tnull
            }
            """.utf8)
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..."\u{1f}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
