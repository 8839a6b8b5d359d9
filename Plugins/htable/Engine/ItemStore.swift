// The memory of a table: stripes with a lock each, their segments of buckets, and what lies outside of these, in an arena. This file
// and its extensions own all of it: pages are given back when they are empty, directories and the rest are freed in `deinit`.
import CPrefetch
import Glibc
import Synchronization

/// What is in one part of a table: everything with the same low bits of the hash. Under the stripe's lock.
struct Stripe {
    var slab = Slab()
    /// Items, expired ones that are still here included.
    var count = 0
    /// Bytes of keys and values.
    var bytes = 0
    /// Expired items that the wheel has come to.
    var due: UInt32 = 0
    /// Buckets in the wheel.
    var wheelCount: UInt32 = 0
    /// The page with the wheel's list heads; 0: none yet.
    var wheelPage: UInt32 = 0
    /// Everything that expires before this second is counted as due.
    var wheelTime: UInt32
}

/// Where a stripe is: a cache line of its own, with its lock, the word of its directory, which is read without the lock, and the rest.
struct StripePointer: Equatable {
    static let size = 64
    /// What lies in front of the stripe's content.
    static let headSize = 24
    private let raw: UnsafeMutableRawPointer
    private var lock: UnsafeMutablePointer<StripeLock> { raw.assumingMemoryBound(to: StripeLock.self) }
    private var changes: UnsafeMutablePointer<Atomic<UInt64>> { (raw + 8).assumingMemoryBound(to: Atomic<UInt64>.self) }
    private var root: UnsafeMutablePointer<Atomic<UInt>> { (raw + 16).assumingMemoryBound(to: Atomic<UInt>.self) }
    private var content: UnsafeMutablePointer<Stripe> { (raw + Self.headSize).assumingMemoryBound(to: Stripe.self) }

    @inline(__always) init(_ raw: UnsafeMutableRawPointer) { self.raw = raw }

    /// Makes an empty stripe in uninitialized memory.
    func initialize(now: UInt32) {
        lock.initialize(to: StripeLock())
        toldSequence.initialize(to: 0)
        changes.initialize(to: Atomic(0))
        root.initialize(to: Atomic(Directory().word))
        content.initialize(to: Stripe(wheelTime: now))
    }

    func deinitialize() {
        content.deinitialize(count: 1)
        root.deinitialize(count: 1)
        changes.deinitialize(count: 1)
        lock.deinitialize(count: 1)
    }

    @inline(__always) func acquire() { lock.pointee.acquire() }
    @inline(__always) func release() { lock.pointee.release() }

    /// The directory; set under the lock after any change of its segments.
    @inline(__always) var directory: Directory {
        get { Directory(word: root.pointee.load(ordering: .acquiring)) }
        nonmutating set {
            root.pointee.store(newValue.word, ordering: .releasing)
            changes.pointee.store(version &+ 1, ordering: .releasing)
        }
    }

    /// Counts the changes of the directory and its segments: what was found in them before the lock was taken is right if it is the same
    /// as before that.
    @inline(__always) var version: UInt64 { changes.pointee.load(ordering: .acquiring) }

    /// The sequence of the item whose expiry is being told to subscribers, one of which may rescue it; 0: none. Under the lock.
    var told: UInt32 {
        get { toldSequence.pointee }
        nonmutating set { toldSequence.pointee = newValue }
    }
    private var toldSequence: UnsafeMutablePointer<UInt32> { (raw + 4).assumingMemoryBound(to: UInt32.self) }

    @inline(__always) var pointee: Stripe {
        get { content.pointee }
        nonmutating _modify { yield &content.pointee }
    }
}

/// What a stripe held, taken out of it: nobody else can reach it.
struct StripeContents {
    fileprivate var segments: [Segment]
    fileprivate var slab: Slab
    fileprivate var wheelPage: UInt32
    var count: Int
    var bytes: Int
}

/// A key's hash, taken apart: the stripe, the bits that choose a bucket in it, and those that find the item there.
struct KeyHash {
    let stripe: StripePointer
    let upper: UInt32
    let tag: UInt8
    /// The bucket where an item belongs, in the stripe's version: found without the lock.
    fileprivate let home: Bucket
    fileprivate let version: UInt64

