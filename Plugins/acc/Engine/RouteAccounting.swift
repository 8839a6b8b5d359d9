// The script functions acc_db_request and acc_log_request: a row or a line from the arguments of the run that calls them.

import ModuleABI
import ModuleKit

/// What routes call. Declared before the module starts; used on workers afterwards.
final class RouteAccounting: @unchecked Sendable {
    /// A place in the config that writes rows: where they go.
    private final class Site {
        let rows: RouteRows
        init(_ rows: RouteRows) { self.rows = rows }
    }

    /// A column that is filled from an argument of the run or from a text.
    private enum Source {
        case argument([StaticString])
        case code
        case reason
        case format(Script.Format)
        case nothing
    }

    /// The line that a route wants logged, piece by piece.
    private struct LogField {
        var name: String
        var source: Source
    }

    private var context: IntakeContext?
    private var database: AccountingDatabase?
    private var script: Script?
    private var sources: [Source] = []
    private var logFields: [LogField] = []
    private var logLevel = MH_LOG_NOTICE
    /// By the name of the table; main thread only.
    private var tables: [String: RouteRows] = [:]
    private var standardTable = ""

    /// Members of a question, and arguments of other runs, that Kamailio's own columns are filled from.
    private static let known: [String: [StaticString]] = [
        "method": ["method"], "from_tag": ["from_tag"], "to_tag": ["to_tag"], "callid": ["call_id", "callid"],
    ]

    // MARK: Functions

    func declare(in builder: ModuleBuilder) {
        builder.function(
            "acc_db_request", summary: "Stores a row: acc_db_request(\"404 Not found\", \"acc\").",
            arguments: [.init("comment", MH_SCRIPT_ARG_TEXT), .init("table", MH_SCRIPT_ARG_LITERAL, optional: true)],
            prepare: { [self] arguments throws(ModuleFailure) in
                let name = arguments.count > 1 && arguments[1].type == MH_STRING ? arguments[1].as.text.string : ""
                return Site(try rows(in: name.isEmpty ? standardTable : name))
            }
        ) { [self] call in
            guard let site = call.site as? Site else { return -1 }
            return store(call, site.rows)
        }
        builder.function(
            "acc_log_request", summary: "Logs a line: acc_log_request(\"404 Not found\").",
            arguments: [.init("comment", MH_SCRIPT_ARG_TEXT)]
        ) { [self] call in log(call) }
    }

    // MARK: Life

    func start(_ context: IntakeContext, _ database: AccountingDatabase, _ settings: Settings) throws(ModuleFailure) {
        self.context = context
        self.database = database
        standardTable = settings.table
        tables[settings.table] = RouteRows(context.table, context: context)
        logLevel = settings.logLevel
        guard let script = context.host.script else {
            if !(settings.databaseExtra.isEmpty && settings.logExtra.isEmpty) {
                context.host.log.notice("db_extra and log_extra have no effect: this host runs no routes")
            }
            return
        }
        self.script = script
        for column in context.layout.columns {
            if let field = settings.databaseExtra.first(where: { $0.name == column.name }) {
                sources.append(try Self.source(field, of: "db_extra", script))
            } else if column.name == "sip_code" {
                sources.append(.code)
            } else if column.name == "sip_reason" {
                sources.append(.reason)
            } else {
                sources.append(Self.known[column.name].map { .argument($0) } ?? .nothing)
            }
        }
        logFields = [
            LogField(name: "method", source: .argument(["method"])),
            LogField(name: "from_tag", source: .argument(["from_tag"])),
            LogField(name: "to_tag", source: .argument(["to_tag"])),
            LogField(name: "call_id", source: .argument(["call_id", "callid"])),
            LogField(name: "code", source: .code), LogField(name: "reason", source: .reason),
        ]
        for field in settings.logExtra {
            logFields.append(LogField(name: field.name, source: try Self.source(field, of: "log_extra", script)))
        }
    }

    /// Gives the tables back that only routes use. Main thread.
    func stop() {
        for (name, rows) in tables where name != standardTable { rows.table.close() }
        tables = [:]
    }

    private static func source(_ field: ExtraField, of parameter: String, _ script: Script) throws(ModuleFailure) -> Source {
        do throws(ModuleFailure) { return .format(try script.format(field.text)) } catch {
            throw ModuleFailure(error.code, "\(parameter): \(field.name)=\(field.text): \(error.text)")
        }
    }

    private func rows(in name: String) throws(ModuleFailure) -> RouteRows {
        if let known = tables[name] { return known }
        guard let context, let database else { throw ModuleFailure(MH_E_STATE, "acc has not started") }
        let rows = RouteRows(try AccountingTable(name, in: database, layout: context.layout), context: context)
        tables[name] = rows
        return rows
    }

