// The script functions, with Kamailio's names and return codes: 1 is true, negative is false. Its defects are not here: sht_setxi does
// not end the script, iterators hold no lock, and there may be any number of them.
import Glibc
import ModuleABI
public import ModuleKit

/// The functions over the tables. Workers; each call runs on the thread of its route.
public final class Functions: Sendable {
    static let isTrue: Int32 = 1
    static let isFalse: Int32 = -1
    /// What sht_lock and sht_unlock answer when the table is unknown.
    static let noSuchTable: Int32 = -11

    let tables: Tables

    public init(_ tables: Tables) { self.tables = tables }

    private typealias Argument = (name: StaticString, kind: UInt32)

    public func declare(on builder: ModuleBuilder) {
        let text = MH_SCRIPT_ARG_TEXT
        let table: Argument = ("table", text)
        let key: Argument = ("key", text)
        let item: Argument = ("item", text)
        let operation: Argument = ("op", text)
        let value: Argument = ("value", text)
        let number: Argument = ("value", MH_SCRIPT_ARG_INT)
        let seconds: Argument = ("exval", MH_SCRIPT_ARG_INT)
        let iterator: Argument = ("iterator", text)
        func add(
            _ name: StaticString, _ arguments: [Argument], _ summary: StaticString,
            _ run: @escaping ([mh_value]) throws(ModuleFailure) -> Int32
        ) {
            builder.function(name, summary: summary, arguments: arguments) { [tables] values in
                guard values.count >= arguments.count else { return Functions.isFalse }
                do throws(ModuleFailure) { return try run(values) } catch {
                    tables.warn("\(name): \(error.text)")
                    return Functions.isFalse
                }
            }
        }
        add("sht_print", [], "Logs all items of all tables.") { [self] _ in printAll() }
        add("sht_rm", [table, key], "Removes an item.") { [self] values throws(ModuleFailure) in
            let key = values[1].scriptBytes
            guard let table = find(values[0]), !key.isEmpty else { return Self.isFalse }
            try key.lend { (key) throws(ModuleFailure) in _ = try table.remove(key) }
            return Self.isTrue
        }
        add("sht_rm_name_re", [item], "Removes items whose name matches a regular expression.") {
            [self] values throws(ModuleFailure) in try removeExpression(values[0], isOnValue: false)
        }
        add("sht_rm_value_re", [item], "Removes items whose text matches a regular expression.") {
            [self] values throws(ModuleFailure) in try removeExpression(values[0], isOnValue: true)
        }
        add("sht_rm_name", [table, operation, value], "Removes items by name: re, sw, ew, in.") {
            [self] values throws(ModuleFailure) in try remove(values, isOnValue: false)
        }
        add("sht_rm_value", [table, operation, value], "Removes items by text: re, sw, ew, in.") {
            [self] values throws(ModuleFailure) in try remove(values, isOnValue: true)
        }
        for (name, isOnValue) in [
            ("sht_match_name", false), ("sht_has_name", false), ("sht_match_str_value", true), ("sht_has_str_value", true),
        ] as [(StaticString, Bool)] {
            add(name, [table, operation, value], "Whether any item matches: eq, ne, re, sw, ew, in.") {
                [self] values throws(ModuleFailure) in try matches(values, isOnValue)
            }
        }
        add("sht_reset", [table], "Removes all items of a table.") { [self] values in
            guard let table = find(values[0]) else { return Self.isFalse }
            table.removeAll()
            return Self.isTrue
        }
        add("sht_lock", [item], "Locks the slot of a key: sht_lock(\"table=>key\").") {
            [self] values throws(ModuleFailure) in
            try slot(values[0], "sht_lock") { (table, key, site) throws(ModuleFailure) in
                try table.lockSlot(of: key, site: site)
                ScriptThread.current.mayHoldSlots = true
            }
        }
        add("sht_unlock", [item], "Unlocks it.") { [self] values throws(ModuleFailure) in
            try slot(values[0], "sht_unlock") { (table, key, site) throws(ModuleFailure) in
                try table.unlockSlot(of: key, site: site)
            }
        }
        add("sht_setxs", [table, key, value, seconds], "Sets text with an expiry.") { [self] values throws(ModuleFailure) in
            let text = values[2].scriptBytes
            return try text.lend { (text) throws(ModuleFailure) in
                try set(values[0], values[1], .bytes(text), values[3].scriptInteger ?? 0)
            }
        }
        add("sht_setxi", [table, key, number, seconds], "Sets an integer with an expiry.") {
            [self] values throws(ModuleFailure) in
            try set(values[0], values[1], .integer(values[2].scriptInteger ?? 0), values[3].scriptInteger ?? 0)
        }
        add("sht_is_null", [table, key], "1: no such item; -1: there is one; -2: the table has initval; 2: no such table.") {
            [self] values throws(ModuleFailure) in
            guard let table = find(values[0]) else { return 2 }
            let isThere = try values[1].scriptBytes.lend { (key) throws(ModuleFailure) in try table.contains(key) }
            return isThere ? -1 : table.definition.initialValue != nil ? -2 : 1
        }
        add("sht_inc", [table, key], "Adds 1 to an integer.") { [self] values throws(ModuleFailure) in
            try increase(1, values)
        }
        add("sht_dec", [table, key], "Subtracts 1 from an integer.") { [self] values throws(ModuleFailure) in
            try increase(-1, values)
        }
        add("sht_iterator_start", [iterator, table], "Begins to go through a table.") { [self] values in
            let thread = ScriptThread.current
            let name = values[0].scriptBytes
            guard let table = find(values[1]),
                thread.iterators[name] != nil || thread.iterators.count < ScriptThread.mostIterators
            else { return Self.isFalse }
            thread.iterators[name] = TableIterator(table)
            return Self.isTrue
        }
        add("sht_iterator_next", [iterator], "Goes to the next item; false at the end.") { values throws(ModuleFailure) in
            let thread = ScriptThread.current
            let name = values[0].scriptBytes
            guard let iterator = thread.iterators[name] else { return Self.isFalse }
            if try iterator.next() { return Self.isTrue }
            // As in Kamailio, the call after the end begins anew.
            thread.iterators[name] = TableIterator(iterator.table)
            return Self.isFalse
        }
        add("sht_iterator_end", [iterator], "Ends it.") { values in
            ScriptThread.current.iterators.removeValue(forKey: values[0].scriptBytes) != nil ? Self.isTrue : Self.isFalse
        }
        add("sht_iterator_rm", [iterator], "Removes the current item and goes to the next; -2 when that was the last.") {
            values throws(ModuleFailure) in
            guard let iterator = ScriptThread.current.iterators[values[0].scriptBytes], let key = iterator.key else {
                return Self.isFalse
            }
            try key.lend { (key) throws(ModuleFailure) in _ = try iterator.table.remove(key) }
            return try iterator.next() ? Self.isTrue : -2
        }
        addIteratorWrites(add, iterator, value, number, seconds)
    }

