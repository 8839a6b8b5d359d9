/// Durations and sizes as people write them. Pure.
enum Quantity {
    /// Nanoseconds of `200ms`, `1h30m`, `1.5 s`, or a bare number in `unit` ("s" when empty); nil when it is none.
    static func duration(_ text: String, unit: String = "s") -> Int64? {
        let trimmed = trim(text)
        guard !trimmed.isEmpty else { return nil }
        if let number = Double(trimmed), trimmed.utf8.allSatisfy({ isNumeric($0) }) {
            guard let scale = nanoseconds(of: unit.isEmpty ? "s" : unit) else { return nil }
            return integer(number * scale)
        }
        var rest = Substring(trimmed)
        var total = 0.0
        while !rest.isEmpty {
            guard let (number, unit) = takePart(&rest), let scale = nanoseconds(of: unit) else { return nil }
            total += number * scale
        }
        return integer(total)
    }

    /// Bytes of `4096`, `64k`, `64 KiB`, `1M`; k, M, G, T are powers of 1024; nil when it is none.
    static func size(_ text: String) -> Int64? {
        var rest = Substring(trim(text))
        if let number = Int64(rest) { return number >= 0 ? number : nil }
        guard let (number, unit) = takePart(&rest), rest.isEmpty else { return nil }
        let scale: Double
        switch unit.lowercased() {
        case "b", "bytes", "byte": scale = 1
        case "k", "kb", "kib": scale = 1024
        case "m", "mb", "mib": scale = 1024 * 1024
        case "g", "gb", "gib": scale = 1024 * 1024 * 1024
        case "t", "tb", "tib": scale = 1024 * 1024 * 1024 * 1024
        default: return nil
        }
        return integer(number * scale)
    }

    /// Decimal, or hexadecimal with 0x; with a sign.
    static func integer(_ text: String) -> Int64? {
        let text = trim(text)
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : Substring(text)
        guard digits.hasPrefix("0x") || digits.hasPrefix("0X") else { return Int64(text) }
        guard digits.dropFirst(2).utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        return Int64((text.hasPrefix("-") ? "-" : "") + digits.dropFirst(2), radix: 16)
    }

    static func boolean(_ text: String) -> Bool? {
        switch trim(text).lowercased() {
        case "1", "yes", "true", "on", "enable": true
        case "0", "no", "false", "off", "disable": false
        default: nil
        }
    }

    /// `1h`, `1.5 s`: the number and the unit at the start of `rest`.
    private static func takePart(_ rest: inout Substring) -> (Double, String)? {
        let digits = rest.prefix { $0.utf8.allSatisfy(isNumeric) }
        guard !digits.isEmpty, let number = Double(digits) else { return nil }
        rest = rest.dropFirst(digits.count).drop { $0 == " " }
        let unit = rest.prefix { $0.isLetter || $0 == "µ" }
        rest = rest.dropFirst(unit.count).drop { $0 == " " }
        return unit.isEmpty ? nil : (number, String(unit))
    }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == 0x2E
    }

    private static func nanoseconds(of unit: String) -> Double? {
        switch unit {
        case "ns": 1
        case "us", "µs": 1e3
        case "ms": 1e6
        case "s", "sec", "seconds": 1e9
        case "m", "min", "minutes": 60e9
        case "h", "hours": 3600e9
        case "d", "days": 86400e9
        case "w", "weeks": 604800e9
        default: nil
        }
    }

    private static func integer(_ number: Double) -> Int64? { Int64(exactly: number.rounded()) }

    private static func trim(_ text: String) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let front = text.drop(while: isBlank)
        guard let last = front.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(front[...last])
    }

    /// A duration as a person writes it: `1.5s`, `200ms`, `2h`.
    static func text(duration nanoseconds: Int64) -> String {
        for (unit, scale) in [("d", 86400e9), ("h", 3600e9), ("m", 60e9), ("s", 1e9), ("ms", 1e6), ("us", 1e3)] {
            let number = Double(nanoseconds) / scale
            if abs(number) >= 1 {
                let rounded = (number * 1000).rounded() / 1000
                return rounded == rounded.rounded() ? "\(Int64(rounded))\(unit)" : "\(rounded)\(unit)"
            }
        }
        return nanoseconds == 0 ? "0s" : "\(nanoseconds)ns"
    }

    /// A size as a person writes it: `64 KiB`, `1 MiB`, `100 bytes`.
    static func text(size bytes: Int64) -> String {
        for (unit, scale) in [("TiB", Int64(1) << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes >= scale && bytes % scale == 0 {
            return "\(bytes / scale) \(unit)"
        }
        return "\(bytes) bytes"
    }
}
