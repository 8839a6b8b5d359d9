/// The UUID of a series: 8-4-4-4-12 hexadecimal digits. Capital letters make another series, as they make another file name.
public struct SeriesID: Hashable, Sendable {
    /// Bytes of the text.
    static let length = 36

    private var high: UInt64 = 0
    private var low: UInt64 = 0
    /// One bit for each digit that is a capital letter.
    private var capitals: UInt32 = 0

    /// Reads the first 36 bytes; nil when they are no UUID.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.length, bytes[8] == Self.dash, bytes[13] == Self.dash, bytes[18] == Self.dash,
            bytes[23] == Self.dash,
            let first = HexDigits(bytes, 0, 4), let second = HexDigits(bytes, 9, 14), let third = HexDigits(bytes, 19, 24),
            let fourth = HexDigits(bytes, 28, 32)
        else { return nil }
        high = first.value << 32 | second.value
        low = third.value << 32 | fourth.value
        capitals = first.capitals | second.capitals << 8 | third.capitals << 16 | fourth.capitals << 24
    }

    private static let dash = UInt8(ascii: "-")

    /// Reads a text of exactly 36 characters; nil when it is no UUID.
    public init?(_ text: String) {
        var text = text
        guard let id = text.withUTF8({ $0.count == Self.length ? SeriesID(UnsafeRawBufferPointer($0)) : nil }) else {
            return nil
        }
        self = id
    }

    /// The text as it was read.
    public var text: String {
        String(unsafeUninitializedCapacity: Self.length) { buffer in
            var digit = 0
            for index in 0..<Self.length {
                if index == 8 || index == 13 || index == 18 || index == 23 {
                    buffer[index] = UInt8(ascii: "-")
                    continue
                }
                let word = digit < 16 ? high >> UInt64(60 - 4 * digit) : low >> UInt64(124 - 4 * digit)
                let value = UInt8(word & 15)
                let letter = capitals >> UInt32(digit) & 1 == 1 ? UInt8(ascii: "A") : UInt8(ascii: "a")
                buffer[index] = value < 10 ? UInt8(ascii: "0") + value : letter + value - 10
                digit += 1
            }
            return Self.length
        }
    }

    /// The worker, 1…`workers`, that owns the files of this series.
    func owner(among workers: UInt32) -> UInt32 {
        var mixed = (high ^ low.byteSwapped) &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 32
        return UInt32(mixed % UInt64(max(workers, 1))) + 1
    }
}

/// Eight hexadecimal digits, looked at together: a byte of a word for each.
private struct HexDigits {
    /// 32 bits.
    var value: UInt64
    /// Bit n is set when digit n is a capital letter.
    var capitals: UInt32

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// Four digits from each of two places, in this order; nil when one is none.
    @inline(__always)
    init?(_ bytes: UnsafeRawBufferPointer, _ left: Int, _ right: Int) {
        let text =
            UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: left, as: UInt32.self)))
            | UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: right, as: UInt32.self))) << 32
        guard text & Self.tops == 0 else { return nil }
        // A byte's top bit tells of it. Digits are told by adding what lifts the first of them to 0x80, and the first one beyond.
        let digits = (text &+ Self.ones &* (0x80 - 0x30)) & ~(text &+ Self.ones &* (0x80 - 0x3A)) & Self.tops
        let small = text | Self.ones &* 0x20
        let letters = (small &+ Self.ones &* (0x80 - 0x61)) & ~(small &+ Self.ones &* (0x80 - 0x67)) & Self.tops
        guard digits | letters == Self.tops else { return nil }
        var packed = ((text & (Self.ones &* 0x0F)) &+ (letters >> 7) &* 9).byteSwapped
        packed = (packed | packed >> 4) & 0x00FF_00FF_00FF_00FF
        packed = (packed | packed >> 8) & 0x0000_FFFF_0000_FFFF
        value = (packed | packed >> 16) & 0xFFFF_FFFF
        // A capital letter lacks the bit 0x20. The product moves bit 8 n to bit 56 + n.
        let large = (letters & ~(text << 2)) >> 7
        capitals = UInt32((large &* 0x0102_0408_1020_4080) >> 56)
    }
}
