// The order of a dump: by Kamailio's slot, in it by id and age. The table itself is in no such order, so a dump sorts references to
// items, as many at a time as fit a bound, and walks the table again for the next ones: memory beside the table stays constant.
import Glibc
import ModuleKit

/// Names one item: enough to order it and to find it again.
private struct ItemReference {
    var id: UInt32
    var sequence: UInt32
    var upper: UInt32
    var stripe: UInt32
}

/// An item's rank: slot, id, age, and the hash for sequences that have wrapped around.
private struct Rank: Comparable {
    var slotAndID: UInt64
    var sequenceAndUpper: UInt64

    static func < (a: Rank, b: Rank) -> Bool {
        a.slotAndID == b.slotAndID ? a.sequenceAndUpper < b.sequenceAndUpper : a.slotAndID < b.slotAndID
    }
}

/// Goes through a table in the order of a dump.
final class SlotOrder {
    /// References kept at a time: 16 bytes each, and half as much again while they are sorted.
    static let defaultCapacity = 1_000_000

    private let table: HashTable
    private let matcher: Matcher?
    private let capacity: Int
    /// How many items there are in each of 65,536 equal parts of the ranks; made when one round cannot hold all.
    private var parts: [UInt32] = []
    private let partShift: UInt64
    private var pace = Pace()

    init(_ table: HashTable, matching matcher: Matcher? = nil, capacity: Int = SlotOrder.defaultCapacity) {
        self.table = table
        self.matcher = matcher
        self.capacity = max(capacity, 2)
        // The number of a slot and the id behind it have as many bits as the slots need, and 32; 16 of them choose the part.
        partShift = UInt64(table.slotMask.nonzeroBitCount + 16)
    }

    private func rank(_ item: ItemReference) -> Rank {
        Rank(
            slotAndID: UInt64(table.slot(of: item.id)) << 32 | UInt64(item.id),
            sequenceAndUpper: UInt64(item.sequence) << 32 | UInt64(item.upper))
    }

    /// One slot that is not empty: its number, how many items it has, and those, which are copied as they are asked for.
    ///
    /// The items of a slot up to 4096 are copied before `body` hears of the slot, so the number is exact; of larger slots, items that go
    /// while they are written are counted but missing.
    func forEachSlot<Failure: Error>(
        _ body: (_ slot: UInt32, _ size: Int, _ items: SlotItems) throws(Failure) -> Bool
    ) throws(Failure) {
        var items: [ItemReference] = []
        items.reserveCapacity(min(capacity, 4096))
        var after: Rank?
        while true {
            let isCut = collect(after: after, into: &items)
            guard let last = items.last else { return }
            if isCut {
                let slot = table.slot(of: last.id)
                guard let whole = items.lastIndex(where: { table.slot(of: $0.id) != slot }) else {
                    guard try large(slot, items, body) else { return }
                    after = endOfSlot(slot)
                    continue
                }
                // The last slot may go on beyond the bound: it comes whole in the next round.
                items.removeSubrange((whole + 1)...)
            }
            after = items.last.map(rank)
            var start = 0
            while start < items.count {
                let slot = table.slot(of: items[start].id)
                var end = start + 1
                while end < items.count, table.slot(of: items[end].id) == slot { end += 1 }
                guard try emit(slot, items[start..<end], body) else { return }
                start = end
            }
            guard isCut else { return }
        }
    }

    private func emit<Failure: Error>(
        _ slot: UInt32, _ items: ArraySlice<ItemReference>,
        _ body: (UInt32, Int, SlotItems) throws(Failure) -> Bool
    ) throws(Failure) -> Bool {
        if items.count <= SlotItems.mostCopied {
            let page = ScanPage()
            copy(items, into: page)
            guard !page.rows.isEmpty else { return true }
            return try body(slot, page.rows.count, SlotItems(page: page))
        }
        return try body(
            slot, items.count,
            SlotItems { [self] page in
                var next = items.startIndex
                return {
                    page.clear()
                    while page.rows.isEmpty, next < items.endIndex {
                        let end = min(next + 256, items.endIndex)
                        self.copy(items[next..<end], into: page)
                        next = end
                    }
                    return !page.rows.isEmpty
                }
            })
    }

    /// Copies the items that are still there and not expired, sixteen at a time, so that what they touch is fetched side by side.
    private func copy(_ items: ArraySlice<ItemReference>, into page: ScanPage) {
        var start = items.startIndex
        while start < items.endIndex {
            let end = min(start + 16, items.endIndex)
            for item in items[start..<end] { table.prefetch(item) }
            for item in items[start..<end] { table.copy(item, into: page) }
            pace.spend((end - start) * Pace.find)
            start = end
        }
    }

    private func endOfSlot(_ slot: UInt32) -> Rank {
        Rank(slotAndID: UInt64(slot) << 32 | UInt64(UInt32.max), sequenceAndUpper: .max)
    }

    /// A slot that alone is over the bound: counted first, then written in rounds, of which `first` is one.
    private func large<Failure: Error>(
        _ slot: UInt32, _ first: [ItemReference], _ body: (UInt32, Int, SlotItems) throws(Failure) -> Bool
    ) throws(Failure) -> Bool {
        var count = 0
        walk { item in if table.slot(of: item.id) == slot { count += 1 } }
        let end = endOfSlot(slot)
        return try body(
            slot, count,
            SlotItems { [self] page in
                var round = first
                var isLast = false
                var next = 0
                return {
                    page.clear()
                    while page.rows.isEmpty {
                        if next == round.count {
                            guard !isLast, let last = round.last else { return false }
                            isLast = !self.collect(after: self.rank(last), upTo: end, into: &round)
                            next = 0
                            if round.isEmpty { return false }
                        }
                        let stop = min(next + 256, round.count)
                        self.copy(round[next..<stop], into: page)
                        next = stop
                    }
                    return true
                }
            })
    }

