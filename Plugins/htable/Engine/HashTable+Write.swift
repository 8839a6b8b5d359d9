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
    @inline(__always) func set(
        _ key: UnsafeRawBufferPointer, _ value: ItemValue, expiry rule: ExpiryRule = .standard,
        when condition: WriteCondition = .always
    ) throws(ModuleFailure) -> Bool {
        let hash = store.locate(key)
        hash.prefetch()
        if case .always = condition, try overwrite(hash, key, value, rule) { return true }
        return try write(key, value, rule, condition)
    }

    /// Writes a value, whatever that takes.
    @inline(never) private func write(
        _ key: UnsafeRawBufferPointer, _ value: ItemValue, _ rule: ExpiryRule, _ condition: WriteCondition
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
                let isWritten = try locked(key, "a write") { (hash) throws(ModuleFailure) in
                    try write(hash, key, value, block, rule, condition, now, &isBlockTaken, &change)
                }
                if isWritten, change.number != 0 {
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
        _ hash: KeyHash, _ key: UnsafeRawBufferPointer, _ value: ItemValue, _ block: Block?, _ rule: ExpiryRule,
        _ condition: WriteCondition, _ now: UInt32, _ isBlockTaken: inout Bool, _ change: inout Change
    ) throws(ModuleFailure) -> Bool {
        var old = store.find(hash, key)
        if let place = old, !isVisible(place.item, now) {
            // An expired item gives way to a new one.
            if case .equal = condition { return false }
            remove(place, hash)
            old = nil
        }
        guard let old else {
            if case .equal = condition { return false }
            let expiry = expiry(rule, old: nil, now)
            try admit(items: 1, bytes: key.count + value.length)
            try check(store.insert(hash, key, value, block, expiry: expiry, now: now))
            isBlockTaken = block != nil
            account(hash.stripe, items: 1, bytes: key.count + value.length)
            change.expiry = expiry
            change.number = changeNumber()
            return true
        }
        let item = old.item
        switch condition {
        case .always: break
        case .missing: return false
        case .equal(let expected): guard isEqual(item.value, expected) else { return false }
        }
        let growth = value.length - item.valueLength
        if growth > 0 { try admit(items: 0, bytes: growth) }
        let expiry = expiry(rule, old: item.expiry, now)
        guard canExpire(hash, expiry) else { throw noMemory }
        if item.overwrite(value) {
            renew(hash, old, expiry, now)
        } else {
            try check(store.replace(old, hash, key, value, block, expiry: expiry, now: now))
            isBlockTaken = block != nil
        }
        account(hash.stripe, items: 0, bytes: growth)
        change.expiry = expiry
        change.number = changeNumber()
        return true
    }

    private func check(_ outcome: ItemStore.Insertion) throws(ModuleFailure) {
        switch outcome {
        case .done: return
        case .noMemory: throw noMemory
        case .noRoom:
            throw ModuleFailure(
                MH_E_LIMIT, "table \(name) cannot place another item; split what it holds over more tables")
        }
    }

    /// Writes a value over one that is there and as long, which is what most writes do; false: it takes more than that.
    @inline(__always) private func overwrite(
        _ hash: KeyHash, _ key: UnsafeRawBufferPointer, _ value: ItemValue, _ rule: ExpiryRule
    ) throws(ModuleFailure) -> Bool {
        let now = now
        try lock(hash, key, "a write")
        guard let place = visible(hash, key, now) else {
            hash.stripe.release()
            return false
        }
        let expiry = expiry(rule, old: place.item.expiry, now)
        guard canExpire(hash, expiry), place.item.overwrite(value) else {
            hash.stripe.release()
            return false
        }
        if expires { renew(hash, place, expiry, now) }
        let number = changeNumber()
        hash.stripe.release()
        if number != 0 { tell(key, value, expiry, number) }
        return true
    }

    /// Whether there is a wheel for an expiry, or memory for one.
    @inline(__always) private func canExpire(_ hash: KeyHash, _ expiry: UInt32) -> Bool {
        expiry == 0 || store.ensureWheel(hash.stripe)
    }

    /// Gives an item that was written its expiry, for which there is a wheel.
    @inline(__always) private func renew(_ hash: KeyHash, _ place: Place, _ expiry: UInt32, _ now: UInt32) {
        // Where the clock was set back, a living item may be counted as expired.
        if expiry != place.item.expiry || place.isDue { _ = store.setExpiry(hash, place, expiry, now: now) }
    }

    @inline(never) private func tell(_ key: UnsafeRawBufferPointer, _ value: ItemValue, _ expiry: UInt32, _ number: UInt64) {
        feed.tell(
            Change(kind: .set, key: key, value: value, expiry: expiry, stamp: clock.milliseconds, number: number))
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
        let isRemoved = try locked(key, "a removal") { hash in
            guard let place = visible(hash, key, now), isEqual(place.item.value, value) else { return false }
            remove(place, hash)
            number = changeNumber()
            return true
        }
        if isRemoved, number != 0 {
            feed.tell(Change(kind: .removed, key: key, stamp: clock.milliseconds, number: number))
        }
        return isRemoved
    }

    /// Writes a value where the bucket has been asked for already.
    @inline(__always) func set(
        _ key: UnsafeRawBufferPointer, _ value: ItemValue, expiry rule: ExpiryRule, _ hash: KeyHash
    ) throws(ModuleFailure) {
        if try overwrite(hash, key, value, rule) { return }
        _ = try write(key, value, rule, .always)
    }

    // MARK: Increment

    /// Adds to an integer, all in one step. Nil when the key is missing and the table has no initval. Throws when the value is text, or
    /// when the sum does not fit 64 bits: the value stays.
    @inline(__always) func add(_ amount: Int64, to key: UnsafeRawBufferPointer) throws(ModuleFailure) -> Int64? {
        let hash = store.locate(key)
        hash.prefetch()
        return try add(amount, to: key, hash)
    }

    /// The same where the bucket has been asked for already.
    @inline(__always) func add(
        _ amount: Int64, to key: UnsafeRawBufferPointer, _ hash: KeyHash
    ) throws(ModuleFailure) -> Int64? {
        let now = now
        try lock(hash, key, "an increment")
        guard let place = visible(hash, key, now), let integer = place.item.integer else {
            hash.stripe.release()
            return try addAnew(amount, key, now)
        }
        let (sum, overflow) = integer.loadUnaligned(as: Int64.self).addingReportingOverflow(amount)
        let expiry = expiry(.standard, old: place.item.expiry, now)
        guard !overflow, canExpire(hash, expiry) else {
            hash.stripe.release()
            return try addAnew(amount, key, now)
        }
        integer.storeBytes(of: sum, as: Int64.self)
        if expires { renew(hash, place, expiry, now) }
        let number = changeNumber()
        hash.stripe.release()
        if number != 0 { tell(key, .integer(sum), expiry, number) }
        return sum
    }

    /// Adds where that is more than writing over an integer: the item is missing, or long, or there is an error to be found.
    @inline(never) private func addAnew(
        _ amount: Int64, _ key: UnsafeRawBufferPointer, _ now: UInt32
    ) throws(ModuleFailure) -> Int64? {
        try checkLengths(key, .integer(0))
        let block = try makeBlock(key, .integer(0))
        var isBlockTaken = false
        defer { if !isBlockTaken { block?.release() } }
        var change = Change(kind: .set, key: key)
        let sum = try locked(key, "an increment") { (hash) throws(ModuleFailure) -> Int64? in
            let old: Int64
            if let place = visible(hash, key, now) {
                guard case .integer(let number) = place.item.value else {
                    throw ModuleFailure(
                        MH_E_INVALID,
                        "the value of \"\(printable(key, atMost: 64))\" in table \(name) is a string, expected an integer")
                }
                old = number
            } else {
                guard let initial = definition.initialValue else { return nil }
                old = initial
            }
            let sum = try self.sum(old, amount, key)
            // Readers may hold on to a block: none that is in the table is ever written to.
            block?.body.overwrite(.integer(sum))
            _ = try write(hash, key, .integer(sum), block, .standard, .always, now, &isBlockTaken, &change)
            return sum
        }
        if let sum, change.number != 0 { tell(key, .integer(sum), change.expiry, change.number) }
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

    // MARK: Expiry

    /// Gives an item a new expiry: seconds since 1970, 0 is never. False when the key is missing or the table has no expiry. While
    /// subscribers are told of an expired item, it may be given a new life by this.
    @discardableResult
    func setExpiry(_ expiry: UInt32, of key: UnsafeRawBufferPointer) throws(ModuleFailure) -> Bool {
        guard expires else { return false }
        let now = now
        var number: UInt64 = 0
        let isSet = try locked(key, "a new expiry") { hash in
            guard let place = store.find(hash, key),
                isVisible(place.item, now) || (place.isDue && place.item.sequence == hash.stripe.told),
                store.setExpiry(hash, place, expiry == 0 ? 0 : max(expiry, now), now: now)
            else { return false }
            number = changeNumber()
            return true
        }
        if isSet, number != 0 {
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
