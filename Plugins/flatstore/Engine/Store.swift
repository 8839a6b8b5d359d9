// The whole of flatstore: the open directories with their tables, and the visits from outside that reach every slot:
// rotation, flush, the timer's tick, the list, the end.
import Glibc
import ModuleABI
public import ModuleKit
import Synchronization

/// One open file, as flat_list shows it.
public struct OpenFile: Sendable, Equatable {
    public var file: String
    public var table: String
    /// The thread index whose rows it holds.
    public var thread: UInt32
    /// Rows and bytes since it was opened, with those that still wait in memory.
    public var rows: Int
    public var bytes: Int
    public var durability: Durability
    /// Bytes that wait in memory or in the staging file.
    public var buffered: Int
}

/// The store of one module instance.
public final class Store: Sendable {
    public let settings: Settings
    let services: Services
    let totals: Totals
    private let directories = Mutex<[Directory]>([])
    /// Held by whoever visits slots, so that a slot has one visitor at most.
    private let visiting = Mutex(())
    private let countRotation: @Sendable (Int64) -> Void

    /// How long a visitor waits for a thread that is in the middle of a write, nanoseconds.
    static let patience: Int64 = 10_000_000_000
    /// The timer's patience: it comes again.
    private static let shortPatience: Int64 = 5_000_000

    public init(_ settings: Settings, _ services: Services) throws(ModuleFailure) {
        self.settings = settings
        self.services = services
        totals = try Totals(services)
        nonisolated(unsafe) let rotation = try services.counter(
            "rotations", "Rotations, by flat_rotate or SIGHUP.")
        countRotation = { rotation($0) }
        try services.gauge("rows", "Rows taken since the start.") { [weak self] in
            Int64(self?.tables.reduce(0) { $0 + $1.rows } ?? 0)
        }
        try services.gauge("bytes", "Bytes of rows taken since the start.") { [weak self] in
            Int64(self?.tables.reduce(0) { $0 + $1.bytes } ?? 0)
        }
        try services.gauge("open_files", "Row files that are open.") { [totals] in Int64(totals.openFiles) }
    }

    private var tables: [Table] { directories.withLock { $0 }.flatMap(\.allTables) }

    // MARK: Opening

    /// Opens the directory of a URL, or finds it when it is open already, and writes out what a killed process left in it.
    func directory(_ url: String, caller: String) throws(ModuleFailure) -> Directory {
        guard !totals.isStopped else {
            throw ModuleFailure(MH_E_STATE, "flatstore has stopped: \(caller) cannot open \(url)")
        }
        let path = try Directory.path(of: url)
        let status = try Directory.check(path, caller: caller)
        return directories.withLock { directories in
            // By its name too: a directory that was removed and made again goes on with the files of the old one's tables.
            let open = directories.first {
                $0.path == path || ($0.device == UInt(status.st_dev) && $0.inode == UInt(status.st_ino))
            }
            if let open { return open }
            let directory = Directory(path, status, services)
            directory.recoverAll(settings)
            directories.append(directory)
            return directory
        }
    }

    /// The table of a directory; its name becomes a part of file names.
    func table(_ name: String, in directory: Directory) throws(ModuleFailure) -> Table {
        let isGood =
            !name.isEmpty && name.utf8.count <= 128 && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
        guard isGood else {
            throw ModuleFailure(
                MH_E_INVALID,
                "the table name \"\(name)\" cannot be a part of a file name; expected 1 to 128 of A-Z a-z 0-9 _ . - with no dot "
                    + "in front")
        }
        let longest =
            settings.filePrefix.utf8.count + name.utf8.count + 11 + settings.fileSuffix.utf8.count + 6
        guard longest <= 255 else {
            throw ModuleFailure(
                MH_E_INVALID,
                "file names of the table \"\(name)\" would have up to \(longest) bytes, expected at most 255; shorten file_prefix or "
                    + "file_suffix")
        }
        return try directory.table(name) { () throws(ModuleFailure) in
            let table = try Table(name, in: directory, settings: settings, services: services, totals: totals)
            table.mendEnds()
            return table
        }
    }

    // MARK: Visits

    /// Calls `body` with each used slot of each table, taken; returns what went wrong, slot by slot.
    private func visit(
        _ tables: [Table], patience: Int64, _ body: (Table, Slot, UInt32) throws(ModuleFailure) -> Void
    ) -> [ModuleFailure] {
        visiting.withLock { _ in visitLocked(tables, patience: patience, body) }
    }

