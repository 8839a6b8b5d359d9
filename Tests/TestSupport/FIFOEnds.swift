import Glibc

/// One open of a host's FIFO for writing.
public final class RequestWriter {
    private let descriptor: CInt

    /// Opens the FIFO; throws at once if nobody reads it or something else is there.
    public init(_ path: String) throws {
        signal(SIGPIPE, SIG_IGN)
        descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw TestFailure("cannot open \(path): \(systemText(errno))") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else {
            close(descriptor)
            throw TestFailure("\(path) is no FIFO")
        }
    }

    deinit { close(descriptor) }

    /// Writes all, in as many writes as it takes; throws if the host takes nothing for that long.
    public func write(_ bytes: [UInt8], within time: Duration = .seconds(30)) throws {
        try writeAll(bytes, to: descriptor, within: time)
    }

    public func write(_ text: String) throws { try write(Array(text.utf8)) }
}

/// A reply FIFO and its reading end; removed when the last reference goes.
public final class ReplyReader {
    public let name: String
    public let path: String
    private let descriptor: CInt

    /// Makes the FIFO with mode 0600 and opens it for reading.
    public init(directory: String, name: String) throws {
        self.name = name
        path = "\(directory)/\(name)"
        guard mkfifo(path, 0o600) == 0 else { throw TestFailure("mkfifo \(path): \(systemText(errno))") }
        descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw TestFailure("cannot open \(path): \(systemText(errno))") }
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// Everything up to the host's close; throws if nothing comes for that long.
    public func readToEnd(within time: Duration = .seconds(30)) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try readSome(within: time) { bytes += piece }
        return bytes
    }

    /// The next bytes, nil once the host has closed; throws if neither comes in time.
    public func readSome(upTo limit: Int = 65536, within time: Duration = .seconds(30)) throws -> [UInt8]? {
        // A FIFO that no writer has opened yet reads as ended; poll tells the two apart.
        let events = try readiness(POLLIN, on: descriptor, until: ContinuousClock.now + time)
        guard events != 0 else { throw TestFailure("no reply at \(path) within \(time)") }
        return try readPiece(descriptor, upTo: limit)
    }

    /// Whether no host has opened it and nothing comes for a while.
    public func staysSilent(for time: Duration) throws -> Bool {
        try readiness(POLLIN, on: descriptor, until: ContinuousClock.now + time) == 0
    }
}

/// Reads once from a descriptor that is ready; nil at the end.
func readPiece(_ descriptor: CInt, upTo limit: Int) throws -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: limit)
    let count = read(descriptor, &buffer, limit)
    if count > 0 { return Array(buffer[..<count]) }
    if count == 0 || errno == ECONNRESET { return nil }
    if errno == EAGAIN || errno == EINTR { return [] }
    throw TestFailure("read: \(systemText(errno))")
}

/// Writes all to a descriptor that does not block; the time is for each step.
func writeAll(_ bytes: [UInt8], to descriptor: CInt, within time: Duration) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
            rest = rest.dropFirst(count)
        } else if errno == EAGAIN {
            guard try readiness(POLLOUT, on: descriptor, until: ContinuousClock.now + time) != 0 else {
                throw TestFailure(
                    "nobody takes the last \(rest.count) of \(bytes.count) bytes within \(time)")
            }
        } else if errno != EINTR {
            throw TestFailure("write: \(systemText(errno))")
        }
    }
}
