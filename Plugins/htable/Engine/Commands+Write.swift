// The management commands that change tables.
import ModuleABI
import ModuleKit

extension Commands {
    private static let isSet = "Ok. Key set to new value."
    private static var seconds: ModuleBuilder.Argument {
        .init("exval", MH_INT, help: "seconds until it expires; 0 or less: never")
    }

    func declareWriting(on builder: ModuleBuilder) {
        let text = ModuleBuilder.Argument("value", MH_STRING, help: "the new value, text")
        let number = ModuleBuilder.Argument("value", MH_INT, help: "the new value, an integer of 64 bits")
        builder.command(
            "htable.sets", flags: MH_MI_CHANGE, summary: "Sets an item to text.", example: "htable.sets users alice v1",
            arguments: [Self.table, Self.key, text]
        ) { [self] call, reply throws(CommandFault) in
            try set(call, .bytes(Self.bytes(call, 2)), nil, reply)
        }
        builder.command(
            "htable.seti", flags: MH_MI_CHANGE, summary: "Sets an item to an integer.",
            example: "htable.seti users calls 5", arguments: [Self.table, Self.key, number]
        ) { [self] call, reply throws(CommandFault) in
            try set(call, .integer(call.integer(2) ?? 0), nil, reply)
        }
        builder.command(
            "htable.setxs", flags: MH_MI_CHANGE, summary: "Sets an item to text with an expiry.",
            example: "htable.setxs users alice v1 60", arguments: [Self.table, Self.key, text, Self.seconds]
        ) { [self] call, reply throws(CommandFault) in
            try set(call, .bytes(Self.bytes(call, 2)), call.integer(3), reply)
        }
        builder.command(
            "htable.setxi", flags: MH_MI_CHANGE, summary: "Sets an item to an integer with an expiry.",
            example: "htable.setxi users calls 5 60", arguments: [Self.table, Self.key, number, Self.seconds]
        ) { [self] call, reply throws(CommandFault) in
            try set(call, .integer(call.integer(2) ?? 0), call.integer(3), reply)
        }
        builder.command(
            "htable.setex", flags: MH_MI_CHANGE, summary: "Gives an item a new expiry, where the table has autoexpire.",
            example: "htable.setex users alice 60", arguments: [Self.table, Self.key, Self.seconds]
        ) { [self] call, reply throws(CommandFault) in
            let table = try table(call)
            _ = try Self.answering { () throws(ModuleFailure) in
                try table.setExpiry(try table.moment(after: call.integer(2) ?? 0), of: Self.bytes(call, 1))
            }
            reply.text("", "Ok")
        }
        builder.command(
            "htable.mset", flags: MH_MI_CHANGE | MH_MI_SLOW, summary: "Sets many items to text.",
            example: "htable.mset users alice v1 bob v2",
            arguments: [Self.table, .init("pairs", MH_STRING, rest: true, help: "a key and a value, as often as wanted")]
        ) { [self] call, reply throws(CommandFault) in
            let table = try table(call)
            let words = Self.list(call, 1)
            guard words.count % 2 == 0 else {
                throw CommandFault(
                    400, "found \(words.count) words, expected keys and values in turn; the last key has no value")
            }
            let items = stride(from: 0, to: words.count, by: 2).map {
                (key: words[$0], value: ItemValue.bytes(words[$0 + 1]))
            }
            try Self.answering { () throws(ModuleFailure) in
                try items.withUnsafeBufferPointer { (items) throws(ModuleFailure) in try table.set(items) }
            }
            reply.integer("", items.count)
        }
        declareCounting(on: builder)
    }

    private func set(
        _ call: Call, _ value: ItemValue, _ seconds: Int64?, _ reply: Reply
    ) throws(CommandFault) {
        let table = try table(call, seconds == nil ? nil : CommandFault(500, "Failed to set the item"))
        try Self.answering { () throws(ModuleFailure) in
            let expiry: ExpiryRule = if let seconds { .at(try table.moment(after: seconds)) } else { .standard }
            try table.set(Self.bytes(call, 1), value, expiry: expiry)
        }
        reply.text("", Self.isSet)
    }