    /// Asks for the bucket. Needs no lock: what has moved meanwhile is merely not there when it is looked at.
    @inline(__always) func prefetch() { home.prefetch() }

    /// Asks for the first line of the bucket, which says where in it the item is; then for the item.
    @inline(__always) func prefetchHeader() { home.prefetchHeader() }
    @inline(__always) func prefetchItem() { home.prefetchItem(tag) }
}

/// Finds, places and removes items; calls on a stripe need its lock. Any thread.
final class ItemStore: @unchecked Sendable {
    // @unchecked: what is not constant belongs to a stripe and is used under its lock.
    /// The first 256 bytes of a page are the links of the other fifteen.
    static let bucketsPerPage = 15
    /// Local depth at which a table counts as full; only hashes that all but coincide lead there.
    static let largestDepth = 20

    let arena: Arena
    let base: UnsafeMutableRawPointer
    let hash: StrongHash
    let stripeCount: Int
    private let stripes: UnsafeMutableRawPointer
    private let stripeMask: UInt64
    private let nextSequence = Atomic<UInt32>(0)

    /// Nil when the system gives no addresses.
    init?(stripeBits: Int, reserving bytes: Int, seed: UInt64?, now: UInt32) {
        guard let arena = Arena(reserving: bytes) else { return nil }
        self.arena = arena
        base = arena.base
        hash = StrongHash(seed: seed)
        stripeCount = 1 << stripeBits
        stripeMask = UInt64(stripeCount - 1)
        stripes = .allocate(byteCount: stripeCount * StripePointer.size, alignment: StripePointer.size)
        for index in 0..<stripeCount { stripe(index).initialize(now: now) }
    }

    deinit {
        for index in 0..<stripeCount {
            let stripe = stripe(index)
            if let contents = detachContents(of: stripe, now: 0) { free(contents) }
            stripe.pointee.slab.free()
            stripe.directory.free()
            stripe.deinitialize()
        }
        stripes.deallocate()
    }

    @inline(__always) func stripe(_ index: Int) -> StripePointer { StripePointer(stripes + index &* StripePointer.size) }

    /// Empties a stripe and returns what was in it, to be freed by `free` without the lock; nil when it is empty.
    func detachContents(of stripe: StripePointer, now: UInt32) -> StripeContents? {
        let directory = stripe.directory
        guard directory.depth > 0 || directory[0].count > 0 else { return nil }
        var segments: [Segment] = []
        directory.forEachSegment { segments.append($0) }
        let contents = StripeContents(
            segments: segments, slab: stripe.pointee.slab, wheelPage: stripe.pointee.wheelPage,
            count: stripe.pointee.count, bytes: stripe.pointee.bytes)
        stripe.directory = directory.emptied()
        stripe.pointee.slab = Slab()
        stripe.pointee.wheelPage = 0
        stripe.pointee.count = 0
        stripe.pointee.bytes = 0
        stripe.pointee.due = 0
        stripe.told = 0
        stripe.pointee.wheelCount = 0
        stripe.pointee.wheelTime = now
        return contents
    }

    func free(_ contents: StripeContents) {
        for segment in contents.segments {
            forEachBucket(segment) { bucket in
                bucket.forEachItem { _, item in freeBody(of: item, contents.slab) }
            }
            givePages(segment)
        }
        contents.slab.giveEmptyPages(arena)
        if contents.wheelPage != 0 { arena.givePage(contents.wheelPage, from: .others) }
        contents.slab.free()
    }

    // MARK: Finding

    /// A key's hash and its bucket. Needs no lock.
    @inline(__always) func locate(_ key: UnsafeRawBufferPointer) -> KeyHash {
        let hash = hash(key)
        let stripe = stripe(Int(truncatingIfNeeded: hash & stripeMask))
        let upper = UInt32(truncatingIfNeeded: hash >> 32)
        // Read before the directory: a change in between shows.
        let version = stripe.version
        return KeyHash(
            stripe: stripe, upper: upper, tag: UInt8(truncatingIfNeeded: hash >> 16), home: home(stripe, upper),
            version: version)
    }

    /// The hash of no key.
    var nowhere: KeyHash { KeyHash(stripe: stripe(0), upper: 0, tag: 0, home: bucket(0, 0), version: 0) }

    @inline(__always) func bucket(_ page: UInt32, _ number: Int) -> Bucket {
        let offset: Int = Int(page) &* Arena.pageSize &+ (number &+ 1) &* Bucket.size
        return Bucket(base + offset)
    }

