/// Base64 text (RFC 4648, section 4) with or without its padding.
enum Base64Text {
    /// Decodes into memory of the arena; nil when the text is no base64.
    static func decode(_ text: Bytes, arena: ByteArena) -> Bytes? {
        var length = text.count
        if length % 4 == 0 {
            for _ in 0..<2 where length > 0 && text[length - 1] == UInt8(ascii: "=") { length -= 1 }
        }
        guard length % 4 != 1 else { return nil }
        let size = length / 4 * 3 + (length % 4 == 0 ? 0 : length % 4 - 1)
        let out = arena.allocate(size)
        var bits: UInt32 = 0
        var count = 0
        var written = 0
        for index in 0..<length {
            guard let digit = value(of: text[index]) else { return nil }
            bits = bits << 6 | digit
            count += 6
            if count >= 8 {
                count -= 8
                out[written] = UInt8(truncatingIfNeeded: bits >> UInt32(count))
                written += 1
            }
        }
        return Bytes(start: out, count: written)
    }

    @inline(__always)
    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
