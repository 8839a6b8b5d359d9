// Where a stripe's segments are: an array of entries of 32 bytes by the upper bits of the hash. It is read without any lock, to ask
// for a bucket before the lock is taken; so its memory stays valid until the table goes: what it has outgrown is kept behind it,
// all of which together is smaller than what is in use.
import Glibc
import Synchronization

/// Some pages of buckets that hold one range of hashes: one to seven pages, in which the hash chooses the page and the bucket.
struct Segment {
    static let mostPages = 7
    /// Pages that each half begins with when a segment splits.
    static let halfPages = 4

    /// How many bits of the hash lead to it.
    var depth: Int
    var count = 0
    private var pages = InlineArray<7, UInt32>(repeating: 0)

    init(depth: Int) { self.depth = depth }

    subscript(_ index: Int) -> UInt32 {
        get { pages[index] }
        set { pages[index] = newValue }
    }

    mutating func append(_ page: UInt32) {
        pages[count] = page
        count += 1
    }

    /// The page of hash bits, which are among those that lead to this segment, and the bucket's number in it.
    func place(_ upper: UInt32) -> (page: UInt32, number: Int) {
        let place = Self.place(upper, depth: UInt32(depth), count: UInt32(count))
        return (pages[place.index], place.number)
    }

    @inline(__always) static func place(_ upper: UInt32, depth: UInt32, count: UInt32) -> (index: Int, number: Int) {
        let scaled = UInt64(upper &<< depth) &* UInt64(count)
        let rest = scaled & 0xFFFF_FFFF
        return (Int(scaled >> 32), Int((rest &* UInt64(ItemStore.bucketsPerPage)) >> 32))
    }
}

/// A stripe's directory as one word: its address, and above it its depth. 2^depth entries.
struct Directory {
    private static let entrySize = 32
    /// In front of the entries: the directory that was there before, and the depth that there is memory for.
    private static let headSize = 64
    private static let addressBits: UInt = 1 << 48 - 1

    // Addresses of processes have at most 48 bits here (x86-64 and AArch64).
    let word: UInt

    @inline(__always) init(word: UInt) { self.word = word }

    private init(_ entries: UnsafeMutableRawPointer, depth: Int) { word = UInt(bitPattern: entries) | UInt(depth) << 48 }

    /// A directory of one empty segment. Freed by `free`.
    init() {
        self.init(Self.allocate(depth: 0, before: nil), depth: 0)
        self[0] = Segment(depth: 0)
    }

    private static func allocate(depth: Int, before: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer {
        let size = headSize + entrySize << depth
        let raw = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        memset(raw, 0, size)
        raw.storeBytes(of: before, as: UnsafeMutableRawPointer?.self)
        raw.storeBytes(of: depth, toByteOffset: 8, as: Int.self)
        return raw + headSize
    }

    /// Frees it and what it has outgrown.
    func free() {
        var next: UnsafeMutableRawPointer? = entries - Self.headSize
        while let raw = next {
            next = raw.load(as: UnsafeMutableRawPointer?.self)
            raw.deallocate()
        }
    }

    @inline(__always) private var entries: UnsafeMutableRawPointer {
        // Never null: it was allocated.
        UnsafeMutableRawPointer(bitPattern: word & Self.addressBits).unsafelyUnwrapped
    }
    @inline(__always) var depth: Int { Int(word >> 48) }
    var count: Int { 1 << depth }
    private var capacity: Int { (entries - Self.headSize).load(fromByteOffset: 8, as: Int.self) }

    /// The entry of hash bits.
    @inline(__always) func index(_ upper: UInt32) -> Int { Int(UInt64(upper) >> UInt64(32 &- depth)) }

    @inline(__always) private func words(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt32>> {
        (entries + index &* Self.entrySize).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    /// An entry: its first word is how many pages there are, and the depth above it.
    subscript(_ index: Int) -> Segment {
        get {
            let words = words(index)
            let head = words[0].load(ordering: .relaxed)
            var segment = Segment(depth: Int(head >> 8))
            for page in 0..<Int(head & 0xFF) { segment.append(words[page + 1].load(ordering: .relaxed)) }
            return segment
        }
        nonmutating set {
            let words = words(index)
            for page in 0..<Segment.mostPages {
                words[page + 1].store(page < newValue.count ? newValue[page] : 0, ordering: .relaxed)
            }
            words[0].store(UInt32(newValue.count) | UInt32(newValue.depth) << 8, ordering: .relaxed)
        }
    }

    /// The page and the bucket of hash bits. Without the stripe's lock it may be any page: page 0, which is empty, where there is none.
    @inline(__always) func place(_ upper: UInt32) -> (page: UInt32, number: Int) {
        let words = words(index(upper))
        let head = words[0].load(ordering: .relaxed)
        let place = Segment.place(upper, depth: head >> 8, count: head & 0xFF)
        return (words[1 &+ place.index].load(ordering: .relaxed), place.number)
    }

    /// The same segments in twice as many entries, in this directory's memory if that is enough.
    func widened() -> Directory {
        let wide =
            depth < capacity
            ? Directory(entries, depth: depth + 1)
            : Directory(Self.allocate(depth: depth + 1, before: entries - Self.headSize), depth: depth + 1)
        for index in (0..<count).reversed() {
            let segment = self[index]
            wide[index * 2 + 1] = segment
            wide[index * 2] = segment
        }
        return wide
    }

    /// One empty segment, in this directory's memory.
    func emptied() -> Directory {
        let empty = Directory(entries, depth: 0)
        empty[0] = Segment(depth: 0)
        return empty
    }

    /// Points the entries of a segment to the two that stand for its lower and its upper half.
    func replace(_ upper: UInt32, _ depth: Int, with halves: (Segment, Segment)) {
        let width = 1 << (self.depth - depth)
        let start = index(upper) / width * width
        for entry in 0..<width { self[start + entry] = entry < (width + 1) / 2 ? halves.0 : halves.1 }
    }

    /// Each segment once; it may be freed meanwhile.
    func forEachSegment(_ body: (Segment) -> Void) {
        var index = 0
        while index < count {
            let segment = self[index]
            body(segment)
            index += 1 << (depth - segment.depth)
        }
    }
}
