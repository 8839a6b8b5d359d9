// The module's parameters as the config gives them, checked one by one where they stand and kept; those of the database wait for
// the module that loads and stores rows.
import ModuleABI
public import ModuleKit

/// What the config says. Main thread, until the module starts.
public final class Settings {
    /// In the order of the config.
    public private(set) var definitions: [TableDefinition] = []
    public private(set) var databaseURL: String?
    /// Nanoseconds between removals of expired items.
    public private(set) var timerInterval: Int64 = 1_000_000_000
    public private(set) var timerProcesses: Int64 = 0
    public private(set) var columns: [String: String] = [:]
    public private(set) var fetchRows: Int64 = 100
    public private(set) var storesExpiry = false
    public private(set) var arraySizeSuffix = "::size"

    /// Most tables of one host: each reserves addresses for its items.
    static let mostTables = 1024

    public init() {}

    private static func text(_ value: Value) throws(ModuleFailure) -> String {
        guard case .string(let text) = value else {
            throw ModuleFailure(MH_E_INVALID, "found \(value), expected text")
        }
        return text
    }

    private static func number(_ value: Value) throws(ModuleFailure) -> Int64 {
        switch value {
        case .integer(let number), .duration(let number), .size(let number): return number
        case .bool(let truth): return truth ? 1 : 0
        default: throw ModuleFailure(MH_E_INVALID, "found \(value), expected a number")
        }
    }

    public func addTable(_ value: Value) throws(ModuleFailure) {
        let definition = try DefinitionParser.parse(try Self.text(value))
        guard !definitions.contains(where: { $0.name == definition.name }) else {
            throw ModuleFailure(
                MH_E_EXISTS, "htable already configured [\(definition.name)]: give each table a name of its own")
        }
        guard definitions.count < Self.mostTables else {
            throw ModuleFailure(
                MH_E_LIMIT,
                "table \(definition.name) is one too many, expected at most \(Self.mostTables); put keys of several kinds in one "
                    + "table, with a prefix for each")
        }
        definitions.append(definition)
    }

    public func setDatabaseURL(_ value: Value) throws(ModuleFailure) {
        let url = try Self.text(value)
        guard let colon = url.firstIndex(of: ":"), colon != url.startIndex else {
            throw ModuleFailure(MH_E_INVALID, "db_url is \"\(url)\", expected scheme:address")
        }
        databaseURL = url
    }

    public func setTimerInterval(_ value: Value) throws(ModuleFailure) {
        let interval = try Self.number(value)
        // Kamailio takes its default for 0 and less; so do we, with ours.
        timerInterval = interval <= 0 ? 1_000_000_000 : interval
    }

    public func setTimerProcesses(_ value: Value) throws(ModuleFailure) { timerProcesses = try Self.number(value) }

    public func setColumn(_ name: String, _ value: Value) throws(ModuleFailure) {
        let column = try Self.text(value)
        let isName = column.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isName, (1...64).contains(column.utf8.count) else {
            throw ModuleFailure(
                MH_E_INVALID, "\(name) is \"\(column.prefix(80))\", expected a column: 1 to 64 letters, digits and \"_\"")
        }
        columns[name] = column
    }

    public func setFetchRows(_ value: Value) throws(ModuleFailure) { fetchRows = try Self.number(value) }
    public func setStoresExpiry(_ value: Value) throws(ModuleFailure) {
        storesExpiry = try Self.number(value) != 0
    }

    public func setArraySizeSuffix(_ value: Value) throws(ModuleFailure) {
        let suffix = try Self.text(value)
        guard (1...64).contains(suffix.utf8.count) else {
            throw ModuleFailure(
                MH_E_INVALID, "array_size_suffix has \(suffix.utf8.count) bytes, expected 1 to 64, such as \"::size\"")
        }
        arraySizeSuffix = suffix
    }
}
