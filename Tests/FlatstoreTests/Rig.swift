// A store in a temporary directory with services of its own, driven through the provider's C functions as a consumer does.
import Foundation
import ModuleABI
import ModuleKit
import Testing

@testable import FlatstoreEngine

/// The index that the services report for this thread; each test sets its own.
enum FakeThread {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// 0 unless set; stored with one added, so that "unset" reads as 0.
    static var index: UInt32 {
        get { UInt32(UInt(bitPattern: pthread_getspecific(key))) }
        set { pthread_setspecific(key, UnsafeRawPointer(bitPattern: UInt(newValue))) }
    }
}

/// One value of a row.
enum Field: Sendable {
    case int(Int64)
    case real(Double)
    case text(String)
    case bytes([UInt8])
    case blob([UInt8])
    case bool(Bool)
    case time(Int64)
    case duration(Int64)
    case size(Int64)
    case null
    case list
}

/// Lends fields as ABI values.
func withValues<Result>(_ fields: [Field], _ body: (UnsafeMutablePointer<mh_value>) throws -> Result) rethrows
    -> Result
{
    var copies: [UnsafeMutableBufferPointer<CChar>] = []
    defer { for copy in copies { copy.deallocate() } }
    func lend(_ bytes: [UInt8]) -> mh_str {
        // Exactly as long as the text, so that the address sanitizer sees a read past its end.
        let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
        _ = copy.initialize(from: bytes.map { CChar(bitPattern: $0) })
        copies.append(copy)
        return mh_str(ptr: UnsafePointer(copy.baseAddress), len: bytes.count)
    }
    func number(_ type: UInt32, _ number: Int64) -> mh_value {
        var value = mh_int(number)
        value.type = type
        return value
    }
    var values = fields.map { field in
        switch field {
        case .int(let integer): return mh_int(integer)
        case .real(let real): return mh_float(real)
        case .text(let text): return mh_text(lend(Array(text.utf8)))
        case .bytes(let bytes): return mh_text(lend(bytes))
        case .blob(let bytes):
            var value = mh_text(lend(bytes))
            value.type = MH_BLOB
            return value
        case .bool(let truth): return mh_bool(truth ? 1 : 0)
        case .time(let microseconds): return number(MH_TIME, microseconds)
        case .duration(let nanoseconds): return number(MH_DURATION, nanoseconds)
        case .size(let bytes): return number(MH_SIZE, bytes)
        case .null: return mh_null()
        case .list: return number(MH_LIST, 0)
        }
    }
    return try values.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("rows of tests have values") }
        return try body(base)
    }
}

final class Rig: @unchecked Sendable {
    let directory: String
    let store: Store
    private let provider: Provider
    private let functions: mh_db_provider
    private let reports = Reports()
    private let owns: Bool
    private let databases = Databases()

    /// A store on a new temporary directory, or on `directory`.
    init(_ settings: Settings = Settings(), directory: String? = nil, threads: UInt32 = 64) throws {
        owns = directory == nil
        self.directory = directory ?? Rig.temporaryDirectory()
        let reports = reports
        store = try Store(
            settings,
            Services(
                threadIndex: { _ in FakeThread.index }, module: nil, threadLimit: threads,
                log: { level, text in reports.locked { $0.lines.append((level, text)) } },
                gauge: { name, _, read throws(ModuleFailure) in reports.locked { $0.gauges[name] = read } },
                counter: { name, _ throws(ModuleFailure) in
                    { amount in reports.locked { $0.counters[name, default: 0] += amount } }
                }))
        provider = Provider()
        functions = Provider.functions()
        provider.serve(store)
    }

    deinit {
        store.stop()
        for database in databases.open { functions.close(context, database) }
        // The gauges hold the store's counts, which hold the way to report them.
        reports.locked { $0.gauges = [:] }
        if owns { try? FileManager.default.removeItem(atPath: directory) }
    }

    /// The databases to close at the end. Used by the test's own thread only.
    private final class Databases {
        var open: Set<OpaquePointer> = []
    }

    /// What the store told the host.
    private final class Reports: @unchecked Sendable {
        private let lock = NSLock()
        var lines: [(level: Int32, text: String)] = []
        var counters: [String: Int64] = [:]
        var gauges: [String: () -> Int64] = [:]

        func locked<Result>(_ body: (Reports) -> Result) -> Result {
            lock.lock()
            defer { lock.unlock() }
            return body(self)
        }
    }

    static func temporaryDirectory() -> String {
        let path = FileManager.default.temporaryDirectory.path + "/flatstore-" + UUID().uuidString
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// A counter or gauge by its name.
    func statistic(_ name: String) -> Int64 {
        if let read = reports.locked({ $0.gauges[name] }) { return read() }
        return reports.locked { $0.counters[name] ?? 0 }
    }

    /// The lines that were logged.
    var lines: [(level: Int32, text: String)] { reports.locked { $0.lines } }

    func logged(_ level: Int32, containing text: String) -> Bool {
        lines.contains { $0.level == level && $0.text.contains(text) }
    }

    // MARK: The consumer's side

    private var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(provider).toOpaque() }