    /// The bucket where an item belongs.
    @inline(__always) func home(_ stripe: StripePointer, _ upper: UInt32) -> Bucket {
        let (page, number) = stripe.directory.place(upper)
        return bucket(page, number)
    }

    @inline(__always) private func home(_ hash: KeyHash) -> Bucket {
        hash.version == hash.stripe.version ? hash.home : home(hash.stripe, hash.upper)
    }

    /// The bucket that comes so many behind another in its page: behind the last comes the first.
    @inline(__always) func bucket(_ distance: Int, behind home: Bucket) -> Bucket {
        let offset = Int(bitPattern: home.raw) & (Arena.pageSize - 1)
        var number = offset / Bucket.size + distance
        if number > Self.bucketsPerPage { number -= Self.bucketsPerPage }
        return Bucket(home.raw + (number * Bucket.size - offset))
    }

    /// The place of a key; nil when the stripe has no such item, expired ones included.
    @inline(__always) func find(_ hash: KeyHash, _ key: UnsafeRawBufferPointer) -> Place? {
        let home = home(hash)
        if let slot = home.find(hash.tag, hash.upper, key) { return Place(bucket: home, slot: slot) }
        return home.reach == 0 ? nil : findStray(hash, key, home)
    }

    @inline(never) private func findStray(_ hash: KeyHash, _ key: UnsafeRawBufferPointer, _ home: Bucket) -> Place? {
        for distance in 1...home.reach {
            let bucket = bucket(distance, behind: home)
            if let slot = bucket.find(hash.tag, hash.upper, key) { return Place(bucket: bucket, slot: slot) }
        }
        return nil
    }

    /// The item of a stripe with these hash bits and this sequence.
    func find(_ stripe: StripePointer, _ upper: UInt32, sequence: UInt32) -> Item? {
        let home = home(stripe, upper)
        for distance in 0...home.reach {
            let bucket = bucket(distance, behind: home)
            for slot in 0..<Bucket.slots where bucket.isUsed(slot) && bucket.item(slot).sequence == sequence {
                return bucket.item(slot)
            }
        }
        return nil
    }

    // MARK: Writing

    /// The number of a new item, never 0.
    private func newSequence() -> UInt32 {
        let next = nextSequence.add(1, ordering: .relaxed).newValue
        return next != 0 ? next : nextSequence.add(1, ordering: .relaxed).newValue
    }

    /// Whether key and value of these lengths go into a block of their own.
    @inline(__always) func needsBlock(_ keyLength: Int, _ valueLength: Int) -> Bool {
        ItemBody.headSize &+ keyLength &+ valueLength > SizeClass.largest
    }

    enum Insertion {
        case done
        case noMemory
        /// So many hashes coincide that no bucket can take another.
        case noRoom
    }

    /// An item that is about to be written: its bytes in a bucket, and its body if it lies outside.
    private struct Draft {
        var size: Int
        var body: ItemBody?
        var isInBlock = false
    }

    /// Nil without memory. `block` holds key and value when they need one.
    @inline(__always) private func draft(
        _ stripe: StripePointer, _ key: UnsafeRawBufferPointer, _ value: ItemValue, _ block: Block?
    ) -> Draft? {
        let size = Item.size(key.count, value.length)
        return size <= Item.largestInside ? Draft(size: size) : draftOutside(stripe, key, value, block)
    }

    @inline(never) private func draftOutside(
        _ stripe: StripePointer, _ key: UnsafeRawBufferPointer, _ value: ItemValue, _ block: Block?
    ) -> Draft? {
        if let block { return Draft(size: Item.outsideSize, body: block.body, isInBlock: true) }
        guard let piece = stripe.pointee.slab.take(ItemBody.headSize + key.count + value.length, arena) else { return nil }
        return Draft(size: Item.outsideSize, body: ItemBody(piece, key, value))
    }

    @inline(__always) private func write(
        _ draft: Draft, _ place: Place, _ hash: KeyHash, _ key: UnsafeRawBufferPointer, _ value: ItemValue,
        _ sequence: UInt32,
        _ expiry: UInt32, _ now: UInt32
    ) {
        if let body = draft.body {
            place.item.leave(body, inBlock: draft.isInBlock, upper: hash.upper, sequence: sequence, expiry: expiry)
        } else {
            place.item.put(key, value, sequence: sequence, expiry: expiry)
        }
        file(hash.stripe, place.bucket, expiry, now: now)
    }

