// Taking back what has expired: a little at a time, each item told of before it goes to those who want to hear of it.
import Glibc
import Synchronization

extension HashTable {
    /// Items that are removed while a lock is held: some 20 µs.
    private static let removalsPerLock = 32

    /// Removes expired items, at most `budget`; true when there are more. One thread at a time does it; for others there is nothing to do.
    ///
    /// Subscribers hear of each item first, without any lock; one that gets a new expiry meanwhile stays.
    @discardableResult
    public func purge(budget: Int) -> Bool {
        guard expires else { return false }
        guard !isPurging.exchange(true, ordering: .acquiringAndReleasing) else { return false }
        defer { isPurging.store(false, ordering: .releasing) }
        var left = budget
        for index in 0..<store.stripeCount {
            purge(store.stripe(index), &left)
            if left <= 0 { return true }
        }
        return false
    }

    private func purge(_ stripe: StripePointer, _ left: inout Int) {
        let now = now
        while left > 0 {
            var told: (key: [UInt8], value: ItemCopy, sequence: UInt32, number: UInt64)?
            stripe.acquire()
            var steps = min(Self.stepsPerLock, left)
            let before = steps
            let isThere = store.advance(stripe, to: now, budget: &steps)
            left -= before - steps
            var removals = 0
            while removals < Self.removalsPerLock, left > 0, let place = store.nextDue(stripe) {
                let item = place.item
                let key = item.key
                if feed.tellsExpiry || feed.isFollowed {
                    var value = ItemCopy()
                    value.take(item.value)
                    value.expiry = item.expiry
                    told = (Array(key), value, item.sequence, feed.number())
                    stripe.told = item.sequence
                    break
                }
                remove(place, store.locate(key))
                removals += 1
                left -= 1
            }
            let isDone = isThere && stripe.pointee.due == 0
            stripe.release()
            expiredTotal.add(removals, ordering: .relaxed)
            if let told {
                left -= 1
                tell(told.key, told.value, told.sequence, told.number, stripe)
            } else if isDone {
                return
            }
        }
    }

    /// Tells of an expired item, then removes it unless it was rescued or replaced.
    private func tell(
        _ key: [UInt8], _ value: ItemCopy, _ sequence: UInt32, _ number: UInt64, _ stripe: StripePointer
    ) {
        key.withUnsafeBytes { key in
            value.bytes.withUnsafeBytes { bytes in
                var change = Change(
                    kind: .expired, key: key, value: value.isInteger ? .integer(value.integer) : .bytes(bytes),
                    expiry: value.expiry, stamp: clock.milliseconds, number: number)
                let thread = ScriptThread.current
                thread.record = (Array(key), value)
                feed.tellExpired(change)
                thread.record = nil
                stripe.acquire()
                stripe.told = 0
                let hash = store.locate(key)
                var isGone = false
                if let place = store.find(hash, key), place.item.sequence == sequence, place.isDue {
                    remove(place, hash)
                    isGone = true
                }
                stripe.release()
                guard isGone else { return }
                expiredTotal.add(1, ordering: .relaxed)
                if feed.isFollowed {
                    change.number = feed.number()
                    feed.tell(change)
                }
            }
        }
    }
}
