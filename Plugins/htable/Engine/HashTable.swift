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

    var expires: Bool { definition.autoexpire > 0 }
    public var name: String { definition.name }

    /// Throws when the system has no addresses left for it.
    public init(
        _ definition: TableDefinition, clock: Clock = Clock(), locks: SlotLocks = SlotLocks(),
        reserving bytes: Int = 16 << 30, seed: UInt64? = nil
    ) throws(ModuleFailure) {
        self.definition = definition
        self.clock = clock
        self.locks = locks
        slotMask = definition.slots - 1
        guard
            let store = ItemStore(
                stripeBits: definition.slots <= 4096 ? 6 : 8, expires: definition.autoexpire > 0,
                reserving: bytes, seed: seed, now: clock.seconds)
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
        _ key: UnsafeRawBufferPointer, _ site: StaticString,
        _ body: (StripePointer, UInt32) throws(ModuleFailure) -> Result
    ) throws(ModuleFailure) -> Result {
        let hash = store.hash(key)
        let stripe = store.stripe(of: hash)
        pthread_mutex_lock(&stripe.pointee.mutex)
        // Looked at under the stripe's lock: whoever locks the slot later reads the item after this call.
        while heldSlots.load(ordering: .acquiring) != 0 {
            let place = place(of: key)
            guard locks.isBlocked(place) else { break }
            pthread_mutex_unlock(&stripe.pointee.mutex)
            try locks.waitUntilFree(place, site: "\(site)")
            pthread_mutex_lock(&stripe.pointee.mutex)
        }
        defer { pthread_mutex_unlock(&stripe.pointee.mutex) }
        return try body(stripe, store.upper(hash))
    }

    func place(of key: UnsafeRawBufferPointer) -> SlotLocks.Place {
        SlotLocks.Place(table: name, slot: slot(of: SlotHash.id(key)))
    }

    /// The slot of Kamailio's id, 0…slots-1.
    func slot(of id: UInt32) -> UInt32 { id & slotMask }

    @inline(__always) func isVisible(_ head: UnsafeMutablePointer<ItemHead>, _ now: UInt32) -> Bool {
        head.pointee.expiry == 0 || head.pointee.expiry >= now
    }

    /// The item of a key if it is there and not expired.
    @inline(__always) func visible(
        _ stripe: StripePointer, _ upper: UInt32, _ key: UnsafeRawBufferPointer, _ now: UInt32
    ) -> UnsafeMutablePointer<ItemHead>? {
        guard let slot = store.find(stripe, upper, key) else { return nil }
        let head = store.head(Ref(truncatingIfNeeded: slot.pointee))
        return isVisible(head, now) ? head : nil
    }

    @inline(__always) var now: UInt32 { expires ? clock.seconds : 0 }

    // MARK: Reading

    /// Whether the key is there and not expired.
    public func contains(_ key: UnsafeRawBufferPointer) throws(ModuleFailure) -> Bool {
        let now = now
        return try locked(key, "a read") { stripe, upper in visible(stripe, upper, key, now) != nil }
    }

    /// Copies an item's value; false when the key is not there.
    func get(_ key: UnsafeRawBufferPointer, into copy: inout ItemCopy) throws(ModuleFailure) -> Bool {
        let now = now
        var large: Block?
        var found = false
        try locked(key, "a read") { stripe, upper in
            guard let head = visible(stripe, upper, key, now) else { return }
            found = true
            copy.expiry = head.pointee.expiry
            if let block = store.block(head) {
                // Held on to here, copied without the lock.
                block.retain()
                large = block
                copy.start(head.pointee)
            } else {
                copy.take(store.value(head))
            }
        }
        if let large {
            copy.finish(large, keyLength: key.count)
            large.release()
        }
        return found
    }

    /// Copies an item's value into a buffer, as much as fits; nil when the key is not there. `length` is the value's.
    func get(
        _ key: UnsafeRawBufferPointer, buffer: UnsafeMutableRawBufferPointer
    ) throws(ModuleFailure) -> (value: ItemValue, length: Int, expiry: UInt32)? {
        let now = now
        return try locked(key, "a read") { stripe, upper in
            guard let head = visible(stripe, upper, key, now) else { return nil }
            guard case .bytes(let bytes) = store.value(head) else { return (store.value(head), 0, head.pointee.expiry) }
            let count = min(bytes.count, buffer.count)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
            let copied = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer).prefix(count))
            return (.bytes(copied), bytes.count, head.pointee.expiry)
        }
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
        let wasVisible = try locked(key, "a removal") { stripe, upper in
            guard let slot = store.find(stripe, upper, key) else { return false }
            let ref = Ref(truncatingIfNeeded: slot.pointee)
            let isVisible = isVisible(store.head(ref), now)
            remove(stripe, slot, ref)
            number = feed.number()
            return isVisible
        }
        if wasVisible, feed.isFollowed {
            feed.tell(Change(kind: .removed, key: key, stamp: clock.milliseconds, number: number))
        }
        return wasVisible
    }

    /// Takes an item out of slot, wheel and counts, and frees it.
    func remove(_ stripe: StripePointer, _ slot: UnsafeMutablePointer<UInt64>, _ ref: Ref) {
        let head = store.head(ref)
        account(stripe, items: -1, bytes: -(head.pointee.keyLength + head.pointee.valueLength))
        store.unschedule(stripe, ref)
        slot.pointee = 0
        store.freeItem(ref, stripe)
        store.shrinkIfEmpty(stripe)
    }

    func account(_ stripe: StripePointer, items: Int, bytes: Int) {
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
            let stripe = store.stripes + index
            pthread_mutex_lock(&stripe.pointee.mutex)
            let isEmpty = stripe.pointee.count == 0
            let old = isEmpty ? nil : store.detachContents(of: stripe, now: now)
            if let old {
                switch definition.limit {
                case nil: break
                case .items: limited.subtract(old.count, ordering: .relaxed)
                case .bytes: limited.subtract(old.bytes, ordering: .relaxed)
                }
            }
            pthread_mutex_unlock(&stripe.pointee.mutex)
            if let old { store.freeContents(of: old) }
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
            let stripe = store.stripes + index
            pthread_mutex_lock(&stripe.pointee.mutex)
            var budget = Self.stepsPerLock
            while !store.advance(stripe, to: now, budget: &budget) {
                pthread_mutex_unlock(&stripe.pointee.mutex)
                budget = Self.stepsPerLock
                pthread_mutex_lock(&stripe.pointee.mutex)
            }
            items += stripe.pointee.count - stripe.pointee.due
            bytes += stripe.pointee.bytes
            pthread_mutex_unlock(&stripe.pointee.mutex)
        }
        return (items, bytes)
    }

    /// Items that the wheel moves while a lock is held: some 20 µs.
    static let stepsPerLock = 128
}

extension UnsafeRawBufferPointer {
    static var empty: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }
}
