// The management commands that read: results in the shapes that Kamailio's clients parse, faults in its words.
import Glibc
import ModuleABI
public import ModuleKit

/// The commands of the module over its tables. Management and pool threads.
public final class Commands: Sendable {
    let tables: Tables

    public init(_ tables: Tables) { self.tables = tables }

    static var table: ModuleBuilder.Argument {
        .init("table", MH_STRING, help: "the table's name")
    }
    static var key: ModuleBuilder.Argument {
        .init("key", MH_STRING, help: "the item's key")
    }
    static var part: ModuleBuilder.Argument {
        .init("on", MH_STRING, help: "what to look at: name or value")
    }
    static var operation: ModuleBuilder.Argument {
        .init("op", MH_STRING, help: "re (regular expression), sw (starts with), ew (ends with), in (contains), eq, ne")
    }
    static var operand: ModuleBuilder.Argument {
        .init("text", MH_STRING, help: "what to compare with")
    }

    public func declare(on builder: ModuleBuilder) {
        declareReading(on: builder)
        declareSearching(on: builder)
        declareWriting(on: builder)
        declareRemoving(on: builder)
        declareDatabase(on: builder)
    }

    // MARK: Arguments

    static func bytes(_ call: Call, _ index: Int) -> UnsafeRawBufferPointer {
        let value = call.argument(index)
        return value.type == MH_STRING ? value.as.text.bytes : .empty
    }

    /// The elements of an argument that takes all that follow.
    static func list(_ call: Call, _ index: Int) -> [UnsafeRawBufferPointer] {
        let value = call.argument(index)
        guard value.type == MH_LIST else { return [] }
        return value.as.list.map(as: mh_value.self) { $0.type == MH_STRING ? $0.as.text.bytes : .empty }
    }

    func table(_ call: Call, _ fault: CommandFault? = nil) throws(CommandFault) -> HashTable {
        guard let table = tables.find(Self.bytes(call, 0)) else { throw fault ?? CommandFault(500, "No such htable") }
        return table
    }

    /// Turns a failure of the engine into a fault; what the caller asked for wrongly is 400.
    static func answering<Result>(
        _ body: () throws(ModuleFailure) -> Result
    ) throws(CommandFault) -> Result {
        do throws(ModuleFailure) { return try body() } catch {
            throw CommandFault(error.code == MH_E_INVALID ? 400 : 500, error.text)
        }
    }

    static func matcher(_ call: Call, from index: Int) throws(CommandFault) -> Matcher {
        let part = call.string(index) ?? ""
        guard part == "name" || part == "value" else {
            throw CommandFault(400, "the argument on is \"\(part.prefix(40))\", expected name or value")
        }
        return try answering { () throws(ModuleFailure) in
            try Matcher(
                operator: call.string(index + 1) ?? "", Array(bytes(call, index + 2)), isOnValue: part == "value")
        }
    }

    // MARK: Replies

    static func write(_ value: ItemValue, _ name: String, to reply: Reply) -> Bool {
        switch value {
        case .integer(let number): reply.value(name, mh_int(number))
        case .bytes(let bytes): reply.value(name, mh_text(mh_str(borrowing: bytes)))
        }
    }

    static func writeItem(_ key: UnsafeRawBufferPointer, _ value: ItemValue, to reply: Reply) -> Bool {
        reply.beginMap()
        reply.value("name", mh_text(mh_str(borrowing: key)))
        _ = write(value, "value", to: reply)
        if case .integer = value { reply.text("type", "int") } else { reply.text("type", "str") }
        return reply.end()
    }

    /// "2026-11-21 09:45:00" in local time, or "NEVER".
    static func expiryText(_ expiry: UInt32) -> String {
        guard expiry != 0 else { return "NEVER" }
        var seconds = time_t(expiry)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return String(expiry) }
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S", &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: One item, all tables

