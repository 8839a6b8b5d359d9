// The pseudo-variables: $sht, $shtex, $shtcn, $shtcv, $shtinc, $shtdec with "table=>key", $shtitkey and $shtitval of an iterator, and
// $shtrecord of the expired item that is being told of.
import ModuleABI
public import ModuleKit

/// The pseudo-variables over the tables. Workers.
public final class Variables {
    private let tables: Tables

    public init(_ tables: Tables) { self.tables = tables }

    public func declare(on builder: ModuleBuilder) {
        builder.variable(
            "sht", summary: "An item: $sht(table=>key).", isReadOnly: false,
            ItemVariable(tables, read: ItemVariable.readValue, write: ItemVariable.writeValue))
        builder.variable(
            "shtex", summary: "Seconds until an item expires; 0 when it never does.", isReadOnly: false,
            ItemVariable(tables, read: ItemVariable.readExpiry, write: ItemVariable.writeExpiry))
        builder.variable(
            "shtcn", summary: "How many items have a name that matches: $shtcn(table=>~~^a).", isReadOnly: true,
            ItemVariable(
                tables,
                read: { table, expression, _ throws(ModuleFailure) in
                    try ItemVariable.count(table, expression, isOnValue: false)
                }))
        builder.variable(
            "shtcv", summary: "How many items have a value that matches: $shtcv(table=>eq5).", isReadOnly: true,
            ItemVariable(
                tables,
                read: { table, expression, _ throws(ModuleFailure) in
                    try ItemVariable.count(table, expression, isOnValue: true)
                }))
        builder.variable(
            "shtinc", summary: "Adds 1 to an item and is the sum.", isReadOnly: true,
            ItemVariable(
                tables,
                read: { table, key, _ throws(ModuleFailure) in
                    try table.add(1, to: key).map(mh_int) ?? mh_null()
                }))
        builder.variable(
            "shtdec", summary: "Subtracts 1 from an item and is the difference.", isReadOnly: true,
            ItemVariable(
                tables,
                read: { table, key, _ throws(ModuleFailure) in
                    try table.add(-1, to: key).map(mh_int) ?? mh_null()
                }))
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
            "shtrecord", summary: "The key or the value of the expired item that the route is run for.", isReadOnly: true,
            ThreadVariable(expected: "key or value", allowed: ["key", "value"]) { name, thread in
                guard let record = thread.record else { return nil }
                return name == Array("key".utf8) ? thread.value(record.key) : thread.value(record.value)
            })
    }
}

/// A pseudo-variable whose inner text is "table=>key".
private final class ItemVariable: ScriptVariable {
    typealias Read = @Sendable (HashTable, UnsafeRawBufferPointer, ScriptThread) throws(ModuleFailure) -> mh_value
    typealias Write = @Sendable (HashTable, UnsafeRawBufferPointer, mh_value) throws(ModuleFailure) -> Void

    private let tables: Tables
    private let read: Read
    private let write: Write?

    init(_ tables: Tables, read: @escaping Read, write: Write? = nil) {
        self.tables = tables
        self.read = read
        self.write = write
    }

    func check(_ inner: mh_str) throws(ModuleFailure) {
        guard TableAndKey(inner.bytes) == nil else { return }
        throw ModuleFailure(MH_E_INVALID, "found \"\(inner.string)\", expected table=>key")
    }

    /// The table and the key of an expanded text; says so once when there is no such table.
    private func parts(_ text: mh_str) throws(ModuleFailure) -> (HashTable, UnsafeRawBufferPointer) {
        try check(text)
        guard let parts = TableAndKey(text.bytes), let table = tables.find(parts.table) else {
            throw ModuleFailure(MH_E_NOT_FOUND, "there is no table for $sht(\(text.string))")
        }
        return (table, parts.key)
    }

    func get(_ key: mh_str) -> mh_value {
        do throws(ModuleFailure) {
            let (table, key) = try parts(key)
            return try read(table, key, ScriptThread.current)
        } catch {
            tables.warn(error.text)
            return mh_null()
        }
    }

    func set(_ key: mh_str, _ value: mh_value) -> Int32 {
        do throws(ModuleFailure) {
            let (table, key) = try parts(key)
            try write?(table, key, value)
            return MH_OK
        } catch {
            tables.warn(error.text)
            return error.code
        }
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
