import ModuleABI
public import ModuleKit

/// The type of a column, as the parameter `columns` names it.
public enum ColumnType: String, CaseIterable, Sendable {
    case integer = "int"
    case float
    case string
    case time
    case blob

    /// The type's number in the module ABI, `MH_INT … MH_BLOB`.
    public var abiType: UInt32 {
        switch self {
        case .integer: MH_INT
        case .float: MH_FLOAT
        case .string: MH_STRING
        case .time: MH_TIME
        case .blob: MH_BLOB
        }
    }

    /// What a value of the type looks like, for error texts: "expected …".
    var expectation: String {
        switch self {
        case .integer: "an int (a whole number of 64 bits)"
        case .float: "a float (a decimal number)"
        case .string: "a string"
        case .time: "a time (unix seconds or RFC 3339, such as 2026-01-31T12:00:00Z)"
        case .blob: "a blob (base64 text)"
        }
    }

    init?(abiType: UInt32) {
        guard let found = ColumnType.allCases.first(where: { $0.abiType == abiType }) else { return nil }
        self = found
    }
}

/// One column of the accounting table.
public struct Column: Equatable, Sendable {
    public var name: String
    public var type: ColumnType

    public init(_ name: String, _ type: ColumnType) {
        self.name = name
        self.type = type
    }

    /// The longest name, in bytes.
    public static let longestName = 64

    /// Reads the elements of `columns`, each `name:type`.
    ///
    /// Throws `MH_E_INVALID` for an empty list, a bad or doubled name, and a missing or unknown type.
    public static func parse(_ elements: [String]) throws(ModuleFailure) -> [Column] {
        var columns: [Column] = []
        for element in elements {
            let column = try parse(element)
            guard !columns.contains(where: { $0.name == column.name }) else {
                throw ModuleFailure(
                    MH_E_INVALID, "column \"\(column.name)\" is named twice: rename one of them")
            }
            columns.append(column)
        }
        guard !columns.isEmpty else {
            throw ModuleFailure(MH_E_INVALID, "no column is named: expected name:type pairs, \(example)")
        }
        return columns
    }

    private static let example = "such as \"callid:string,duration:int,time:time\""

    private static func parse(_ element: String) throws(ModuleFailure) -> Column {
        let parts = element.split(separator: ":", omittingEmptySubsequences: false).map { trimmed($0) }
        guard parts.count == 2 else {
            throw ModuleFailure(MH_E_INVALID, "column \"\(element)\": expected name:type, \(example)")
        }
        let name = parts[0]
        let allowed = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard allowed, !name.isEmpty, name.utf8.count <= longestName else {
            throw ModuleFailure(
                MH_E_INVALID,
                "column name \"\(name)\": expected 1 to \(longestName) letters, digits, \"_\", \"-\" or \".\""
            )
        }
        guard let type = ColumnType(rawValue: parts[1]) else {
            let known = ColumnType.allCases.map(\.rawValue)
            let guess = nearestName(to: parts[1], among: known).map { "; did you mean \"\($0)\"?" } ?? ""
            throw ModuleFailure(
                MH_E_INVALID,
                "column \"\(name)\" has the type \"\(parts[1])\": expected \(known.joined(separator: ", "))\(guess)"
            )
        }
        return Column(name, type)
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let start = text.drop(while: isBlank)
        let end = start.lastIndex { !isBlank($0) }
        return end.map { String(start[...$0]) } ?? ""
    }
}
