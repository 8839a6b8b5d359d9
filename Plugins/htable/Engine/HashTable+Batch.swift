// Batches: up to sixteen keys at a time, with their stripes locked together, so that the processor fetches what they touch from
// memory side by side instead of one after the other.
import Glibc
import ModuleABI
import ModuleKit
import Synchronization

extension HashTable {
    /// Keys that are looked up together.
    static let group = 16

    /// Reads many keys; `found` is called for each that is there, with its index and its value, which is borrowed and under a lock: copy
    /// and return. Slots locked by `sht_lock` are waited for.
    func get(
        _ keys: UnsafeBufferPointer<UnsafeRawBufferPointer>, _ found: (Int, ItemValue, UInt32) -> Void
    ) throws(ModuleFailure) {
        let now = now
        var start = 0
        while start < keys.count {
            let count = min(Self.group, keys.count - start)
            if heldSlots.load(ordering: .acquiring) == 0 {
                getGroup(keys, start, count, now, found)
            } else {
                for index in start..<(start + count) {
                    try locked(keys[index], "a read") { stripe, upper in
                        guard let head = visible(stripe, upper, keys[index], now) else { return }
                        found(index, store.value(head), head.pointee.expiry)
                    }
                }
            }
            start += count
        }
    }

    private func getGroup(
        _ keys: UnsafeBufferPointer<UnsafeRawBufferPointer>, _ start: Int, _ count: Int, _ now: UInt32,
        _ found: (Int, ItemValue, UInt32) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.group * 2) { scratch in
            guard let hashes = scratch.baseAddress else { return }
            let order = hashes + Self.group
            for index in 0..<count {
                hashes[index] = store.hash(keys[start + index])
                // Stripe above index: sorted, the stripes come in one order for all threads, which cannot dead-lock.
                order[index] = UInt64(store.stripe(of: hashes[index]) - store.stripes) << 8 | UInt64(index)
            }
            for index in 1..<max(count, 1) {
                let value = order[index]
                var place = index
                while place > 0, order[place - 1] > value {
                    order[place] = order[place - 1]
                    place -= 1
                }
                order[place] = value
            }
            forEachStripe(order, count) { pthread_mutex_lock(&$0.pointee.mutex) }
            // What does not depend on each other is fetched side by side: first the buckets, then the items they name.
            for index in 0..<count {
                store.prefetchBuckets(store.stripe(of: hashes[index]), store.upper(hashes[index]))
            }
            for index in 0..<count {
                store.prefetchItem(store.stripe(of: hashes[index]), store.upper(hashes[index]))
            }
            for index in 0..<count {
                let key = keys[start + index]
                let stripe = store.stripe(of: hashes[index])
                guard let head = visible(stripe, store.upper(hashes[index]), key, now) else { continue }
                found(start + index, store.value(head), head.pointee.expiry)
            }
            forEachStripe(order, count) { pthread_mutex_unlock(&$0.pointee.mutex) }
        }
    }

    /// Each stripe of a sorted group once.
    private func forEachStripe(
        _ order: UnsafeMutablePointer<UInt64>, _ count: Int, _ body: (StripePointer) -> Void
    ) {
        var last = UInt64.max
        for index in 0..<count where order[index] >> 8 != last {
            last = order[index] >> 8
            body(store.stripes + Int(last))
        }
    }

    /// Writes many items in order, up to the first that fails; `stored` hears how many are written so far.
    func set(
        _ items: UnsafeBufferPointer<(key: UnsafeRawBufferPointer, value: ItemValue)>, expiry: ExpiryRule = .standard,
        stored: (Int) -> Void = { _ in }
    ) throws(ModuleFailure) {
        try forEachWarm(items.count, { items[$0].key }) { (index) throws(ModuleFailure) in
            try set(items[index].key, items[index].value, expiry: expiry)
            stored(index + 1)
        }
    }

    /// Adds one amount to many integers; `body` hears of each sum, nil where the key is missing.
    func add(
        _ amount: Int64, to keys: UnsafeBufferPointer<UnsafeRawBufferPointer>,
        _ body: (Int, Int64?) -> Void
    ) throws(ModuleFailure) {
        try forEachWarm(keys.count, { keys[$0] }) { (index) throws(ModuleFailure) in
            body(index, try add(amount, to: keys[index]))
        }
    }

    /// Reads what each of a group of keys will need, all together, then runs `body` for each in order.
    private func forEachWarm(
        _ count: Int, _ key: (Int) -> UnsafeRawBufferPointer,
        _ body: (Int) throws(ModuleFailure) -> Void
    ) throws(ModuleFailure) {
        var start = 0
        while start < count {
            let end = min(start + Self.group, count)
            withUnsafeTemporaryAllocation(of: UnsafeRawBufferPointer.self, capacity: Self.group) { group in
                for index in start..<end { group[index - start] = key(index) }
                getGroup(UnsafeBufferPointer(rebasing: group[..<(end - start)]), 0, end - start, 0) { _, _, _ in }
            }
            for index in start..<end { try body(index) }
            start = end
        }
    }
}
