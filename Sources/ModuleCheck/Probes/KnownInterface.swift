import ModuleABI

/// The interfaces that modhost's own headers define, and what their tables must hold.
enum KnownInterface {
    /// The bytes that a table had in ABI 1.0: a struct_size, a reserved field, and functions.
    private static let sizes: [String: Int] = [
        MH_DB_INTERFACE: MemoryLayout<mh_db_provider>.size, MH_HTABLE_INTERFACE: MemoryLayout<mh_htable_interface>.size,
        MH_TIMESTORE_INTERFACE: MemoryLayout<mh_timestore_interface>.size,
    ]

    /// What is wrong with a table, as the second half of a sentence; nil: nothing.
    static func fault(of interface: mh_interface) -> String? {
        guard let table = interface.table else { return "is NULL" }
        let size = Int(table.load(as: UInt32.self))
        guard size >= 8, size <= 4096 else { return "has struct_size \(size)" }
        guard let expected = sizes[interface.id.string] else { return nil }
        guard size >= expected else { return "has struct_size \(size), expected \(expected)" }
        for offset in stride(from: 8, to: expected, by: 8) where table.load(fromByteOffset: offset, as: UInt.self) == 0 {
            return "has NULL for function \(offset / 8) of \((expected - 8) / 8)"
        }
        return nil
    }
}
