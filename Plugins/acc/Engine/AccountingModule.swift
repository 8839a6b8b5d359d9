import Glibc
import ModuleABI
public import ModuleKit
import Synchronization

/// The acc module: its parameters, commands and hooks. One for each process, made by the entry function.
///
/// Settings are written before `init` and constant afterwards; what runs after `init` shares only `IntakeContext`.
public final class AccountingModule: @unchecked Sendable {
    private var settings = Settings()
    private(set) var context: IntakeContext?
    private var workers: [WorkerIntake] = []
    private(set) var listeners: [Net.Listener] = []
    private var database: AccountingDatabase?
    private let routes = RouteAccounting()

    public init() {}

    var tableName: String { settings.table }
    /// The database's URL without its secrets.
    var shownURL: String { settings.url?.shown ?? "" }

    /// Adds everything that the module exports to a descriptor.
    public func declare(in builder: ModuleBuilder) {
        declareTable(in: builder)
        declareIntake(in: builder)
        declareExtras(in: builder)
        declareCommands(in: builder)
        routes.declare(in: builder)
        builder.requires("mh.db/1")
        builder.onInit { host throws(ModuleFailure) in try self.start(host) }
        builder.onDrain { self.drain() }
        builder.onStop { self.stop() }
    }

    // MARK: Parameters

    private func declareTable(in builder: ModuleBuilder) {
        builder.parameter(
            "db_url", type: MH_STRING, flags: MH_PARAM_REQUIRED | MH_PARAM_SECRET,
            help: "Where rows go: SCHEME:PLACE of a loaded database module, such as flatstore:/var/log/acc."
        ) { value throws(ModuleFailure) in
            if case .string(let text) = value { self.settings.url = try DatabaseURL(text) }
        }
        builder.parameter(
            "db_table", type: MH_STRING, default: "acc", help: "The table that rows are inserted into."
        ) { value throws(ModuleFailure) in
            guard case .string(let text) = value, !text.isEmpty else {
                throw ModuleFailure(
                    MH_E_INVALID, "db_table is empty: expected a table's name, such as \"acc\"")
            }
            self.settings.table = text
        }
        builder.parameter(
            "columns", type: MH_LIST, default: Settings.defaultColumns,
            help: "The table's columns in order, name:type with the types int, float, string, time, blob."
        ) { value throws(ModuleFailure) in
            guard case .list(let elements) = value else { return }
            let texts = elements.compactMap { element in
                if case .string(let text) = element { text } else { nil }
            }
            self.settings.columns = try Column.parse(texts)
        }
        builder.parameter(
            "time_column", type: MH_STRING,
            help:
                "The column that takes the arrival time when a record has none; a time column called time if not set."
        ) { value throws(ModuleFailure) in
            if case .string(let text) = value { self.settings.timeColumn = text }
        }
    }

    private func declareExtras(in builder: ModuleBuilder) {
        builder.parameter(
            "db_extra", type: MH_STRING,
            help: "Columns that acc_db_request fills from texts: src_ip=$si;ua=$hdr(User-Agent)."
        ) { value throws(ModuleFailure) in
            if case .string(let text) = value { self.settings.databaseExtra = try ExtraField.parse(text) }
        }
        builder.parameter(
            "log_extra", type: MH_STRING, help: "What acc_log_request adds to its line: src_ip=$si;ua=$hdr(User-Agent)."
        ) { value throws(ModuleFailure) in
            if case .string(let text) = value { self.settings.logExtra = try ExtraField.parse(text) }
        }
        builder.parameter(
            "log_level", type: MH_INT, default: "1", range: -5...3,
            help: "The level of acc_log_request's lines, as Kamailio counts: -1 error, 1 notice, 3 debug."
        ) { value in
            if case .integer(let level) = value { self.settings.logLevel = Int32(level) }
        }
    }

