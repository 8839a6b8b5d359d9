// The pseudo-variables: $sht, $shtex, $shtcn, $shtcv, $shtinc, $shtdec with "table=>key", $shtitkey and $shtitval of an iterator, and
// $shtrecord of the expired item that is being told of.
import Glibc
import ModuleABI
public import ModuleKit

/// The pseudo-variables over the tables. Workers.
public final class Variables {
    private let tables: Tables

    public init(_ tables: Tables) { self.tables = tables }

    public func declare(on builder: ModuleBuilder) {
        func add(
            _ name: StaticString, _ summary: StaticString, get: ItemVariable.Getter? = nil, set: ItemVariable.Setter? = nil,
            write: ItemVariable.Write? = nil, _ read: @escaping ItemVariable.Read
        ) {
            var raw = ItemVariable(tables, read: read, write: write).published(name, summary)
            if let get { raw.get = get }
            if let set { raw.set = set }
            builder.variable(raw: raw)
        }
        add(
            "sht", "An item: $sht(table=>key).", get: ItemVariable.getValue, set: ItemVariable.setValue,
            write: ItemVariable.writeValue, ItemVariable.readValue)
        add(
            "shtex", "Seconds until an item expires; 0 when it never does.", write: ItemVariable.writeExpiry,
            ItemVariable.readExpiry)
        add("shtcn", "How many items have a name that matches: $shtcn(table=>~~^a).") {
            table, expression, _ throws(ModuleFailure) in
            try ItemVariable.count(table, expression, isOnValue: false)
        }
        add("shtcv", "How many items have a value that matches: $shtcv(table=>eq5).") {
            table, expression, _ throws(ModuleFailure) in
            try ItemVariable.count(table, expression, isOnValue: true)
        }
        add("shtinc", "Adds 1 to an item and is the sum.", get: ItemVariable.getIncremented) {
            table, key, _ throws(ModuleFailure) in
            try table.add(1, to: key).map(mh_int) ?? mh_null()
        }
        add("shtdec", "Subtracts 1 from an item and is the difference.", get: ItemVariable.getDecremented) {
            table, key, _ throws(ModuleFailure) in
            try table.add(-1, to: key).map(mh_int) ?? mh_null()
        }
        builder.variable(
            "shtitkey", summary: "The key that an iterator stands on.", isReadOnly: true,
            ThreadVariable(expected: "the name of an iterator") { name, thread in
                thread.iterators[name]?.key.map { thread.value($0) }
            })
        builder.variable(
            "shtitval", summary: "The value that an iterator stands on.", isReadOnly: true,
            ThreadVariable(expected: "the name of an iterator") { name, thread throws(ModuleFailure) in
                guard let iterator = thread.iterators[name], try iterator.value(into: &thread.copy) else { return nil }
                return thread.value(thread.copy)
            })
        builder.variable(
            "shtrecord", summary: "The key, the value or the expire of the expired item that the route is run for.",
            isReadOnly: true,
            ThreadVariable(expected: "key, value or expire", allowed: ["key", "value", "expire"]) { name, thread in
                guard let record = thread.record else { return nil }
                switch String(decoding: name, as: UTF8.self) {
                case "key": return thread.value(record.key)
                case "value": return thread.value(record.value)
                default: return mh_int(Int64(record.value.expiry))
                }
            })
    }
}

/// A place in the config whose table is named there, not by other pseudo-variables. In memory of its own: made by `prepare`, freed by
/// `release`.
private struct ItemSite {
    /// Held by the place, and not counted at each use.
    let table: Unmanaged<HashTable>
    /// Where the key begins in the expanded text: as in the text as written, since nothing before it changes.
    let keyStart: Int
    /// The hash of the key where it is the same at each use.
    let hash: KeyHash?

    /// The same for any key; of one that changes the bucket is asked for at once.
    @inline(__always) func hash(of key: UnsafeRawBufferPointer, in table: HashTable) -> KeyHash {
        if let hash { return hash }
        let hash = table.store.locate(key)
        hash.prefetch()
        return hash
    }

