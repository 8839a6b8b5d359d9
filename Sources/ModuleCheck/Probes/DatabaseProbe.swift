import Glibc
import ModuleABI

/// Database providers (`mh.db/1`): odd addresses, tables, columns and rows, from a thread that may wait.
enum DatabaseProbe {
    static func run(_ cases: StageCase) {
        ErrorSink.mayEcho = true
        for interface in cases.subject.provides where interface.id.string == MH_DB_INTERFACE {
            guard let table = interface.table, KnownInterface.fault(of: interface) == nil else { continue }
            let provider = copy(table.assumingMemoryBound(to: mh_db_provider.self), mh_db_provider())
            cases.run("", dies: .databaseDies) { stage in
                guard cases.start(stage) == nil, let subject = stage.subject else { return }
                let isDone = SharedNumber()
                let user = DatabaseUser(provider: provider, interface: interface, subject: subject, seed: cases.request.seed)
                if !stage.runOnPool({
                    user.run()
                    isDone.add(1)
                }) {
                    return
                }
                stage.main.run(until: { isDone.value > 0 }, within: .max / 4)
                stage.stop()
            }
        }
    }
}

/// A user of one database provider that knows no manners.
private final class DatabaseUser: @unchecked Sendable {
    // @unchecked: one pool thread uses it.
    private let provider: mh_db_provider
    private let context: UnsafeMutableRawPointer?
    private let scheme: String
    private let subject: StagedModule
    private var random: SeededRandom

    init(provider: mh_db_provider, interface: mh_interface, subject: StagedModule, seed: UInt64) {
        self.provider = provider
        context = interface.ctx
        scheme = interface.selector.string
        self.subject = subject
        random = SeededRandom(seed: seed)
    }

    /// Calls the provider; a refusal without a text is a finding.
    private func call(_ what: String, _ body: (UnsafePointer<mh_error>) -> Int32) -> Bool {
        CaseProcess.step("calling \(what)")
        let sink = ErrorSink()
        let name = what.split(separator: " ").first.map(String.init) ?? what
        let code = subject.enter("\(name) of \(MH_DB_INTERFACE)", .running) { sink.collect(body) }
        if code < 0, !sink.isReported { FindingPipe.add(.databaseSilentRefusal, "\(what) answers \(code) without a text") }
        return code >= 0
    }

    func run() {
        let addresses = [Array("rows".utf8), Array(".".utf8), Array("./missing/deeper".utf8)] + OddValues.texts
        mkdir("rows", 0o700)
        var isFirst = true
        for address in addresses {
            var options = mh_db_open()
            options.struct_size = UInt32(MemoryLayout<mh_db_open>.size)
            options.url = (Array("\(scheme):".utf8) + address).leaked()
            options.caller = "modcheck".leaked()
            var database: OpaquePointer?
            let shown = TypedValue.text(address)
            guard call("open with \(scheme): and \(shown)", { provider.open(context, &options, &database, $0) }) else {
                continue
            }
            guard let database else {
                FindingPipe.add(.databaseDies, "open with \(scheme): and \(shown) answers 0 and gives no database")
                continue
            }
            use(database, [Array("rows".utf8)] + (isFirst ? OddValues.texts : []))
            isFirst = false
            CaseProcess.step("calling close")
            subject.enter("close of \(MH_DB_INTERFACE)", .running) { provider.close(context, database) }
        }
    }

    private func use(_ database: OpaquePointer, _ names: [[UInt8]]) {
        let abilities = subject.enter("capabilities of \(MH_DB_INTERFACE)", .running) {
            provider.capabilities(context, database)
        }
        for name in names {
            let columns = makeColumns()
            var list = columns.withUnsafeBufferPointer { buffer in
                mh_array(
                    items: buffer.baseAddress, count: UInt32(buffer.count), stride: UInt32(MemoryLayout<mh_db_column>.stride)
                )
            }
            var table: OpaquePointer?
            let shown = TypedValue.text(name)
            let isUsable = withExtendedLifetime(columns) {
                call("use_table with \(shown)") { provider.use_table(context, database, name.leaked(), &list, &table, $0) }
            }
            guard isUsable, let table else { continue }
            if abilities & UInt32(MH_DB_CAN_INSERT) != 0 { insert(into: table, columns.count) }
            CaseProcess.step("calling release_table")
            subject.enter("release_table of \(MH_DB_INTERFACE)", .running) { provider.release_table(context, table) }
        }
    }

    /// Columns of any type, so that any value is right for them.
    private func makeColumns() -> [mh_db_column] {
        ["one", "two", "three"].map { word in
            var column = mh_db_column()
            column.struct_size = UInt32(MemoryLayout<mh_db_column>.size)
            column.type = MH_NULL
            column.name = word.leaked()
            return column
        }
    }

    private func insert(into table: OpaquePointer, _ count: Int) {
        let odd =
            OddValues.integers.map { TypedValue.integer($0) } + OddValues.floats.map { .float($0) }
            + OddValues.texts.map { .text($0) } + [.null]
        for _ in 0..<12 {
            let row = (0..<count).map { _ in odd[random.below(odd.count)] }
            let values = TypedValue.array(row)
            _ = call("insert of \(row)") {
                provider.insert(context, table, values.items?.assumingMemoryBound(to: mh_value.self), values.count, $0)
            }
        }
    }
}