    private func declareReading(on builder: ModuleBuilder) {
        builder.command(
            "htable.get", flags: MH_MI_READ, summary: "Shows an item: value, flags (2 text, 0 integer), expiry.",
            example: "htable.get users alice", arguments: [Self.table, Self.key]
        ) { [self] call, reply throws(CommandFault) in
            let table = try table(call)
            let key = Self.bytes(call, 1)
            var copy = ItemCopy()
            guard try Self.answering({ () throws(ModuleFailure) in try table.get(key, into: &copy) }) else {
                throw CommandFault(500, "Key name doesn't exist in htable.")
            }
            try reply.map { () throws(CommandFault) in
                try reply.map("item") { () throws(CommandFault) in
                    reply.value("name", mh_text(mh_str(borrowing: key)))
                    copy.lend { _ = Self.write($0, "value", to: reply) }
                    reply.integer("flags", copy.isInteger ? 0 : 2)
                    reply.text("expire", Self.expiryText(copy.expiry))
                }
            }
        }
        builder.command(
            "htable.mget", flags: MH_MI_READ | MH_MI_SLOW,
            summary: "Shows the values of many keys; keys that are not there are left out.",
            example: "htable.mget users alice bob",
            arguments: [Self.table, .init("keys", MH_STRING, rest: true, help: "the items' keys")]
        ) { [self] call, reply throws(CommandFault) in
            let table = try table(call)
            let keys = Self.list(call, 1)
            var found: [(key: UnsafeRawBufferPointer, value: ItemCopy)] = []
            try Self.answering { () throws(ModuleFailure) in
                try keys.withUnsafeBufferPointer { (keys) throws(ModuleFailure) in
                    try table.get(keys) { index, value, _ in
                        var copy = ItemCopy()
                        copy.take(value)
                        found.append((keys[index], copy))
                    }
                }
            }
            try reply.list { () throws(CommandFault) in
                for item in found { item.value.lend { _ = Self.writeItem(item.key, $0, to: reply) } }
            }
        }
        builder.command(
            "htable.listTables", flags: MH_MI_READ, summary: "Lists the tables and how they are defined.",
            example: "htable.listTables"
        ) { [self] _, reply throws(CommandFault) in
            let all = tables.all
            guard !all.isEmpty else { throw CommandFault(500, "No htables") }
            try reply.list { () throws(CommandFault) in
                for definition in all.reversed().map(\.definition) {
                    try reply.map("table") { () throws(CommandFault) in
                        reply.text("name", definition.name)
                        reply.text("dbtable", definition.databaseTable ?? "")
                        reply.integer("dbmode", definition.storesAtStop ? 1 : 0)
                        reply.integer("expire", definition.autoexpire)
                        reply.integer("updateexpire", definition.updatesExpiry ? 1 : 0)
                        reply.integer("size", definition.slots)
                        reply.integer("dmqreplicate", definition.isReplicated ? 1 : 0)
                    }
                }
            }
        }
        builder.command(
            "htable.stats", flags: MH_MI_READ | MH_MI_SLOW,
            summary: "Shows for each table its slots, its items, and the items of its emptiest and fullest slot.",
            example: "htable.stats"
        ) { [self] _, reply throws(CommandFault) in
            let all = tables.all
            guard !all.isEmpty else { throw CommandFault(500, "No htables") }
            try reply.list { () throws(CommandFault) in
                for table in all.reversed() {
                    let statistics = SlotStatistics(table)
                    try reply.map("table") { () throws(CommandFault) in
                        reply.text("name", table.name)
                        reply.integer("slots", table.definition.slots)
                        reply.integer("all", statistics.all)
                        reply.integer("min", statistics.least)
                        reply.integer("max", statistics.most)
                    }
                }
            }
        }
    }
}

extension ItemCopy {
    /// Lends the value for the length of a call.
    func lend<Result, Failure: Error>(_ body: (ItemValue) throws(Failure) -> Result) throws(Failure) -> Result {
        if isInteger { return try body(.integer(integer)) }
        return try bytes.lend { (bytes) throws(Failure) in try body(.bytes(bytes)) }
    }
}
