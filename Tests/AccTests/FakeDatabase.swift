/// A database provider that keeps rows in memory and fails where the test tells it to.

import Foundation
import ModuleABI
import ModuleKit

final class FakeDatabase: @unchecked Sendable {
    /// Rows that are stored, as the provider's promise goes.
    var rows: [[Value]] = []
    /// Batches, by their number of rows.
    var batches: [Int] = []
    var capabilities = MH_DB_CAN_INSERT
    var columns: [String] = []
    var tableName = ""
    var url = ""
    /// Answers each row about to be stored: nil to store it, else a code and a text.
    var refuse: ((Int, [Value]) -> (Int32, String)?)?
    var isTableOpen = false
    var isOpen = false

    /// Texts of the first column of the rows stored.
    var firstColumn: [String] {
        rows.map { row in
            if case .string(let text)? = row.first { text } else { "\(row.first ?? .null)" }
        }
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> FakeDatabase {
        guard let context else { preconditionFailure("the provider's ctx is handed back") }
        return Unmanaged<FakeDatabase>.fromOpaque(context).takeUnretainedValue()
    }

    private static func report(_ error: UnsafePointer<mh_error>?, _ code: Int32, _ text: String) -> Int32 {
        ModuleFailure(code, text).report(to: error)
    }

    nonisolated(unsafe) static let provider: UnsafePointer<mh_db_provider> = {
        var table = mh_db_provider()
        table.struct_size = UInt32(MemoryLayout<mh_db_provider>.size)
        table.capabilities = { context, _ in FakeDatabase.from(context).capabilities }
        table.open = { context, options, out, _ in
            let database = FakeDatabase.from(context)
            database.url = options?.pointee.url.string ?? ""
            database.isOpen = true
            out?.pointee = context.map { OpaquePointer($0) }
            return MH_OK
        }
        table.close = { context, _ in FakeDatabase.from(context).isOpen = false }
        table.use_table = { context, _, name, columns, out, _ in
            let database = FakeDatabase.from(context)
            database.tableName = name.string
            database.columns =
                columns?.pointee.map(as: mh_db_column.self) { "\($0.name.string):\($0.type)" } ?? []
            database.isTableOpen = true
            out?.pointee = context.map { OpaquePointer($0) }
            return MH_OK
        }
        table.release_table = { context, _ in FakeDatabase.from(context).isTableOpen = false }
        table.insert_batch = { context, _, values, columns, rows, stored, error in
            let database = FakeDatabase.from(context)
            guard let values, let stored else { return MH_E_INVALID }
            database.batches.append(Int(rows))
            stored.pointee = 0
            for index in 0..<Int(rows) {
                let start = values + index * Int(columns)
                let row = (0..<Int(columns)).map { Value(start[$0]) }
                if let (code, text) = database.refuse?(database.rows.count, row) {
                    return FakeDatabase.report(error, code, text)
                }
                database.rows.append(row)
                stored.pointee += 1
            }
            return MH_OK
        }
        let copy = UnsafeMutablePointer<mh_db_provider>.allocate(capacity: 1)
        copy.initialize(to: table)
        return UnsafePointer(copy)
    }()
}
