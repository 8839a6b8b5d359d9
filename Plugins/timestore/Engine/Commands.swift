import ModuleABI
import ModuleKit

extension TimestoreModule {
    func declareCommands(in builder: ModuleBuilder) {
        builder.command(
            "timestore.stats", flags: MH_MI_READ,
            summary: "Counts of requests, records, errors and connections, and the limits.", example: "timestore.stats"
        ) { _, reply throws(CommandFault) in
            let context = try self.running()
            try reply.map { () throws(CommandFault) in
                for entry in context.tally.entries { reply.integer(entry.name, entry.read()) }
                try reply.map("limits") { () throws(CommandFault) in
                    reply.integer("max_connections", context.limits.connections)
                    reply.integer("max_in_flight", context.limits.inFlight)
                    reply.number("idle_timeout", Double(context.limits.idle) / 1e9)
                    reply.integer("open_files", self.settings.openFiles)
                    reply.integer("max_days_per_file", context.environment.maxDaysPerFile)
                    reply.text("sync", context.environment.sync.rawValue)
                    reply.number("sync_interval", Double(context.syncInterval) / 1e9)
                }
                reply.text("data_directory", context.environment.root)
                try reply.list("listen") { () throws(CommandFault) in
                    for listener in self.listeners { reply.text("", listener.address) }
                }
            }
        }
    }
}
