import ModuleABI
import ModuleKit

extension AccountingModule {
    func declareCommands(in builder: ModuleBuilder) {
        builder.command(
            "acc.record", aliases: ["acc_record"], flags: MH_MI_CHANGE,
            summary: "Stores one record; columns that are not given are null, the time column is now.",
            example: "acc.record method=BYE callid=cid-1 sip_code=200",
            arguments: [
                .init(
                    "assignment", MH_STRING, rest: true, help: "column=value, values as in a delimited line")
            ]
        ) { call, reply throws(CommandFault) in try self.record(call, reply) }
        builder.command(
            "acc.info", aliases: ["acc_info"], flags: MH_MI_READ,
            summary: "Shows where accounting rows go, where they come from, and how many there were.",
            example: "acc.info"
        ) { _, reply throws(CommandFault) in try self.info(reply) }
    }

    private func record(_ call: Call, _ reply: Reply) throws(CommandFault) {
        guard let context else { throw CommandFault(500, "acc has not started") }
        let argument = call.argument(0)
        let list = argument.type == MH_LIST ? argument.as.list : mh_array()
        guard list.count > 0 else {
            throw CommandFault(400, "nothing to store: expected column=value for at least one column")
        }
        let assignments = list.map(as: mh_value.self) { value in
            let bytes =
                value.type == MH_STRING ? value.as.text.bytes : UnsafeRawBufferPointer(start: nil, count: 0)
            return Bytes(start: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), count: bytes.count)
        }
        let batch = RowBatch(columns: context.layout.count)
        do throws(Rejection) {
            try RecordParser(layout: context.layout).parse(
                assignments: assignments, arrival: IntakeContext.wallClock, into: batch)
        } catch {
            context.rejected.add(1)
            throw CommandFault(400, error.text)
        }
        if let refusal = context.table.insert(batch).first {
            context.rejected.add(1)
            throw CommandFault(500, refusal.text)
        }
        context.stored.add(1)
        try reply.map { reply.integer("stored", 1) }
    }

    private func info(_ reply: Reply) throws(CommandFault) {
        guard let context else { throw CommandFault(500, "acc has not started") }
        try reply.map { () throws(CommandFault) in
            reply.text("table", tableName)
            reply.text("db_url", shownURL)
            try reply.list("columns") {
                for column in context.layout.columns {
                    reply.text("column", "\(column.name):\(column.type.rawValue)")
                }
            }
            if let index = context.layout.timeColumn {
                reply.text("time_column", context.layout.columns[index].name)
            }
            try reply.list("listen") { for listener in listeners { reply.text("address", listener.address) } }
            reply.integer("connections", context.connections.value)
            reply.integer("stored", context.stored.value)
            reply.integer("rejected", context.rejected.value)
            reply.integer("bytes", context.bytes.value)
        }
    }
}
