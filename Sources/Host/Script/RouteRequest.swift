/// The arguments of a command that runs a route, as the route reads them.
///
/// `key=value` and arguments by name are `$arg(key)`; others are `$arg(1)`, `$arg(2)` and so on, and `$arg(count)` says how many of those
/// there are.
struct RouteRequest {
    private(set) var arguments: [(name: String, value: ArgumentValue)] = []
    /// Arguments of one command, at most.
    static let limit = 1000

    init(_ sent: [SentArgument]) throws(Fault) {
        guard sent.count <= Self.limit else {
            throw Fault(400, "found \(sent.count) arguments, a route takes at most \(Self.limit)")
        }
        var count = 0
        for argument in sent {
            if let name = argument.name {
                try add(name, argument.value)
            } else if let (key, value) = Self.split(argument.value) {
                try add(key, value)
            } else {
                count += 1
                try add(String(count), argument.value)
            }
        }
        try add("count", .integer(Int64(count)), unlessGiven: true)
    }

    private mutating func add(_ name: String, _ value: ArgumentValue, unlessGiven: Bool = false) throws(Fault) {
        if case .nested(let kind) = value {
            throw Fault(400, "the argument \(name) is \(kind), expected a string, a number or a boolean")
        }
        guard arguments.contains(where: { $0.name == name }) else {
            arguments.append((name, value))
            return
        }
        if !unlessGiven { throw Fault(400, "the argument \(name) is given twice") }
    }

    /// The two sides of `key=value`; nil when the text is no such thing.
    private static func split(_ value: ArgumentValue) -> (String, ArgumentValue)? {
        guard case .string(let bytes) = value, let equals = bytes.firstIndex(of: UInt8(ascii: "=")), equals > 0 else {
            return nil
        }
        let key = bytes[..<equals]
        let isName = key.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
        guard isName, let first = key.first, !(0x30...0x39).contains(first) else { return nil }
        return (String(decoding: key, as: UTF8.self), typed(Array(bytes[(equals + 1)...])))
    }

    /// A number where the text is one that is written back just so, as modctl types its words; else the text.
    private static func typed(_ bytes: [UInt8]) -> ArgumentValue {
        if let first = bytes.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first), bytes.count <= 20 {
            let text = String(decoding: bytes, as: UTF8.self)
            if let number = Int64(text), String(number) == text { return .integer(number) }
        }
        return .string(bytes)
    }
}
