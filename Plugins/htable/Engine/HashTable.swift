// A table: items by key with values, expiry, a limit and a change feed. Any number of threads; each call holds one stripe's lock for
// the time of a look-up and a copy.
import Glibc
import ModuleABI
public import ModuleKit
import Synchronization

/// Limits that all tables share.
enum TableLimits {
    /// Bytes of a key, and of a value.
    static let key = 16 << 20
    static let value = 16 << 20
    /// Addresses reserved for the items of a table, not memory: 16 GiB hold some 150 million small ones.
    static let reservation = 16 << 30
}

/// When an item that is written expires.
enum ExpiryRule {
    /// A new item gets the table's autoexpire; an old one too, unless the table keeps it (`updateexpire=0`).
    case standard
    /// Seconds since 1970; 0 is never.
    case at(UInt32)
}

/// One in-memory table.
public final class HashTable: Sendable {
    public let definition: TableDefinition
    let store: ItemStore
    let clock: Clock
    let feed = ChangeFeed()
    let locks: SlotLocks
    let slotMask: UInt32
    /// Slots of this table that are locked by `sht_lock`.
    let heldSlots = Atomic<Int>(0)
    /// What the limit counts; kept only in tables with one.
    let limited = Atomic<Int>(0)
    let isPurging = Atomic<Bool>(false)
    let expiredTotal = Atomic<Int>(0)

    /// Whether items of this table may expire.
    let expires: Bool
    public var name: String { definition.name }

    /// Throws when the system has no addresses left for it.
    public init(
        _ definition: TableDefinition, clock: Clock = Clock(), locks: SlotLocks = SlotLocks(),
        reserving bytes: Int = 16 << 30, seed: UInt64? = nil
    ) throws(ModuleFailure) {
        self.definition = definition
        expires = definition.autoexpire > 0
        self.clock = clock
        self.locks = locks
        slotMask = definition.slots - 1
        guard
            let store = ItemStore(
                stripeBits: definition.slots <= 4096 ? 6 : 8, reserving: bytes, seed: seed, now: clock.seconds)
        else {
            throw ModuleFailure(
                MH_E_NO_MEMORY,
                "the system gives no addresses for table \(definition.name); raise the limit on virtual memory (ulimit -v)")
        }
        self.store = store
    }

    // MARK: Locking

    /// Runs `body` with the key's stripe locked and its slot not locked by another thread.
    @inline(__always) func locked<Result>(
        _ key: UnsafeRawBufferPointer, _ site: StaticString, _ body: (KeyHash) throws(ModuleFailure) -> Result
    ) throws(ModuleFailure) -> Result {
        let hash = store.locate(key)
        hash.prefetch()
        try lock(hash, key, site)
        defer { hash.stripe.release() }
        return try body(hash)
    }

    /// Locks a key's stripe, once no other thread has locked its slot.
    @inline(__always) func lock(
        _ hash: KeyHash, _ key: UnsafeRawBufferPointer, _ site: StaticString
    ) throws(ModuleFailure) {
        hash.stripe.acquire()
        // Looked at under the stripe's lock: whoever locks the slot later reads the item after this call.
        if heldSlots.load(ordering: .acquiring) != 0 { try waitForSlot(hash, key, site) }
    }

    @inline(never) private func waitForSlot(
        _ hash: KeyHash, _ key: UnsafeRawBufferPointer, _ site: StaticString
    ) throws(ModuleFailure) {
        let place = place(of: key)
        while heldSlots.load(ordering: .acquiring) != 0, locks.isBlocked(place) {
            hash.stripe.release()
            try locks.waitUntilFree(place, site: "\(site)")
            hash.stripe.acquire()
        }
    }

    func place(of key: UnsafeRawBufferPointer) -> SlotLocks.Place {
        SlotLocks.Place(table: name, slot: slot(of: SlotHash.id(key)))
    }

    /// The slot of Kamailio's id, 0…slots-1.
    func slot(of id: UInt32) -> UInt32 { id & slotMask }

    @inline(__always) func isVisible(_ item: Item, _ now: UInt32) -> Bool {
        let expiry = item.expiry
        return expiry == 0 || expiry >= now
    }

    /// The place of a key if it is there and not expired.
    @inline(__always) func visible(_ hash: KeyHash, _ key: UnsafeRawBufferPointer, _ now: UInt32) -> Place? {
        guard let place = store.find(hash, key), isVisible(place.item, now) else { return nil }
        return place
    }

    @inline(__always) var now: UInt32 { expires ? clock.seconds : 0 }

    // MARK: Reading

    /// Whether the key is there and not expired.
    public func contains(_ key: UnsafeRawBufferPointer) throws(ModuleFailure) -> Bool {
        let now = now
        return try locked(key, "a read") { hash in visible(hash, key, now) != nil }
    }

    /// Copies an item's value; false when the key is not there.
    func get(_ key: UnsafeRawBufferPointer, into copy: inout ItemCopy) throws(ModuleFailure) -> Bool {
        let now = now
        var large: Block?
        var found = false
        try locked(key, "a read") { hash in
            guard let item = visible(hash, key, now)?.item else { return }
            found = true
            copy.expiry = item.expiry
            if let block = item.block {
                // Held on to here, copied without the lock.
                block.retain()
                large = block
            } else {
                copy.take(item.value)
            }
        }
        if let large {
            copy.take(large.body.value)
            large.release()
        }
        return found
    }

    /// Copies an item's value into a buffer, as much as fits; nil when the key is not there. `length` is the value's.
    @inline(__always) func get(
        _ key: UnsafeRawBufferPointer, buffer: UnsafeMutableRawBufferPointer
    ) throws(ModuleFailure) -> (value: ItemValue, length: Int, expiry: UInt32)? {
        let hash = store.locate(key)
        hash.prefetch()
        return try get(key, hash) { buffer }
    }

