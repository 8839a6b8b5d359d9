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

    /// The line that a route wants logged, piece by piece.
    private struct LogField {
        var name: String
        var source: RowPlan.Source
    }

    private var context: IntakeContext?
    private var database: AccountingDatabase?
    private var script: Script?
    private var plan: RowPlan?
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
        var sources: [RowPlan.Source] = []
        for column in context.layout.columns {
            if let field = settings.databaseExtra.first(where: { $0.name == column.name }) {
                sources.append(try source(field, of: "db_extra", context.host, script))
            } else if column.name == "sip_code" {
                sources.append(.code)
            } else if column.name == "sip_reason" {
                sources.append(.reason)
            } else {
                sources.append(Self.known[column.name].map { .argument($0) } ?? .nothing)
            }
        }
        plan = RowPlan(sources, layout: context.layout, host: context.host, script: script)
        logFields = [
            LogField(name: "method", source: .argument(["method"])),
            LogField(name: "from_tag", source: .argument(["from_tag"])),
            LogField(name: "to_tag", source: .argument(["to_tag"])),
            LogField(name: "call_id", source: .argument(["call_id", "callid"])),
            LogField(name: "code", source: .code), LogField(name: "reason", source: .reason),
        ]
        for field in settings.logExtra {
            logFields.append(LogField(name: field.name, source: try source(field, of: "log_extra", context.host, script)))
        }
    }

    /// Gives the tables back that only routes use. Main thread.
    func stop() {
        for (name, rows) in tables where name != standardTable { rows.table.close() }
        tables = [:]
    }

    private func source(
        _ field: ExtraField, of parameter: String, _ host: HostServices, _ script: Script
    ) throws(ModuleFailure) -> RowPlan.Source {
        do throws(ModuleFailure) {
            var format: OpaquePointer?
            try ErrorCollector.check { error in
                field.text.withMHString { script.table.pointee.format(host.module, $0, &format, error) }
            }
            return .format(format)
        } catch {
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
        let end = start + 3
        guard end <= comment.count, (start..<end).allSatisfy({ comment[$0] >= 0x30 && comment[$0] <= 0x39 }),
            end == comment.count || comment[end] == 0x20
        else { return (nil, UnsafeRawBufferPointer(rebasing: comment[start...])) }
        var reason = end
        while reason < comment.count, comment[reason] == 0x20 { reason += 1 }
        return (UnsafeRawBufferPointer(rebasing: comment[start..<end]), UnsafeRawBufferPointer(rebasing: comment[reason...]))
    }

    private func store(_ call: ScriptCall, _ rows: RouteRows) -> Int32 {
        guard let context, let plan else { return -1 }
        let comment = call.argument(0)
        let words = Self.split(comment.type == MH_STRING ? comment.as.text.bytes : .init(start: nil, count: 0))
        do throws(Rejection) {
            try rows.add(
                plan, .init(run: call.run.raw, code: words.code, reason: words.reason, arrival: IntakeContext.wallClock))
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
        of source: RowPlan.Source, _ words: (code: UnsafeRawBufferPointer?, reason: UnsafeRawBufferPointer),
        _ run: ScriptRun,
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
            guard let context else { return mh_null() }
            var value = mh_null()
            var note = ErrorNote()
            let code = note.collect { script.table.pointee.expand(context.host.module, format, run.raw, &value, $0) }
            if code >= 0 { return value }
            context.host.log.warning(note.text)
            return mh_null()
        case .nothing: return mh_null()
        }
    }
}
