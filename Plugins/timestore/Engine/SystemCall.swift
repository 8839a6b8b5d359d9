// The system calls of the store, each retried when a signal interrupts it, and the words for what they refuse.
import Glibc
import ModuleABI
import ModuleKit

/// Why the operating system refused a call: its errno.
struct SystemError: Error, Equatable {
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
        case ENOSPC, EDQUOT: "free some space, the next request tries again"
        case EMFILE, ENFILE: "raise the limit of open files (LimitNOFILE, ulimit -n) or lower open_files"
        case EACCES, EPERM: "let the host's user read and write there (chown, chmod)"
        case EROFS: "mount the file system writable, or name another directory"
        default: "the next request tries again"
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

    /// Reads up to the end of the target or of the file; answers how many bytes that were.
    static func read(_ descriptor: Int32, _ target: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemError) -> Int
    {
        var done = 0
        while done < target.count, let base = target.baseAddress {
            let count = pread(descriptor, base + done, target.count - done, off_t(offset + done))
            if count == 0 { break }
            if count > 0 { done += count } else if errno != EINTR { throw SystemError.last }
        }
        return done
    }

    /// Reads bytes, fewer when the file ends before.
    static func bytes(_ descriptor: Int32, at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            do throws(SystemError) {
                done = try read(descriptor, UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Writes all of the bytes; when it throws, some of them may have been written.
    static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let count = pwrite(descriptor, base + done, bytes.count - done, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                throw SystemError(number: ENOSPC)
            } else if errno != EINTR {
                throw SystemError.last
            }
        }
    }

    /// Writes what stands in a directory to the disk: names of new files, renames.
    static func syncDirectory(_ path: String) throws(SystemError) {
        let descriptor = try retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { close(descriptor) }
        try retrying { fsync(descriptor) }
    }

    /// The names in a directory but "." and ".."; none when there is no such directory.
    static func names(in path: String) throws(SystemError) -> [String] {
        guard let stream = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw SystemError.last
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

extension stat {
    var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
}