    /// The same where the hash is known; the buffer is asked for when there is text to be copied.
    @inline(__always) func get(
        _ key: UnsafeRawBufferPointer, _ hash: KeyHash, buffer: () -> UnsafeMutableRawBufferPointer
    ) throws(ModuleFailure) -> (value: ItemValue, length: Int, expiry: UInt32)? {
        let now = now
        try lock(hash, key, "a read")
        guard let item = visible(hash, key, now)?.item else {
            hash.stripe.release()
            return nil
        }
        let expiry = item.expiry
        guard let integer = item.integer else { return copyText(item, hash, expiry, buffer()) }
        let number = integer.loadUnaligned(as: Int64.self)
        hash.stripe.release()
        return (.integer(number), 0, expiry)
    }

    /// Copies what is no integer in its bucket; the stripe is locked, and is not when this returns.
    @inline(never) private func copyText(
        _ item: Item, _ hash: KeyHash, _ expiry: UInt32, _ buffer: UnsafeMutableRawBufferPointer
    ) -> (value: ItemValue, length: Int, expiry: UInt32) {
        let block = item.block
        // A large item is held on to, and copied without the lock.
        if let block {
            block.retain()
            hash.stripe.release()
        }
        let value = block?.body.value ?? item.value
        var count = 0
        if case .bytes(let text) = value, let start = text.baseAddress, let target = buffer.baseAddress {
            count = min(text.count, buffer.count)
            target.copyMemory(from: start, byteCount: count)
        }
        if let block { block.release() } else { hash.stripe.release() }
        guard case .bytes(let text) = value else { return (value, 0, expiry) }
        // Of the text only its length is looked at from here on.
        return (.bytes(UnsafeRawBufferPointer(start: buffer.baseAddress, count: count)), text.count, expiry)
    }

    // MARK: Slots

    /// Locks the slot of a key for the calling thread.
    func lockSlot(of key: UnsafeRawBufferPointer, site: String) throws(ModuleFailure) {
        try locks.lock(place(of: key), site: site, held: heldSlots)
    }

    func unlockSlot(of key: UnsafeRawBufferPointer, site: String) throws(ModuleFailure) {
        try locks.unlock(place(of: key), site: site, held: heldSlots)
    }

    /// Unlocks all slots that the calling thread holds, as at the end of a route; how many that were.
    @discardableResult
    func unlockAllSlots() -> Int { locks.releaseAll(table: name, held: heldSlots) }

    // MARK: Removing

    /// Removes an item; false when the key was not there.
    @discardableResult
    public func remove(_ key: UnsafeRawBufferPointer) throws(ModuleFailure) -> Bool {
        let now = now
        var number: UInt64 = 0
        let wasVisible = try locked(key, "a removal") { hash in
            guard let place = store.find(hash, key) else { return false }
            let isVisible = isVisible(place.item, now)
            remove(place, hash)
            number = changeNumber()
            return isVisible
        }
        if wasVisible, number != 0 {
            feed.tell(Change(kind: .removed, key: key, stamp: clock.milliseconds, number: number))
        }
        return wasVisible
    }

    /// Takes an item out of the table and its counts, and frees it.
    func remove(_ place: Place, _ hash: KeyHash) {
        let item = place.item
        account(hash.stripe, items: -1, bytes: -(item.key.count + item.valueLength))
        store.remove(place, hash)
    }

    /// The number of a change, 0 when nobody follows them; taken under the stripe's lock.
    @inline(__always) func changeNumber() -> UInt64 { feed.isFollowed ? feed.number() : 0 }

    @inline(__always) func account(_ stripe: StripePointer, items: Int, bytes: Int) {
        stripe.pointee.count += items
        stripe.pointee.bytes += bytes
        switch definition.limit {
        case nil: break
        case .items: if items != 0 { limited.add(items, ordering: .relaxed) }
        case .bytes: limited.add(bytes, ordering: .relaxed)
        }
    }

    /// Removes everything; items that other threads insert meanwhile may stay.
    public func removeAll() {
        let now = now
        for index in 0..<store.stripeCount {
            let stripe = store.stripe(index)
            stripe.acquire()
            let old = store.detachContents(of: stripe, now: now)
            stripe.release()
            guard let old else { continue }
            switch definition.limit {
            case nil: break
            case .items: limited.subtract(old.count, ordering: .relaxed)
            case .bytes: limited.subtract(old.bytes, ordering: .relaxed)
            }
            store.free(old)
        }
        if feed.isFollowed {
            feed.tell(Change(kind: .flushed, stamp: clock.milliseconds, number: feed.number()))
        }
    }

    // MARK: Counting

    /// How many items there are, expired ones not counted.
    public var count: Int { totals().items }

    /// Items, and bytes of keys and values; the expired are in neither count of items, but their bytes are until they are removed.
    func totals() -> (items: Int, bytes: Int) {
        let now = now
        var items = 0
        var bytes = 0
        for index in 0..<store.stripeCount {
            let stripe = store.stripe(index)
            stripe.acquire()
            var budget = Self.stepsPerLock
            while !store.advance(stripe, to: now, budget: &budget) {
                stripe.release()
                budget = Self.stepsPerLock
                stripe.acquire()
            }
            items += stripe.pointee.count - Int(stripe.pointee.due)
            bytes += stripe.pointee.bytes
            stripe.release()
        }
        return (items, bytes)
    }

    /// Items that the wheel moves while a lock is held: some 20 µs.
    static let stepsPerLock = 128
}

extension UnsafeRawBufferPointer {
    static var empty: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }
}
