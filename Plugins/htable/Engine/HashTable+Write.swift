// Writing items: set, add, compare and set, increments, expiry.
import Glibc
import ModuleABI
import ModuleKit
import Synchronization

/// When a write takes place.
enum WriteCondition {
    case always
    /// Only where the key is missing.
    case missing
    /// Only where the value equals this one.
    case equal(ItemValue)
}

extension HashTable {
    // MARK: Set

    /// Writes a value under a key; false when the condition does not hold. Throws on lengths over the limits, a full table, no memory.
    @discardableResult
    func set(
        _ key: UnsafeRawBufferPointer, _ value: ItemValue, expiry rule: ExpiryRule = .standard,
        when condition: WriteCondition = .always
    ) throws(ModuleFailure) -> Bool {
        try checkLengths(key, value)
        let now = now
        let block = try makeBlock(key, value)
        var isBlockTaken = false
        defer { if !isBlockTaken { block?.release() } }
        var change = Change(kind: .set, key: key, value: value)
        var hasTriedAgain = false
        while true {
            do throws(ModuleFailure) {
                let isWritten = try locked(key, "a write") { (stripe, upper) throws(ModuleFailure) in
                    try write(
                        stripe, upper, key, value, block, rule, condition, now, &isBlockTaken, &change)
                }
                if isWritten, feed.isFollowed {
                    change.stamp = clock.milliseconds
                    feed.tell(change)
                }
                return isWritten
            } catch {
                // What has expired may still take the room that the limit counts.
                guard error.code == MH_E_NO_SPACE, !hasTriedAgain, expires else { throw error }
                hasTriedAgain = true
                while purge(budget: 4096) {}
            }
        }
    }

    private func checkLengths(_ key: UnsafeRawBufferPointer, _ value: ItemValue) throws(ModuleFailure) {
        if key.count > TableLimits.key {
            throw ModuleFailure(
                MH_E_LIMIT, "the key has \(key.count) bytes, expected at most \(TableLimits.key)")
        }
        if value.length > TableLimits.value {
            throw ModuleFailure(
                MH_E_LIMIT, "the value has \(value.length) bytes, expected at most \(TableLimits.value)")
        }
    }

    private func makeBlock(
        _ key: UnsafeRawBufferPointer, _ value: ItemValue
    ) throws(ModuleFailure) -> Block? {
        guard store.needsBlock(key.count, value.length) else { return nil }
        guard let block = Block(key: key, value: value) else { throw noMemory }
        return block
    }

    private var noMemory: ModuleFailure {
        ModuleFailure(MH_E_NO_MEMORY, "there is no memory for another item of table \(name)")
    }

    /// The expiry that a write gives: `old` is nil for a new item.
    @inline(__always) private func expiry(_ rule: ExpiryRule, old: UInt32?, _ now: UInt32) -> UInt32 {
        guard expires else { return 0 }
        switch rule {
        // A moment that is over is taken as this second: the item goes with the next.
        case .at(let time): return time == 0 ? 0 : max(time, now)
        case .standard:
            if let old, !definition.updatesExpiry { return old }
            return UInt32(clamping: Int64(now) + Int64(definition.autoexpire))
        }
    }