    /// Makes room for a draft and writes it; where, or why not.
    @inline(__always) private func put(
        _ draft: Draft, _ hash: KeyHash, _ key: UnsafeRawBufferPointer, _ value: ItemValue, _ sequence: UInt32,
        _ expiry: UInt32,
        _ now: UInt32
    ) -> (Place?, Insertion) {
        let (place, outcome) = take(hash, draft.size)
        if let place {
            write(draft, place, hash, key, value, sequence, expiry, now)
        } else if let body = draft.body, !draft.isInBlock {
            hash.stripe.pointee.slab.give(body.address, arena)
        }
        return (place, outcome)
    }

    /// Puts an item in; the key is not there yet. `block` goes over to the item if that is done.
    func insert(
        _ hash: KeyHash, _ key: UnsafeRawBufferPointer, _ value: ItemValue, _ block: Block?, expiry: UInt32, now: UInt32
    ) -> Insertion {
        if expiry != 0, !ensureWheel(hash.stripe) { return .noMemory }
        guard let draft = draft(hash.stripe, key, value, block) else { return .noMemory }
        return put(draft, hash, key, value, newSequence(), expiry, now).1
    }

    /// Puts another value in the place of an item, which keeps its sequence. When that fails, the old one is still there.
    func replace(
        _ place: Place, _ hash: KeyHash, _ key: UnsafeRawBufferPointer, _ value: ItemValue, _ block: Block?, expiry: UInt32,
        now: UInt32
    ) -> Insertion {
        if expiry != 0, !ensureWheel(hash.stripe) { return .noMemory }
        guard let draft = draft(hash.stripe, key, value, block) else { return .noMemory }
        let sequence = place.item.sequence
        let bucket = place.bucket
        if draft.size <= bucket.free + place.item.size {
            if place.isDue { endDue(hash.stripe, place) }
            freeBody(of: place.item, hash.stripe.pointee.slab)
            bucket.cut(place.slot)
            guard let slot = bucket.take(draft.size, hash.tag) else {
                preconditionFailure("a slot was just cut, and there is room")
            }
            write(draft, Place(bucket: bucket, slot: slot), hash, key, value, sequence, expiry, now)
            return .done
        }
        let (new, outcome) = put(draft, hash, key, value, sequence, expiry, now)
        guard let new else { return outcome }
        // For a moment the key is there twice; the old item may have moved, if the table has grown.
        let home = home(hash)
        for distance in 0...home.reach {
            let bucket = self.bucket(distance, behind: home)
            for slot in 0..<Bucket.slots where bucket.isUsed(slot) && (bucket != new.bucket || slot != new.slot) {
                let item = bucket.item(slot)
                guard item.sequence == sequence, item.hasKey(key) else { continue }
                let old = Place(bucket: bucket, slot: slot)
                if old.isDue { endDue(hash.stripe, old) }
                freeBody(of: item, hash.stripe.pointee.slab)
                cut(old, hash)
                return .done
            }
        }
        preconditionFailure("an item that is replaced is where it is found")
    }

    /// Takes an item out and frees it.
    func remove(_ place: Place, _ hash: KeyHash) {
        if place.isDue { endDue(hash.stripe, place) }
        let item = place.item
        freeBody(of: item, hash.stripe.pointee.slab)
        cut(place, hash)
        if hash.stripe.pointee.count == 0 { shrink(hash.stripe) }
    }

    /// Takes an item out of its bucket.
    private func cut(_ place: Place, _ hash: KeyHash) {
        let home = home(hash)
        if place.bucket != home {
            home.strays -= 1
            if home.strays == 0 { home.reach = 0 }
        }
        place.bucket.cut(place.slot)
    }

    /// Frees what an item has outside its bucket.
    @inline(__always) private func freeBody(of item: Item, _ slab: Slab) {
        if item.isOutside { freeBody(outside: item, slab) }
    }

    @inline(never) private func freeBody(outside item: Item, _ slab: Slab) {
        if let block = item.block {
            block.release()
        } else if let piece = item.piece {
            slab.give(piece, arena)
        }
    }
}
