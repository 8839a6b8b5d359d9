// The lock beside the FIFO, by which one host knows of another. It is held for as long as the value lives.

import Glibc
import ModuleABI
import ModuleKit

/// `<fifo>.lock`, locked with flock(2); it holds the owner's process id.
final class LockFile: Sendable {
    let path: String
    private let descriptor: Int32

    /// Takes the lock, or says who has it.
    init(fifo: String) throws(ModuleFailure) {
        let path = fifo + ".lock"
        self.path = path
        // Another host may remove its lock file between our open and our lock: then it is made anew.
        for _ in 0..<16 {
            let descriptor = retrying { open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644) }
            guard descriptor >= 0 else {
                throw systemFailure(
                    "cannot open the lock file \(path)", errno,
                    errno == ENOENT
                        ? "make the directory or correct fifo_name" : "check the directory's owner and mode")
            }
            if retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) != 0 {
                let code = errno
                defer { close(descriptor) }
                guard code == EWOULDBLOCK else { throw systemFailure("cannot lock \(path)", code) }
                throw ModuleFailure(
                    MH_E_BUSY,
                    "the FIFO \(fifo) is served by another host (\(Self.holder(descriptor))); stop that one, or set fifo_name or run_dir to another place"
                )
            }
            if LockFile.sameFile(descriptor, path) {
                self.descriptor = descriptor
                writeProcessID()
                return
            }
            close(descriptor)
        }
        throw ModuleFailure(
            MH_E_BUSY, "cannot lock \(path): it is being replaced all the time; stop the other host")
    }

    /// Whether the file at the path is still the one that is locked.
    var isInPlace: Bool { Self.sameFile(descriptor, path) }

    /// Removes the file if it is still ours.
    func remove() {
        if isInPlace { unlink(path) }
    }

    deinit { close(descriptor) }

    private func writeProcessID() {
        let text = Array("\(getpid())\n".utf8)
        // For the message of a second host only; nothing depends on it.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
    }

    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(count, 0)).prefix {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        return digits.isEmpty
            ? "its process is not known" : "process " + String(decoding: digits, as: UTF8.self)
    }

    private static func sameFile(_ descriptor: Int32, _ path: String) -> Bool {
        var ours = stat()
        var there = stat()
        return fstat(descriptor, &ours) == 0 && lstat(path, &there) == 0 && ours.st_dev == there.st_dev
            && ours.st_ino == there.st_ino
    }
}
