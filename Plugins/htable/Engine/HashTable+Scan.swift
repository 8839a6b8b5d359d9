// Walking a table while it changes: segment by segment, what is found copied under the lock and handed on without it.
import Glibc
import ModuleKit
import Synchronization

/// A place in a table between two segments; a walk begins at the first and ends at nil.
struct ScanPosition: Sendable, Equatable {
    var stripe = 0
    var upper: UInt32 = 0
}

/// The items of one segment, copied; used again for the next. Large items are held on to instead of copied.
final class ScanPage {
    struct Row {
        var sequence: UInt32
        var expiry: UInt32
        var keyLength: UInt32
        var valueLength: UInt32
        var isInteger: Bool
        /// Where key and value begin in `bytes`, or -1: in `block`.
        var offset: Int
        var block: Block?
    }

    private(set) var rows: [Row] = []
    private var bytes: [UInt8] = []

    deinit { clear() }

    func clear() {
        for row in rows { row.block?.release() }
        rows.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }

    func take(_ item: Item) {
        var row = Row(
            sequence: item.sequence, expiry: item.expiry, keyLength: 0, valueLength: 0, isInteger: false, offset: -1,
            block: nil)
        if let block = item.block {
            block.retain()
            row.block = block
        } else {
            row.offset = bytes.count
            let key = item.key
            row.keyLength = UInt32(truncatingIfNeeded: key.count)
            bytes.append(contentsOf: key)
            switch item.value {
            case .integer(let number):
                row.isInteger = true
                row.valueLength = 8
                withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
            case .bytes(let value):
                row.valueLength = UInt32(truncatingIfNeeded: value.count)
                bytes.append(contentsOf: value)
            }
        }
        rows.append(row)
    }

    /// Lends key and value of a row.
    func with<Result, Failure: Error>(
        _ index: Int, _ body: (UnsafeRawBufferPointer, ItemValue) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let row = rows[index]
        if let block = row.block { return try body(block.body.key, block.body.value) }
        return try bytes.lend { (all) throws(Failure) in
            let key = UnsafeRawBufferPointer(rebasing: all[row.offset..<(row.offset + Int(row.keyLength))])
            let start = row.offset + Int(row.keyLength)
            if row.isInteger { return try body(key, .integer(all.loadUnaligned(fromByteOffset: start, as: Int64.self))) }
            return try body(key, .bytes(UnsafeRawBufferPointer(rebasing: all[start..<(start + Int(row.valueLength))])))
        }
    }
}

extension HashTable {
    /// Copies the items of the segment at a position that are not expired; the next position, nil at the end. Every item that is in
    /// the table from the first step to the last is copied exactly once.
    func scan(_ position: ScanPosition, into page: ScanPage) -> ScanPosition? {
        page.clear()
        let now = now
        return step(position) { item in
            if isVisible(item, now) { page.take(item) }
        }
    }

    /// Visits a segment's items under its lock, expired ones too.
    @inline(__always) func step(_ position: ScanPosition, _ body: (Item) -> Void) -> ScanPosition? {
        let stripe = store.stripe(position.stripe)
        stripe.acquire()
        let next = store.visit(stripe, from: position.upper, body)
        stripe.release()
        if let next { return ScanPosition(stripe: position.stripe, upper: next) }
        return position.stripe + 1 < store.stripeCount ? ScanPosition(stripe: position.stripe + 1) : nil
    }

    /// Calls `body` for each item without any lock; it may change the table. False from it ends the walk.
    func forEach<Failure: Error>(
        _ body: (_ key: UnsafeRawBufferPointer, _ value: ItemValue, _ expiry: UInt32) throws(Failure) -> Bool
    ) throws(Failure) {
        let page = ScanPage()
        var pace = Pace()
        var position: ScanPosition? = ScanPosition()
        while let here = position {
            position = scan(here, into: page)
            for index in page.rows.indices {
                pace.spend(Pace.find)
                let goesOn = try page.with(index) { (key, value) throws(Failure) in
                    try body(key, value, page.rows[index].expiry)
                }
                guard goesOn else { return }
            }
        }
    }

    // MARK: Patterns

    /// How many items match.
    func count(matching matcher: Matcher) -> Int {
        var count = 0
        forEach { key, value, _ in
            if matcher.matches(key, value) { count += 1 }
            return true
        }
        return count
    }

    /// Whether any item matches.
    func contains(matching matcher: Matcher) -> Bool {
        var isFound = false
        forEach { key, value, _ in
            isFound = matcher.matches(key, value)
            return !isFound
        }
        return isFound
    }

    /// Removes the items that match; how many those were.
    func remove(matching matcher: Matcher) throws(ModuleFailure) -> Int {
        var count = 0
        try forEach { (key, value, _) throws(ModuleFailure) in
            if matcher.matches(key, value), try remove(key, matching: matcher) { count += 1 }
            return true
        }
        return count
    }

    /// Removes an item if its value of now still matches.
    private func remove(_ key: UnsafeRawBufferPointer, matching matcher: Matcher) throws(ModuleFailure) -> Bool {
        guard matcher.isOnValue else { return try remove(key) }
        while true {
            var copy = ItemCopy()
            guard try get(key, into: &copy) else { return false }
            let outcome: Bool? = try copy.bytes.lend { (bytes) throws(ModuleFailure) in
                let value: ItemValue = copy.isInteger ? .integer(copy.integer) : .bytes(bytes)
                guard matcher.matches(key, value) else { return false }
                return try remove(key, ifEqual: value) ? true : nil
            }
            if let outcome { return outcome }
        }
    }
}

/// A walk over a table that a route or a module takes step by step. One thread at a time; it holds no lock between steps.
final class TableIterator {
    let table: HashTable
    private let page = ScanPage()
    private var position: ScanPosition? = ScanPosition()
    private var index = -1
    /// The item it stands on; nil before the first step and after the last.
    private(set) var key: [UInt8]?

    init(_ table: HashTable) { self.table = table }

    /// Goes to the next item that is still there; false at the end.
    func next() throws(ModuleFailure) -> Bool {
        while true {
            index += 1
            while index >= page.rows.count {
                guard let here = position else {
                    key = nil
                    page.clear()
                    return false
                }
                position = table.scan(here, into: page)
                index = 0
            }
            let found = page.with(index) { key, _ in Array(key) }
            let isThere = try found.lend { (bytes) throws(ModuleFailure) in
                try table.contains(bytes)
            }
            if isThere {
                key = found
                return true
            }
        }
    }

    /// The value of now of the item it stands on; nil when that is gone.
    func value(into copy: inout ItemCopy) throws(ModuleFailure) -> Bool {
        guard let key else { return false }
        return try key.lend { (bytes) throws(ModuleFailure) in try table.get(bytes, into: &copy) }
    }
}
