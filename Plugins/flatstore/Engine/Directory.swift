// The directory behind a URL: found, checked with messages that say what to do, and shared by all who open it.
import Glibc
import ModuleABI
import ModuleKit
import Synchronization

/// An open directory with its tables.
final class Directory: Sendable {
    /// Absolute, without a trailing slash but for "/".
    let path: String
    /// `path` with one slash at its end.
    let prefix: String
    let device: UInt
    let inode: UInt
    private let tables = Mutex<[Table]>([])
    private let services: Services

    init(_ path: String, _ status: stat, _ services: Services) {
        self.path = path
        prefix = path == "/" ? "/" : path + "/"
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        self.services = services
    }

    var exists: Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.isDirectory
    }

    /// The tables that were ever used.
    var allTables: [Table] { tables.withLock { $0 } }

    /// The table of that name, made by `make` at its first use.
    func table(
        _ name: String, make: () throws(ModuleFailure) -> Table
    ) throws(ModuleFailure) -> Table {
        try tables.withLock { tables throws(ModuleFailure) in
            if let table = tables.first(where: { $0.name == name }) { return table }
            let table = try make()
            tables.append(table)
            return table
        }
    }

    // MARK: The URL

    static let scheme = "flatstore:"

    /// The absolute path that a URL names: `flatstore:/dir`, `flatstore:///dir` or, from the working directory, `flatstore:dir`.
    static func path(of url: String) throws(ModuleFailure) -> String {
        func invalid(_ found: String) -> ModuleFailure {
            ModuleFailure(
                MH_E_INVALID,
                "\"\(url)\" \(found), expected flatstore:/DIRECTORY such as flatstore:/var/log/acc")
        }
        guard url.hasPrefix(scheme) else { throw invalid("does not begin with \"\(scheme)\"") }
        var path = String(url.dropFirst(scheme.count))
        if path.hasPrefix("//") {
            guard path.hasPrefix("///") else {
                throw invalid("names a host, and flatstore writes local files only")
            }
            path.removeFirst(2)
        }
        guard !path.isEmpty else { throw invalid("names no directory") }
        guard !path.utf8.contains(0) else { throw invalid("holds a NUL byte") }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        if path.hasPrefix("/") { return path }
        guard let working = getcwd(nil, 0) else {
            throw SystemError.last.failure("cannot tell the working directory")
        }
        defer { free(working) }
        let base = String(cString: working)
        return path == "." ? base : (base == "/" ? "/" : base + "/") + path
    }

    /// Checks that a directory can be used; the failures say what to type.
    static func check(_ path: String, caller: String) throws(ModuleFailure) -> stat {
        let status: stat
        do throws(SystemError) {
            status = try SystemCall.status(at: path)
        } catch {
            guard error.number == ENOENT || error.number == ENOTDIR else {
                throw ModuleFailure(
                    MH_E_IO,
                    "cannot look at the directory \(path), which \(caller) wants to use: \(error.reason)")
            }
            throw missing(path, for: caller)
        }
        guard status.isDirectory else {
            throw ModuleFailure(
                MH_E_INVALID,
                "\(path), which \(caller) wants to use, is \(status.kind), expected a directory; name another one"
            )
        }
        guard faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0 else {
            let error = SystemError.last
            if error.number == EROFS { throw error.failure("cannot write to the directory \(path)") }
            throw ModuleFailure(
                MH_E_DENIED,
                "the directory \(path), which \(caller) wants to use, is not writable for user \(user): \(error.reason); "
                    + "give it away: chown \(user) \(quoted(path))")
        }
        return status
    }

    func missing(for caller: String) -> ModuleFailure { Self.missing(path, for: caller) }

    private static func missing(_ path: String, for caller: String) -> ModuleFailure {
        ModuleFailure(
            MH_E_NOT_FOUND,
            "the directory \(path), which \(caller) wants to use, does not exist; create it: "
                + "mkdir -p \(quoted(path)) && chown \(user) \(quoted(path))")
    }

    /// The name of the user that the process runs as, or its number.
    private static var user: String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { buffer in
            guard let base = buffer.baseAddress,
                getpwuid_r(geteuid(), &entry, base, buffer.count, &found) == 0, found != nil,
                let name = entry.pw_name
            else { return "\(geteuid())" }
            return String(cString: name)
        }
    }

    /// A path as a shell takes it.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: ":"), UInt8(ascii: ","):
                true
            default: byte >= 0x80
            }
        }
        if isPlain { return path }
        return "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
            + "'"
    }

    // MARK: Left-over staging files

    /// Writes out every staging file that a killed process left here; what cannot be written now stays for the next try.
    func recoverAll(_ settings: Settings) {
        for name in DirectoryListing.names(in: path).sorted()
        where name.hasPrefix(".") && name.hasSuffix(".ring") && name.utf8.count > 6 {
            let rowFile = prefix + name.dropFirst().dropLast(5)
            do throws(ModuleFailure) {
                try recover(prefix + name, rowFile: rowFile, settings)
            } catch {
                services.log(
                    MH_LOG_ERROR,
                    "\(error.text). The rows in \(prefix)\(name) are kept and written at the next chance")
            }
        }
    }

    /// Writes out one staging file, when there is one.
    func recover(_ ring: String, rowFile: String, _ settings: Settings) throws(ModuleFailure) {
        let outcome = try RingRecovery.run(
            ring, rowFile: rowFile, mode: settings.fileMode, recordDelimiter: settings.recordDelimiter)
        switch outcome {
        case .empty: break
        case .written(let bytes, let doubtful):
            services.log(
                doubtful ? MH_LOG_WARNING : MH_LOG_NOTICE,
                "\(rowFile): wrote \(bytes) bytes of rows that an earlier process left in \(ring)"
                    + (doubtful
                        ? "; the file it was writing has been moved away, so that file may hold some of them too"
                        : ""))
        case .setAside(let aside, let bytes):
            services.log(
                MH_LOG_WARNING,
                "\(rowFile): \(bytes) bytes of rows were staged when the system went down; what the disk holds of them is not "
                    + "certain, so they are set aside in \(aside), from offset \(StagingRing.headerSize), for you to look at"
            )
        case .foreign:
            services.log(MH_LOG_WARNING, "\(ring) is no staging file of flatstore; left as it is")
        }
    }
}