    private func visitLocked(
        _ tables: [Table], patience: Int64, _ body: (Table, Slot, UInt32) throws(ModuleFailure) -> Void
    ) -> [ModuleFailure] {
        var failures: [ModuleFailure] = []
        for table in tables {
            for index in table.usedSlots {
                let slot = table.slot(index)
                guard slot.visit(patience: patience) else {
                    failures.append(
                        ModuleFailure(
                            MH_E_BUSY,
                            "thread \(index) has been writing to \(table.path(index)) for \(patience / 1_000_000_000) s; "
                                + "look at the disk or the file server, then try again"))
                    continue
                }
                defer { slot.leave() }
                do throws(ModuleFailure) {
                    try body(table, slot, index)
                } catch {
                    failures.append(error)
                }
            }
        }
        return failures
    }

    private static func check(_ failures: [ModuleFailure]) throws(ModuleFailure) {
        guard let first = failures.first else { return }
        throw ModuleFailure(
            first.code,
            failures.count == 1 ? first.text : "\(first.text) (and \(failures.count - 1) more files)")
    }

    /// Closes every file: after this no thread writes to a file that was open before, and every row inserted before is
    /// in them. A file is opened again when there is a row for it. Main and pool threads.
    public func rotate() throws(ModuleFailure) {
        var closed = 0
        let failures = visit(tables, patience: Self.patience) { table, slot, index throws(ModuleFailure) in
            defer {
                if slot.state.pointee.isOpen { closed += 1 }
                table.closeFile(slot)
            }
            try table.drain(slot, index)
        }
        countRotation(1)
        services.log(MH_LOG_INFO, "rotated: closed \(closed) files")
        try Self.check(failures)
    }

    /// Hands all rows that wait in memory to the kernel. Any thread that may block.
    public func flush() throws(ModuleFailure) {
        try Self.check(
            visit(tables, patience: Self.patience) { table, slot, index throws(ModuleFailure) in
                try table.drain(slot, index)
            })
    }

    /// What the timer does: hands waiting rows to the kernel and lets go of files that were deleted. Skipped while another visit is
    /// under way; faults are logged where they happen.
    public func tick() {
        let all = tables
        _ = visiting.withLockIfAvailable { _ in
            visitLocked(all, patience: Self.shortPatience) { table, slot, index throws(ModuleFailure) in
                try table.drain(slot, index)
                table.checkName(slot, index)
                table.checkRing(slot, index)
            }
        }
    }

    /// The open files, and those with rows that wait for one.
    public func list() -> [OpenFile] {
        var files: [OpenFile] = []
        _ = visit(tables, patience: Self.patience) { table, slot, index in
            let state = slot.state.pointee
            guard state.isOpen || state.used > 0 else { return }
            files.append(
                OpenFile(
                    file: table.path(index), table: table.name, thread: index,
                    rows: slot.rows - state.rowsAtOpening, bytes: slot.bytes - state.bytesAtOpening,
                    durability: settings.durability, buffered: state.used))
        }
        return files
    }

    /// Writes out and closes the files of a table that no consumer uses any more.
    func close(_ table: Table) {
        let failures = visit([table], patience: Self.patience) { table, slot, index throws(ModuleFailure) in
            defer { table.closeFile(slot) }
            try table.drain(slot, index)
        }
        for failure in failures { services.log(MH_LOG_ERROR, failure.text) }
    }

    /// Ends the store: everything is written out, files are closed, staging files removed. Rows that come later are refused.
    public func stop() {
        totals.isStopped = true
        let failures = visit(tables, patience: Self.patience) { table, slot, index throws(ModuleFailure) in
            defer { table.release(slot, index) }
            do throws(ModuleFailure) {
                try table.drain(slot, index)
            } catch {
                let rows = slot.state.pointee.waitingRows
                let staged =
                    slot.state.pointee.ring == nil
                    ? "are lost" : "stay in the staging file, the next start writes them"
                throw ModuleFailure(error.code, "\(error.text); \(rows) rows that waited in memory \(staged)")
            }
        }
        for failure in failures { services.log(MH_LOG_ERROR, failure.text) }
    }
}
