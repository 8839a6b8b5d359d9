import Glibc

/// Where the texts of one row lie until it is stored: those that change too early are copied into a piece of memory that the caller lends,
/// and what does not fit there into an arena.
struct RowText {
    private var next: UnsafeMutablePointer<UInt8>?
    private var left: Int
    private var arena: ByteArena?
    private let copiesAll: Bool

    /// For a row that is stored before the run goes on: what the run keeps is not copied. Void when `room` is.
    init(room: UnsafeMutableRawBufferPointer) {
        next = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
        left = room.count
        copiesAll = false
    }

    /// For a row that is stored later: every text is copied into the arena, and void when that is reset.
    init(arena: ByteArena) {
        left = 0
        self.arena = arena
        copiesAll = true
    }

    /// A text that the run keeps, for as long as the row needs it.
    @inline(__always)
    mutating func kept(_ text: Bytes) -> Bytes { copiesAll ? copy(text) : text }

    /// A copy of a text that changes with the next call.
    @inline(__always)
    mutating func copy(_ text: Bytes) -> Bytes {
        guard let source = text.baseAddress, text.count > 0 else { return text }
        let start = allocate(text.count)
        memcpy(start, source, text.count)
        return Bytes(start: start, count: text.count)
    }

    /// The decimal digits of a number.
    mutating func digits(of number: Int64) -> Bytes {
        let longest = 20  // "-9223372036854775808"
        let start = allocate(longest)
        var first = longest
        var rest = number.magnitude
        repeat {
            first -= 1
            start[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        if number < 0 {
            first -= 1
            start[first] = UInt8(ascii: "-")
        }
        return Bytes(start: start + first, count: longest - first)
    }

    @inline(__always)
    private mutating func allocate(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        guard let start = next, count <= left else { return allocateInArena(count) }
        next = start + count
        left -= count
        return start
    }

    @inline(never)
    private mutating func allocateInArena(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        let arena = arena ?? ByteArena()
        self.arena = arena
        return arena.allocate(count)
    }
}
