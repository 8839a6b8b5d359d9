// Reads configuration files from the file system. Anything but a regular file is refused before it is opened, so that
// a FIFO or a device given by mistake neither blocks the start nor is disturbed.

import Glibc

/// Serves the files of the file system, up to ``ConfigurationFile/maximumFileSize`` bytes each.
public struct FileReader: SourceReader {
    /// Makes a reader.
    public init() {}

    public func read(_ path: String) throws(SourceReadError) -> SourceFile {
        // The system would cut the path at a NUL and open some other file.
        guard !path.isEmpty, !path.utf8.contains(0) else { throw .missing }
        var status = stat()
        guard stat(path, &status) == 0 else { throw Self.failure(errno) }
        try Self.check(status)
        let descriptor = Self.retry { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) }
        guard descriptor >= 0 else { throw Self.failure(errno) }
        defer { close(descriptor) }
        // Once more on what was really opened: the path may lead elsewhere by now.
        guard fstat(descriptor, &status) == 0 else { throw Self.failure(errno) }
        try Self.check(status)
        let bytes = try Self.content(of: descriptor)
        return SourceFile(bytes: bytes, identity: "\(status.st_dev):\(status.st_ino)")
    }

    private static func check(_ status: stat) throws(SourceReadError) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .notAFile(kind: "a directory")
        case S_IFIFO: throw .notAFile(kind: "a FIFO")
        case S_IFSOCK: throw .notAFile(kind: "a socket")
        default: throw .notAFile(kind: "a device")
        }
        guard status.st_size <= ConfigurationFile.maximumFileSize else {
            throw .tooLarge(limit: ConfigurationFile.maximumFileSize)
        }
    }

    /// Reads to the end; the size in the status is not asked, since files under /proc have none.
    private static func content(of descriptor: Int32) throws(SourceReadError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = retry { Glibc.read(descriptor, &chunk, chunk.count) }
            guard count >= 0 else { throw failure(errno) }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= ConfigurationFile.maximumFileSize else {
                throw .tooLarge(limit: ConfigurationFile.maximumFileSize)
            }
        }
    }

    private static func retry<Result: BinaryInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            guard result == -1, errno == EINTR else { return result }
        }
    }

    private static func failure(_ code: Int32) -> SourceReadError {
        switch code {
        case ENOENT, ENOTDIR: .missing
        default: .refused(reason: strerror(code).map { String(cString: $0) } ?? "error \(code)")
        }
    }
}