    private func addIteratorWrites(
        _ add: (
            StaticString, [Argument], StaticString, @escaping ([mh_value]) throws(ModuleFailure) -> Int32
        ) -> Void, _ iterator: Argument, _ value: Argument, _ number: Argument, _ seconds: Argument
    ) {
        func current(
            _ name: mh_value, _ body: (HashTable, UnsafeRawBufferPointer) throws(ModuleFailure) -> Bool
        ) throws(ModuleFailure) -> Int32 {
            guard let iterator = ScriptThread.current.iterators[name.scriptBytes], let key = iterator.key else {
                return Self.isFalse
            }
            let isDone = try key.lend { (key) throws(ModuleFailure) in
                guard try iterator.table.contains(key) else { return false }
                return try body(iterator.table, key)
            }
            return isDone ? Self.isTrue : Self.isFalse
        }
        add("sht_iterator_sets", [iterator, value], "Sets the current item to text.") { values throws(ModuleFailure) in
            let text = values[1].scriptBytes
            return try text.lend { (text) throws(ModuleFailure) in
                try current(values[0]) { (table, key) throws(ModuleFailure) in try table.set(key, .bytes(text)) }
            }
        }
        add("sht_iterator_seti", [iterator, number], "Sets the current item to an integer.") {
            values throws(ModuleFailure) in
            try current(values[0]) { (table, key) throws(ModuleFailure) in
                try table.set(key, .integer(values[1].scriptInteger ?? 0))
            }
        }
        add("sht_iterator_setex", [iterator, seconds], "Gives the current item a new expiry.") {
            values throws(ModuleFailure) in
            try current(values[0]) { (table, key) throws(ModuleFailure) in
                try table.setExpiry(try table.moment(after: values[1].scriptInteger ?? 0), of: key)
            }
        }
    }

