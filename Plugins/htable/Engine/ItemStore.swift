// The memory of a table: stripes with a lock each, their segments of slots, and the items in an arena. This file and its
// extensions own all of it: segments and directories are freed when they are replaced, everything else in `deinit`.
import Glibc
import Synchronization

typealias StripePointer = UnsafeMutablePointer<Stripe>

/// One part of a table: everything with the same low bits of the hash.
struct Stripe {
    var mutex = pthread_mutex_t()
    /// 2^depth segments, by the upper bits of the 32 hash bits that a slot holds.
    var directory: UnsafeMutablePointer<Segment>
    var depth = 0
    var slab: Slab
    /// Items, expired ones that are still here included.
    var count = 0
    /// Bytes of keys and values.
    var bytes = 0
    /// Items in the list of the expired.
    var due = 0
    /// Items in the wheel, without those in the list of the expired.
    var wheelCount = 0
    /// The page with the wheel's list heads; 0: none yet.
    var wheelPage: UInt32 = 0
    /// Everything that expires up to this second has come out of the wheel.
    var wheelTime: UInt32 = 0
}

/// Finds, places and removes items; calls on a stripe need its lock. Any thread.
final class ItemStore: @unchecked Sendable {
    // @unchecked: what is not constant belongs to a stripe and is used under its lock.
    static let slotsPerBucket = 8
    static let largestBucketBits = 6
    /// Local depth at which a table counts as full; only hashes that all but coincide lead there.
    static let largestDepth = 20

    let arena: Arena
    let base: UnsafeMutableRawPointer
    let hash: StrongHash
    let stripeCount: Int
    let stripes: UnsafeMutablePointer<Stripe>
    private let stripeMask: UInt64
    /// 8 in tables with expiry, for the links of the wheel, else 0.
    let linkSize: Int
    private let nextSequence = Atomic<UInt32>(0)

    /// Nil when the system gives no addresses.
    init?(stripeBits: Int, expires: Bool, reserving bytes: Int, seed: UInt64?, now: UInt32) {
        guard let arena = Arena(reserving: bytes) else { return nil }
        self.arena = arena
        base = arena.base
        hash = StrongHash(seed: seed)
        stripeCount = 1 << stripeBits
        stripeMask = UInt64(stripeCount - 1)
        linkSize = expires ? 8 : 0
        stripes = .allocate(capacity: stripeCount)
        for index in 0..<stripeCount {
            (stripes + index).initialize(to: ItemStore.freshStripe(now))
            pthread_mutex_init(&stripes[index].mutex, nil)
        }
    }

    deinit {
        for index in 0..<stripeCount {
            freeContents(of: stripes[index])
            pthread_mutex_destroy(&stripes[index].mutex)
        }
        stripes.deinitialize(count: stripeCount)
        stripes.deallocate()
    }

    private static func freshStripe(_ now: UInt32) -> Stripe {
        let directory = UnsafeMutablePointer<Segment>.allocate(capacity: 1)
        directory.initialize(to: smallSegment(bits: 0, depth: 0))
        let heads = UnsafeMutablePointer<UInt32>.allocate(capacity: SizeClass.count)
        heads.initialize(repeating: 0, count: SizeClass.count)
        var stripe = Stripe(directory: directory, slab: Slab(heads: heads))
        stripe.wheelTime = now
        return stripe
    }

    /// Puts an empty stripe in place of this one and returns what was in it, to be freed by `freeContents` without the lock.
    func detachContents(of stripe: StripePointer, now: UInt32) -> Stripe {
        let old = stripe.pointee
        var fresh = ItemStore.freshStripe(now)
        fresh.mutex = old.mutex
        // The mutex is held and must stay where and as it is: everything else is replaced.
        stripe.pointee.directory = fresh.directory
        stripe.pointee.depth = 0
        stripe.pointee.slab = fresh.slab
        stripe.pointee.count = 0
        stripe.pointee.bytes = 0
        stripe.pointee.due = 0
        stripe.pointee.wheelCount = 0
        stripe.pointee.wheelPage = 0
        stripe.pointee.wheelTime = now
        return old
    }

    /// Frees items, segments and directory of a stripe that nobody can reach.
    func freeContents(of stripe: Stripe) {
        forEachSegment(of: stripe) { segment in
            segment.forEachSlot { slot in freeItem(Ref(truncatingIfNeeded: slot), stripe.slab) }
            freeSegment(segment)
        }
        for index in 0..<SizeClass.count where stripe.slab.heads[index] != 0 {
            arena.givePage(stripe.slab.heads[index])
        }
        if stripe.wheelPage != 0 { arena.givePage(stripe.wheelPage) }
        stripe.slab.heads.deallocate()
        stripe.directory.deallocate()
    }

    // MARK: Items

