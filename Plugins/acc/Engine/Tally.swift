/// What a sender is told: rows stored and lines rejected since its last answer, and the first fault among them.
public struct Tally: Equatable, Sendable {
    public var stored = 0
    public var rejected = 0
    public var fault: LineFault?

    public init() {}

    /// Counts a stretch, `refused` of whose rows the provider did not store, and `refusal` the first of them.
    mutating func add(_ stretch: Stretch, refused: Int, refusal: LineFault?) {
        stored += stretch.rows - refused
        rejected += stretch.rejected + refused
        for candidate in [stretch.fault, refusal] {
            guard let candidate else { continue }
            if candidate.line < fault?.line ?? .max { fault = candidate }
        }
    }

    /// The answer as one line of JSON with its newline; `note` stands for the fault where there is none.
    func answer(note: String? = nil) -> [UInt8] {
        var text = "{\"stored\":\(stored),\"rejected\":\(rejected)"
        if let error = fault?.description ?? note { text += ",\"error\":\(jsonString(error))" }
        return Array((text + "}\n").utf8)
    }
}

/// Text as a JSON string, with its quotes.
func jsonString(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": json += "\\\""
        case "\\": json += "\\\\"
        case "\n": json += "\\n"
        case "\u{0}"..<" ", "\u{7F}":
            let digits = String(scalar.value, radix: 16)
            json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: json.unicodeScalars.append(scalar)
        }
    }
    return json + "\""
}
