// The system calls of the store, each retried when a signal interrupts it, and the words for what they refuse.
import Glibc
import ModuleABI
import ModuleKit

/// Why the operating system refused a call: its errno.
struct SystemError: Error {
    var number: Int32

    /// The errno of the call that just failed on this thread.
    static var last: SystemError { SystemError(number: errno) }

    /// The system's own words, such as "No space left on device".
    var reason: String {
        // glibc's texts are constants, so this is safe on every thread.
        strerror(number).map { String(cString: $0) } ?? "error \(number)"
    }

    /// The code of the ABI: `MH_E_NO_SPACE` when waiting can help, else `MH_E_IO`.
    var code: Int32 { number == ENOSPC || number == EDQUOT ? MH_E_NO_SPACE : MH_E_IO }

    /// What an operator can do about it, to be put after the reason.
    var advice: String {
        switch number {
        case ENOSPC, EDQUOT: "free some space, the next insert tries again"
        case EMFILE, ENFILE: "raise the limit of open files (LimitNOFILE, ulimit -n)"
        case EACCES, EPERM: "let the host's user write there (chown, chmod)"
        case EROFS: "mount the file system writable, or name another directory"
        case ENOENT, ENOTDIR: "create the directory again, the next insert tries again"
        default: "the next insert tries again"
        }
    }

    /// A failure in one sentence: what could not be done, why, and what to do.
    func failure(_ what: String) -> ModuleFailure { ModuleFailure(code, "\(what): \(reason); \(advice)") }
}

enum SystemCall {
    /// Runs a call until no signal interrupts it; a negative answer is thrown as its errno.
    @discardableResult
    static func retrying(_ call: () -> Int32) throws(SystemError) -> Int32 {
        while true {
            let answer = call()
            if answer >= 0 { return answer }
            if errno != EINTR { throw SystemError.last }
        }
    }

    static func status(of descriptor: Int32) throws(SystemError) -> stat {
        var status = stat()
        try retrying { fstat(descriptor, &status) }
        return status
    }

    static func status(at path: String) throws(SystemError) -> stat {
        var status = stat()
        try retrying { stat(path, &status) }
        return status
    }

    /// Reads the bytes from one offset to another, fewer when the file ends before.
    static func bytes(of descriptor: Int32, from: Int, to: Int) throws(SystemError) -> [UInt8] {
        guard to > from else { return [] }
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: to - from) { buffer, done in
            while done < to - from {
                let count = pread(
                    descriptor, buffer.baseAddress.map { $0 + done }, to - from - done, off_t(from + done))
                if count == 0 { break }
                if count > 0 {
                    done += count
                } else if errno != EINTR {
                    failure = SystemError.last
                    break
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Makes the name of a new file safe from a power loss.
    static func syncDirectory(_ path: String) throws(SystemError) {
        let descriptor = try retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { close(descriptor) }
        try retrying { fsync(descriptor) }
    }
}

extension stat {
    var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }

    /// The kind of file in words.
    var kind: String {
        switch st_mode & S_IFMT {
        case S_IFREG: "a regular file"
        case S_IFDIR: "a directory"
        case S_IFCHR: "a character device"
        case S_IFBLK: "a block device"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        default: "of an unknown kind"
        }
    }
}

/// Runs system calls for one purpose: what they refuse becomes a failure that begins with `what`.
@discardableResult
func attempt<Result>(
    _ what: @autoclosure () -> String, _ body: () throws(SystemError) -> Result
) throws(ModuleFailure) -> Result {
    do throws(SystemError) {
        return try body()
    } catch {
        throw error.failure(what())
    }
}