    private func declareCounting(on builder: ModuleBuilder) {
        func declare(_ name: StaticString, _ summary: StaticString, _ example: StaticString, _ sign: Int64) {
            builder.command(
                name, flags: MH_MI_CHANGE, summary: summary, example: example,
                arguments: [
                    Self.table, Self.key, .init("amount", MH_INT, optional: true, help: "how much; 1 unless given"),
                ]
            ) { [self] call, reply throws(CommandFault) in
                let table = try table(call)
                let (amount, overflow) = (call.integer(2) ?? 1).multipliedReportingOverflow(by: sign)
                guard !overflow else {
                    throw CommandFault(400, "the amount \(call.integer(2) ?? 0) is out of range for \(call.command)")
                }
                let sum = try Self.answering { () throws(ModuleFailure) in
                    try table.add(amount, to: Self.bytes(call, 1))
                }
                guard let sum else { throw CommandFault(500, "Key name doesn't exist in htable.") }
                reply.integer("", sum)
            }
        }
        declare("htable.inc", "Adds to an integer item and shows the sum.", "htable.inc users calls 1", 1)
        declare("htable.dec", "Subtracts from an integer item and shows the difference.", "htable.dec users calls 1", -1)
        builder.command(
            "htable.minc", flags: MH_MI_CHANGE | MH_MI_SLOW,
            summary: "Adds one amount to many integer items and shows the sums; null where a key is missing.",
            example: "htable.minc users 1 calls chats",
            arguments: [
                Self.table, .init("amount", MH_INT, help: "how much"),
                .init("keys", MH_STRING, rest: true, help: "the items' keys"),
            ]
        ) { [self] call, reply throws(CommandFault) in
            let table = try table(call)
            let keys = Self.list(call, 2)
            var sums: [Int64?] = []
            try Self.answering { () throws(ModuleFailure) in
                try keys.withUnsafeBufferPointer { (keys) throws(ModuleFailure) in
                    try table.add(call.integer(1) ?? 0, to: keys) { _, sum in sums.append(sum) }
                }
            }
            try reply.list { () throws(CommandFault) in
                for sum in sums { if let sum { reply.integer("", sum) } else { reply.null("") } }
            }
        }
    }

    func declareRemoving(on builder: ModuleBuilder) {
        builder.command(
            "sht_delete", aliases: ["htable.delete"], flags: MH_MI_CHANGE, summary: "Deletes an item.",
            example: "htable.delete users alice", arguments: [Self.table, Self.key]
        ) { [self] call, reply throws(CommandFault) in
            // The old name answers good also for a key that is not there.
            let isOld = call.command == "sht_delete"
            let table = try table(call, isOld ? CommandFault(404, "Bad parameter") : nil)
            let isRemoved = try Self.answering { () throws(ModuleFailure) in try table.remove(Self.bytes(call, 1)) }
            if isOld {
                try reply.map { () throws(CommandFault) in }
                return
            }
            guard isRemoved else { throw CommandFault(404, "Key not found in htable.") }
            reply.text("", "Ok. Key deleted.")
        }
        builder.command(
            "htable.rm", flags: MH_MI_CHANGE | MH_MI_SLOW,
            summary: "Deletes the items whose name or value matches, and shows how many.",
            example: "htable.rm users name sw alice", arguments: [Self.table, Self.part, Self.operation, Self.operand]
        ) { [self] call, reply throws(CommandFault) in
            let table = try table(call)
            let matcher = try Self.matcher(call, from: 1)
            let count = try Self.answering { () throws(ModuleFailure) in try table.remove(matching: matcher) }
            reply.integer("", count)
        }
        builder.command(
            "htable.flush", flags: MH_MI_CHANGE | MH_MI_SLOW, summary: "Deletes all items of a table.",
            example: "htable.flush users", arguments: [Self.table]
        ) { [self] call, reply throws(CommandFault) in
            try table(call).removeAll()
            reply.text("", "Ok. Htable flushed.")
        }
    }
}