    /// The key in an expanded text.
    @inline(__always) func key(in text: mh_str) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: text.bytes[min(keyStart, text.len)...])
    }

    func placed() -> UnsafeMutableRawPointer {
        let place = UnsafeMutablePointer<ItemSite>.allocate(capacity: 1)
        place.initialize(to: self)
        return UnsafeMutableRawPointer(place)
    }

    static func free(_ place: UnsafeMutableRawPointer) {
        let place = place.assumingMemoryBound(to: ItemSite.self)
        place.pointee.table.release()
        place.deinitialize(count: 1)
        place.deallocate()
    }
}

/// A pseudo-variable whose inner text is "table=>key". It lives as long as the process.
private final class ItemVariable: Sendable {
    typealias Read = @Sendable (HashTable, UnsafeRawBufferPointer, ScriptThread) throws(ModuleFailure) -> mh_value
    typealias Write = @Sendable (HashTable, UnsafeRawBufferPointer, mh_value) throws(ModuleFailure) -> Void

    private let tables: Tables
    private let read: Read
    private let write: Write?
    /// ``ScriptThread/key``, which would be asked for at each call.
    private let threads = ScriptThread.key

    init(_ tables: Tables, read: @escaping Read, write: Write?) {
        self.tables = tables
        self.read = read
        self.write = write
    }

    // MARK: Across the boundary

    private static func from(_ context: UnsafeMutableRawPointer) -> Unmanaged<ItemVariable> { .fromOpaque(context) }

    func published(_ name: StaticString, _ summary: StaticString) -> mh_script_variable {
        var raw = mh_script_variable()
        raw.flags = write == nil ? MH_SCRIPT_VARIABLE_READ_ONLY : 0
        raw.name = mh_str(name)
        raw.summary = mh_str(summary)
        raw.ctx = Unmanaged.passRetained(self).toOpaque()
        raw.prepare = { context, inner, site, error in
            guard let context else { return MH_E_INVALID }
            return bridging(error) { () throws(ModuleFailure) in
                let made = try ItemVariable.from(context).takeUnretainedValue().prepare(inner)
                if let site { site.pointee = made?.placed() }
            }
        }
        raw.release = { _, site in
            if let site { ItemSite.free(site) }
        }
        raw.get = { context, site, _, key, value in
            guard let context, let value else { return MH_E_INVALID }
            value.pointee = ItemVariable.from(context)._withUnsafeGuaranteedRef { $0.get(site, key.bytes) }
            return MH_OK
        }
        guard write != nil else { return raw }
        raw.set = { context, site, _, key, value in
            guard let context, let value else { return MH_E_INVALID }
            return ItemVariable.from(context)._withUnsafeGuaranteedRef { $0.set(site, key.bytes, value.pointee) }
        }
        return raw
    }

    /// Looks the table up where the text names it; an unknown one is said, and looked for again at each use.
    private func prepare(_ inner: mh_str) throws(ModuleFailure) -> ItemSite? {
        guard let parts = TableAndKey(inner.bytes) else {
            throw ModuleFailure(MH_E_INVALID, "found \"\(printable(inner.bytes))\", expected table=>key")
        }
        guard !parts.table.contains(UInt8(ascii: "$")) else { return nil }
        guard let table = tables.find(parts.table) else {
            let name = printable(parts.table)
            let guess = nearestName(to: name, among: tables.all.map(\.name)).map { "; did you mean \($0)?" } ?? ""
            tables.warn("there is no table \"\(name)\" for \"\(inner.string)\"\(guess)")
            return nil
        }
        return ItemSite(
            table: .passRetained(table), keyStart: inner.len - parts.key.count,
            hash: parts.key.contains(UInt8(ascii: "$")) ? nil : table.store.locate(parts.key))
    }

