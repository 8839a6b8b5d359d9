// The FIFO that clients write requests into, as a file: made with its mode, recognised by device and inode,
// removed by its maker only.

import Glibc
import ModuleABI
import ModuleKit

/// A request FIFO in its place. The value keeps a descriptor of its own, so that no other file can get the
/// same inode.
final class RequestFIFO: Sendable {
    /// Owner and mode that the FIFO is to have; nil: as the system gives it.
    struct Access {
        var mode: mode_t
        var user: uid_t?
        var group: gid_t?
    }

    let path: String
    /// Open for reading and writing, so that no client's close means end of file. Closed with the value.
    let descriptor: Int32
    private let identity: stat

    /// The pipe's capacity where the system allows it, bytes.
    private static let capacity = 1 << 20
    /// F_SETPIPE_SZ of <linux/fcntl.h>.
    private static let setPipeSize: Int32 = 1031
    /// O_NOATIME of <asm-generic/fcntl.h>: nobody asks when the FIFO was last read, and to note it costs a disk's journal an
    /// entry for each request. Only the file's owner may ask for it, and others do without.
    static let noAccessTime: Int32 = 0o1000000

    /// Makes the FIFO, in place of one that a dead host left; the caller holds the lock.
    ///
    /// It is made under a name that nobody knows, gets its owner and mode there, and is then put in its
    /// place: at no moment can it be opened by somebody who may not.
    init(path: String, access: Access) throws(ModuleFailure) {
        self.path = path
        let (directory, name) = Self.split(path)
        var random = SystemRandomNumberGenerator()
        let temporary = "\(directory)/.\(name).\(getpid()).\(String(random.next(), radix: 36))"
        guard mkfifo(temporary, 0o600) == 0 else {
            throw systemFailure(
                "cannot make a FIFO in \(directory)", errno,
                errno == ENOENT
                    ? "make the directory or correct fifo_name" : "check the directory's owner and mode")
        }
        var isPlaced = false
        defer { if !isPlaced { unlink(temporary) } }
        let flags = O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC
        var descriptor = retrying { open(temporary, flags | Self.noAccessTime) }
        if descriptor < 0, errno == EPERM { descriptor = retrying { open(temporary, flags) } }
        guard descriptor >= 0 else { throw systemFailure("cannot open the FIFO \(temporary)", errno) }
        do throws(ModuleFailure) {
            identity = try Self.prepare(descriptor, access, path)
            try Self.place(temporary, at: path)
        } catch {
            close(descriptor)
            throw error
        }
        isPlaced = true
        _ = fcntl(descriptor, Self.setPipeSize, Int32(Self.capacity))
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Another descriptor of the FIFO, to hand to the host.
    func duplicate() throws(ModuleFailure) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw systemFailure("cannot duplicate the descriptor of \(path)", errno) }
        return copy
    }

    /// Whether the file at the path is this FIFO.
    var isInPlace: Bool {
        var there = stat()
        return lstat(path, &there) == 0 && there.st_dev == identity.st_dev && there.st_ino == identity.st_ino
    }

    /// Removes the file if it is this FIFO.
    func remove() {
        if isInPlace { unlink(path) }
    }

    /// How many bytes wait to be read.
    var pendingBytes: Int {
        var count: Int32 = 0
        return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// Reads what is there without waiting; nil when nothing is.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let count = retrying { Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
        return count > 0 ? count : nil
    }

    /// A warning when the directory is one where the kernel keeps other users from opening FIFOs
    /// (fs.protected_fifos).
    static func directoryWarning(_ path: String) -> String? {
        let directory = split(path).directory
        var status = stat()
        guard stat(directory, &status) == 0 else { return nil }
        guard status.st_mode & S_ISVTX != 0, status.st_mode & (S_IWOTH | S_IWGRP) != 0 else { return nil }
        return
            "the FIFO stands in \(directory), which is sticky and writable by others: with fs.protected_fifos other users "
            + "may be kept from opening it, and anybody may fill its place; a directory of the host's own, such as run_dir, is better"
    }

    /// The directory of a path, without a trailing slash but for the root, and the last name.
    static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = path[..<slash]
        return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
    }

    private static func prepare(_ descriptor: Int32, _ access: Access, _ path: String) throws(ModuleFailure)
        -> stat
    {
        if access.user != nil || access.group != nil {
            guard fchown(descriptor, access.user ?? uid_t.max, access.group ?? gid_t.max) == 0 else {
                throw systemFailure(
                    "cannot give the FIFO \(path) to user \(access.user.map(String.init) ?? "-"), group \(access.group.map(String.init) ?? "-")",
                    errno,
                    "run the host as root or as a member of that group, or leave fifo_user and fifo_group out"
                )
            }
        }
        guard fchmod(descriptor, access.mode) == 0 else {
            throw systemFailure("cannot set the mode of the FIFO \(path)", errno)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, fileType(status) == S_IFIFO else {
            throw ModuleFailure(
                MH_E_IO,
                "the FIFO \(path) was replaced while it was made; check who may write to its directory")
        }
        return status
    }

    private static func place(_ temporary: String, at path: String) throws(ModuleFailure) {
        for _ in 0..<16 {
            var there = stat()
            if lstat(path, &there) == 0 {
                guard fileType(there) == S_IFIFO else {
                    throw ModuleFailure(
                        MH_E_EXISTS,
                        "found \(kind(there)) at \(path), expected nothing or a FIFO; remove it or set fifo_name to another place"
                    )
                }
                // Left by a host that has died: nobody holds the lock.
                unlink(path)
            }
            // link(2) never replaces anything. Where it is not allowed (file systems without links, or a FIFO
            // already given to another user under fs.protected_hardlinks), rename(2) has to do.
            if link(temporary, path) == 0 {
                unlink(temporary)
                return
            }
            if errno != EEXIST, rename(temporary, path) == 0 { return }
            guard errno == EEXIST else { throw systemFailure("cannot put the FIFO at \(path)", errno) }
        }
        throw ModuleFailure(
            MH_E_EXISTS, "cannot put the FIFO at \(path): somebody makes files there all the time")
    }

    private static func kind(_ status: stat) -> String {
        switch fileType(status) {
        case S_IFREG: "a regular file"
        case S_IFDIR: "a directory"
        case S_IFLNK: "a symbolic link"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }
}
