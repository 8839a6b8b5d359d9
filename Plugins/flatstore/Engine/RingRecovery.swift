// Writes out the staging file that a killed process left behind: each of its rows reaches the row file exactly once.
import Glibc
import ModuleABI
import ModuleKit

/// What became of a staging file.
enum RingRecovery: Equatable {
    /// It held no rows that were missing; removed.
    case empty
    /// This many bytes of rows were appended to the row file; removed. `doubtful`: some of them may be in a file that
    /// was moved away while the host was dead.
    case written(Int, doubtful: Bool)
    /// It is from before a restart of the system, so its pages may be of different ages: renamed, for a person to look at.
    case setAside(String, Int)
    /// It is not a staging file; left alone.
    case foreign

    /// Recovers the staging file at `path` for the row file at `rowFile`; `.empty` when there is none.
    static func run(
        _ path: String, rowFile: String, mode: UInt32, recordDelimiter: [UInt8]
    ) throws(ModuleFailure) -> RingRecovery {
        let descriptor: Int32
        do throws(SystemError) {
            descriptor = try SystemCall.retrying { Glibc.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
        } catch {
            if error.number == ENOENT { return .empty }
            throw error.failure("cannot open the staging file \(path)")
        }
        defer { RowFile.close(descriptor) }
        let status = try attempt("cannot look at \(path)") { () throws(SystemError) in
            try SystemCall.status(of: descriptor)
        }
        guard status.isRegular else { return .foreign }
        try RowFile.lock(descriptor, path)
        let content = try read(descriptor, path)
        guard let header = Header(content), header.capacity + StagingRing.headerSize <= content.count else {
            // The magic is written last: without it the process died while it made the file, before any row.
            guard content.prefix(8).allSatisfy({ $0 == 0 }) else { return .foreign }
            unlink(path)
            return .empty
        }
        guard header.isConsistent else { return .foreign }
        // A drain sets `committed` to 0 when the rows are in the row file, and clears `draining` after that.
        let count = header.committed
        guard count > 0 else {
            unlink(path)
            return .empty
        }
        guard header.boot == StagingRing.bootID() else {
            let aside = "\(path).\(status.st_ino).before-restart"
            try attempt("cannot rename \(path)") { () throws(SystemError) in
                try SystemCall.retrying { rename(path, aside) }
            }
            return .setAside(aside, count)
        }
        let rows = Array(content[StagingRing.headerSize..<(StagingRing.headerSize + count)])
        var doubtful = false
        if header.draining > 0 {
            switch try Drained.find(header, rows, near: rowFile) {
            case .whole:
                unlink(path)
                return .empty
            case .none: break
            case .unknown: doubtful = true
            }
        }
        try append(
            rows, from: descriptor, path, rowFile: rowFile, mode: mode, recordDelimiter: recordDelimiter)
        unlink(path)
        return .written(count, doubtful: doubtful)
    }

    /// Appends under the same protocol as a drain, so that a crash in here is recovered in the same way.
    private static func append(
        _ rows: [UInt8], from descriptor: Int32, _ path: String, rowFile: String, mode: UInt32,
        recordDelimiter: [UInt8]
    ) throws(ModuleFailure) {
        let file = try RowFile.open(rowFile, mode: mode, recordDelimiter: recordDelimiter, syncingName: false)
        defer { RowFile.close(file.descriptor) }
        try attempt("cannot write to \(path)") { () throws(SystemError) in
            let target = try SystemCall.status(of: file.descriptor)
            try store(0, at: StagingRing.Offset.draining, in: descriptor)
            try store(rows.count, at: StagingRing.Offset.committed, in: descriptor)
            try store(
                Int(truncatingIfNeeded: target.st_dev), at: StagingRing.Offset.device, in: descriptor)
            try store(Int(truncatingIfNeeded: target.st_ino), at: StagingRing.Offset.inode, in: descriptor)
            try store(Int(target.st_size), at: StagingRing.Offset.size, in: descriptor)
            try store(rows.count, at: StagingRing.Offset.draining, in: descriptor)
        }
        let refusal = rows.withUnsafeBytes {
            RowFile.append($0, to: file.descriptor, isRegular: file.isRegular)
        }
        if let refusal { throw refusal.error.failure("cannot write the rows of \(path) to \(rowFile)") }
    }

    private static func store(_ word: Int, at offset: Int, in descriptor: Int32) throws(SystemError) {
        var word = word
        try SystemCall.retrying {
            pwrite(descriptor, &word, MemoryLayout<Int>.size, off_t(offset)) == MemoryLayout<Int>.size
                ? 0 : -1
        }
    }

    private static func read(_ descriptor: Int32, _ path: String) throws(ModuleFailure) -> [UInt8] {
        try attempt("cannot read the staging file \(path)") { () throws(SystemError) in
            let size = Int(try SystemCall.status(of: descriptor).st_size)
            return try SystemCall.bytes(of: descriptor, from: 0, to: size)
        }
    }
}

/// The header of a staging file, read.
private struct Header {
    var capacity: Int
    var committed: Int
    var draining: Int
    var device: Int
    var inode: Int
    var size: Int
    var boot: [UInt8]