    private func declareIntake(in builder: ModuleBuilder) {
        builder.parameter(
            "listen", type: MH_STRING, flags: MH_PARAM_REPEATABLE,
            help: "Where senders connect: unix:/PATH or tcp://HOST:PORT (port 0 picks one, which acc.info shows)."
        ) { value throws(ModuleFailure) in
            if case .string(let text) = value { self.settings.listen.append(text) }
        }
        builder.parameter(
            "field_delimiter", type: MH_STRING, default: "|",
            help: "The character between fields of delimited lines."
        ) { value throws(ModuleFailure) in
            if case .string(let text) = value { self.settings.delimiter = try Settings.delimiter(text) }
        }
        builder.parameter(
            "socket_mode", type: MH_STRING, default: "0660", help: "Permission bits of UNIX sockets, octal."
        ) { value throws(ModuleFailure) in
            if case .string(let text) = value { self.settings.socketMode = try Settings.mode(text) }
        }
        builder.parameter(
            "max_line", type: MH_SIZE, default: "1 MiB", range: 128...(256 << 20), unit: "bytes",
            help: "The longest line taken; longer ones are rejected, the rest of the stream is not."
        ) { value in
            if case .size(let bytes) = value { self.settings.limits.line = Int(bytes) }
        }
        builder.parameter(
            "max_connections", type: MH_INT, default: "1024", range: 0...1_000_000,
            help: "Senders connected at a time; further ones are closed unanswered. 0: no limit."
        ) { value in
            if case .integer(let count) = value { self.settings.limits.connections = Int(count) }
        }
        builder.parameter(
            "idle_timeout", type: MH_DURATION, default: "0", range: 0...(366 * 86_400 * 1_000_000_000),
            unit: "s",
            help: "Silence after which a sender gets its answer and is closed. 0: never."
        ) { value in
            if case .duration(let nanoseconds) = value { self.settings.limits.idle = nanoseconds }
        }
    }

    // MARK: Life

    private func start(_ host: HostServices) throws(ModuleFailure) {
        guard let url = settings.url else {
            throw ModuleFailure(
                MH_E_INVALID,
                "db_url is not set: add modparam(\"acc\", \"db_url\", \"flatstore:/var/log/acc\")")
        }
        try settings.settleColumns()
        let layout = try settings.layout()
        let database = try AccountingDatabase(url, host: host)
        var table: AccountingTable?
        do throws(ModuleFailure) {
            let opened = try AccountingTable(settings.table, in: database, layout: layout)
            table = opened
            let context = try IntakeContext(host, layout: layout, table: opened, limits: settings.limits)
            try routes.start(context, database, settings)
            if host.threads.workers > 0 {
                workers = (1...host.threads.workers).map { WorkerIntake(index: $0, context: context) }
            }
            for address in settings.listen { listeners.append(try listen(address, host)) }
            self.context = context
            self.database = database
            if listeners.isEmpty {
                host.log.info("no listen parameter: records come through acc.record only")
            }
        } catch {
            table?.close()
            database.close()
            throw error
        }
    }

    private func stop() {
        routes.stop()
        context?.table.close()
        database?.close()
    }

    private func listen(_ address: String, _ host: HostServices) throws(ModuleFailure) -> Net.Listener {
        do throws(ModuleFailure) {
            return try host.net.listen(address, mode: settings.socketMode) { stream, peer in
                guard peer.worker > 0, Int(peer.worker) <= self.workers.count else { return nil }
                return self.workers[Int(peer.worker) - 1].accept(stream, peer)
            }
        } catch {
            throw ModuleFailure(error.code, "listen \"\(address)\": \(error.text)")
        }
    }

    /// Stores and answers what has come in, then closes every connection; waits for it at most as long as the limits say.
    private func drain() {
        guard let context else { return }
        context.isDraining.store(true, ordering: .releasing)
        let loop = context.host.loop
        let reached = workers.filter { worker in loop.post(to: worker.index) { worker.drain() } }
        guard !reached.isEmpty else { return }
        let deadline = loop.now + context.limits.drain
        while context.live.load(ordering: .acquiring) > 0 {
            guard loop.now < deadline else {
                let left = context.live.load(ordering: .acquiring)
                let senders = left == 1 ? "1 sender" : "\(left) senders"
                context.host.log.warning("\(senders) did not take the last answer in time: dropped")
                for worker in workers { loop.post(to: worker.index) { worker.abortAll() } }
                return
            }
            // Main has nothing else to do in a drain, and the ABI has no waiting for several workers: it looks each millisecond.
            usleep(1000)
        }
    }
}
