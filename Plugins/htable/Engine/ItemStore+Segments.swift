// Where items are found: extendible hashing. A segment that is full splits in two, which moves at most 512 slots and touches
// no item, so a table grows without any pause that a caller could notice.
import Glibc

extension ItemStore {
    private static let depthMask: UInt64 = 0xFF

    static func newSegment(bits: Int, depth: Int) -> Segment {
        let slots = slotsPerBucket << bits
        let segment = UnsafeMutableRawPointer.allocate(
            byteCount: (segmentHead + slots) * 8, alignment: 64
        ).bindMemory(to: UInt64.self, capacity: segmentHead + slots)
        segment.initialize(repeating: 0, count: segmentHead + slots)
        segment[0] = UInt64(depth) | UInt64(bits) << 8
        return segment
    }

    @inline(__always) private func depth(_ segment: Segment) -> Int { Int(segment[0] & Self.depthMask) }
    @inline(__always) private func bits(_ segment: Segment) -> Int { Int(segment[0] >> 8 & 0xFF) }

    @inline(__always) func segment(_ stripe: StripePointer, _ upper: UInt32) -> Segment {
        // Shifting a 32-bit number by 32 gives 0 here: a directory of one entry.
        stripe.pointee.directory[Int(UInt64(upper) >> UInt64(32 &- stripe.pointee.depth))]
    }

    @inline(__always) private func bucket(_ segment: Segment, _ number: Int) -> Segment {
        segment + (Self.segmentHead &+ number &* Self.slotsPerBucket)
    }

    /// The slot of a key; nil when the stripe has no such item, expired ones included.
    @inline(__always) func find(
        _ stripe: StripePointer, _ upper: UInt32, _ key: UnsafeRawBufferPointer
    ) -> UnsafeMutablePointer<UInt64>? {
        let segment = segment(stripe, upper)
        let mask = 1 << bits(segment) &- 1
        let home = Int(upper) & mask
        let first = bucket(segment, home)
        for index in 0..<Self.slotsPerBucket {
            let slot = first[index]
            if UInt32(truncatingIfNeeded: slot >> 32) == upper, holds(slot, key) { return first + index }
        }
        let second = bucket(segment, (home &+ 1) & mask)
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
        let mask = 1 << bits(segment) &- 1
        let home = Int(truncatingIfNeeded: slot >> 32) & mask
        var places = (0, 0)
        var free: (Segment?, Segment?) = (nil, nil)
        let first = bucket(segment, home)
        for index in 0..<Self.slotsPerBucket where first[index] == 0 {
            places.0 &+= 1
            free.0 = first + index
        }
        let second = bucket(segment, (home &+ 1) & mask)
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
        var bits = bits(old)
        let depth = depth(old)
        while bits < Self.largestBucketBits {
            bits += 1
            let larger = Self.newSegment(bits: bits, depth: depth)
            var fits = true
            forEachSlot(of: old) { if fits, !put($0, into: larger) { fits = false } }
            if fits {
                replace(stripe, upper, depth, with: (larger, larger))
                old.deallocate()
                return true
            }
            larger.deallocate()
        }
        guard depth < Self.largestDepth else { return false }
        if depth == stripe.pointee.depth { widenDirectory(stripe) }
        let oldBits = self.bits(old)
        let high = Self.newSegment(bits: oldBits, depth: depth + 1)
        old[0] = UInt64(depth + 1) | UInt64(oldBits) << 8
        let splitBit = UInt64(1) << UInt64(63 - depth)
        for index in Self.segmentHead..<(Self.segmentHead + Self.slotsPerBucket << oldBits)
        where old[index] & splitBit != 0 {
            high[index] = old[index]
            old[index] = 0
        }
        replace(stripe, upper, depth, with: (old, high))
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
        if stripe.pointee.depth == 0, bits(stripe.pointee.directory[0]) == 0 { return }
        forEachSegment(of: stripe.pointee) { $0.deallocate() }
        stripe.pointee.directory.deallocate()
        stripe.pointee.directory = .allocate(capacity: 1)
        stripe.pointee.directory.initialize(to: Self.newSegment(bits: 0, depth: 0))
        stripe.pointee.depth = 0
    }

    // MARK: Walking

    @inline(__always) func forEachSlot(of segment: Segment, _ body: (UInt64) -> Void) {
        let end = Self.segmentHead &+ Self.slotsPerBucket << bits(segment)
        for index in Self.segmentHead..<end where segment[index] != 0 { body(segment[index]) }
    }

    /// Each segment once; `body` may free it.
    func forEachSegment(of stripe: Stripe, _ body: (Segment) -> Void) {
        var index = 0
        while index < 1 << stripe.depth {
            let segment = stripe.directory[index]
            let count = 1 << (stripe.depth - depth(segment))
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
        forEachSlot(of: segment) { slot in
            let upper = UInt32(truncatingIfNeeded: slot >> 32)
            if upper >= position { body(upper, Ref(truncatingIfNeeded: slot)) }
        }
        let width = UInt64(1) << UInt64(32 - depth(segment))
        let next = (UInt64(position) / width + 1) * width
        return next > UInt64(UInt32.max) ? nil : UInt32(next)
    }

    /// The item with these hash bits and this sequence, in one stripe.
    func find(_ stripe: StripePointer, _ upper: UInt32, sequence: UInt32) -> Ref? {
        let segment = segment(stripe, upper)
        let mask = 1 << bits(segment) &- 1
        for number in [Int(upper) & mask, (Int(upper) &+ 1) & mask] {
            let bucket = bucket(segment, number)
            for index in 0..<Self.slotsPerBucket where UInt32(truncatingIfNeeded: bucket[index] >> 32) == upper {
                let ref = Ref(truncatingIfNeeded: bucket[index])
                if ref != 0, head(ref).pointee.sequence == sequence { return ref }
            }
        }
        return nil
    }
}
