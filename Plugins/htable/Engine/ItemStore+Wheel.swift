// Expiry: each stripe keeps the buckets whose items expire in a wheel of five levels, 64 lists each: seconds, 64 seconds, 68 minutes
// and so on, by the earliest expiry of each. A bucket costs time when it is filed, at most four times when its list comes nearer, and
// when one of its items expires or was to expire; items that live cost nothing. Later expiries are not told to the wheel: it finds
// out when the old one comes.
import CPrefetch
import Glibc

extension ItemStore {
    private static let levels = 5
    private static let listsPerLevel = 64
    /// The list of buckets with expired items and the list of what is being filed anew.
    private static let dueList = levels * listsPerLevel
    private static let nearingList = dueList + 1
    private static let listCount = nearingList + 1

    // MARK: Lists: rings through links, with a head in the stripe's wheel page

    /// Two of these, for the wheel and for the list of those with expired items, lie for each bucket at the start of its page.
    private typealias Link = Ref

    @inline(__always) private func list(_ stripe: StripePointer, _ number: Int) -> Link {
        stripe.pointee.wheelPage &* Arena.refsPerPage &+ UInt32(truncatingIfNeeded: number)
    }

    @inline(__always) private func wheelLink(_ bucket: Bucket) -> Link {
        let offset = bucket.raw - base
        // The n-th bucket of the page, counted from 1, has the n-th sixteen bytes.
        return Link(
            truncatingIfNeeded: offset / Arena.pageSize * Int(Arena.refsPerPage) + offset % Arena.pageSize / Bucket.size * 2)
    }
    @inline(__always) private func dueLink(_ bucket: Bucket) -> Link { wheelLink(bucket) + 1 }

    /// The bucket of either of its links.
    @inline(__always) private func bucket(_ link: Link) -> Bucket {
        let page = base + Int(link / Arena.refsPerPage) * Arena.pageSize
        return Bucket(page + Int(link % Arena.refsPerPage) / 2 * Bucket.size)
    }

    @inline(__always) private func links(_ link: Link) -> UnsafeMutablePointer<(next: Link, previous: Link)> {
        (base + Int(link) &* 8).assumingMemoryBound(to: (next: Link, previous: Link).self)
    }

    @inline(__always) private func isLinked(_ link: Link) -> Bool { links(link).pointee.next != 0 }

    @inline(__always) private func append(_ link: Link, to list: Link) {
        let last = links(list).pointee.previous
        links(link).pointee = (next: list, previous: last)
        links(last).pointee.next = link
        links(list).pointee.previous = link
    }

    @inline(__always) private func unlink(_ link: Link) {
        let (next, previous) = links(link).pointee
        links(previous).pointee.next = next
        links(next).pointee.previous = previous
        links(link).pointee = (next: 0, previous: 0)
    }

    /// Moves all of a list to the end of another.
    private func splice(_ from: Link, onto list: Link) {
        let (first, last) = links(from).pointee
        guard first != from else { return }
        let end = links(list).pointee.previous
        links(end).pointee.next = first
        links(first).pointee.previous = end
        links(last).pointee.next = list
        links(list).pointee.previous = last
        links(from).pointee = (next: from, previous: from)
    }

    // MARK: Filing

    /// Makes the wheel, if there is none; false without memory.
    @inline(__always) func ensureWheel(_ stripe: StripePointer) -> Bool {
        stripe.pointee.wheelPage != 0 || makeWheel(stripe)
    }

    @inline(never) private func makeWheel(_ stripe: StripePointer) -> Bool {
        guard let page = arena.takePage(for: .others) else { return false }
        stripe.pointee.wheelPage = page
        for number in 0..<Self.listCount {
            let list = list(stripe, number)
            links(list).pointee = (next: list, previous: list)
        }
        return true
    }

    /// Sees to it that a bucket is filed by this expiry or an earlier one; 0 is never. The stripe has a wheel if it is not 0.
    @inline(__always) func file(_ stripe: StripePointer, _ bucket: Bucket, _ expiry: UInt32, now: UInt32) {
        guard expiry != 0 else { return }
        let filed = bucket.filed
        if filed == 0 || expiry < filed { refile(stripe, bucket, expiry, now) }
    }

    @inline(never) private func refile(_ stripe: StripePointer, _ bucket: Bucket, _ expiry: UInt32, _ now: UInt32) {
        let link = wheelLink(bucket)
        if bucket.filed != 0 {
            unlink(link)
            stripe.pointee.wheelCount -= 1
        }
        // An empty wheel need not be turned through the time that it stood still.
        if stripe.pointee.wheelCount == 0 { stripe.pointee.wheelTime = max(stripe.pointee.wheelTime, now) }
        bucket.filed = expiry
        stripe.pointee.wheelCount += 1
        // An item is alive during the second of its expiry: it is due in the next.
        let time = stripe.pointee.wheelTime
        let tick = max(UInt32(clamping: UInt64(expiry) + 1), time &+ 1)
        let distance = tick &- time
        var level = 0
        while level < Self.levels - 1, distance >> UInt32(6 * (level + 1)) != 0 { level += 1 }
        var place = tick
        if level == Self.levels - 1 {
            // Beyond the last level's 34 years: as far as it goes; it is filed anew from there.
            place = UInt32(clamping: min(UInt64(tick), UInt64(time) + 63 << 24))
        }
        let number = level * Self.listsPerLevel + Int(place >> UInt32(6 * level)) & 63
        append(link, to: list(stripe, number))
    }

