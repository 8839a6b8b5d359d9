// The table of C functions behind `mh.htable/1`: checks what comes in, then goes to the tables.
public import ModuleABI
import ModuleKit

private final class Follower {
    let table: HashTable
    let id: UInt64
    init(_ table: HashTable, _ id: UInt64) {
        self.table = table
        self.id = id
    }
}

/// The provider of `mh.htable/1`. `context` is what the host passes back as ctx.
public final class Provider: Sendable {
    private let tables: Tables

    public init(_ tables: Tables) { self.tables = tables }

    /// The table and its context, for the descriptor; both live as long as the process.
    public func publish() -> (table: UnsafePointer<mh_htable_interface>, context: UnsafeMutableRawPointer) {
        let table = UnsafeMutablePointer<mh_htable_interface>.allocate(capacity: 1)
        table.initialize(to: Self.functions())
        return (UnsafePointer(table), Unmanaged.passRetained(self).toOpaque())
    }

    private func open(_ name: mh_str) throws(ModuleFailure) -> OpaquePointer {
        guard let table = tables.find(name.bytes) else {
            throw ModuleFailure(
                MH_E_NOT_FOUND,
                "there is no table \"\(name.string)\"; define it: modparam(\"htable\", \"htable\", \"\(name.string)=>\")")
        }
        // A handle is the table itself, held until the process ends.
        return OpaquePointer(Unmanaged.passRetained(table).toOpaque())
    }

    // MARK: Across the boundary

