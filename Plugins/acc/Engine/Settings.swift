import ModuleABI
import ModuleKit

/// The parameters of the module as they were set; `layout` and `limits` are what they amount to.
struct Settings {
    static let defaultColumns: StaticString =
        "method:string,from_tag:string,to_tag:string,callid:string,sip_code:string,sip_reason:string,time:time"

    var url: DatabaseURL?
    var table = "acc"
    var columns: [Column] = []
    /// nil: not set, so a column of type time that is called "time" is taken; "": none.
    var timeColumn: String?
    var listen: [String] = []
    var delimiter = UInt8(ascii: "|")
    var socketMode: UInt32 = 0o660
    var limits = IntakeLimits()
    var databaseExtra: [ExtraField] = []
    var logExtra: [ExtraField] = []
    var logLevel = MH_LOG_NOTICE

    /// Takes the default columns, with those of `db_extra` behind them, when none are set. Throws `MH_E_INVALID` for a field of
    /// `db_extra` that is none of the columns.
    mutating func settleColumns() throws(ModuleFailure) {
        let defaults = try Column.parse("\(Settings.defaultColumns)".split(separator: ",").map(String.init))
        // The host sets the default, so what stands there says whether the config has chosen columns of its own.
        if columns.isEmpty || columns == defaults {
            columns = defaults
            for field in databaseExtra where !columns.contains(where: { $0.name == field.name }) {
                columns += try Column.parse(["\(field.name):string"])
            }
        }
        for field in databaseExtra where !columns.contains(where: { $0.name == field.name }) {
            let guess = nearestName(to: field.name, among: columns.map(\.name)).map { "; did you mean \"\($0)\"?" } ?? ""
            throw ModuleFailure(
                MH_E_INVALID,
                "db_extra fills the column \"\(field.name)\", which `columns` does not name\(guess): add \(field.name):string there"
            )
        }
    }

    func layout() throws(ModuleFailure) -> RowLayout {
        var name = timeColumn
        if name == nil, columns.contains(Column("time", .time)) { name = "time" }
        if name == "" { name = nil }
        return try RowLayout(columns: columns, timeColumn: name, delimiter: delimiter)
    }

    /// Reads `socket_mode`: octal permission bits such as "0660".
    static func mode(_ text: String) throws(ModuleFailure) -> UInt32 {
        guard let mode = UInt32(text, radix: 8), (1...0o777).contains(mode) else {
            throw ModuleFailure(
                MH_E_INVALID, "socket_mode \"\(text)\": expected octal permission bits, such as \"0660\"")
        }
        return mode
    }

    /// Reads `field_delimiter`: one byte that cannot be mistaken for something else in a line.
    static func delimiter(_ text: String) throws(ModuleFailure) -> UInt8 {
        let bytes = Array((text == "\\t" ? "\t" : text).utf8)
        guard bytes.count == 1, let byte = bytes.first, byte < 0x80 else {
            throw ModuleFailure(
                MH_E_INVALID, "field_delimiter \"\(text)\": expected exactly one ASCII character")
        }
        switch byte {
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "{"), 0:
            throw ModuleFailure(
                MH_E_INVALID,
                "field_delimiter cannot be a line end, a NUL or \"{\" (which begins JSON): expected a character such as \"|\""
            )
        default: return byte
        }
    }
}
