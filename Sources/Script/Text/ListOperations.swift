// The classes `param` (lists such as `a=1;b=two;c`), `line` and `val`.

extension TextOperations {
    /// `{param.…}`. A delimiter other than `;` may stand behind the other parameters.
    static let parameterList = TextOperations(
        name: "param",
        [
            .text("value", .text, .separator, optional: 1) { text, arguments in
                let list = try ParameterList(text, arguments, delimiterAt: 1)
                return .text(list.first(named: arguments.text(0))?.value ?? [])
            },
            .text("in", .text, .separator, optional: 1) { text, arguments in
                let list = try ParameterList(text, arguments, delimiterAt: 1)
                return .integer(list.first(named: arguments.text(0)) == nil ? 0 : 1)
            },
            .text("name", .number, .separator, optional: 1) { text, arguments in
                .text(try ParameterList(text, arguments, delimiterAt: 1).at(arguments.number(0))?.name ?? [])
            },
            .text("valueat", .number, .separator, optional: 1) { text, arguments in
                .text(try ParameterList(text, arguments, delimiterAt: 1).at(arguments.number(0))?.value ?? [])
            },
            .text("count", .separator, optional: 1) { text, arguments in
                text.isEmpty ? .null : .integer(Int64(try ParameterList(text, arguments, delimiterAt: 0).entries.count))
            },
        ])

    /// `{line.…}`. Lines end with `\n` or `\r\n`.
    static let line = TextOperations(
        name: "line",
        [
            .text("count") { text, _ in text.isEmpty ? .null : .text(ScriptValue.decimal(Int64(lines(of: text).count))) },
            .text("at", .number) { text, arguments in
                let lines = lines(of: text)
                let index = try arguments.number(0)
                let position = index < 0 ? index &+ Int64(lines.count) : index
                return .text(position >= 0 && position < lines.count ? Array(lines[Int(position)]) : [])
            },
            .text("sw", .text) { text, arguments in
                let prefix = arguments.text(0)
                return .text(lines(of: text).first { $0.starts(with: prefix) }.map(Array.init) ?? [])
            },
        ])

    /// `{val.…}`
    static let value = TextOperations(
        name: "val",
        [
            .value("n0") { $0.isNull ? 0 : $0 },
            .value("ne") { $0.isNull ? "" : $0 },
            .value("json") { value in
                guard case .text(let text) = value else { return value.isNull ? "" : value }
                return .text(jsonEscaped(text))
            },
            .value("jsonqe") { value in
                guard case .text(let text) = value else { return value.isNull ? "\"\"" : value }
                return .text([0x22] + jsonEscaped(text) + [0x22])
            },
        ])

    private static func lines(of text: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { $0.last == 0x0D ? $0.dropLast() : $0 }
    }

    /// A text as it stands between the quotes of a JSON string (RFC 8259, section 7).
    private static func jsonEscaped(_ text: [UInt8]) -> [UInt8] {
        text.flatMap { byte -> [UInt8] in
            switch byte {
            case 0x22, 0x5C: [0x5C, byte]
            case 0x08: Array("\\b".utf8)
            case 0x09: Array("\\t".utf8)
            case 0x0A: Array("\\n".utf8)
            case 0x0C: Array("\\f".utf8)
            case 0x0D: Array("\\r".utf8)
            case 0..<0x20: Array("\\u00".utf8) + hexadecimal([byte])
            default: [byte]
            }
        }
    }
}

/// A list such as `a=1;b="x;y";c`, as in the parameters of a SIP URI. A comma outside quotes ends it.
struct ParameterList {
    /// One parameter; the value is empty where there is none.
    struct Entry {
        var name: [UInt8]
        var value: [UInt8]
    }

    let entries: [Entry]

    /// - Parameter index: Where among the arguments the delimiter may be.
    fileprivate init(_ text: [UInt8], _ arguments: TransformationArguments, delimiterAt index: Int) throws(ScriptError) {
        self.init(text, delimiter: arguments.count > index ? try arguments.byte(index) : UInt8(ascii: ";"))
    }

    init(_ text: [UInt8], delimiter: UInt8 = UInt8(ascii: ";")) {
        var entries: [Entry] = []
        var start = 0
        while start < text.count {
            var end = start
            var quote: UInt8?
            var last: UInt8 = 0  // that is no white space
            while end < text.count {
                let byte = text[end]
                if let open = quote {
                    if byte == 0x5C { end += 1 } else if byte == open { quote = nil }
                } else if byte == delimiter || byte == UInt8(ascii: ",") {
                    break
                } else if byte == 0x22 || byte == 0x27, last == UInt8(ascii: "=") {
                    quote = byte
                }
                if !byte.isTrimmed { last = byte }
                end += 1
            }
            end = min(end, text.count)
            let piece = text[start..<end]
            let equal = piece.firstIndex(of: UInt8(ascii: "="))
            let name = Array(piece[..<(equal ?? end)]).trimmed(left: true, right: true)
            if !name.isEmpty {
                let value = equal.map { Array(piece[($0 + 1)...]).trimmed(left: true, right: true) } ?? []
                entries.append(Entry(name: name, value: value.unwrapped { $0 == $1 && ($0 == 0x22 || $0 == 0x27) }))
            }
            if end < text.count, text[end] != delimiter { break }
            start = end + 1
        }
        self.entries = entries
    }

    /// The first of a name; case does not count.
    func first(named name: [UInt8]) -> Entry? {
        let wanted = lowerCase(name.trimmed(left: true, right: true))
        return entries.first { lowerCase($0.name) == wanted }
    }

    /// The one at an index from 0, negative ones from the end.
    func at(_ index: Int64) -> Entry? {
        let position = index < 0 ? index &+ Int64(entries.count) : index
        return position >= 0 && position < entries.count ? entries[Int(position)] : nil
    }
}

/// ASCII letters made lower-case.
func lowerCase(_ text: some Sequence<UInt8>) -> [UInt8] {
    text.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
}
