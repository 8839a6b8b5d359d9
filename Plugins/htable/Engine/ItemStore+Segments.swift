// Where items are found: extendible hashing. A segment that is full splits in two, which moves at most 512 slots and touches
// no item, so a table grows without any pause that a caller could notice.
import CPrefetch
import Glibc

/// A group of buckets of eight slots: where it lies, how many buckets it has and how many bits of the hash lead to it, in one word,
/// so that a look-up touches nothing of it but the buckets. A slot is an item's upper 32 hash bits above its ref; 0 is empty.
struct Segment {
    // Addresses of processes have at most 48 bits here (x86-64 and AArch64): bits of the bucket number and local depth lie above.
    private let word: UInt64

    init(_ slots: UnsafeMutablePointer<UInt64>, bits: Int, depth: Int) {
        word = UInt64(UInt(bitPattern: slots)) | UInt64(bits) << 48 | UInt64(depth) << 56
    }

    @inline(__always) var slots: UnsafeMutablePointer<UInt64> {
        // Never null: `init` was given an address.
        UnsafeMutablePointer(bitPattern: UInt(word & (1 << 48 - 1))).unsafelyUnwrapped
    }
    /// 2^bits buckets.
    @inline(__always) var bits: Int { Int(word >> 48 & 0xFF) }
    @inline(__always) var depth: Int { Int(word >> 56) }
    @inline(__always) var slotCount: Int { ItemStore.slotsPerBucket &<< bits }

    /// The first slot of the bucket that hash bits lead to, and of the other one that may have their item.
    @inline(__always) func buckets(_ upper: UInt32) -> (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>) {
        let mask = 1 &<< bits &- 1
        let home = Int(upper) & mask
        return (slots + home &* ItemStore.slotsPerBucket, slots + ((home &+ 1) & mask) &* ItemStore.slotsPerBucket)
    }

    @inline(__always) func forEachSlot(_ body: (UInt64) -> Void) {
        for index in 0..<slotCount where slots[index] != 0 { body(slots[index]) }
    }
}

extension ItemStore {
    /// Segments of the full size take a page of the arena, smaller ones memory of the C library. Nil without memory.
    func newSegment(bits: Int, depth: Int) -> Segment? {
        if bits == Self.largestBucketBits {
            guard let page = arena.takePage() else { return nil }
            let slots = (base + Int(page) * Arena.pageSize).bindMemory(to: UInt64.self, capacity: Arena.pageSize / 8)
            return Segment(slots, bits: bits, depth: depth)
        }
        return Self.smallSegment(bits: bits, depth: depth)
    }