    private static func from(_ context: UnsafeMutableRawPointer?) -> Provider? {
        context.map { Unmanaged<Provider>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func table(_ raw: OpaquePointer?) -> HashTable? {
        raw.map { Unmanaged<HashTable>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }

    /// Runs `body` on the table of a handle; a null handle is MH_E_INVALID.
    @inline(__always) static func on(
        _ raw: OpaquePointer?, _ error: UnsafePointer<mh_error>?, _ body: (HashTable) throws(ModuleFailure) -> Void
    ) -> Int32 {
        guard let raw else { return MH_E_INVALID }
        // Without a count of references: threads that use one table would fight for the cache line that it lies on.
        return Unmanaged<HashTable>.fromOpaque(UnsafeRawPointer(raw))._withUnsafeGuaranteedRef { table in
            bridging(error) { () throws(ModuleFailure) in try body(table) }
        }
    }

    static func value(_ raw: UnsafePointer<mh_value>?) throws(ModuleFailure) -> ItemValue {
        switch raw?.pointee.type {
        case MH_INT: return .integer(raw?.pointee.as.integer ?? 0)
        case MH_STRING, MH_BLOB: return .bytes(raw?.pointee.as.text.bytes ?? .empty)
        default:
            throw ModuleFailure(MH_E_INVALID, "the value has type \(raw?.pointee.type ?? 0), expected MH_INT or MH_STRING")
        }
    }

    static func raw(_ value: ItemValue?) -> mh_value {
        switch value {
        case nil: mh_null()
        case .integer(let number): mh_int(number)
        case .bytes(let bytes): mh_text(mh_str(borrowing: bytes))
        }
    }

    static func item(_ key: UnsafeRawBufferPointer, _ value: ItemValue, _ expiry: UInt32) -> mh_htable_item {
        mh_htable_item(
            struct_size: UInt32(MemoryLayout<mh_htable_item>.size), reserved: 0, key: mh_str(borrowing: key),
            value: raw(value), expires_at: Int64(expiry))
    }

    private static func rule(_ table: HashTable, _ seconds: Int64) throws(ModuleFailure) -> ExpiryRule {
        if seconds == Int64(MH_HTABLE_STANDARD) { return .standard }
        guard seconds >= 0 else {
            throw ModuleFailure(
                MH_E_INVALID, "found \(seconds) seconds, expected 0 (never), more, or MH_HTABLE_STANDARD")
        }
        return .at(try table.moment(after: seconds))
    }

    private static func matcher(_ raw: UnsafePointer<mh_htable_pattern>?) throws(ModuleFailure) -> Matcher {
        guard let raw else { return .everything }
        var pattern = mh_htable_pattern()
        mh_read_struct(&pattern, MemoryLayout<mh_htable_pattern>.size, raw, Int(raw.pointee.struct_size))
        guard pattern.on <= MH_HTABLE_ON_VALUE else {
            throw ModuleFailure(
                MH_E_INVALID, "the pattern looks at \(pattern.on), expected MH_HTABLE_ON_KEY or MH_HTABLE_ON_VALUE")
        }
        return try Matcher(
            operator: pattern.op.string, Array(pattern.operand.bytes), isOnValue: pattern.on == MH_HTABLE_ON_VALUE)
    }

    private static func visitor(
        _ raw: UnsafePointer<mh_htable_visitor>?
    ) throws(ModuleFailure) -> (UnsafeRawBufferPointer, ItemValue, UInt32) -> Bool {
        guard let raw, let call = raw.pointee.item else {
            throw ModuleFailure(MH_E_INVALID, "the visitor has no function `item`")
        }
        let context = raw.pointee.ctx
        return { key, value, expiry in
            var item = item(key, value, expiry)
            return call(context, &item) == 0
        }
    }

    // MARK: Functions

    static func functions() -> mh_htable_interface {
        var table = mh_htable_interface()
        table.struct_size = UInt32(MemoryLayout<mh_htable_interface>.size)
        table.open = { context, name, table, error in
            guard let provider = Provider.from(context), let table else { return MH_E_INVALID }
            return bridging(error) { () throws(ModuleFailure) in table.pointee = try provider.open(name) }
        }
        setSingle(&table)
        setMany(&table)
        setLocksAndFeed(&table)
        return table
    }

    private static func setSingle(_ functions: inout mh_htable_interface) {
        functions.count = { _, raw in Provider.table(raw).map { Int64($0.count) } ?? 0 }
        functions.get = { _, raw, key, buffer, size, item, error in
            guard let raw, let item else { return MH_E_INVALID }
            return Unmanaged<HashTable>.fromOpaque(UnsafeRawPointer(raw))._withUnsafeGuaranteedRef { table in
                Provider.read(table, key.bytes, buffer, size, item, error)
            }
        }
        functions.set = { _, raw, key, value, seconds, error in
            Provider.on(raw, error) { (table) throws(ModuleFailure) in
                try table.set(key.bytes, try Provider.value(value), expiry: try Provider.rule(table, seconds))
            }
        }
        functions.set_until = { _, raw, key, value, expiresAt, error in
            Provider.on(raw, error) { (table) throws(ModuleFailure) in
                let value = try Provider.value(value)
                guard expiresAt >= 0, expiresAt < Int64(UInt32.max) else {
                    throw ModuleFailure(
                        MH_E_INVALID, "the expiry is \(expiresAt), expected seconds since 1970 before the year 2106")
                }
                if table.expires, expiresAt != 0, expiresAt < Int64(table.now) {
                    try table.remove(key.bytes)
                } else {
                    try table.set(key.bytes, value, expiry: .at(UInt32(expiresAt)))
                }
            }
        }
        functions.compare_and_set = { _, raw, key, expected, value, seconds, error in
            Provider.on(raw, error) { (table) throws(ModuleFailure) in
                let isMissing = expected == nil || expected?.pointee.type == MH_NULL
                let condition: WriteCondition = isMissing ? .missing : .equal(try Provider.value(expected))
                let isSet = try table.set(
                    key.bytes, try Provider.value(value), expiry: try Provider.rule(table, seconds), when: condition)
                if !isSet { throw ModuleFailure(MH_E_AGAIN, "the item is not what was expected; read it again") }
            }
        }
        functions.add = { _, raw, key, amount, sum, error in
            Provider.on(raw, error) { (table) throws(ModuleFailure) in
                guard let new = try table.add(amount, to: key.bytes) else {
                    throw ModuleFailure(
                        MH_E_NOT_FOUND, "there is no such item in table \(table.name), which has no initval")
                }
                sum?.pointee = new
            }
        }
        functions.expire = { _, raw, key, seconds, error in
            Provider.on(raw, error) { (table) throws(ModuleFailure) in
                guard table.expires else {
                    throw ModuleFailure(
                        MH_E_UNSUPPORTED, "table \(table.name) has no expiry; define it with autoexpire")
                }
                let seconds = seconds == Int64(MH_HTABLE_STANDARD) ? Int64(table.definition.autoexpire) : seconds
                guard seconds >= 0, try table.setExpiry(try table.moment(after: seconds), of: key.bytes) else {
                    throw seconds < 0
                        ? ModuleFailure(MH_E_INVALID, "found \(seconds) seconds, expected 0 (never) or more")
                        : ModuleFailure(MH_E_NOT_FOUND, "there is no such item in table \(table.name)")
                }
            }
        }
        functions.remove = { _, raw, key, error in
            Provider.on(raw, error) { (table) throws(ModuleFailure) in
                if !(try table.remove(key.bytes)) {
                    throw ModuleFailure(MH_E_NOT_FOUND, "there is no such item in table \(table.name)")
                }
            }
        }
    }

    private static func setMany(_ functions: inout mh_htable_interface) {
        functions.flush = { _, raw, error in Provider.on(raw, error) { $0.removeAll() } }
        functions.match = { _, raw, pattern, visitor, error in
            Provider.on(raw, error) { (table) throws(ModuleFailure) in
                let matcher = try Provider.matcher(pattern)
                let visit = try Provider.visitor(visitor)
                table.forEach { key, value, expiry in !matcher.matches(key, value) || visit(key, value, expiry) }
            }
        }
        functions.remove_matching = { _, raw, pattern, removed, error in
            removed?.pointee = 0
            return Provider.on(raw, error) { (table) throws(ModuleFailure) in
                let count = try table.remove(matching: try Provider.matcher(pattern))
                removed?.pointee = Int64(count)
            }
        }
        functions.get_batch = { _, raw, keys, visitor, error in
            guard let keys else { return MH_E_INVALID }
            return Provider.on(raw, error) { (table) throws(ModuleFailure) in
                try Provider.readBatch(table, keys.pointee, visitor)
            }
        }
        functions.set_batch = { _, raw, items, seconds, stored, error in
            stored?.pointee = 0
            guard let items else { return MH_E_INVALID }
            return Provider.on(raw, error) { (table) throws(ModuleFailure) in
                let rule = try Provider.rule(table, seconds)
                let items = BorrowedArray<mh_htable_item>(items.pointee)
                try table.forEachWarm(items.count, { items[$0].pointee.key.bytes }) { (index, hash) throws(ModuleFailure) in
                    let item = items[index]
                    let value = try withUnsafePointer(to: item.pointee.value, Provider.value)
                    try table.set(item.pointee.key.bytes, value, expiry: rule, hash)
                    stored?.pointee = UInt32(truncatingIfNeeded: index + 1)
                }
            }
        }
        functions.add_batch = { _, raw, keys, amount, sums, error in
            guard let keys else { return MH_E_INVALID }
            return Provider.on(raw, error) { (table) throws(ModuleFailure) in
                let keys = BorrowedArray<mh_str>(keys.pointee)
                try table.forEachWarm(keys.count, { keys[$0].pointee.bytes }) { (index, hash) throws(ModuleFailure) in
                    let sum = try table.add(amount, to: keys[index].pointee.bytes, hash)
                    if let sums { sums[index] = sum ?? 0 }
                }
            }
        }
    }

    private static func setLocksAndFeed(_ functions: inout mh_htable_interface) {
        functions.lock = { _, raw, key, site, error in
            Provider.on(raw, error) { (table) throws(ModuleFailure) in
                try table.lockSlot(of: key.bytes, site: site.string)
            }
        }
        functions.unlock = { _, raw, key, site, error in
            Provider.on(raw, error) { (table) throws(ModuleFailure) in
                try table.unlockSlot(of: key.bytes, site: site.string)
            }
        }
        functions.follow = { _, raw, follow, follower, error in
            guard let follow, let follower else { return MH_E_INVALID }
            return Provider.on(raw, error) { (table) throws(ModuleFailure) in
                follower.pointee = try Provider.follow(table, follow)
            }
        }
        functions.unfollow = { _, raw in
            guard let raw else { return }
            let follower = Unmanaged<Follower>.fromOpaque(UnsafeRawPointer(raw)).takeRetainedValue()
            follower.table.feed.cancel(follower.id)
        }
    }

    private static func follow(
        _ table: HashTable, _ raw: UnsafePointer<mh_htable_follow>
    ) throws(ModuleFailure) -> OpaquePointer {
        var follow = mh_htable_follow()
        mh_read_struct(&follow, MemoryLayout<mh_htable_follow>.size, raw, Int(raw.pointee.struct_size))
        guard let call = follow.changed else {
            throw ModuleFailure(MH_E_INVALID, "the follower has no function `changed`")
        }
        guard follow.flags == MH_HTABLE_FOLLOW_CHANGES || follow.flags == MH_HTABLE_FOLLOW_EXPIRED else {
            throw ModuleFailure(
                MH_E_INVALID, "the follower's flags are \(follow.flags), expected exactly one of MH_HTABLE_FOLLOW_…")
        }
        // The consumer's to share between threads, as the contract says.
        nonisolated(unsafe) let context = follow.ctx
        let id = table.feed.subscribe(expired: follow.flags == MH_HTABLE_FOLLOW_EXPIRED) { change in
            table.name.withMHString { name in
                var raw = mh_htable_change(
                    struct_size: UInt32(MemoryLayout<mh_htable_change>.size), kind: change.kind.rawValue,
                    table: name, key: mh_str(borrowing: change.key), value: Self.raw(change.value),
                    expires_at: Int64(change.expiry), stamp: change.stamp, number: change.number)
                call(context, &raw)
            }
        }
        return OpaquePointer(Unmanaged.passRetained(Follower(table, id)).toOpaque())
    }
}