    func open(_ url: String? = nil) throws -> OpaquePointer {
        var database: OpaquePointer?
        try ErrorCollector.check { error in
            (url ?? "flatstore:\(directory)").withMHString { url in
                "acc".withMHString { caller in
                    var options = mh_db_open(
                        struct_size: UInt32(MemoryLayout<mh_db_open>.size), reserved: 0, url: url,
                        caller: caller)
                    return functions.open(context, &options, &database, error)
                }
            }
        }
        let opened = try #require(database)
        databases.open.insert(opened)
        return opened
    }

    func close(_ database: OpaquePointer) {
        databases.open.remove(database)
        functions.close(context, database)
    }

    func capabilities() -> UInt32 { functions.capabilities(context, nil) }

    /// A table of `columns` columns, of a database that is opened for it unless one is given.
    func table(_ name: String = "acc", columns: Int, in database: OpaquePointer? = nil) throws
        -> OpaquePointer
    {
        let database = try database ?? open()
        var table: OpaquePointer?
        let columns = [mh_db_column](repeating: mh_db_column(), count: columns)
        try columns.withUnsafeBufferPointer { buffer in
            try ErrorCollector.check { error in
                name.withMHString { name in
                    var array = mh_array(
                        items: buffer.baseAddress.map { UnsafeRawPointer($0) }, count: UInt32(buffer.count),
                        stride: UInt32(MemoryLayout<mh_db_column>.stride))
                    return functions.use_table(context, database, name, &array, &table, error)
                }
            }
        }
        return try #require(table)
    }

    func release(_ table: OpaquePointer) { functions.release_table(context, table) }

    func insert(_ table: OpaquePointer, _ fields: [Field]) throws(ModuleFailure) {
        do {
            try withValues(fields) { values in
                try ErrorCollector.check {
                    functions.insert(context, table, values, UInt32(fields.count), $0)
                }
            }
        } catch let failure as ModuleFailure {
            throw failure
        } catch {
            preconditionFailure("only failures are thrown")
        }
    }

    /// The rows stored, and the failure.
    func insert(_ table: OpaquePointer, batch: [[Field]]) -> (stored: Int, failure: ModuleFailure?) {
        var stored: UInt32 = 0
        do {
            try withValues(batch.flatMap { $0 }) { values in
                try ErrorCollector.check {
                    functions.insert_batch(
                        context, table, values, UInt32(batch[0].count), UInt32(batch.count), &stored, $0)
                }
            }
            return (Int(stored), nil)
        } catch {
            return (Int(stored), error as? ModuleFailure)
        }
    }

    /// What query, delete and update answer, in this order.
    func unsupported(_ table: OpaquePointer) -> [ModuleFailure] {
        var failures: [ModuleFailure] = []
        for call in 0..<3 {
            do {
                try ErrorCollector.check { error in
                    switch call {
                    case 0: return functions.query(context, table, nil, error)
                    case 1: return functions.delete_rows(context, table, nil, nil, error)
                    default: return functions.update(context, table, nil, nil, nil, error)
                    }
                }
            } catch {
                failures.append(error)
            }
        }
        return failures
    }

    // MARK: Files

    func path(_ name: String) -> String { directory + "/" + name }

    /// The bytes of a file as text; nil when it is missing.
    func content(_ name: String) -> String? {
        let descriptor = Foundation.open(path(name), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Foundation.close(descriptor) }
        guard let status = try? SystemCall.status(of: descriptor),
            let bytes = try? SystemCall.bytes(of: descriptor, from: 0, to: Int(status.st_size))
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    func write(_ text: String, to name: String) {
        _ = FileManager.default.createFile(atPath: path(name), contents: Data(text.utf8))
    }

    func move(_ name: String, to other: String) { rename(path(name), path(other)) }

    /// All names in the directory, sorted.
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted() }
}

/// The failure that a call throws, or nil.
func failure(of body: () throws -> Void) -> ModuleFailure? {
    do {
        try body()
        return nil
    } catch {
        return error as? ModuleFailure
    }
}

/// Runs `body` on `count` threads of their own with the indexes 1…count, and waits for all.
func onThreads(_ count: Int, _ body: @escaping @Sendable (UInt32) -> Void) {
    let group = DispatchGroup()
    for index in 1...count {
        group.enter()
        Thread.detachNewThread {
            FakeThread.index = UInt32(index)
            body(UInt32(index))
            group.leave()
        }
    }
    group.wait()
}