    private func write(
        _ stripe: StripePointer, _ upper: UInt32, _ key: UnsafeRawBufferPointer, _ value: ItemValue,
        _ block: Block?, _ rule: ExpiryRule, _ condition: WriteCondition, _ now: UInt32,
        _ isBlockTaken: inout Bool, _ change: inout Change
    ) throws(ModuleFailure) -> Bool {
        let slot = store.find(stripe, upper, key)
        let old = slot.map { Ref(truncatingIfNeeded: $0.pointee) }
        let isThere = old.map { isVisible(store.head($0), now) } ?? false
        switch condition {
        case .always: break
        case .missing: if isThere { return false }
        case .equal(let expected):
            guard isThere, let old, isEqual(store.value(store.head(old)), expected) else { return false }
        }
        guard let slot, let old, isThere else {
            // An expired item gives way to a new one.
            if let slot, let old { remove(stripe, slot, old) }
            let expiry = expiry(rule, old: nil, now)
            try admit(items: 1, bytes: key.count + value.length)
            guard
                let ref = store.makeItem(
                    stripe, key: key, value: value, block: block, expiry: expiry,
                    sequence: store.newSequence())
            else { throw noMemory }
            guard expiry == 0 || store.schedule(stripe, ref, now: now) else {
                discard(stripe, ref, ownsBlock: block != nil, isBlockTaken: &isBlockTaken)
                throw noMemory
            }
            guard store.place(stripe, upper, ref) else {
                store.unschedule(stripe, ref)
                discard(stripe, ref, ownsBlock: block != nil, isBlockTaken: &isBlockTaken)
                throw ModuleFailure(
                    MH_E_LIMIT,
                    "table \(name) cannot place another item; split what it holds over more tables")
            }
            isBlockTaken = block != nil
            account(stripe, items: 1, bytes: key.count + value.length)
            change.expiry = expiry
            change.number = feed.number()
            return true
        }
        let head = store.head(old)
        let growth = value.length - head.pointee.valueLength
        if growth > 0 { try admit(items: 0, bytes: growth) }
        let oldExpiry = head.pointee.expiry
        let expiry = expiry(rule, old: oldExpiry, now)
        if block == nil, store.overwrite(head, with: value) {
            if expiry != oldExpiry {
                store.unschedule(stripe, old)
                head.pointee.expiry = expiry
                if expiry != 0, !store.schedule(stripe, old, now: now) { head.pointee.expiry = 0 }
            }
        } else {
            guard
                let ref = store.makeItem(
                    stripe, key: key, value: value, block: block, expiry: expiry,
                    sequence: head.pointee.sequence)
            else { throw noMemory }
            guard expiry == 0 || store.schedule(stripe, ref, now: now) else {
                discard(stripe, ref, ownsBlock: block != nil, isBlockTaken: &isBlockTaken)
                throw noMemory
            }
            isBlockTaken = block != nil
            slot.pointee = UInt64(upper) << 32 | UInt64(ref)
            store.unschedule(stripe, old)
            store.freeItem(old, stripe)
        }
        account(stripe, items: 0, bytes: growth)
        change.expiry = expiry
        change.number = feed.number()
        return true
    }

    /// Frees an item that never got into the table; its block, if any, goes with it.
    private func discard(_ stripe: StripePointer, _ ref: Ref, ownsBlock: Bool, isBlockTaken: inout Bool) {
        isBlockTaken = ownsBlock
        store.freeItem(ref, stripe)
    }

    @inline(__always) private func isEqual(_ value: ItemValue, _ other: ItemValue) -> Bool {
        switch (value, other) {
        case (.integer(let a), .integer(let b)): return a == b
        case (.bytes(let a), .bytes(let b)):
            guard a.count == b.count else { return false }
            guard let left = a.baseAddress, let right = b.baseAddress else { return true }
            return memcmp(left, right, a.count) == 0
        default: return false
        }
    }

    /// Refuses what would go over the table's limit.
    @inline(__always) private func admit(items: Int, bytes: Int) throws(ModuleFailure) {
        guard let limit = definition.limit else { return }
        let used = limited.load(ordering: .relaxed)
        switch limit {
        case .items(let most):
            if used + items > most {
                throw ModuleFailure(
                    MH_E_NO_SPACE, "table \(name) is full: it holds \(used) items, and maxsize is \(most)")
            }
        case .bytes(let most):
            if used + bytes > most {
                throw ModuleFailure(
                    MH_E_NO_SPACE,
                    "table \(name) is full: it holds \(used) bytes, \(bytes) more are over its maxsize of \(most)")
            }
        }
    }

    /// Removes an item while its value equals this one; false when it does not.
    func remove(_ key: UnsafeRawBufferPointer, ifEqual value: ItemValue) throws(ModuleFailure) -> Bool {
        let now = now
        var number: UInt64 = 0
        let isRemoved = try locked(key, "a removal") { stripe, upper in
            guard let slot = store.find(stripe, upper, key) else { return false }
            let ref = Ref(truncatingIfNeeded: slot.pointee)
            let head = store.head(ref)
            guard isVisible(head, now), isEqual(store.value(head), value) else { return false }
            remove(stripe, slot, ref)
            number = feed.number()
            return true
        }
        if isRemoved, feed.isFollowed {
            feed.tell(Change(kind: .removed, key: key, stamp: clock.milliseconds, number: number))
        }
        return isRemoved
    }

    // MARK: Increment

