// The management commands that load and store rows, through whatever `RowSource` is attached to the tables.
import ModuleABI
import ModuleKit

extension Commands {
    func declareDatabase(on builder: ModuleBuilder) {
        builder.command(
            "sht_reload", aliases: ["htable.reload"], flags: MH_MI_CHANGE | MH_MI_SLOW,
            summary: "Replaces the items of a table by the rows of its database table.", example: "htable.reload users",
            arguments: [Self.table]
        ) { [self] call, reply throws(CommandFault) in
            let isOld = call.command == "sht_reload"
            let failed = CommandFault(500, isOld ? "ERROR Reloading data" : "Htable reload failed")
            let (table, source) = try databaseTable(call, isOld ? failed : nil)
            do throws(ModuleFailure) { try table.reload(from: source) } catch {
                throw CommandFault(failed.code, "\(failed.text): \(error.text)")
            }
            tables.tellReloaded(table)
            if isOld { try reply.map { () throws(CommandFault) in } } else { reply.text("", "Ok. Htable reloaded.") }
        }
        builder.command(
            "htable.store", flags: MH_MI_CHANGE | MH_MI_SLOW,
            summary: "Replaces the rows of a table's database table by its items.", example: "htable.store users",
            arguments: [Self.table]
        ) { [self] call, reply throws(CommandFault) in
            let (table, source) = try databaseTable(call, nil)
            do throws(ModuleFailure) {
                try source.store(table.definition) { (row) throws(ModuleFailure) in
                    try table.forEach { (key, value, expiry) throws(ModuleFailure) in
                        try row(key, value, expiry)
                        return true
                    }
                }
            } catch {
                throw CommandFault(500, "Storing htable failed: \(error.text)")
            }
            reply.text("", "Ok. Htable successfully stored to DB.")
        }
    }

    /// The table and where its rows are; in Kamailio's order of complaints.
    private func databaseTable(
        _ call: Call, _ old: CommandFault?
    ) throws(CommandFault) -> (HashTable, any RowSource) {
        guard tables.databaseURL != nil else { throw old ?? CommandFault(500, "No htable db_url") }
        let unknown = old.map { CommandFault($0.code, "no such hash table") }
        let table = try table(call, unknown)
        guard table.definition.databaseTable != nil else {
            throw unknown ?? CommandFault(500, "No database htable")
        }
        guard let source = tables.source else {
            throw old ?? CommandFault(500, "Failed to open htable db connection")
        }
        return (table, source)
    }
}

extension HashTable {
    /// Takes the rows of a database: all of them, or none when one fails. Items without a row go; readers never see an empty table.
    func reload(from source: any RowSource) throws(ModuleFailure) {
        let loaded = try HashTable(definition, clock: clock, locks: locks)
        try source.load(definition) { (key, value, expiry) throws(ModuleFailure) in
            guard expiry == 0 || expiry >= clock.seconds else { return }
            try loaded.set(key, value, expiry: expiry == 0 ? .standard : .at(expiry))
        }
        try loaded.forEach { (key, value, expiry) throws(ModuleFailure) in
            try set(key, value, expiry: .at(expiry))
            return true
        }
        try forEach { (key, _, _) throws(ModuleFailure) in
            if !(try loaded.contains(key)) { try remove(key) }
            return true
        }
    }
}
