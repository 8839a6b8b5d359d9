// Batches: the buckets of up to sixteen keys are asked for before the first is looked at, so that the processor fetches them from
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
    @inline(__always) func get(
        _ keys: UnsafeBufferPointer<UnsafeRawBufferPointer>, _ found: (Int, ItemValue, UInt32) -> Void
    ) throws(ModuleFailure) {
        let now = now
        try forEachWarm(keys.count, { keys[$0] }) { (index, hash) throws(ModuleFailure) in
            let key = keys[index]
            try lock(hash, key, "a read")
            if let item = visible(hash, key, now)?.item { found(index, item.value, item.expiry) }
            hash.stripe.release()
        }
    }

    /// Writes many items in order, up to the first that fails; `stored` hears how many are written so far.
    @inline(__always) func set(
        _ items: UnsafeBufferPointer<(key: UnsafeRawBufferPointer, value: ItemValue)>, expiry: ExpiryRule = .standard,
        stored: (Int) -> Void = { _ in }
    ) throws(ModuleFailure) {
        try forEachWarm(items.count, { items[$0].key }) { (index, hash) throws(ModuleFailure) in
            try set(items[index].key, items[index].value, expiry: expiry, hash)
            stored(index + 1)
        }
    }

    /// Adds one amount to many integers; `body` hears of each sum, nil where the key is missing.
    @inline(__always) func add(
        _ amount: Int64, to keys: UnsafeBufferPointer<UnsafeRawBufferPointer>, _ body: (Int, Int64?) -> Void
    ) throws(ModuleFailure) {
        try forEachWarm(keys.count, { keys[$0] }) { (index, hash) throws(ModuleFailure) in
            body(index, try add(amount, to: keys[index], hash))
        }
    }

    /// Asks for the buckets of a group of keys, then runs `body` for each in order; and so on.
    @inline(__always) func forEachWarm(
        _ count: Int, _ key: (Int) -> UnsafeRawBufferPointer, _ body: (Int, KeyHash) throws(ModuleFailure) -> Void
    ) throws(ModuleFailure) {
        var hashes = InlineArray<16, KeyHash>(repeating: store.nowhere)
        var start = 0
        while start < count {
            let group = min(Self.group, count - start)
            // First the buckets' first lines, then, as these come in, the lines of the items that they lead to.
            for index in 0..<group {
                hashes[index] = store.locate(key(start + index))
                hashes[index].prefetchHeader()
            }
            for index in 0..<group { hashes[index].prefetchItem() }
            for index in 0..<group { try body(start + index, hashes[index]) }
            start += group
        }
    }
}
