// The seam to a database: whoever can load and store rows is attached to the tables here.
import ModuleKit

/// Loads and stores the rows of tables that have a `dbtable`. Called on a thread that may block.
protocol RowSource: Sendable {
    /// Calls `row` for each row: key, value, expiry in seconds since 1970 or 0. A throw keeps the table as it was.
    func load(
        _ definition: TableDefinition,
        row: (UnsafeRawBufferPointer, ItemValue, UInt32) throws(ModuleFailure) -> Void
    ) throws(ModuleFailure)

    /// Replaces the rows of the database by those of `rows`, which calls its argument for each.
    func store(
        _ definition: TableDefinition,
        rows: ((UnsafeRawBufferPointer, ItemValue, UInt32) throws(ModuleFailure) -> Void) throws(ModuleFailure) ->
            Void
    ) throws(ModuleFailure)
}
