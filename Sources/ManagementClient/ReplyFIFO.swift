// The FIFO through which one request is answered. It lives as long as the value: made and opened before the request is
// sent, so that the host finds a reader, and removed on every way out, signals included (SignalCleanup).

import Glibc

/// A private reply FIFO, open for reading; removed when the value ends.
struct ReplyFIFO: ~Copyable {
    /// The name the host is told; it stands in the reply directory.
    let name: String
    private let path: String
    private let descriptor: CInt

    /// Makes the FIFO in `directory`, which must be the host's reply directory.
    ///
    /// Mode 0600 where the host can open that: it runs as this user or as root, or this user is root and gives the FIFO to it.
    /// Otherwise the host gets in through the group of the request FIFO, or where this user may not give files to that
    /// group, as anybody may write; the name is not to be guessed.
    init(directory: String, for request: borrowing RequestFIFO) throws(ManagementClientError) {
        var random = SystemRandomNumberGenerator()
        let digits = String(random.next(), radix: 16)
        let name = "modctl.\(getpid())." + String(repeating: "0", count: 16 - digits.count) + digits
        let path = directory + (directory.hasSuffix("/") ? "" : "/") + name
        let descriptor = try Self.make(path, in: directory)
        let user = geteuid()
        let host = request.hostUser
        if user == 0, host != 0 {
            fchown(descriptor, host, gid_t.max)
        } else if host != user, host != 0 {
            fchmod(descriptor, fchown(descriptor, uid_t.max, request.status.st_gid) == 0 ? 0o620 : 0o622)
        }
        self.name = name
        self.path = path
        self.descriptor = descriptor
    }

    /// Makes the FIFO and opens it; removes it again if that fails.
    private static func make(_ path: String, in directory: String) throws(ManagementClientError) -> CInt {
        // A signal may come right after mkfifo, so the path is covered before.
        SignalCleanup.add(path)
        if mkfifo(path, 0o600) == 0 {
            let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)
            if descriptor >= 0 { return descriptor }
            let code = errno
            unlink(path)
            errno = code
        }
        let code = errno
        SignalCleanup.remove(path)
        throw .replyDirectory(path: directory, reason: errorText(code))
    }

    deinit {
        unlink(path)
        SignalCleanup.remove(path)
        close(descriptor)
    }

    /// Hands over the reply's bytes, piece by piece, until the host closes it.
    ///
    /// Every byte restarts the deadline. On Linux an end of file cannot come before the first writer: poll(2) reports a hang-up
    /// only once a writer has been and gone.
    func read(
        from request: borrowing RequestFIFO, deadline: inout Deadline,
        to receive: (UnsafeRawBufferPointer) throws(ManagementClientError) -> Void
    ) throws(ManagementClientError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
        defer { buffer.deallocate() }
        var entries = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            // No events: only that the host has closed its end (POLLERR).
            pollfd(fd: request.descriptor, events: 0, revents: 0),
        ]
        while true {
            if SignalCleanup.takeInterrupt() { throw .interrupted }
            let ready = poll(&entries, 2, deadline.pollTimeout)
            if ready < 0 {
                guard errno == EINTR else {
                    throw .system(call: "poll", path: path, reason: errorText(errno))
                }
                continue
            }
            if ready == 0, deadline.hasPassed {
                guard entries[1].fd >= 0 else { throw .hostWentAway(path: request.path) }
                throw .noAnswer(path: request.path, seconds: deadline.seconds)
            }
            if entries[0].revents != 0 {
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if count == 0 { return }
                if count > 0 {
                    deadline.progress()
                    try receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                } else if errno != EINTR, errno != EAGAIN {
                    throw .system(call: "read", path: path, reason: errorText(errno))
                }
            } else if entries[1].revents != 0 {
                // The host closed its FIFO: it is going down, or has put a new FIFO in this one's place. An answer that
                // is under way still counts, so it gets a moment.
                entries[1].fd = -1
                deadline.shorten(to: .seconds(2))
            }
        }
    }
}