    /// Gives an item another expiry. False: there is no memory for the wheel, and it keeps the old one.
    func setExpiry(_ hash: KeyHash, _ place: Place, _ expiry: UInt32, now: UInt32) -> Bool {
        if expiry != 0, !ensureWheel(hash.stripe) { return false }
        if place.isDue { endDue(hash.stripe, place) }
        place.item.expiry = expiry
        file(hash.stripe, place.bucket, expiry, now: now)
        return true
    }

    // MARK: Expired items

    /// Takes an item from those that are expired: it goes, or has got another expiry.
    func endDue(_ stripe: StripePointer, _ place: Place) {
        let bucket = place.bucket
        bucket.due &= ~place.bit
        stripe.pointee.due -= 1
        if bucket.due == 0 { unlink(dueLink(bucket)) }
    }

    /// The next expired item; nil when there is none.
    func nextDue(_ stripe: StripePointer) -> Place? {
        guard stripe.pointee.due > 0 else { return nil }
        let bucket = bucket(links(list(stripe, Self.dueList)).pointee.next)
        return Place(bucket: bucket, slot: bucket.due.trailingZeroBitCount)
    }

    /// Counts the items of a bucket, which is not in the wheel, that expire before the wheel's time, and files it for the others.
    private func settle(_ stripe: StripePointer, _ bucket: Bucket) {
        let time = stripe.pointee.wheelTime
        var earliest = UInt32.max
        let before = bucket.due
        var due = before
        bucket.forEachItem { slot, item in
            let expiry = item.expiry
            let bit: UInt8 = 1 << UInt8(truncatingIfNeeded: slot)
            guard expiry != 0, due & bit == 0 else { return }
            if expiry < time {
                due |= bit
                stripe.pointee.due += 1
            } else {
                earliest = min(earliest, expiry)
            }
        }
        bucket.due = due
        bucket.filed = 0
        if due != 0, !isLinked(dueLink(bucket)) { append(dueLink(bucket), to: list(stripe, Self.dueList)) }
        if earliest != .max { refile(stripe, bucket, earliest, time) }
    }

    /// Takes the buckets of a segment, whose items have moved away, out of wheel and list.
    func leaveWheel(_ stripe: StripePointer, _ segment: Segment) {
        forEachBucket(segment) { bucket in
            if bucket.filed != 0 {
                unlink(wheelLink(bucket))
                stripe.pointee.wheelCount -= 1
            }
            if bucket.due != 0 { unlink(dueLink(bucket)) }
        }
    }

    /// Files the buckets of a new segment; those with expired items, which are counted already, go into their list.
    func enterWheel(_ stripe: StripePointer, _ segment: Segment) {
        forEachBucket(segment) { settle(stripe, $0) }
    }

    // MARK: Time

    /// Turns the wheel towards `now`, at most `budget` steps; true when it is there. Then `due` counts exactly the items that are
    /// expired and still in the stripe.
    func advance(_ stripe: StripePointer, to now: UInt32, budget: inout Int) -> Bool {
        while true {
            if stripe.pointee.wheelPage != 0 {
                let nearing = list(stripe, Self.nearingList)
                while true {
                    let link = links(nearing).pointee.next
                    if link == nearing { break }
                    guard budget > 0 else { return false }
                    budget -= 1
                    let next = links(link).pointee.next
                    if next != nearing {
                        prefetch_line(links(next))
                        bucket(next).prefetch()
                    }
                    unlink(link)
                    stripe.pointee.wheelCount -= 1
                    settle(stripe, bucket(link))
                }
            }
            guard stripe.pointee.wheelTime < now else { return true }
            if stripe.pointee.wheelCount == 0 {
                stripe.pointee.wheelTime = now
                return true
            }
            guard budget > 0 else { return false }
            budget -= 1
            stripe.pointee.wheelTime += 1
            turn(stripe)
        }
    }

    /// Brings the lists whose time has come to the list of what is filed anew.
    private func turn(_ stripe: StripePointer) {
        let time = stripe.pointee.wheelTime
        let nearing = list(stripe, Self.nearingList)
        for level in 0..<Self.levels {
            let number = level * Self.listsPerLevel + Int(time >> UInt32(6 * level)) & 63
            splice(list(stripe, number), onto: nearing)
            // The next level's list comes nearer only when this level begins anew.
            if time & ((UInt32(64) << UInt32(6 * level)) - 1) != 0 { break }
        }
    }
}