    // MARK: Runs

    /// "404 Not found" as code and reason; a comment that does not begin with three digits is all reason.
    static func split(_ comment: UnsafeRawBufferPointer) -> (code: UnsafeRawBufferPointer?, reason: UnsafeRawBufferPointer) {
        var start = 0
        while start < comment.count, comment[start] == 0x20 { start += 1 }
        let digits = comment[start...].prefix(3)
        let end = start + 3
        guard digits.count == 3, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            end == comment.count || comment[end] == 0x20
        else { return (nil, UnsafeRawBufferPointer(rebasing: comment[start...])) }
        let reason = comment[end...].drop { $0 == 0x20 }
        return (UnsafeRawBufferPointer(rebasing: digits), UnsafeRawBufferPointer(rebasing: reason))
    }

    private func store(_ call: ScriptCall, _ rows: RouteRows) -> Int32 {
        guard let context, let script else { return -1 }
        let comment = call.argument(0)
        let words = Self.split(comment.type == MH_STRING ? comment.as.text.bytes : .init(start: nil, count: 0))
        let arrival = IntakeContext.wallClock
        do throws(Rejection) {
            try rows.add { (row, arena) throws(Rejection) in
                for index in sources.indices {
                    let value = value(of: sources[index], words, call.run, script)
                    row[index] = try context.layout.value(value, column: index, arrival: arrival, arena: arena)
                }
            }
            return 1
        } catch {
            context.rejected.add(1)
            context.host.log.error("acc_db_request: \(error.text)")
            return -1
        }
    }

    private func log(_ call: ScriptCall) -> Int32 {
        guard let context, let script else { return -1 }
        guard context.host.log.isEnabled(logLevel) else { return 1 }
        let comment = call.argument(0)
        let words = Self.split(comment.type == MH_STRING ? comment.as.text.bytes : .init(start: nil, count: 0))
        var line = "ACC: request accounted: timestamp=\(IntakeContext.wallClock / 1_000_000)"
        for field in logFields {
            let value = value(of: field.source, words, call.run, script)
            let text: String =
                switch value.type {
                case MH_STRING: value.as.text.string
                case MH_INT: "\(value.as.integer)"
                default: ""
                }
            line += ";\(field.name)=\(text)"
        }
        context.host.log.write(logLevel, line)
        return 1
    }

    /// Text of the value is valid until the next call on this thread.
    private func value(
        of source: Source, _ words: (code: UnsafeRawBufferPointer?, reason: UnsafeRawBufferPointer), _ run: ScriptRun,
        _ script: Script
    ) -> mh_value {
        switch source {
        case .argument(let names):
            for name in names {
                let value = script.argument(mh_str(name), of: run)
                if value.type != MH_NULL { return value }
            }
            return mh_null()
        case .code: return words.code.map { mh_text(mh_str(borrowing: $0)) } ?? mh_null()
        case .reason: return mh_text(mh_str(borrowing: words.reason))
        case .format(let format):
            do throws(ModuleFailure) { return try script.expand(format, in: run) } catch {
                context?.host.log.warning("\(error.text)")
                return mh_null()
            }
        case .nothing: return mh_null()
        }
    }
}

extension RowLayout {
    /// A value of a route as one of the column's type, its text in the arena. Throws when it is none of that type.
    func value(_ value: mh_value, column: Int, arrival: Int64, arena: ByteArena) throws(Rejection) -> mh_value {
        let type = slots[column].type
        switch value.type {
        case MH_INT:
            switch type {
            case MH_INT: return value
            case MH_FLOAT: return mh_float(Double(value.as.integer))
            case MH_TIME:
                let (micros, overflow) = value.as.integer.multipliedReportingOverflow(by: 1_000_000)
                guard !overflow else { throw .kind("\(value.as.integer)", for: columns[column]) }
                return mh_value(time: micros)
            default:
                let text = Array(String(value.as.integer).utf8)
                return mh_value(
                    text: text.withUnsafeBufferPointer { arena.join($0, Bytes(start: nil, count: 0)) }, type: type)
            }
        case MH_STRING:
            let text = value.as.text.bytes.bindMemory(to: UInt8.self)
            if type == MH_STRING || type == MH_BLOB {
                return mh_value(text: arena.join(text, Bytes(start: nil, count: 0)), type: type)
            }
            if text.isEmpty { return absent(column, arrival: arrival) }
            guard let converted = convert(text, column: column) else { throw .value(text, for: columns[column]) }
            return converted
        default: return absent(column, arrival: arrival)
        }
    }
}
