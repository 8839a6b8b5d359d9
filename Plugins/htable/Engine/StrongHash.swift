// The hash that places items in a table: 64 bits, seeded at random per table, so that nobody can choose keys that collide.
// Kamailio's own hash, which only numbers the slots of a dump, is in SlotHash.swift.

/// A keyed hash of counted bytes.
struct StrongHash: Sendable {
    private let first: UInt64
    private let second: UInt64

    /// A hash with a seed of its own; tests give one.
    init(seed: UInt64? = nil) {
        var random = SystemRandomNumberGenerator()
        let words = seed.map { ($0, ~$0) } ?? (random.next(), random.next())
        first = Self.fold(words.0 ^ 0xD6E8_FEB8_6659_FD93, 0xA076_1D64_95B0_5B17)
        second = Self.fold(words.1 ^ 0xE703_7ED1_A0B4_28DB, 0x8EBC_6AF0_9C88_C6E3)
    }

    /// The two halves of the 128-bit product, folded into one word.
    @inline(__always) private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    @inline(__always) private static func word(_ start: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    /// Up to seven bytes as one word; each byte has a place of its own.
    @inline(__always) private static func tail(_ start: UnsafeRawPointer, _ count: Int) -> UInt64 {
        if count >= 4 {
            let low = UInt64(start.loadUnaligned(as: UInt32.self))
            let high = UInt64(start.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            return low | high << 32
        }
        guard count > 0 else { return 0 }
        let low = UInt64(start.load(as: UInt8.self))
        let middle = UInt64(start.load(fromByteOffset: count / 2, as: UInt8.self))
        let high = UInt64(start.load(fromByteOffset: count - 1, as: UInt8.self))
        return low | middle << 8 | high << 16
    }

    @inline(__always) func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var state = first ^ UInt64(truncatingIfNeeded: bytes.count)
        guard let base = bytes.baseAddress else { return Self.fold(state, second) }
        var start = base
        var count = bytes.count
        while count > 16 {
            state = Self.fold(Self.word(start, 0) ^ state, Self.word(start, 8) ^ second)
            start += 16
            count -= 16
        }
        let a: UInt64
        let b: UInt64
        if count >= 8 {
            a = Self.word(start, 0)
            b = Self.word(start, count - 8)
        } else {
            a = Self.tail(start, count)
            b = 0
        }
        let mixed = Self.fold(a ^ state, b ^ second)
        return Self.fold(mixed ^ 0x8BB8_4B93_962E_ACC9, state ^ second)
    }
}
