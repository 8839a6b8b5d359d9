/// What has become of a sender's lines since the last answer.
struct Tally {
    private(set) var stored = 0
    private(set) var rejected = 0
    /// The first reason for a rejection.
    private(set) var error: String?

    mutating func store(_ count: Int) { stored += count }

    mutating func reject(_ count: Int, _ reason: @autoclosure () -> String) {
        guard count > 0 else { return }
        rejected += count
        if error == nil { error = reason() }
    }

    /// One line of JSON: `{"stored":98,"rejected":2,"error":"line 7: …"}`.
    var answer: [UInt8] {
        let reason = error.map { ",\"error\":\"\(Self.escaped($0))\"" } ?? ""
        return Array("{\"stored\":\(stored),\"rejected\":\(rejected)\(reason)}\n".utf8)
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}