    // MARK: The work

    private func find(_ name: mh_value) -> HashTable? {
        let bytes = name.scriptBytes
        let table = tables.find(bytes)
        if table == nil { tables.warn("there is no table \"\(printable(bytes))\"") }
        return table
    }

    private func printAll() -> Int32 {
        for table in tables.all {
            SlotOrder(table).forEachSlot { slot, size, items in
                tables.warn("table \(table.name) slot \(slot): \(size) items", always: true)
                return items.forEach { key, value in
                    let shown: String =
                        switch value {
                        case .integer(let number): "v-i: \(number)"
                        case .bytes(let bytes): "v-s: \(String(decoding: bytes, as: UTF8.self))"
                        }
                    let id = String(SlotHash.id(key), radix: 16)
                    tables.warn("  \(String(decoding: key, as: UTF8.self)) hid: \(id) \(shown)", always: true)
                    return true
                }
            }
        }
        return Self.isTrue
    }

    private func removeExpression(_ item: mh_value, isOnValue: Bool) throws(ModuleFailure) -> Int32 {
        let text = item.scriptBytes
        return try text.lend { (text) throws(ModuleFailure) in
            guard let parts = TableAndKey(text) else { return Self.isFalse }
            let matcher = try Matcher(operator: "re", Array(parts.key), isOnValue: isOnValue)
            _ = try tables.find(parts.table)?.remove(matching: matcher)
            return Self.isTrue
        }
    }

    private func remove(_ values: [mh_value], isOnValue: Bool) throws(ModuleFailure) -> Int32 {
        let word = String(decoding: values[1].scriptBytes, as: UTF8.self)
        guard let table = find(values[0]), ["re", "sw", "ew", "in"].contains(word) else { return Self.isFalse }
        _ = try table.remove(matching: try Matcher(operator: word, values[2].scriptBytes, isOnValue: isOnValue))
        return Self.isTrue
    }

    private func matches(_ values: [mh_value], _ isOnValue: Bool) throws(ModuleFailure) -> Int32 {
        guard let table = find(values[0]) else { return Self.isFalse }
        let word = String(decoding: values[1].scriptBytes, as: UTF8.self)
        let matcher = try Matcher(operator: word, values[2].scriptBytes, isOnValue: isOnValue)
        return table.contains(matching: matcher) ? Self.isTrue : Self.isFalse
    }

    private func slot(
        _ item: mh_value, _ function: String,
        _ body: (HashTable, UnsafeRawBufferPointer, String) throws(ModuleFailure) -> Void
    ) throws(ModuleFailure) -> Int32 {
        let text = item.scriptBytes
        return try text.lend { (bytes) throws(ModuleFailure) in
            guard let parts = TableAndKey(bytes), let table = tables.find(parts.table) else { return Self.noSuchTable }
            try body(table, parts.key, "\(function)(\"\(printable(text))\")")
            return Self.isTrue
        }
    }

    private func set(
        _ name: mh_value, _ key: mh_value, _ value: ItemValue, _ seconds: Int64
    ) throws(ModuleFailure) -> Int32 {
        guard let table = find(name) else { return Self.isFalse }
        let moment = try table.moment(after: seconds)
        try key.scriptBytes.lend { (key) throws(ModuleFailure) in _ = try table.set(key, value, expiry: .at(moment)) }
        return Self.isTrue
    }

    private func increase(_ amount: Int64, _ values: [mh_value]) throws(ModuleFailure) -> Int32 {
        guard let table = find(values[0]) else { return Self.isFalse }
        let sum = try values[1].scriptBytes.lend { (key) throws(ModuleFailure) in try table.add(amount, to: key) }
        return sum == nil ? Self.isFalse : Self.isTrue
    }

    /// Takes back what a route that ends leaves on its thread: iterators, and slots that it forgot to unlock; how many slots those were.
    @discardableResult
    func routeEnded() -> Int {
        let thread = ScriptThread.current
        if !thread.iterators.isEmpty { thread.iterators = [:] }
        guard thread.mayHoldSlots else { return 0 }
        thread.mayHoldSlots = false
        return tables.all.reduce(0) { $0 + $1.unlockAllSlots() }
    }
}
