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
            purge(store.stripes + index, &left)
            if left <= 0 { return true }
        }
        return false
    }

    private func purge(_ stripe: StripePointer, _ left: inout Int) {
        let now = now
        while left > 0 {
            var told: (key: [UInt8], value: ItemCopy, sequence: UInt32, number: UInt64)?
            pthread_mutex_lock(&stripe.pointee.mutex)
            var steps = min(Self.stepsPerLock, left)
            let before = steps
            let isThere = store.advance(stripe, to: now, budget: &steps)
            left -= before - steps
            var removals = 0
            while removals < Self.removalsPerLock, left > 0, let ref = store.nextDue(stripe) {
                let head = store.head(ref)
                let key = store.key(head)
                if feed.tellsExpiry || feed.isFollowed {
                    var value = ItemCopy()
                    value.take(store.value(head))
                    value.expiry = head.pointee.expiry
                    told = (Array(key), value, head.pointee.sequence, feed.number())
                    head.pointee.keyWord |= ItemHead.isTold
                    break
                }
                let upper = store.upper(store.hash(key))
                if let slot = store.find(stripe, upper, key) { remove(stripe, slot, ref) }
                removals += 1
                left -= 1
            }
            let isDone = isThere && stripe.pointee.due == 0
            pthread_mutex_unlock(&stripe.pointee.mutex)
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
                pthread_mutex_lock(&stripe.pointee.mutex)
                let upper = store.upper(store.hash(key))
                var isGone = false
                if let slot = store.find(stripe, upper, key) {
                    let ref = Ref(truncatingIfNeeded: slot.pointee)
                    let head = store.head(ref)
                    if head.pointee.sequence == sequence, head.pointee.keyWord & ItemHead.isDue != 0 {
                        remove(stripe, slot, ref)
                        isGone = true
                    }
                }
                pthread_mutex_unlock(&stripe.pointee.mutex)
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
