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
        // A sign and 19 digits are the longest.
        reserve(20)
        var digits = 1
        var rest = number.magnitude
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        if number < 0 {
            start[count] = UInt8(ascii: "-")
            count += 1
        }
        rest = number.magnitude
        count += digits
        var place = count
        for _ in 0..<digits {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            place -= 1
            start[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
            rest = quotient
        }
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
