// The write end of the host's FIFO. All clients share it, so a request must reach it in one piece: small ones by one
// write, which the system keeps whole up to PIPE_BUF bytes, larger ones alone under a lock.

import Glibc

/// The host's FIFO, open for writing; closed when the value ends.
struct RequestFIFO: ~Copyable {
    let path: String
    let descriptor: CInt
    /// Owner, group and mode of the FIFO.
    let status: stat
    /// The user that the host runs as: the owner of `<fifo>.lock`, which mi-fifo keeps as long as it runs, since the FIFO itself may
    /// have been given to another user (`fifo_user`); without a lock file the owner of the FIFO.
    let hostUser: uid_t

    /// What the system writes in one piece; POSIX's PIPE_BUF on Linux.
    private static let atomicSize = 4096

    /// Opens the FIFO without waiting for a reader.
    init(path: String) throws(ManagementClientError) {
        let descriptor = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.openError(errno, path: path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.isFIFO else {
            close(descriptor)
            throw .notAFIFO(path: path, found: status.kindName)
        }
        self.path = path
        self.descriptor = descriptor
        self.status = status
        var lock = stat()
        hostUser =
            lstat(path + ".lock", &lock) == 0 && lock.st_mode & S_IFMT == S_IFREG
            ? lock.st_uid : status.st_uid
    }

    deinit { close(descriptor) }

    /// Writes the request; other clients' bytes neither cut nor join it.
    ///
    /// Small requests share the lock and large ones hold it alone, so that no small one lands in the middle of a large one.
    func send(_ request: [UInt8], deadline: inout Deadline) throws(ManagementClientError) {
        try lock(request.count <= Self.atomicSize ? LOCK_SH : LOCK_EX, deadline: deadline)
        defer { flock(descriptor, LOCK_UN) }
        var sent = 0
        while sent < request.count {
            let written = request.withUnsafeBytes { bytes in
                withoutPipeSignal {
                    write(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent)
                }
            }
            if written > 0 {
                sent += written
                deadline.progress()
                continue
            }
            switch errno {
            case EAGAIN: try waitForRoom(deadline: deadline)
            case EINTR: if SignalCleanup.takeInterrupt() { throw .interrupted }
            case EPIPE: throw .hostWentAway(path: path)
            case let code: throw .system(call: "write", path: path, reason: errorText(code))
            }
        }
    }

    /// Takes the lock; it cannot be waited for with a time limit, so it is asked for again and again.
    private func lock(_ kind: CInt, deadline: Deadline) throws(ManagementClientError) {
        var pause: Int32 = 1
        while flock(descriptor, kind | LOCK_NB) != 0 {
            switch errno {
            case EWOULDBLOCK, EINTR: break
            case let code: throw .system(call: "flock", path: path, reason: errorText(code))
            }
            if SignalCleanup.takeInterrupt() { throw .interrupted }
            if deadline.hasPassed { throw .notAccepted(path: path, seconds: deadline.seconds) }
            _ = poll(nil, 0, pause)
            pause = min(pause * 2, 20)
        }
    }

    private func waitForRoom(deadline: Deadline) throws(ManagementClientError) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let ready = poll(&entry, 1, deadline.pollTimeout)
        if ready == 0 { throw .notAccepted(path: path, seconds: deadline.seconds) }
        if ready < 0, errno == EINTR, SignalCleanup.takeInterrupt() { throw .interrupted }
    }

    private static func openError(_ code: CInt, path: String) -> ManagementClientError {
        var status = stat()
        let known = stat(path, &status) == 0
        switch code {
        case ENOENT: return .missing(path: path)
        case ENXIO, EISDIR:
            return known && !status.isFIFO
                ? .notAFIFO(path: path, found: status.kindName) : .noReader(path: path)
        case EACCES, EPERM:
            guard known else { return .system(call: "open", path: path, reason: errorText(code)) }
            return .notPermitted(
                path: path, owner: userName(status.st_uid), group: groupName(status.st_gid),
                mode: status.permissions
            )
        default: return .system(call: "open", path: path, reason: errorText(code))
        }
    }
}

/// Runs `body` so that writing to a pipe without readers fails with EPIPE and ends nobody.
private func withoutPipeSignal(_ body: () -> Int) -> Int {
    var pipeOnly = sigset_t()
    sigemptyset(&pipeOnly)
    sigaddset(&pipeOnly, SIGPIPE)
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, &pipeOnly, &before)
    let result = body()
    let code = errno
    if result < 0, code == EPIPE, sigismember(&before, SIGPIPE) == 0 {
        var noWait = timespec()
        _ = sigtimedwait(&pipeOnly, nil, &noWait)
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    errno = code
    return result
}