    // MARK: Collecting

    /// Fills `items` with the lowest ranks after one, in order; true when there are more than these.
    private func collect(after: Rank?, upTo end: Rank? = nil, into items: inout [ItemReference]) -> Bool {
        if parts.isEmpty, table.count > capacity { countParts() }
        var after = after
        while true {
            let planned = plannedEnd(after: after)
            var bound = end
            var isCut = false
            if let planned, end.map({ planned < $0 }) ?? true {
                bound = planned
                isCut = true
            }
            if collect(after: after, within: bound, into: &items) { isCut = true }
            // Nothing in these parts, by now: there may be in the next.
            guard items.isEmpty, isCut, let bound else { return isCut }
            after = bound
        }
    }

    /// Collects up to a bound; true when the room was not enough and the upper ones were left out.
    private func collect(after: Rank?, within limit: Rank?, into items: inout [ItemReference]) -> Bool {
        items.removeAll(keepingCapacity: true)
        var found = items
        items = []
        var bound = limit
        var isCut = false
        walk { item in
            let rank = rank(item)
            if let after, rank <= after { return }
            if let bound, rank > bound { return }
            found.append(item)
        } betweenSegments: {
            guard found.count > capacity else { return }
            // Keep the lower half: what is above its greatest waits for a later round.
            isCut = true
            sort(&found)
            found.removeSubrange((capacity / 2)...)
            bound = found.last.map(self.rank)
        }
        sort(&found)
        items = found
        return isCut
    }

    private func sort(_ items: inout [ItemReference]) {
        var pace = Pace()
        items.sort { first, second in
            pace.spend(1)
            return rank(first) < rank(second)
        }
    }

    private func countParts() {
        parts = [UInt32](repeating: 0, count: 1 << 16)
        walk { item in parts[Int(rank(item).slotAndID >> partShift)] += 1 }
    }

    /// The end of the parts that fit one round, some room left for items that come meanwhile; nil: all that follow do.
    private func plannedEnd(after: Rank?) -> Rank? {
        guard !parts.isEmpty else { return nil }
        var part = 0
        if let after {
            part = Int(after.slotAndID >> partShift)
            // A part that is done with its last rank is not looked at again.
            if after >= end(ofPart: part) { part += 1 }
        }
        guard part < parts.count else { return nil }
        var count = Int(parts[part])
        part += 1
        while part < parts.count, count + Int(parts[part]) <= capacity - capacity / 8 {
            count += Int(parts[part])
            part += 1
        }
        return part < parts.count ? end(ofPart: part - 1) : nil
    }

    private func end(ofPart part: Int) -> Rank {
        Rank(slotAndID: UInt64(part + 1) << partShift - 1, sequenceAndUpper: .max)
    }

    /// Calls `body` for each item under a lock, and `betweenSegments` now and then without any: what takes time belongs there.
    private func walk(_ body: (ItemReference) -> Void, betweenSegments: () -> Void = {}) {
        let now = table.now
        var position: ScanPosition? = ScanPosition()
        let page = ScanPage()
        while let here = position {
            guard let matcher else {
                var count = 0
                position = table.step(here) { item in
                    count += 1
                    guard table.isVisible(item, now) else { return }
                    body(
                        ItemReference(
                            id: SlotHash.id(item.key), sequence: item.sequence, upper: table.store.upper(of: item),
                            stripe: UInt32(here.stripe)))
                }
                pace.spend(count * Pace.look)
                betweenSegments()
                continue
            }
            // Patterns may be slow: they are tried on copies, without the lock.
            position = table.scan(here, into: page)
            for index in page.rows.indices {
                pace.spend(Pace.find)
                page.with(index) { key, value in
                    guard matcher.matches(key, value) else { return }
                    body(
                        ItemReference(
                            id: SlotHash.id(key), sequence: page.rows[index].sequence,
                            upper: table.store.locate(key).upper, stripe: UInt32(here.stripe)))
                }
            }
            betweenSegments()
        }
    }
}

/// The items of one slot of a dump.
struct SlotItems {
    /// Slots of more items are copied piece by piece.
    static let mostCopied = 4096

    private let page: ScanPage
    private let refill: (() -> Bool)?

    fileprivate init(page: ScanPage) {
        self.page = page
        refill = nil
    }

    fileprivate init(_ makeRefill: (ScanPage) -> () -> Bool) {
        page = ScanPage()
        refill = makeRefill(page)
    }

    /// Each item once, without any lock; false from `body` ends it, and is the answer.
    func forEach<Failure: Error>(
        _ body: (UnsafeRawBufferPointer, ItemValue) throws(Failure) -> Bool
    ) throws(Failure) -> Bool {
        if let refill, !refill() { return true }
        var pace = Pace()
        while true {
            for index in page.rows.indices {
                guard try page.with(index, body) else { return false }
                // What is done with an item, writing it out most often, costs more than finding it.
                pace.spend(2 * Pace.find)
            }
            guard let refill, refill() else { return true }
        }
    }
}

extension HashTable {
    /// Asks for what `copy` will look at.
    fileprivate func prefetch(_ item: ItemReference) {
        store.home(store.stripe(Int(item.stripe)), item.upper).prefetch()
    }

    /// Copies the item of a reference if it is still there and not expired.
    fileprivate func copy(_ item: ItemReference, into page: ScanPage) {
        let stripe = store.stripe(Int(item.stripe))
        let now = now
        stripe.acquire()
        defer { stripe.release() }
        guard let found = store.find(stripe, item.upper, sequence: item.sequence), isVisible(found, now) else { return }
        page.take(found)
    }
}
