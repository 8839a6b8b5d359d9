// A bucket: 256 bytes, four cache lines, with up to eight items one behind the other and a header that finds them by eight bits of
// their hash. Its address follows from the hash alone, so all four lines are fetched at once and a look-up waits for memory once.
import CPrefetch
import Glibc
import Synchronization

/// A bucket in a page of its arena. Under the stripe's lock, but for what asks for memory ahead of that: this reads tags and offsets as
/// they may just be written by another thread, so these two words are atomic.
struct Bucket: Equatable {
    static let size = 256
    static let slots = 8
    // Eight tags, eight offsets (0: the slot is free), four bytes and the expiry that it is filed by.
    static let headSize = 24
    private static let freeByte = 16
    private static let straysByte = 17
    private static let reachByte = 18
    private static let dueByte = 19
    private static let filedOffset = 20

    let raw: UnsafeMutableRawPointer
    @inline(__always) init(_ raw: UnsafeMutableRawPointer) { self.raw = raw }

    func initialize() {
        tags = 0
        offsets = 0
        memset(raw + Self.freeByte, 0, Self.headSize - Self.freeByte)
        free = Self.size - Self.headSize
    }

    // MARK: Header

    @inline(__always) private func word(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        (raw + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    @inline(__always) private var tags: UInt64 {
        get { word(0).pointee.load(ordering: .relaxed) }
        nonmutating set { word(0).pointee.store(newValue, ordering: .relaxed) }
    }

    @inline(__always) private var offsets: UInt64 {
        get { word(8).pointee.load(ordering: .relaxed) }
        nonmutating set { word(8).pointee.store(newValue, ordering: .relaxed) }
    }

    @inline(__always) private func byte(_ offset: Int) -> Int { Int(raw.load(fromByteOffset: offset, as: UInt8.self)) }
    @inline(__always) private func setByte(_ offset: Int, _ value: Int) {
        raw.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: offset, as: UInt8.self)
    }

    /// Bytes behind the last item.
    @inline(__always) var free: Int {
        get { byte(Self.freeByte) }
        nonmutating set { setByte(Self.freeByte, newValue) }
    }

    /// How many items belong here but lie in a bucket behind this one.
    @inline(__always) var strays: Int {
        get { byte(Self.straysByte) }
        nonmutating set { setByte(Self.straysByte, newValue) }
    }

    /// How many buckets behind this one may have items that belong here.
    @inline(__always) var reach: Int {
        get { byte(Self.reachByte) }
        nonmutating set { setByte(Self.reachByte, newValue) }
    }

    /// The slots whose items are expired and counted as such, a bit for each.
    @inline(__always) var due: UInt8 {
        get { raw.load(fromByteOffset: Self.dueByte, as: UInt8.self) }
        nonmutating set { raw.storeBytes(of: newValue, toByteOffset: Self.dueByte, as: UInt8.self) }
    }

    /// The expiry by which the bucket is in the wheel, that of none of its items is earlier but for those due; 0: it is not in the wheel.
    @inline(__always) var filed: UInt32 {
        get { raw.load(fromByteOffset: Self.filedOffset, as: UInt32.self) }
        nonmutating set { raw.storeBytes(of: newValue, toByteOffset: Self.filedOffset, as: UInt32.self) }
    }

    // MARK: Items

    @inline(__always) private func offset(_ slot: Int) -> Int {
        Int(truncatingIfNeeded: offsets >> UInt64(truncatingIfNeeded: slot &* 8)) & 0xFF
    }

    @inline(__always) func isUsed(_ slot: Int) -> Bool { offset(slot) != 0 }
    @inline(__always) func item(_ slot: Int) -> Item { Item(raw + offset(slot)) }
    @inline(__always) func tag(_ slot: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: tags >> UInt64(truncatingIfNeeded: slot &* 8))
    }

    /// The slots that may have a tag: the top bit of the byte of each, and perhaps of some that do not.
    @inline(__always) private func candidates(_ tag: UInt8) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let different = tags ^ (UInt64(tag) &* ones)
        // A byte that is zero has its top bit set here; so may some above it: keys are compared in any case.
        return (different &- ones) & ~different & (ones << 7)
    }

    /// The slot of a key.
    @inline(__always) func find(_ tag: UInt8, _ upper: UInt32, _ key: UnsafeRawBufferPointer) -> Int? {
        var candidates = candidates(tag)
        while candidates != 0 {
            let slot = candidates.trailingZeroBitCount >> 3
            let offset = offset(slot)
            if offset != 0 {
                let item = Item(raw + offset)
                if item.isInside(key) || (item.isOutside && item.isOutside(upper, key)) { return slot }
            }
            candidates &= candidates &- 1
        }
        return nil
    }

    /// Makes room for an item of `size` bytes; nil when there is none.
    @inline(__always) func take(_ size: Int, _ tag: UInt8) -> Int? {
        let free = free
        guard size <= free else { return nil }
        for slot in 0..<Self.slots where offset(slot) == 0 {
            let start = Self.size &- free
            offsets |= UInt64(truncatingIfNeeded: start) << UInt64(truncatingIfNeeded: slot &* 8)
            tags |= UInt64(tag) << UInt64(truncatingIfNeeded: slot &* 8)
            self.free = free &- size
            return slot
        }
        return nil
    }

    /// Takes an item out; those behind it move up.
    func cut(_ slot: Int) {
        let start = offset(slot)
        let size = Item(raw + start).size
        let end = Self.size - free
        if start + size < end { memmove(raw + start, raw + start + size, end - start - size) }
        for other in 0..<Self.slots where offset(other) > start {
            // No byte of the eight falls below zero: the offset is greater than what is taken off.
            offsets &-= UInt64(size) << UInt64(other * 8)
        }
        let mask: UInt64 = 0xFF << UInt64(slot * 8)
        offsets &= ~mask
        tags &= ~mask
        free += size
    }

    @inline(__always) func forEachItem(_ body: (Int, Item) -> Void) {
        for slot in 0..<Self.slots where isUsed(slot) { body(slot, item(slot)) }
    }

    // MARK: Ahead of the lock

    /// Asks for all of it.
    @inline(__always) func prefetch() {
        prefetch_line(raw)
        prefetch_line(raw + 64)
        prefetch_line(raw + 128)
        prefetch_line(raw + 192)
    }

    @inline(__always) func prefetchHeader() { prefetch_line(raw) }

    /// Asks for the item that a tag leads to, most probably.
    @inline(__always) func prefetchItem(_ tag: UInt8) {
        let candidates = candidates(tag)
        // None: whatever lies at the bucket's start, which is here already.
        let offset = candidates == 0 ? 0 : offset(candidates.trailingZeroBitCount >> 3)
        prefetch_line(raw + offset)
        // Often the same line: small items end in it.
        prefetch_line(raw + offset + 47)
    }
}

/// An item's place: valid as long as its `Item`.
struct Place {
    let bucket: Bucket
    let slot: Int

    @inline(__always) var item: Item { bucket.item(slot) }
    @inline(__always) var bit: UInt8 { 1 << UInt8(truncatingIfNeeded: slot) }
    @inline(__always) var isDue: Bool { bucket.due & bit != 0 }
}