    static func smallSegment(bits: Int, depth: Int) -> Segment {
        let count = slotsPerBucket << bits
        let slots = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 64)
            .bindMemory(to: UInt64.self, capacity: count)
        slots.initialize(repeating: 0, count: count)
        return Segment(slots, bits: bits, depth: depth)
    }

    func freeSegment(_ segment: Segment) {
        if segment.bits == Self.largestBucketBits {
            arena.givePage(UInt32((UnsafeMutableRawPointer(segment.slots) - base) / Arena.pageSize))
        } else {
            segment.slots.deallocate()
        }
    }

    @inline(__always) func segment(_ stripe: StripePointer, _ upper: UInt32) -> Segment {
        // Shifting a 32-bit number by 32 gives 0 here: a directory of one entry.
        stripe.pointee.directory[Int(UInt64(upper) >> UInt64(32 &- stripe.pointee.depth))]
    }

    /// The slot of a key; nil when the stripe has no such item, expired ones included.
    @inline(__always) func find(
        _ stripe: StripePointer, _ upper: UInt32, _ key: UnsafeRawBufferPointer
    ) -> UnsafeMutablePointer<UInt64>? {
        let (first, second) = segment(stripe, upper).buckets(upper)
        // The two lie on different cache lines: both are fetched side by side.
        prefetch_line(second)
        for index in 0..<Self.slotsPerBucket {
            let slot = first[index]
            if UInt32(truncatingIfNeeded: slot >> 32) == upper, holds(slot, key) { return first + index }
        }
        for index in 0..<Self.slotsPerBucket {
            let slot = second[index]
            if UInt32(truncatingIfNeeded: slot >> 32) == upper, holds(slot, key) { return second + index }
        }
        return nil
    }

    @inline(__always) private func holds(_ slot: UInt64, _ key: UnsafeRawBufferPointer) -> Bool {
        let ref = Ref(truncatingIfNeeded: slot)
        guard ref != 0 else { return false }
        let head = head(ref)
        guard head.pointee.keyLength == key.count else { return false }
        guard let start = key.baseAddress else { return true }
        return memcmp(body(head), start, key.count) == 0
    }

    /// Asks for the buckets of hash bits.
    @inline(__always) func prefetchBuckets(_ stripe: StripePointer, _ upper: UInt32) {
        let (first, second) = segment(stripe, upper).buckets(upper)
        prefetch_line(first)
        prefetch_line(second)
    }

    /// Asks for the item that has these hash bits.
    @inline(__always) func prefetchItem(_ stripe: StripePointer, _ upper: UInt32) {
        let (first, second) = segment(stripe, upper).buckets(upper)
        var ref: Ref = 0
        for index in 0..<Self.slotsPerBucket {
            if UInt32(truncatingIfNeeded: first[index] >> 32) == upper { ref = Ref(truncatingIfNeeded: first[index]) }
            if UInt32(truncatingIfNeeded: second[index] >> 32) == upper { ref = Ref(truncatingIfNeeded: second[index]) }
        }
        prefetch(ref)
    }

    /// Asks for an item; a ref that names nothing any more does no harm.
    @inline(__always) func prefetch(_ ref: Ref) {
        let head = UnsafeRawPointer(head(ref))
        prefetch_line(head)
        // Small items reach into the next line at most.
        prefetch_line(head + 63)
    }

    /// Puts an item that is not in the table yet into a slot; false when the table cannot grow any further.
    func place(_ stripe: StripePointer, _ upper: UInt32, _ ref: Ref) -> Bool {
        let slot = UInt64(upper) << 32 | UInt64(ref)
        while true {
            if put(slot, into: segment(stripe, upper)) { return true }
            guard grow(stripe, upper) else { return false }
        }
    }

    /// Puts a slot into the emptier of its two buckets; false when both are full.
    @inline(__always) private func put(_ slot: UInt64, into segment: Segment) -> Bool {
        let (first, second) = segment.buckets(UInt32(truncatingIfNeeded: slot >> 32))
        var places = (0, 0)
        var free: (UnsafeMutablePointer<UInt64>?, UnsafeMutablePointer<UInt64>?) = (nil, nil)
        for index in 0..<Self.slotsPerBucket where first[index] == 0 {
            places.0 &+= 1
            free.0 = first + index
        }
        for index in 0..<Self.slotsPerBucket where second[index] == 0 {
            places.1 &+= 1
            free.1 = second + index
        }
        guard let place = places.0 >= places.1 ? free.0 : free.1 else { return false }
        place.pointee = slot
        return true
    }

    /// Makes room around a hash: more buckets, or two segments where one was.
    @inline(never) private func grow(_ stripe: StripePointer, _ upper: UInt32) -> Bool {
        let old = segment(stripe, upper)
        var bits = old.bits
        while bits < Self.largestBucketBits {
            bits += 1
            guard let larger = newSegment(bits: bits, depth: old.depth) else { return false }
            var fits = true
            old.forEachSlot { if fits, !put($0, into: larger) { fits = false } }
            if fits {
                replace(stripe, upper, old.depth, with: (larger, larger))
                freeSegment(old)
                return true
            }
            freeSegment(larger)
        }
        guard old.depth < Self.largestDepth, let high = newSegment(bits: old.bits, depth: old.depth + 1) else {
            return false
        }
        if old.depth == stripe.pointee.depth { widenDirectory(stripe) }
        let low = Segment(old.slots, bits: old.bits, depth: old.depth + 1)
        let splitBit = UInt64(1) << UInt64(63 - old.depth)
        for index in 0..<old.slotCount where old.slots[index] & splitBit != 0 {
            high.slots[index] = old.slots[index]
            old.slots[index] = 0
        }
        replace(stripe, upper, old.depth, with: (low, high))
        return true
    }

    /// Points the directory's entries of a segment to the two that stand for its lower and its upper half.
    private func replace(_ stripe: StripePointer, _ upper: UInt32, _ depth: Int, with halves: (Segment, Segment)) {
        let count = 1 << (stripe.pointee.depth - depth)
        let index = Int(UInt64(upper) >> UInt64(32 - stripe.pointee.depth))
        let start = index / count * count
        for entry in start..<(start + count) {
            stripe.pointee.directory[entry] = entry - start < (count + 1) / 2 ? halves.0 : halves.1
        }
    }

    private func widenDirectory(_ stripe: StripePointer) {
        let old = stripe.pointee.directory
        let count = 1 << stripe.pointee.depth
        let wide = UnsafeMutablePointer<Segment>.allocate(capacity: count * 2)
        for index in 0..<count {
            (wide + index * 2).initialize(to: old[index])
            (wide + index * 2 + 1).initialize(to: old[index])
        }
        stripe.pointee.directory = wide
        stripe.pointee.depth += 1
        old.deallocate()
    }

    /// Gives back the segments of a stripe that has become empty.
    func shrinkIfEmpty(_ stripe: StripePointer) {
        guard stripe.pointee.count == 0 else { return }
        if stripe.pointee.depth == 0, stripe.pointee.directory[0].bits == 0 { return }
        forEachSegment(of: stripe.pointee) { freeSegment($0) }
        stripe.pointee.directory.deallocate()
        stripe.pointee.directory = .allocate(capacity: 1)
        stripe.pointee.directory.initialize(to: Self.smallSegment(bits: 0, depth: 0))
        stripe.pointee.depth = 0
    }

    // MARK: Walking

    /// Each segment once; `body` may free it.
    func forEachSegment(of stripe: Stripe, _ body: (Segment) -> Void) {
        var index = 0
        while index < 1 << stripe.depth {
            let segment = stripe.directory[index]
            let count = 1 << (stripe.depth - segment.depth)
            body(segment)
            index += count
        }
    }

    /// Visits the items of the segment that `position` falls into, from `position` on; the position of the next segment, or nil
    /// at the stripe's end. One step covers one range of hashes for good: nothing in it is visited by a later step.
    func visit(
        _ stripe: StripePointer, from position: UInt32, _ body: (UInt32, Ref) -> Void
    ) -> UInt32? {
        let segment = segment(stripe, position)
        let ahead = 16
        for index in 0..<segment.slotCount {
            if index + ahead < segment.slotCount {
                prefetch(Ref(truncatingIfNeeded: segment.slots[index + ahead]))
            }
            let slot = segment.slots[index]
            let upper = UInt32(truncatingIfNeeded: slot >> 32)
            if slot != 0, upper >= position { body(upper, Ref(truncatingIfNeeded: slot)) }
        }
        let width = UInt64(1) << UInt64(32 - segment.depth)
        let next = (UInt64(position) / width + 1) * width
        return next > UInt64(UInt32.max) ? nil : UInt32(next)
    }

    /// The item with these hash bits and this sequence, in one stripe.
    func find(_ stripe: StripePointer, _ upper: UInt32, sequence: UInt32) -> Ref? {
        let (first, second) = segment(stripe, upper).buckets(upper)
        return find(in: first, upper, sequence) ?? find(in: second, upper, sequence)
    }

    @inline(__always) private func find(
        in bucket: UnsafeMutablePointer<UInt64>, _ upper: UInt32, _ sequence: UInt32
    ) -> Ref? {
        for index in 0..<Self.slotsPerBucket where UInt32(truncatingIfNeeded: bucket[index] >> 32) == upper {
            let ref = Ref(truncatingIfNeeded: bucket[index])
            if ref != 0, head(ref).pointee.sequence == sequence { return ref }
        }
        return nil
    }
}
