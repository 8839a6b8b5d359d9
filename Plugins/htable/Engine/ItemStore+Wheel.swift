// Expiry: each stripe keeps its items that expire in a wheel of five levels, 64 lists each: seconds, 64 seconds, 68 minutes and so
// on. An item costs time when it is filed, at most four times when its list comes nearer, and when it expires; never otherwise.

extension ItemStore {
    private static let levels = 5
    private static let listsPerLevel = 64
    /// The list of the expired and the list of what is being filed anew.
    private static let dueList = levels * listsPerLevel
    private static let nearingList = dueList + 1
    private static let listCount = nearingList + 1

    // MARK: Lists: rings through the links, with a head in the stripe's wheel page

    @inline(__always) private func list(_ stripe: StripePointer, _ number: Int) -> Ref {
        stripe.pointee.wheelPage &* Arena.refsPerPage &+ UInt32(truncatingIfNeeded: number)
    }

    @inline(__always) private func links(_ ref: Ref) -> UnsafeMutablePointer<(next: Ref, previous: Ref)> {
        (base + Int(ref) &* 8).assumingMemoryBound(to: (next: Ref, previous: Ref).self)
    }

    @inline(__always) private func append(_ ref: Ref, to list: Ref) {
        let last = links(list).pointee.previous
        links(ref).pointee = (next: list, previous: last)
        links(last).pointee.next = ref
        links(list).pointee.previous = ref
    }

    @inline(__always) private func unlink(_ ref: Ref) {
        let (next, previous) = links(ref).pointee
        links(previous).pointee.next = next
        links(next).pointee.previous = previous
        links(ref).pointee = (next: 0, previous: 0)
    }

    /// Moves all of a list to the end of another.
    private func splice(_ from: Ref, onto list: Ref) {
        let (first, last) = links(from).pointee
        guard first != from else { return }
        let end = links(list).pointee.previous
        links(end).pointee.next = first
        links(first).pointee.previous = end
        links(last).pointee.next = list
        links(list).pointee.previous = last
        links(from).pointee = (next: from, previous: from)
    }

    // MARK: Items

    private func ensureWheel(_ stripe: StripePointer) -> Bool {
        if stripe.pointee.wheelPage != 0 { return true }
        guard let page = arena.takePage() else { return false }
        stripe.pointee.wheelPage = page
        for number in 0..<Self.listCount {
            let list = list(stripe, number)
            links(list).pointee = (next: list, previous: list)
        }
        return true
    }

    /// Files an item by its expiry, which is not 0. False: no memory for the wheel.
    func schedule(_ stripe: StripePointer, _ ref: Ref, now: UInt32) -> Bool {
        guard ensureWheel(stripe) else { return false }
        // An empty wheel need not be turned through the time that it stood still.
        if stripe.pointee.wheelCount == 0 { stripe.pointee.wheelTime = max(stripe.pointee.wheelTime, now) }
        // An item is alive during the second of its expiry: it is due in the next.
        let time = stripe.pointee.wheelTime
        let tick = max(UInt32(clamping: UInt64(head(ref).pointee.expiry) + 1), time &+ 1)
        let distance = tick &- time
        stripe.pointee.wheelCount += 1
        var level = 0
        while level < Self.levels - 1, distance >> UInt32(6 * (level + 1)) != 0 { level += 1 }
        var place = tick
        if level == Self.levels - 1 {
            // Beyond the last level's 34 years: as far as it goes; it is filed anew from there.
            place = UInt32(clamping: min(UInt64(tick), UInt64(time) + 63 << 24))
        }
        let number = level * Self.listsPerLevel + Int(place >> UInt32(6 * level)) & 63
        append(ref, to: list(stripe, number))
        return true
    }

    /// Takes an item out of the wheel or the list of the expired; items that never expire are in neither.
    func unschedule(_ stripe: StripePointer, _ ref: Ref) {
        guard linkSize != 0, links(ref).pointee.next != 0 else { return }
        unlink(ref)
        let head = head(ref)
        if head.pointee.keyWord & ItemHead.isDue != 0 {
            head.pointee.keyWord &= ~(ItemHead.isDue | ItemHead.isTold)
            stripe.pointee.due -= 1
        } else {
            stripe.pointee.wheelCount -= 1
        }
    }

    /// Turns the wheel towards `now`, at most `budget` steps; true when it is there. Then `due` counts exactly the items that are
    /// expired and still in the stripe.
    func advance(_ stripe: StripePointer, to now: UInt32, budget: inout Int) -> Bool {
        guard linkSize != 0 else { return true }
        while true {
            let nearing = stripe.pointee.wheelPage == 0 ? 0 : list(stripe, Self.nearingList)
            if nearing != 0 {
                while true {
                    let ref = links(nearing).pointee.next
                    if ref == nearing { break }
                    guard budget > 0 else { return false }
                    budget -= 1
                    unlink(ref)
                    stripe.pointee.wheelCount -= 1
                    // Tick and expiry: due when the second after its expiry has come.
                    if head(ref).pointee.expiry < stripe.pointee.wheelTime {
                        head(ref).pointee.keyWord |= ItemHead.isDue
                        stripe.pointee.due += 1
                        append(ref, to: list(stripe, Self.dueList))
                    } else {
                        _ = schedule(stripe, ref, now: stripe.pointee.wheelTime)
                    }
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

    /// The first expired item that nobody is told of at the moment; nil when there is none.
    func nextDue(_ stripe: StripePointer) -> Ref? {
        guard stripe.pointee.due > 0 else { return nil }
        let end = list(stripe, Self.dueList)
        let ref = links(end).pointee.next
        return ref == end ? nil : ref
    }
}
