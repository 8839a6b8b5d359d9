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
        var valueWord: UInt32
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

    func take(_ store: ItemStore, _ head: UnsafeMutablePointer<ItemHead>) {
        var row = Row(
            sequence: head.pointee.sequence, expiry: head.pointee.expiry,
            keyLength: UInt32(head.pointee.keyLength), valueWord: head.pointee.valueWord, offset: -1, block: nil)
        if let block = store.block(head) {
            block.retain()
            row.block = block
        } else {
            row.offset = bytes.count
            bytes.append(
                contentsOf: UnsafeRawBufferPointer(
                    start: store.body(head), count: head.pointee.keyLength + head.pointee.valueLength))
        }
        rows.append(row)
    }

    /// Lends key and value of a row.
    func with<Result, Failure: Error>(
        _ index: Int, _ body: (UnsafeRawBufferPointer, ItemValue) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let row = rows[index]
        func lend(_ start: UnsafeRawPointer) throws(Failure) -> Result {
            let key = UnsafeRawBufferPointer(start: start, count: Int(row.keyLength))
            let rest = start + Int(row.keyLength)
            if row.valueWord & ItemHead.isInteger != 0 {
                return try body(key, .integer(rest.loadUnaligned(as: Int64.self)))
            }
            return try body(key, .bytes(UnsafeRawBufferPointer(start: rest, count: Int(row.valueWord))))
        }
        if let block = row.block { return try lend(UnsafeRawPointer(block.bytes)) }
        return try bytes.lend { (all) throws(Failure) in
            guard let base = all.baseAddress else { preconditionFailure("a row has a value of at least 8 bytes or a key") }
            return try lend(base + row.offset)
        }
    }
}

extension HashTable {
    /// Copies the items of the segment at a position that are not expired; the next position, nil at the end. Every item that is in
    /// the table from the first step to the last is copied exactly once.
    func scan(_ position: ScanPosition, into page: ScanPage) -> ScanPosition? {
        page.clear()
        let now = now
        return step(position) { _, _, head in
            if isVisible(head, now) { page.take(store, head) }
        }
    }

    /// Visits a segment's items under its lock, expired ones too.
    @inline(__always) func step(
        _ position: ScanPosition,
        _ body: (_ upper: UInt32, _ key: UnsafeRawBufferPointer, _ head: UnsafeMutablePointer<ItemHead>) -> Void
    ) -> ScanPosition? {
        let stripe = store.stripes + position.stripe
        pthread_mutex_lock(&stripe.pointee.mutex)
        let next = store.visit(stripe, from: position.upper) { upper, ref in
            let head = store.head(ref)
            body(upper, store.key(head), head)
        }
        pthread_mutex_unlock(&stripe.pointee.mutex)
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