    /// Nil when the bytes are no header of this version.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= StagingRing.headerSize else { return nil }
        let words = bytes.withUnsafeBytes { raw in
            (0..<9).map { raw.loadUnaligned(fromByteOffset: $0 * 8, as: Int.self) }
        }
        guard UInt64(bitPattern: Int64(words[0])) == StagingRing.magic,
            UInt32(truncatingIfNeeded: words[1]) == StagingRing.version
        else { return nil }
        capacity = words[StagingRing.Offset.capacity / 8]
        committed = words[StagingRing.Offset.committed / 8]
        draining = words[StagingRing.Offset.draining / 8]
        device = words[StagingRing.Offset.device / 8]
        inode = words[StagingRing.Offset.inode / 8]
        size = words[StagingRing.Offset.size / 8]
        boot = Array(bytes[StagingRing.Offset.boot..<(StagingRing.Offset.boot + 36)].prefix { $0 != 0 })
        guard (0...(1 << 40)).contains(capacity) else { return nil }
    }

    var isConsistent: Bool {
        (0...capacity).contains(committed) && (0...capacity).contains(draining) && size >= 0
    }
}

/// How far a drain got that was under way when the process died.
private enum Drained {
    /// All rows are in the file.
    case whole
    /// Nothing of them is in the file, any more or yet.
    case none
    /// The file is gone, or was changed by somebody else.
    case unknown

    static func find(_ header: Header, _ rows: [UInt8], near rowFile: String) throws(ModuleFailure) -> Drained {
        guard let path = path(of: header, near: rowFile) else { return .unknown }
        let descriptor = try attempt("cannot open \(path)") { () throws(SystemError) in
            try SystemCall.retrying { Glibc.open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK) }
        }
        defer { close(descriptor) }
        return try attempt("cannot look at \(path)") { () throws(SystemError) in
            let status = try SystemCall.status(of: descriptor)
            guard status.isRegular else { return .unknown }
            let size = Int(status.st_size)
            guard size >= header.size else { return .unknown }
            let end = min(size, header.size + rows.count)
            let found = try SystemCall.bytes(of: descriptor, from: header.size, to: end)
            guard found.elementsEqual(rows.prefix(found.count)) else { return .unknown }
            if found.count == rows.count { return .whole }
            // A kill in the middle of a write leaves a part of it.
            try SystemCall.retrying { ftruncate(descriptor, off_t(header.size)) }
            return .none
        }
    }

    /// The file of that device and inode: the row file itself, or one beside it that it was renamed to.
    private static func path(of header: Header, near rowFile: String) -> String? {
        func isIt(_ path: String) -> Bool {
            var status = stat()
            return stat(path, &status) == 0 && Int(truncatingIfNeeded: status.st_dev) == header.device
                && Int(truncatingIfNeeded: status.st_ino) == header.inode
        }
        if isIt(rowFile) { return rowFile }
        let directory = RowFile.directory(of: rowFile)
        return DirectoryListing.names(in: directory).map { "\(directory)/\($0)" }.first(where: isIt)
    }
}

enum DirectoryListing {
    /// The names in a directory, but for "." and ".."; empty when it cannot be read.
    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
            let name = String(
                cString: (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self))
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