    @inline(__always) func stripe(of hash: UInt64) -> StripePointer { stripes + Int(hash & stripeMask) }
    @inline(__always) func upper(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) }

    @inline(__always) func head(_ ref: Ref) -> UnsafeMutablePointer<ItemHead> {
        (base + (Int(ref) &* 8 &+ linkSize)).assumingMemoryBound(to: ItemHead.self)
    }

    @inline(__always) func ref(of head: UnsafeMutablePointer<ItemHead>) -> Ref {
        Ref(truncatingIfNeeded: (UnsafeMutableRawPointer(head) - base - linkSize) / 8)
    }

    @inline(__always) private func pieceSize(_ keyLength: Int, _ valueLength: Int) -> Int {
        linkSize &+ ItemHead.size &+ keyLength &+ valueLength
    }

    /// Whether key and value of these lengths go into a block of their own.
    @inline(__always) func needsBlock(_ keyLength: Int, _ valueLength: Int) -> Bool {
        pieceSize(keyLength, valueLength) > SizeClass.largest
    }

    @inline(__always) func block(_ head: UnsafeMutablePointer<ItemHead>) -> Block? {
        guard needsBlock(head.pointee.keyLength, head.pointee.valueLength) else { return nil }
        return Block((UnsafeMutableRawPointer(head) + ItemHead.size).load(as: UnsafeMutableRawPointer.self))
    }

    /// Where key and value lie.
    @inline(__always) func body(_ head: UnsafeMutablePointer<ItemHead>) -> UnsafeMutableRawPointer {
        if let block = block(head) { return block.bytes }
        return UnsafeMutableRawPointer(head) + ItemHead.size
    }

    @inline(__always) func key(_ head: UnsafeMutablePointer<ItemHead>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: body(head), count: head.pointee.keyLength)
    }

    @inline(__always) func value(_ head: UnsafeMutablePointer<ItemHead>) -> ItemValue {
        let start = body(head) + head.pointee.keyLength
        if head.pointee.holdsInteger { return .integer(start.loadUnaligned(as: Int64.self)) }
        return .bytes(UnsafeRawBufferPointer(start: start, count: head.pointee.valueLength))
    }

    /// Writes an integer over the item's integer.
    @inline(__always) func setInteger(_ head: UnsafeMutablePointer<ItemHead>, _ number: Int64) {
        (body(head) + head.pointee.keyLength).storeBytes(of: number, as: Int64.self)
    }

    /// Makes an item; `block` holds key and value when they need one, and goes over to the item. Nil when memory has run out.
    func makeItem(
        _ stripe: StripePointer, key: UnsafeRawBufferPointer, value: ItemValue, block: Block?, expiry: UInt32,
        sequence: UInt32
    ) -> Ref? {
        let isOutside = block != nil
        let size = isOutside ? linkSize + ItemHead.size + 8 : pieceSize(key.count, value.length)
        guard let ref = stripe.pointee.slab.take(size, arena) else { return nil }
        if linkSize != 0 { (base + Int(ref) &* 8).storeBytes(of: 0, as: UInt64.self) }
        let head = head(ref)
        var valueWord = UInt32(truncatingIfNeeded: value.length)
        if case .integer = value { valueWord |= ItemHead.isInteger }
        head.initialize(
            to: ItemHead(
                expiry: expiry, sequence: sequence, keyWord: UInt32(truncatingIfNeeded: key.count),
                valueWord: valueWord))
        let start = UnsafeMutableRawPointer(head) + ItemHead.size
        if let block {
            start.storeBytes(of: block.address, as: UnsafeMutableRawPointer.self)
        } else {
            copyItem(key, value, to: start)
        }
        return ref
    }

    /// Overwrites the value where it lies if that fits the piece; false: make a new item instead.
    @inline(__always) func overwrite(_ head: UnsafeMutablePointer<ItemHead>, with value: ItemValue) -> Bool {
        let keyLength = head.pointee.keyLength
        let old = pieceSize(keyLength, head.pointee.valueLength)
        let new = pieceSize(keyLength, value.length)
        guard old <= SizeClass.largest, new <= SizeClass.largest, SizeClass.of(old) == SizeClass.of(new) else {
            return false
        }
        var valueWord = UInt32(truncatingIfNeeded: value.length)
        if case .integer = value { valueWord |= ItemHead.isInteger }
        head.pointee.valueWord = valueWord
        copyValue(value, to: UnsafeMutableRawPointer(head) + ItemHead.size + keyLength)
        return true
    }

    func newSequence() -> UInt32 { nextSequence.add(1, ordering: .relaxed).newValue }

    private func freeItem(_ ref: Ref, _ slab: Slab) {
        if let block = block(head(ref)) { block.release() }
        slab.give(ref, arena)
    }

    /// Frees an item that no slot and no list names any more.
    func freeItem(_ ref: Ref, _ stripe: StripePointer) { freeItem(ref, stripe.pointee.slab) }
}
