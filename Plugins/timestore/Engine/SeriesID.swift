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
        guard bytes.count >= Self.length else { return nil }
        var digit = 0
        for index in 0..<Self.length {
            let byte = bytes[index]
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let value: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"):
                value = byte - UInt8(ascii: "A") + 10
                capitals |= 1 << UInt32(digit)
            default: return nil
            }
            if digit < 16 { high = high << 4 | UInt64(value) } else { low = low << 4 | UInt64(value) }
            digit += 1
        }
    }

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
