// What a table is defined with: the meaning of the line modparam("htable", "htable", "name=>…").

/// A limit on what a table holds, `maxsize`.
public enum SizeLimit: Sendable, Equatable {
    case items(Int)
    /// Bytes of keys and values.
    case bytes(Int)
}

/// A table's definition, checked.
public struct TableDefinition: Sendable, Equatable {
    public var name: String
    /// The exponent of the number of slots as written; `slots` has its meaning.
    public var size = 4
    /// Seconds after which an item expires; 0: items of this table never do.
    public var autoexpire = 0
    public var databaseTable: String?
    /// Key column first; empty: the columns of the module's parameters.
    public var columns: [String] = []
    public var columnDelimiter = UInt8(ascii: ",")
    public var columnNull: UInt8? = UInt8(ascii: "*")
    /// Write the table to the database when the host stops.
    public var storesAtStop = false
    /// What a missing key reads as, and where `inc` begins.
    public var initialValue: Int64?
    /// Writing an item gives it a new expiry.
    public var updatesExpiry = true
    public var isReplicated = false
    /// Seconds between loads from the database; 0: only when asked.
    public var reloadInterval = 0
    public var limit: SizeLimit?

    public init(name: String) { self.name = name }

    /// How many slots a dump has: 2^size; 8 for sizes up to 1, 16384 for sizes over 31, as Kamailio has it.
    public var slots: UInt32 {
        if size <= 1 { return 8 }
        if size > 31 { return 16384 }
        return 1 << UInt32(size)
    }
}
