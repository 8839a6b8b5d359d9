// Memory in which texts are put together. This file owns it: a buffer is made for each depth of texts within texts, stays where
// it is, and is freed with the evaluator.

import Glibc

/// Bytes of a text that is being put together. It does not move, so what is written at its depth stays there.
struct TextBuffer {
    private(set) var start: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int

    fileprivate init(capacity: Int) {
        start = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    fileprivate func free() {
        start.deallocate()
    }

    /// What is in it; valid until it is next written to.
    @inline(__always) var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    /// The same, byte by byte.
    var elements: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: start, count: count) }

    @inline(__always)
    mutating func append(_ bytes: UnsafePointer<UInt8>, _ length: Int) {
        reserve(length)
        memcpy(start + count, bytes, length)
        count += length
    }

    mutating func append(_ value: ScriptValue) {
        switch value {
        case .null: break
        case .integer(let number): append(decimal: number)
        case .text(let text):
            text.withUnsafeBufferPointer { text in
                if let start = text.baseAddress { append(start, text.count) }
            }
        }
    }

    /// Appends the decimal digits of a number.
    mutating func append(decimal number: Int64) {
        // A sign and 19 digits are the longest; eight bytes are written at a time.
        reserve(32)
        if number < 0 {
            start[count] = UInt8(ascii: "-")
            count += 1
        }
        append(number.magnitude)
    }

    /// Appends digits where there is room for them.
    private mutating func append(_ number: UInt64) {
        let target = UnsafeMutableRawPointer(start + count)
        guard number >= 100_000_000 else {
            let digits = Self.eightDigits(number)
            // The first digit is in the lowest byte; the last one stays, also of 0.
            let zeros = min(digits.trailingZeroBitCount / 8, 7)
            target.storeBytes(of: (digits | Self.zeros) >> UInt64(zeros * 8), as: UInt64.self)
            count += 8 - zeros
            return
        }
        let (high, low) = number.quotientAndRemainder(dividingBy: 100_000_000)
        append(high)
        UnsafeMutableRawPointer(start + count).storeBytes(of: Self.eightDigits(low) | Self.zeros, as: UInt64.self)
        count += 8
    }

    /// The character 0 in each byte.
    private static let zeros: UInt64 = 0x3030_3030_3030_3030

    /// The eight digits of a number below 100,000,000, a byte for each, the first one in the lowest: first halves of four
    /// digits, then quarters, then single digits, all of a kind at once. Divisions are products that are cut off.
    @inline(__always)
    private static func eightDigits(_ number: UInt64) -> UInt64 {
        let (high, low) = number.quotientAndRemainder(dividingBy: 10_000)
        let halves = high | low << 32
        let hundreds = (halves &* 10_486) >> 20 & 0x0000_007F_0000_007F
        let quarters = (halves &- 100 &* hundreds) << 16 | hundreds
        let tens = (quarters &* 103) >> 10 & 0x000F_000F_000F_000F
        return (quarters &- 10 &* tens) << 8 | tens
    }

    /// Forgets what is behind this many bytes.
    mutating func cut(to length: Int) {
        count = length
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if count + more > capacity { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let new = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        new.update(from: start, count: count)
        start.deallocate()
        (start, capacity) = (new, larger)
    }

    /// Makes it empty; a huge text is no reason to keep its room.
    @inline(__always)
    fileprivate mutating func clear() {
        count = 0
        if capacity > 65536 { shrink() }
    }

    @inline(never)
    private mutating func shrink() {
        free()
        self = TextBuffer(capacity: 256)
    }
}

/// The buffers of one evaluator, one for each depth.
final class TextBuffers {
    @exclusivity(unchecked) private var levels: UnsafeMutablePointer<UnsafeMutablePointer<TextBuffer>>
    @exclusivity(unchecked) private var count = 0
    @exclusivity(unchecked) private var depth = 0
    @exclusivity(unchecked) private var room = 8

    init() {
        levels = .allocate(capacity: room)
    }

    deinit {
        for level in 0..<count {
            levels[level].pointee.free()
            levels[level].deinitialize(count: 1)
            levels[level].deallocate()
        }
        levels.deallocate()
    }

    /// An empty buffer, to be given back by ``giveBack(_:)`` before the one that was taken before it.
    @inline(__always)
    func take() -> UnsafeMutablePointer<TextBuffer> {
        if depth == count { addLevel() }
        depth += 1
        return levels[depth - 1]
    }

    @inline(__always)
    func giveBack(_ buffer: UnsafeMutablePointer<TextBuffer>) {
        buffer.pointee.clear()
        depth -= 1
    }

    @inline(never)
    private func addLevel() {
        if count == room {
            let new = UnsafeMutablePointer<UnsafeMutablePointer<TextBuffer>>.allocate(capacity: room * 2)
            new.moveInitialize(from: levels, count: count)
            levels.deallocate()
            levels = new
            room *= 2
        }
        let level = UnsafeMutablePointer<TextBuffer>.allocate(capacity: 1)
        level.initialize(to: TextBuffer(capacity: 256))
        (levels + count).initialize(to: level)
        count += 1
    }
}
