// How a table grows: a segment that has no room gets one page more, its items placed anew in all of them; one of seven pages splits
// in two of four. Either moves some hundred items at most, so a table grows without any pause that a caller could notice, and its
// buckets are filled alike whatever its size.
import CPrefetch
import Glibc

extension ItemStore {
    /// How far behind its bucket an item may lie, when it is put in and when a segment is made anew.
    private static let farthest = 10
    private static let farthestAnew = bucketsPerPage - 1

    // MARK: Room for an item

    /// Makes room for an item of `size` bytes; the outcome says why there is none.
    @inline(__always) func take(_ hash: KeyHash, _ size: Int) -> (Place?, Insertion) {
        while true {
            let (page, number) = hash.stripe.directory.place(hash.upper)
            // Page 0 stands for no page at all.
            if page != 0, let place = take(bucket(page, number), hash.tag, size, Self.farthest) { return (place, .done) }
            let outcome = grow(hash.stripe, hash.upper)
            guard case .done = outcome else { return (nil, outcome) }
        }
    }

    /// Makes room in the bucket where an item belongs, or in one of those behind it.
    @inline(__always) private func take(_ home: Bucket, _ tag: UInt8, _ size: Int, _ farthest: Int) -> Place? {
        if let slot = home.take(size, tag) { return Place(bucket: home, slot: slot) }
        return takeBehind(home, tag, size, farthest)
    }

    @inline(never) private func takeBehind(_ home: Bucket, _ tag: UInt8, _ size: Int, _ farthest: Int) -> Place? {
        for distance in 1...farthest {
            let bucket = bucket(distance, behind: home)
            guard let slot = bucket.take(size, tag) else { continue }
            // A page has at most 120 items: the count fits its byte.
            home.strays += 1
            home.reach = max(home.reach, distance)
            return Place(bucket: bucket, slot: slot)
        }
        return nil
    }

    // MARK: Growing

    /// Makes room around a hash: another page, or two segments where one was.
    @inline(never) private func grow(_ stripe: StripePointer, _ upper: UInt32) -> Insertion {
        var directory = stripe.directory
        let old = directory[directory.index(upper)]
        let expires = stripe.pointee.wheelPage != 0
        let made: (Segment, Segment)
        var pages = old.count + 1
        var whole: Segment?
        while whole == nil, pages <= Segment.mostPages {
            guard let segment = newSegment(pages, depth: old.depth) else { return .noMemory }
            whole = fill(segment, from: old, where: 0, is: 0)
            if whole == nil { givePages(segment) }
            pages += 1
        }
        if let whole {
            made = (whole, whole)
        } else {
            guard old.depth < Self.largestDepth else { return .noRoom }
            let bit: UInt32 = 1 << UInt32(31 - old.depth)
            guard let low = half(old, bit, 0) else { return .noMemory }
            guard let high = half(old, bit, bit) else {
                givePages(low)
                return .noMemory
            }
            made = (low, high)
        }
        if expires { leaveWheel(stripe, old) }
        if whole == nil, old.depth == directory.depth { directory = directory.widened() }
        directory.replace(upper, old.depth, with: made)
        stripe.directory = directory
        givePages(old)
        if expires {
            enterWheel(stripe, made.0)
            if whole == nil { enterWheel(stripe, made.1) }
        }
        return .done
    }

    /// One half of a segment; nil without memory.
    private func half(_ old: Segment, _ bit: UInt32, _ wanted: UInt32) -> Segment? {
        for pages in Segment.halfPages...Segment.mostPages {
            guard let segment = newSegment(pages, depth: old.depth + 1) else { return nil }
            if let filled = fill(segment, from: old, where: bit, is: wanted) { return filled }
            givePages(segment)
        }
        return nil
    }

    /// Empty pages; nil without memory.
    private func newSegment(_ pages: Int, depth: Int) -> Segment? {
        var segment = Segment(depth: depth)
        for _ in 0..<pages {
            guard let page = arena.takePage(for: .buckets) else {
                givePages(segment)
                return nil
            }
            memset(arena.address(ofPage: page), 0, Bucket.size)
            for number in 0..<Self.bucketsPerPage { bucket(page, number).initialize() }
            segment.append(page)
        }
        return segment
    }

    func givePages(_ segment: Segment) {
        for index in 0..<segment.count { arena.givePage(segment[index], from: .buckets) }
    }

    /// Copies those items of a segment into an empty one whose hash has a bit as wanted; nil when they do not all find room there.
    private func fill(_ segment: Segment, from old: Segment, where bit: UInt32, is wanted: UInt32) -> Segment? {
        for page in 0..<old.count {
            for number in 0..<Self.bucketsPerPage {
                let source = bucket(old[page], number)
                for slot in 0..<Bucket.slots where source.isUsed(slot) {
                    let item = source.item(slot)
                    let upper = upper(of: item)
                    guard upper & bit == wanted else { continue }
                    let (page, number) = segment.place(upper)
                    let size = item.size
                    guard let place = take(bucket(page, number), source.tag(slot), size, Self.farthestAnew) else {
                        return nil
                    }
                    place.item.raw.copyMemory(from: item.raw, byteCount: size)
                    if Place(bucket: source, slot: slot).isDue { place.bucket.due |= place.bit }
                }
            }
        }
        return segment
    }

    /// The hash bits of an item, by which its bucket is chosen.
    @inline(__always) func upper(of item: Item) -> UInt32 {
        item.isOutside ? item.upper : UInt32(truncatingIfNeeded: hash(item.key) >> 32)
    }

    /// Gives back the pages of a stripe that has become empty.
    func shrink(_ stripe: StripePointer) {
        let directory = stripe.directory
        // One page stays, so that one item coming and going costs little.
        if directory.depth == 0, directory[0].count == 1 { return }
        directory.forEachSegment { segment in
            if stripe.pointee.wheelPage != 0 { leaveWheel(stripe, segment) }
            givePages(segment)
        }
        stripe.directory = directory.emptied()
    }

    // MARK: Walking

    @inline(__always) func forEachBucket(_ segment: Segment, _ body: (Bucket) -> Void) {
        for index in 0..<segment.count {
            for number in 0..<Self.bucketsPerPage { body(bucket(segment[index], number)) }
        }
    }

    /// Visits the items of the segment that `position` falls into, from `position` on; the position of the next segment, or nil
    /// at the stripe's end. One step covers one range of hashes for good: nothing in it is visited by a later step.
    @inline(__always) func visit(_ stripe: StripePointer, from position: UInt32, _ body: (Item) -> Void) -> UInt32? {
        let directory = stripe.directory
        let segment = directory[directory.index(position)]
        let width = UInt64(1) << UInt64(32 - segment.depth)
        let start = UInt64(position) / width * width
        for index in 0..<segment.count {
            let page = segment[index]
            // What lies outside is fetched a page ahead of its use, and side by side.
            for number in 0..<Self.bucketsPerPage {
                bucket(page, number).forEachItem { _, item in item.prefetchBody { prefetch_line($0) } }
            }
            for number in 0..<Self.bucketsPerPage {
                bucket(page, number).forEachItem { _, item in
                    // A stripe that was emptied meanwhile may have a wider segment here than at the step before.
                    if position == start || upper(of: item) >= position { body(item) }
                }
            }
        }
        return start + width > UInt64(UInt32.max) ? nil : UInt32(start + width)
    }
}
