// The figures of `htable.stats`: how full Kamailio's slots are.
import Glibc

/// Items of a table, and of its emptiest and fullest slot.
struct SlotStatistics: Equatable {
    var all = 0
    var least = 0
    var most = 0

    /// Slots counted in one walk: 16 MiB.
    private static let slotsPerWalk: UInt32 = 1 << 22

    init(_ table: HashTable) {
        let slots = table.slotMask
        var first: UInt32 = 0
        least = .max
        while true {
            let last = min(slots, first &+ (Self.slotsPerWalk - 1))
            var counts = [UInt32](repeating: 0, count: Int(last - first) + 1)
            let now = table.now
            var position: ScanPosition? = ScanPosition()
            while let here = position {
                position = table.step(here) { item in
                    guard table.isVisible(item, now) else { return }
                    let slot = table.slot(of: SlotHash.id(item.key))
                    if slot >= first, slot <= last { counts[Int(slot - first)] += 1 }
                }
            }
            for count in counts {
                all += Int(count)
                least = min(least, Int(count))
                most = max(most, Int(count))
            }
            guard last < slots else { return }
            first = last + 1
        }
    }
}