    /// Runs `body` with the table and the key of an expanded text.
    @inline(__always) private func with<Result>(
        _ site: UnsafeMutableRawPointer?, _ text: UnsafeRawBufferPointer,
        _ body: (HashTable, UnsafeRawBufferPointer) throws(ModuleFailure) -> Result
    ) throws(ModuleFailure) -> Result {
        if let site {
            let site = site.assumingMemoryBound(to: ItemSite.self)
            let key = text[min(site.pointee.keyStart, text.count)...]
            let outcome = site.pointee.table._withUnsafeGuaranteedRef { table in
                Swift.Result<Result, ModuleFailure> { () throws(ModuleFailure) in
                    try body(table, UnsafeRawBufferPointer(rebasing: key))
                }
            }
            return try outcome.get()
        }
        guard let parts = TableAndKey(text) else {
            throw ModuleFailure(MH_E_INVALID, "found \"\(printable(text))\", expected table=>key")
        }
        guard let table = tables.find(parts.table) else {
            throw ModuleFailure(MH_E_NOT_FOUND, "there is no table for $sht(\(printable(text)))")
        }
        return try body(table, parts.key)
    }

    private func get(_ site: UnsafeMutableRawPointer?, _ text: UnsafeRawBufferPointer) -> mh_value {
        do throws(ModuleFailure) {
            return try with(site, text) { (table, key) throws(ModuleFailure) in try read(table, key, ScriptThread.current) }
        } catch {
            tables.warn(error.text)
            return mh_null()
        }
    }

    private func set(_ site: UnsafeMutableRawPointer?, _ text: UnsafeRawBufferPointer, _ value: mh_value) -> Int32 {
        guard let write else { return MH_E_UNSUPPORTED }
        do throws(ModuleFailure) {
            try with(site, text) { (table, key) throws(ModuleFailure) in try write(table, key, value) }
            return MH_OK
        } catch {
            tables.warn(error.text)
            return error.code
        }
    }

    // MARK: Straight

    // $sht, $shtinc and $shtdec of loops: what is above, for a table that the place names, without closures.

