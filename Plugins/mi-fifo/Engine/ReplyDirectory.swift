// Opens reply FIFOs: the one place where a name that a client wrote becomes a path.

import Glibc
import ModuleABI
import ModuleKit
import Synchronization

/// The directory of the reply FIFOs, and who may own one.
final class ReplyDirectory: Sendable {
    /// What opening a reply FIFO came to.
    enum Opening {
        /// Open for writing, non-blocking; the receiver closes it.
        case open(Int32)
        /// Nobody reads it yet.
        case noReader
        case refused(String)
    }

    /// Without a trailing slash, but for the root.
    let path: String
    /// A descriptor of the request FIFO, whose owner, group and mode say who may make requests. Borrowed.
    let requestFIFO: Atomic<Int32>
    private let knownMembers = Mutex<[uid_t: (isMember: Bool, until: Int64)]>([:])

    /// How long an answer of the user database counts, nanoseconds.
    private static let membershipLife: Int64 = 30_000_000_000

    /// The path with a slash at its end.
    private let prefix: [UInt8]
    /// The host's user. Not looked up anew: a host that changed its user could not keep its FIFO either.
    private let user = geteuid()

    init(path: String, requestFIFO: Int32) {
        self.path = path
        prefix = Array(path.utf8) + (path.hasSuffix("/") ? [] : [UInt8(ascii: "/")])
        self.requestFIFO = Atomic(requestFIFO)
    }

    func path(of name: ReplyName) -> String {
        path + (path == "/" ? "" : "/") + String(decoding: name.bytes, as: UTF8.self)
    }

    /// Opens a reply FIFO for writing, without waiting and without following links.
    ///
    /// It must be a FIFO with one link that belongs to the host's user, to root, or to a user who may write
    /// requests: else a client could have replies written into somebody else's FIFO. May look into the user
    /// database. Any thread.
    func open(_ name: ReplyName) -> Opening {
        let size = prefix.count + name.bytes.count
        let descriptor = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size + 1) { path -> Int32 in
            _ = path[..<prefix.count].update(fromContentsOf: prefix)
            _ = path[prefix.count..<size].update(fromContentsOf: name.bytes)
            path[size] = 0
            return path.withMemoryRebound(to: CChar.self) { text -> Int32 in
                guard let base = text.baseAddress else { return -1 }
                return retrying { Glibc.open(base, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC) }
            }
        }
        guard descriptor >= 0 else {
            let code = errno
            if code == ENXIO {
                var status = stat()
                let isFIFO = lstat(self.path(of: name), &status) == 0 && fileType(status) == S_IFIFO
                return isFIFO ? .noReader : .refused("is not a FIFO")
            }
            return .refused(code == ELOOP ? "is a symbolic link" : "cannot be opened: \(reason(code))")
        }
        if let problem = problem(with: descriptor) {
            close(descriptor)
            return .refused(problem)
        }
        return .open(descriptor)
    }

    private func problem(with descriptor: Int32) -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return "cannot be looked at: \(reason(errno))" }
        guard fileType(status) == S_IFIFO else { return "is not a FIFO" }
        guard status.st_nlink == 1 else { return "has \(status.st_nlink) links, expected 1" }
        if status.st_uid == user || status.st_uid == 0 || mayRequest(status.st_uid) { return nil }
        return "belongs to user \(status.st_uid), who may not write to the request FIFO"
    }

    /// Whether a user may write to the request FIFO, by its mode as it is now.
    private func mayRequest(_ user: uid_t) -> Bool {
        var status = stat()
        guard fstat(requestFIFO.load(ordering: .relaxed), &status) == 0 else { return false }
        if user == status.st_uid { return status.st_mode & S_IWUSR != 0 }
        if status.st_mode & (S_IWGRP | S_IWOTH) == S_IWGRP | S_IWOTH { return true }
        if status.st_mode & (S_IWGRP | S_IWOTH) == 0 { return false }
        let isMember = isMember(user, of: status.st_gid)
        return status.st_mode & (isMember ? S_IWGRP : S_IWOTH) != 0
    }

    private func isMember(_ user: uid_t, of group: gid_t) -> Bool {
        let now = monotonicNow()
        if let known = knownMembers.withLock({ $0[user] }), known.until > now { return known.isMember }
        let isMember = Accounts.groups(of: user)?.contains(group) ?? false
        knownMembers.withLock {
            if $0.count > 1000 { $0.removeAll() }
            $0[user] = (isMember, now + Self.membershipLife)
        }
        return isMember
    }
}
