// The settings of the module as types: what the rest of the engine works with once the config is checked.

/// What a row survives when insert has answered; see the table in Documentation/modules/flatstore.md.
public enum Durability: String, Sendable, CaseIterable {
    /// Rows wait in memory for a full buffer or for `flush_interval`.
    case buffered
    /// Rows wait in a shared file mapping, which outlives the process.
    case ring
    /// Each row, or batch of rows, is one `write`.
    case kernel
    /// As `kernel`, then fdatasync.
    case disk
}

/// How bytes that would break a row are written inside a field.
public enum Escape: String, Sendable, CaseIterable {
    /// Delimiters as `%` and two upper-case hexadecimal digits, nothing else: what Kamailio writes.
    case percent
    /// The escape character before itself and the field delimiter; `\n`, `\r`, `\t`, `\xHH` for the rest: reversible.
    case backslash
    /// Raw bytes: a value may split a field or a row.
    case none
}

/// The module's parameters, checked.
public struct Settings: Sendable {
    public var durability = Durability.kernel
    /// Bytes of the buffer or ring of one thread and table.
    public var bufferSize = 32 * 1024
    /// Nanoseconds.
    public var flushInterval: Int64 = 1_000_000_000
    public var fieldDelimiter = UInt8(ascii: "|")
    /// One or two bytes.
    public var recordDelimiter = [UInt8(ascii: "\n")]
    public var escape = Escape.percent
    public var escapeCharacter = UInt8(ascii: "\\")
    public var nullText: [UInt8] = []
    public var filePrefix = ""
    public var fileSuffix = ".log"
    public var fileMode: UInt32 = 0o640

    public init() {}
}
