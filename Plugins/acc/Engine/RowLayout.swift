import Glibc
import ModuleABI
public import ModuleKit

/// Borrowed bytes.
public typealias Bytes = UnsafeBufferPointer<UInt8>

/// The columns of the table in the form that parsing wants: plain memory, no reference counting; free to share between threads.
///
/// Owns the memory behind `slots`, and frees it when the last reference goes.
public final class RowLayout: @unchecked Sendable {
    /// One column: its name's bytes and its ABI type.
    struct Slot {
        var name: UnsafePointer<UInt8>
        var nameLength: Int
        var type: UInt32
    }

    public let columns: [Column]
    /// The column that takes the arrival time when a record has none; nil: no column does.
    public let timeColumn: Int?
    /// The byte between the fields of a delimited line.
    public let delimiter: UInt8

    let count: Int
    let slots: UnsafePointer<Slot>
    private let storage: UnsafeMutablePointer<Slot>
    private let names: UnsafeMutablePointer<UInt8>

    /// Lays out columns. Throws `MH_E_INVALID` when `timeColumn` names no column, or one that can hold no time.
    public init(columns: [Column], timeColumn: String? = nil, delimiter: UInt8 = UInt8(ascii: "|"))
        throws(ModuleFailure)
    {
        self.columns = columns
        self.delimiter = delimiter
        self.timeColumn = try RowLayout.position(ofTimeColumn: timeColumn, in: columns)
        count = columns.count
        names = .allocate(capacity: max(1, columns.reduce(0) { $0 + $1.name.utf8.count }))
        storage = .allocate(capacity: max(1, columns.count))
        slots = UnsafePointer(storage)
        var offset = 0
        for (index, column) in columns.enumerated() {
            let start = names + offset
            for (place, byte) in column.name.utf8.enumerated() { (start + place).initialize(to: byte) }
            let length = column.name.utf8.count
            (storage + index).initialize(
                to: Slot(name: UnsafePointer(start), nameLength: length, type: column.type.abiType))
            offset += length
        }
    }

    deinit {
        storage.deallocate()
        names.deallocate()
    }

    private static func position(ofTimeColumn name: String?, in columns: [Column]) throws(ModuleFailure)
        -> Int?
    {
        guard let name else { return nil }
        guard let index = columns.firstIndex(where: { $0.name == name }) else {
            let guess =
                nearestName(to: name, among: columns.map(\.name)).map { "; did you mean \"\($0)\"?" } ?? ""
            throw ModuleFailure(MH_E_INVALID, "time_column \"\(name)\" is not one of the columns\(guess)")
        }
        switch columns[index].type {
        case .time, .integer, .float: return index
        case .string, .blob:
            throw ModuleFailure(
                MH_E_INVALID,
                "time_column \"\(name)\" is a \(columns[index].type.rawValue): expected a column of type time, int or float"
            )
        }
    }

    /// The column of that name; `hint` is looked at first, since records tend to keep the order of the columns.
    @inline(__always)
    func index(of name: Bytes, hint: Int) -> Int? {
        if hint < count, matches(hint, name) { return hint }
        for index in 0..<count where matches(index, name) { return index }
        return nil
    }

    @inline(__always)
    private func matches(_ index: Int, _ name: Bytes) -> Bool {
        guard slots[index].nameLength == name.count, let start = name.baseAddress else { return false }
        return memcmp(slots[index].name, start, name.count) == 0
    }

    /// What a record without a value gets in a column: the arrival time in the time column, else null.
    @inline(__always)
    func absent(_ index: Int, arrival: Int64) -> mh_value {
        guard index == timeColumn else { return mh_null() }
        switch slots[index].type {
        case MH_INT: return mh_int(Int64((Double(arrival) / 1e6).rounded(.down)))
        case MH_FLOAT: return mh_float(Double(arrival) / 1e6)
        default: return mh_value(time: arrival)
        }
    }
}