    /// Adds to an integer, all in one step. Nil when the key is missing and the table has no initval. Throws when the value is text, or
    /// when the sum does not fit 64 bits: the value stays.
    func add(_ amount: Int64, to key: UnsafeRawBufferPointer) throws(ModuleFailure) -> Int64? {
        try checkLengths(key, .integer(0))
        let now = now
        let block = try makeBlock(key, .integer(0))
        var isBlockTaken = false
        defer { if !isBlockTaken { block?.release() } }
        var change = Change(kind: .set, key: key)
        let sum = try locked(key, "an increment") { (stripe, upper) throws(ModuleFailure) -> Int64? in
            guard let head = visible(stripe, upper, key, now) else {
                guard let initial = definition.initialValue else { return nil }
                let sum = try self.sum(initial, amount, key)
                if let block { copyItem(key, .integer(sum), to: block.bytes) }
                _ = try write(
                    stripe, upper, key, .integer(sum), block, .standard, .always, now, &isBlockTaken, &change)
                return sum
            }
            guard case .integer(let old) = store.value(head) else {
                throw ModuleFailure(
                    MH_E_INVALID,
                    "the value of \"\(printable(key, atMost: 64))\" in table \(name) is a string, expected an integer")
            }
            let sum = try self.sum(old, amount, key)
            if store.block(head) != nil {
                // Readers may hold on to the block: it is never written to.
                if let block { copyItem(key, .integer(sum), to: block.bytes) }
                _ = try write(
                    stripe, upper, key, .integer(sum), block, .standard, .always, now, &isBlockTaken, &change)
                return sum
            }
            store.setInteger(head, sum)
            if expires, definition.updatesExpiry {
                reschedule(stripe, head, expiry(.standard, old: head.pointee.expiry, now), now)
            }
            change.expiry = head.pointee.expiry
            change.number = feed.number()
            return sum
        }
        if let sum, feed.isFollowed {
            change.value = .integer(sum)
            change.stamp = clock.milliseconds
            feed.tell(change)
        }
        return sum
    }

    private func sum(_ a: Int64, _ b: Int64, _ key: UnsafeRawBufferPointer) throws(ModuleFailure) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        guard !overflow else {
            throw ModuleFailure(
                MH_E_LIMIT,
                "\(a) \(b < 0 ? "-" : "+") \(b.magnitude) does not fit 64 bits; \"\(printable(key, atMost: 64))\" in table \(name) stays \(a)"
            )
        }
        return sum
    }

    private func reschedule(
        _ stripe: StripePointer, _ head: UnsafeMutablePointer<ItemHead>, _ expiry: UInt32, _ now: UInt32
    ) {
        guard expiry != head.pointee.expiry else { return }
        let ref = store.ref(of: head)
        store.unschedule(stripe, ref)
        head.pointee.expiry = expiry
        if expiry != 0, !store.schedule(stripe, ref, now: now) { head.pointee.expiry = 0 }
    }

    // MARK: Expiry

    /// Gives an item a new expiry: seconds since 1970, 0 is never. False when the key is missing or the table has no expiry. While
    /// subscribers are told of an expired item, it may be given a new life by this.
    @discardableResult
    func setExpiry(_ expiry: UInt32, of key: UnsafeRawBufferPointer) throws(ModuleFailure) -> Bool {
        guard expires else { return false }
        let now = now
        var number: UInt64 = 0
        let isSet = try locked(key, "a new expiry") { stripe, upper in
            guard let slot = store.find(stripe, upper, key) else { return false }
            let head = store.head(Ref(truncatingIfNeeded: slot.pointee))
            guard isVisible(head, now) || head.pointee.keyWord & ItemHead.isTold != 0 else { return false }
            reschedule(stripe, head, expiry == 0 ? 0 : max(expiry, now), now)
            number = feed.number()
            return true
        }
        if isSet, feed.isFollowed {
            feed.tell(
                Change(kind: .expiry, key: key, expiry: expiry, stamp: clock.milliseconds, number: number))
        }
        return isSet
    }

    /// The moment that is so many seconds from now; never (0) for 0 and less, as Kamailio has it. Throws beyond the year 2106.
    func moment(after seconds: Int64) throws(ModuleFailure) -> UInt32 {
        guard seconds > 0 else { return 0 }
        let (time, overflow) = Int64(clock.seconds).addingReportingOverflow(seconds)
        guard !overflow, time < Int64(UInt32.max) else {
            throw ModuleFailure(
                MH_E_LIMIT,
                "an expiry \(seconds) seconds from now is too far away, expected a time before the year 2106")
        }
        return UInt32(time)
    }
}
