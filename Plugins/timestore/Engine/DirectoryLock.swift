import Glibc
import ModuleABI
import ModuleKit

/// The lock on a data directory, by which one host knows of another; it also remembers whether the last host came to an orderly end.
final class DirectoryLock: Sendable {
    static let name = ".timestore.lock"
    private static let clean = "clean"

    private let file: OpenFile
    /// When the last host started, seconds since 1970, if it did not come to an orderly end; nil after an orderly one.
    let crashedSince: Int?

    /// Takes the lock, or says who has it.
    init(_ directory: String) throws(ModuleFailure) {
        let path = "\(directory)/\(Self.name)"
        let file: OpenFile
        do throws(SystemError) {
            file = OpenFile(try SystemCall.retrying { open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644) })
        } catch {
            throw error.failure("data_directory \(directory): its lock file \(path) cannot be opened")
        }
        self.file = file
        var content = ""
        do throws(SystemError) {
            content = String(decoding: try SystemCall.bytes(file.descriptor, at: 0, count: 64), as: UTF8.self)
            try SystemCall.retrying { flock(file.descriptor, LOCK_EX | LOCK_NB) }
            let started = try SystemCall.status(of: file.descriptor).st_mtim.tv_sec
            crashedSince = content.isEmpty || content.hasPrefix(Self.clean) ? nil : started
        } catch {
            guard error.number == EWOULDBLOCK else {
                throw error.failure("data_directory \(directory): it cannot be locked")
            }
            let holder = content.prefix { $0.isNumber }
            throw ModuleFailure(
                MH_E_BUSY,
                "data_directory \(directory) is served by another host"
                    + (holder.isEmpty ? "" : " (process \(holder))") + "; stop that one, or name another directory")
        }
        write("\(getpid())\n")
    }

    /// Notes that all is written and in order.
    func markClean() { write("\(Self.clean)\n") }

    private func write(_ text: String) {
        // Only a hint for the next start: without it the files are looked at when they are first touched.
        let bytes = Array(text.utf8)
        if ftruncate(file.descriptor, 0) == 0 { _ = pwrite(file.descriptor, bytes, bytes.count, 0) }
    }
}
