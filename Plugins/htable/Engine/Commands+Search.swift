// The management commands that go through a whole table: dump, match, count. They stream and run beside the others.
import ModuleABI
import ModuleKit

extension Commands {
    func declareSearching(on builder: ModuleBuilder) {
        builder.command(
            "sht_dump", aliases: ["htable.dump"], flags: MH_MI_READ | MH_MI_SLOW,
            summary: "Shows the items of a table, slot by slot, or a page of them.",
            example: "htable.dump users 100 0 ^alice",
            arguments: [
                Self.table, .init("limit", MH_INT, optional: true, help: "most items; 0: all"),
                .init("offset", MH_INT, optional: true, help: "items to leave out before the first"),
                .init("pattern", MH_STRING, optional: true, help: "a regular expression that keys must match"),
            ]
        ) { [self] call, reply throws(CommandFault) in
            let isOld = call.command == "sht_dump"
            let table = try table(call, isOld ? CommandFault(500, "no such hash table") : nil)
            let limit = call.integer(1) ?? 0
            let offset = call.integer(2) ?? 0
            guard limit >= 0, offset >= 0 else {
                throw CommandFault(400, "limit is \(limit) and offset \(offset), expected numbers from 0")
            }
            let pattern = Self.bytes(call, 3)
            let matcher =
                pattern.isEmpty
                ? nil
                : try Self.answering { () throws(ModuleFailure) in
                    try Matcher(operator: "re", Array(pattern), isOnValue: false)
                }
            Self.dump(table, limit: limit == 0 ? .max : Int(limit), offset: Int(offset), matcher, call.isClassic, reply)
        }
        builder.command(
            "htable.match", flags: MH_MI_READ | MH_MI_SLOW,
            summary: "Shows the items whose name or value matches; values are compared when they are text.",
            example: "htable.match users name sw alice",
            arguments: [
                Self.table, Self.part, Self.operation, Self.operand,
                .init("limit", MH_INT, optional: true, help: "most items; 0: all"),
            ]
        ) { [self] call, reply throws(CommandFault) in
            let table = try table(call)
            let matcher = try Self.matcher(call, from: 1)
            let limit = call.integer(4) ?? 0
            guard limit >= 0 else { throw CommandFault(400, "limit is \(limit), expected a number from 0") }
            var left = limit == 0 ? Int64.max : limit
            try reply.list { () throws(CommandFault) in
                table.forEach { key, value, _ in
                    guard matcher.matches(key, value) else { return true }
                    left -= 1
                    return Self.writeItem(key, value, to: reply) && left > 0
                }
            }
        }
        builder.command(
            "htable.count", flags: MH_MI_READ | MH_MI_SLOW,
            summary: "Counts the items of a table, or those whose name or value matches.",
            example: "htable.count users value re ^sip:",
            arguments: [
                Self.table, .init("on", MH_STRING, optional: true, help: "what to look at: name or value"),
                .init("op", MH_STRING, optional: true, help: "re, sw, ew, in, eq or ne"),
                .init("text", MH_STRING, optional: true, help: "what to compare with"),
            ]
        ) { [self] call, reply throws(CommandFault) in
            let table = try table(call)
            if call.argument(1).type == MH_NULL {
                reply.integer("", table.count)
                return
            }
            guard call.argument(2).type != MH_NULL, call.argument(3).type != MH_NULL else {
                throw CommandFault(400, "a count by pattern needs on, op and text, as in: htable.count users name sw a")
            }
            reply.integer("", table.count(matching: try Self.matcher(call, from: 1)))
        }
    }

    private static func dump(
        _ table: HashTable, limit: Int, offset: Int, _ matcher: Matcher?, _ isClassic: Bool, _ reply: Reply
    ) {
        var toSkip = offset
        var left = limit
        reply.beginList()
        SlotOrder(table, matching: matcher).forEachSlot { slot, size, items in
            if toSkip >= size {
                toSkip -= size
                return true
            }
            // Kamailio 4's text has the slot on a line and its items below; its RPC has them as objects.
            if isClassic {
                reply.beginMap("Entry")
                reply.integer("", slot)
            } else {
                reply.beginMap()
                reply.integer("entry", slot)
                reply.integer("size", size)
                reply.beginList("slot")
            }
            let goesOn = items.forEach { key, value in
                if toSkip > 0 {
                    toSkip -= 1
                    return true
                }
                left -= 1
                if !isClassic { return writeItem(key, value, to: reply) && left > 0 }
                let isWritten: Bool
                switch value {
                case .integer(let number):
                    isWritten = reply.value(named: mh_str(borrowing: key), mh_int(number))
                case .bytes(let bytes):
                    isWritten = reply.value(named: mh_str(borrowing: key), mh_text(mh_str(borrowing: bytes)))
                }
                return isWritten && left > 0
            }
            if !isClassic { reply.end() }
            return reply.end() && goesOn
        }
        reply.end()
    }
}
