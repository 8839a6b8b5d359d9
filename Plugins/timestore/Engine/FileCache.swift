import Glibc

/// The open files of one worker: opened on demand, the least recently used closed beyond the limit. One thread at a
/// time: the one that has the turn.
final class FileCache {
    private let environment: StoreEnvironment
    private var files: [ObjectIdentifier: SeriesFile] = [:]
    private var clock: UInt64 = 0
    private let limit: Int
    /// Written to since the last commit.
    private(set) var dirtyFiles: [ObjectIdentifier: OpenFile] = [:]
    /// Where files were made or renamed since the last commit.
    private(set) var dirtyDirectories: Set<String> = []

    init(_ environment: StoreEnvironment) {
        self.environment = environment
        limit = max(4, environment.openFiles)
    }

    deinit { environment.tally.openFiles.count(-files.count) }

    /// The file's descriptor, opened when it is not.
    func use(_ file: SeriesFile, path: @autoclosure () -> String) throws(SystemError) -> OpenFile {
        clock += 1
        file.lastUse = clock
        if let open = file.open { return open }
        let opened = try open(path(), O_RDWR)
        keep(opened, for: file)
        return opened
    }

    /// Opens a file; where descriptors have run out it closes some of its own first.
    func open(_ path: String, _ flags: Int32) throws(SystemError) -> OpenFile {
        let flags = flags | O_CLOEXEC | O_NOFOLLOW
        return try sparing { () throws(SystemError) in
            OpenFile(try SystemCall.retrying { Glibc.open(path, flags, 0o644) })
        }
    }

    /// The names in a directory, read as `open` opens files.
    func names(in directory: String) throws(SystemError) -> [String] {
        try sparing { () throws(SystemError) in try SystemCall.names(in: directory) }
    }

    /// Once more when descriptors have run out, with half of one's own closed.
    private func sparing<Answer>(_ call: () throws(SystemError) -> Answer) throws(SystemError) -> Answer {
        do throws(SystemError) { return try call() } catch {
            guard error.number == EMFILE || error.number == ENFILE, !files.isEmpty else { throw error }
            closeOldest(keeping: files.count / 2)
            return try call()
        }
    }

    /// Takes over the descriptor of a file.
    func keep(_ opened: OpenFile, for file: SeriesFile) {
        forget(file)
        if files.count >= limit { closeOldest(keeping: limit - max(1, limit / 4)) }
        clock += 1
        file.lastUse = clock
        file.open = opened
        files[ObjectIdentifier(file)] = file
        environment.tally.openFiles.count()
    }

    /// Closes a file once nobody reads from it any more.
    func forget(_ file: SeriesFile) {
        file.open = nil
        if files.removeValue(forKey: ObjectIdentifier(file)) != nil { environment.tally.openFiles.count(-1) }
    }

    private func closeOldest(keeping count: Int) {
        let oldest = files.values.sorted { $0.lastUse < $1.lastUse }.prefix(max(0, files.count - count))
        for file in oldest { forget(file) }
    }

    /// Whether somebody has removed a file that is open; its owner then looks at the directory again.
    var hasVanishedFile: Bool {
        files.values.contains { file in
            guard let open = file.open else { return false }
            var status = stat()
            return fstat(open.descriptor, &status) != 0 || status.st_nlink == 0
        }
    }

    // MARK: Commits

    func touched(_ file: OpenFile) {
        if environment.sync != .none { dirtyFiles[ObjectIdentifier(file)] = file }
    }

    func touched(directory: String) {
        if environment.sync != .none { dirtyDirectories.insert(directory) }
    }

    /// Notes all files of a year and the directories above them: the host that wrote them died, nobody knows what of it is on the disk.
    func touched(everythingOf year: YearFiles) {
        guard environment.sync != .none, !year.files.isEmpty else { return }
        for file in year.files { if let open = file.open { touched(open) } }
        var path = environment.root
        touched(directory: path)
        for part in year.directory.dropFirst(path.utf8.count).split(separator: "/") {
            path += "/\(part)"
            touched(directory: path)
        }
    }

    /// Takes back what a commit did not get to the disk: without it the next one would not know of a new name, or of another file.
    func takeBack(_ commit: Commit) {
        for file in commit.files { touched(file) }
        for directory in commit.directories { touched(directory: directory) }
    }

    /// What is not known to be on the disk, to be written there by `Commit.run`; afterwards nothing is.
    func takeDirty() -> Commit {
        defer {
            dirtyFiles = [:]
            dirtyDirectories = []
        }
        return Commit(files: Array(dirtyFiles.values), directories: Array(dirtyDirectories))
    }
}

/// Files and directories to be written to the disk.
struct Commit: Sendable {
    var files: [OpenFile]
    var directories: [String]

    var isEmpty: Bool { files.isEmpty && directories.isEmpty }

    /// Writes them; blocks. After a failure nothing is known of what the disk holds.
    func run() throws(SystemError) {
        for file in files { try SystemCall.retrying { fdatasync(file.descriptor) } }
        for directory in directories {
            do throws(SystemError) { try SystemCall.syncDirectory(directory) } catch {
                // An operator has removed it, and what was in it.
                if error.number != ENOENT { throw error }
            }
        }
    }
}