    typealias Getter =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, OpaquePointer?, mh_str, UnsafeMutablePointer<mh_value>?
        ) -> Int32
    typealias Setter =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, OpaquePointer?, mh_str, UnsafePointer<mh_value>?
        ) -> Int32

    static let getValue: Getter = { context, site, _, text, value in
        guard let context, let value else { return MH_E_INVALID }
        return from(context)._withUnsafeGuaranteedRef { variable in
            guard let site else {
                value.pointee = variable.get(nil, text.bytes)
                return MH_OK
            }
            let place = site.assumingMemoryBound(to: ItemSite.self)
            return place.pointee.table._withUnsafeGuaranteedRef { table in
                do throws(ModuleFailure) {
                    let key = place.pointee.key(in: text)
                    let found = try table.get(key, place.pointee.hash(of: key, in: table)) {
                        ScriptThread.uncounted(variable.threads)._withUnsafeGuaranteedRef { $0.room }
                    }
                    guard let found else {
                        value.pointee = table.definition.initialValue.map(mh_int) ?? mh_null()
                        return MH_OK
                    }
                    switch found.value {
                    case .integer(let number): put(number, into: value)
                    case .bytes(let bytes) where bytes.count == found.length:
                        value.pointee = mh_text(mh_str(borrowing: bytes))
                    default: value.pointee = variable.get(site, text.bytes)
                    }
                } catch {
                    value.pointee = variable.failed(error)
                }
                return MH_OK
            }
        }
    }

    static let getIncremented: Getter = { context, site, _, text, value in add(1, context, site, text, value) }
    static let getDecremented: Getter = { context, site, _, text, value in add(-1, context, site, text, value) }

    @inline(__always) private static func add(
        _ amount: Int64, _ context: UnsafeMutableRawPointer?, _ site: UnsafeMutableRawPointer?, _ text: mh_str,
        _ value: UnsafeMutablePointer<mh_value>?
    ) -> Int32 {
        guard let context, let value else { return MH_E_INVALID }
        return from(context)._withUnsafeGuaranteedRef { variable in
            guard let site else {
                value.pointee = variable.get(nil, text.bytes)
                return MH_OK
            }
            let place = site.assumingMemoryBound(to: ItemSite.self)
            return place.pointee.table._withUnsafeGuaranteedRef { table in
                do throws(ModuleFailure) {
                    let key = place.pointee.key(in: text)
                    let sum = try table.add(amount, to: key, place.pointee.hash(of: key, in: table))
                    if let sum { put(sum, into: value) } else { value.pointee = mh_null() }
                } catch {
                    value.pointee = variable.failed(error)
                }
                return MH_OK
            }
        }
    }

    static let setValue: Setter = { context, site, _, text, value in
        guard let context, let value else { return MH_E_INVALID }
        return from(context)._withUnsafeGuaranteedRef { variable in
            guard let site, value.pointee.type == MH_INT else { return variable.set(site, text.bytes, value.pointee) }
            let place = site.assumingMemoryBound(to: ItemSite.self)
            return place.pointee.table._withUnsafeGuaranteedRef { table in
                do throws(ModuleFailure) {
                    let key = place.pointee.key(in: text)
                    try table.set(
                        key, .integer(value.pointee.as.integer), expiry: .standard, place.pointee.hash(of: key, in: table))
                    return MH_OK
                } catch {
                    _ = variable.failed(error)
                    return error.code
                }
            }
        }
    }

    /// What `mh_int` makes, without a call of it.
    @inline(__always) private static func put(_ number: Int64, into value: UnsafeMutablePointer<mh_value>) {
        value.pointee.type = MH_INT
        value.pointee.reserved = 0
        value.pointee.as.integer = number
    }

    /// Says why a place came to nothing: null.
    @inline(never) private func failed(_ error: ModuleFailure) -> mh_value {
        tables.warn(error.text)
        return mh_null()
    }

    // MARK: Kinds

    static let readValue: Read = { table, key, thread throws(ModuleFailure) in
        if try table.get(key, into: &thread.copy) { return thread.value(thread.copy) }
        return table.definition.initialValue.map(mh_int) ?? mh_null()
    }

    static let writeValue: Write = { table, key, value throws(ModuleFailure) in
        switch value.type {
        case MH_NULL: try table.remove(key)
        case MH_STRING, MH_BLOB: try table.set(key, .bytes(value.as.text.bytes))
        default:
            guard let number = value.scriptInteger else {
                throw ModuleFailure(MH_E_INVALID, "an item of a table is an integer or text, found type \(value.type)")
            }
            try table.set(key, .integer(number))
        }
    }

    static let readExpiry: Read = { table, key, thread throws(ModuleFailure) in
        guard table.expires, try table.get(key, into: &thread.copy), thread.copy.expiry != 0 else { return mh_int(0) }
        return mh_int(max(0, Int64(thread.copy.expiry) - Int64(table.now)))
    }

    static let writeExpiry: Write = { table, key, value throws(ModuleFailure) in
        // As in Kamailio, what is no positive number means never.
        try table.setExpiry(try table.moment(after: value.scriptInteger ?? 0), of: key)
    }

    static func count(
        _ table: HashTable, _ expression: UnsafeRawBufferPointer, isOnValue: Bool
    ) throws(ModuleFailure) -> mh_value {
        let matcher = try Matcher(countExpression: Array(expression), isOnValue: isOnValue)
        if case .all = matcher.test { return mh_int(Int64(table.count)) }
        return mh_int(Int64(table.count(matching: matcher)))
    }
}

/// A pseudo-variable of the calling thread, chosen by a name.
private final class ThreadVariable: ScriptVariable {
    private let expected: String
    private let allowed: [String]
    private let read: ([UInt8], ScriptThread) throws(ModuleFailure) -> mh_value?

    init(
        expected: String, allowed: [String] = [],
        read: @escaping ([UInt8], ScriptThread) throws(ModuleFailure) -> mh_value?
    ) {
        self.expected = expected
        self.allowed = allowed
        self.read = read
    }

    func check(_ inner: mh_str) throws(ModuleFailure) {
        guard inner.len == 0 || !(allowed.isEmpty || allowed.contains(inner.string)) else { return }
        throw ModuleFailure(MH_E_INVALID, "found \"\(inner.string)\", expected \(expected)")
    }

    func get(_ key: mh_str) -> mh_value {
        do throws(ModuleFailure) { return try read(Array(key.bytes), ScriptThread.current) ?? mh_null() } catch {
            return mh_null()
        }
    }

    func set(_ key: mh_str, _ value: mh_value) -> Int32 { MH_E_UNSUPPORTED }
}
