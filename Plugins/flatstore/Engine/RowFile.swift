// The file of one slot as the operating system sees it: opening it so that it ends in a whole row, and appending whole
// rows or nothing.
import Glibc
import ModuleABI
import ModuleKit

/// A row file that was just opened; the descriptor is the caller's to close.
struct RowFile {
    var descriptor: Int32
    /// False for a character device such as /dev/null.
    var isRegular: Bool
    /// What was wrong with the end of the file and what was done about it; empty when it was in order.
    var repair = ""

    /// How far back from the end of a file the last whole row is looked for, bytes.
    static let searchLimit = 1 << 20

    /// Opens a file for appending, makes it when it is missing, and cuts back a torn last row, as a power loss leaves one.
    ///
    /// The descriptor holds an exclusive `flock`: two hosts that append to one file would cut back each other's rows.
    /// `syncingName` makes the name of a new file safe from a power loss.
    static func open(
        _ path: String, mode: UInt32, recordDelimiter: [UInt8], syncingName: Bool
    ) throws(ModuleFailure) -> RowFile {
        let (descriptor, isNew) = try attempt("cannot open \(path)") { () throws(SystemError) in
            try openOrCreate(path, mode: mode)
        }
        do throws(ModuleFailure) {
            let status = try attempt("cannot look at \(path)") { () throws(SystemError) in
                try SystemCall.status(of: descriptor)
            }
            guard status.isRegular else {
                if status.st_mode & S_IFMT == S_IFCHR {
                    return RowFile(descriptor: descriptor, isRegular: false)
                }
                throw ModuleFailure(
                    MH_E_INVALID, "\(path) is \(status.kind), expected a regular file; move it out of the way"
                )
            }
            try lock(descriptor, path)
            if syncingName {
                // One that is not new too: a host that was killed may have made it and come no further.
                try attempt("cannot make the name of \(path) safe on disk") { () throws(SystemError) in
                    try syncName(of: path, isNew: isNew)
                }
            }
            let repair = try attempt("cannot mend the end of \(path)") { () throws(SystemError) in
                try mendEnd(descriptor, recordDelimiter)
            }
            return RowFile(descriptor: descriptor, isRegular: true, repair: repair)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Makes the name of a file safe; takes that of a new, empty one away again when that fails, so that the next try begins anew.
    private static func syncName(of path: String, isNew: Bool) throws(SystemError) {
        do throws(SystemError) {
            try SystemCall.syncDirectory(directory(of: path))
        } catch {
            if isNew { unlink(path) }
            throw error
        }
    }

    private static func openOrCreate(
        _ path: String, mode: UInt32
    ) throws(SystemError) -> (descriptor: Int32, isNew: Bool) {
        // Not waiting: a FIFO of that name would hold up the row until somebody reads it.
        let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        do throws(SystemError) {
            return (try SystemCall.retrying { Glibc.open(path, flags) }, false)
        } catch {
            guard error.number == ENOENT else { throw error }
        }
        do throws(SystemError) {
            let descriptor = try SystemCall.retrying { Glibc.open(path, flags | O_CREAT | O_EXCL, mode) }
            // The mode is what the operator asked for, whatever the umask; a file system without modes may refuse.
            _ = fchmod(descriptor, mode)
            return (descriptor, true)
        } catch {
            guard error.number == EEXIST else { throw error }
        }
        // A link that leads nowhere yet: make what it points at.
        return (try SystemCall.retrying { Glibc.open(path, flags | O_CREAT, mode) }, true)
    }

    /// Takes the lock that keeps a second host off a file.
    static func lock(_ descriptor: Int32, _ path: String) throws(ModuleFailure) {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { throw SystemError.last.failure("cannot lock \(path)") }
            throw ModuleFailure(
                MH_E_BUSY,
                "\(path) is being written by another process; give each host a directory or a file_prefix of its own"
            )
        }
    }

    /// Lets go of the lock and closes. A child that another thread is starting may hold a copy of the descriptor until it
    /// runs its program; closing alone would leave the file locked that long.
    static func close(_ descriptor: Int32) {
        flock(descriptor, LOCK_UN)
        Glibc.close(descriptor)
    }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    // MARK: The end of the file

    /// Cuts a torn last row; returns what was done, empty when the file ends in a whole row.
    private static func mendEnd(_ descriptor: Int32, _ recordDelimiter: [UInt8]) throws(SystemError) -> String {
        let size = Int(try SystemCall.status(of: descriptor).st_size)
        guard size > 0 else { return "" }
        let length = recordDelimiter.count
        var tail = try SystemCall.bytes(of: descriptor, from: max(0, size - length), to: size)
        if tail == recordDelimiter { return "" }
        // A file that was written with "\n" under another setting ends in order too: start a new row after it.
        if tail.last != UInt8(ascii: "\n") || recordDelimiter.last == UInt8(ascii: "\n") {
            var start = size
            var limit = max(0, size - searchLimit)
            // Zeros are what a loss of power makes of rows that did not get to the disk: no row has them at its end.
            var isZero = true
            while start > limit {
                let next = max(limit, start - 64 * 1024)
                // A step reaches over the one before it, for a delimiter that lies across the two.
                tail = try SystemCall.bytes(of: descriptor, from: next, to: min(size, start + length - 1))
                isZero = isZero && tail.allSatisfy { $0 == 0 }
                if isZero { limit = max(0, next - searchLimit) }
                if let found = lastIndex(of: recordDelimiter, in: tail) {
                    let whole = next + found + length
                    try SystemCall.retrying { ftruncate(descriptor, off_t(whole)) }
                    return "it ended in a torn row: cut \(size - whole) bytes, from offset \(whole)"
                }
                start = next
            }
            if isZero {
                try SystemCall.retrying { ftruncate(descriptor, 0) }
                return "it held nothing but \(size) zeros, as a loss of power leaves them: cut"
            }
        }
        let error = recordDelimiter.withUnsafeBytes { append($0, to: descriptor, isRegular: true) }
        if let error { throw error.error }
        return
            "its last \(min(size, searchLimit)) bytes hold no record delimiter at their end: left as they are, "
            + "started a new row after them"
    }

    private static func lastIndex(of delimiter: [UInt8], in bytes: [UInt8]) -> Int? {
        var index = bytes.count - delimiter.count
        while index >= 0 {
            if bytes[index] == delimiter[0], delimiter.count == 1 || bytes[index + 1] == delimiter[1] {
                return index
            }
            index -= 1
        }
        return nil
    }

    // MARK: Appending

    /// Why nothing was appended.
    struct Refusal {
        var error: SystemError
        /// False when a part of the bytes is in the file and could not be cut off: close the file, opening it mends its end.
        var isCutBack = true
    }

    /// Appends all of the bytes, of which `done` are written already, or none: after an error the file is cut back to where it was.
    static func append(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, isRegular: Bool, done: Int = 0
    ) -> Refusal? {
        guard let base = bytes.baseAddress else { return nil }
        var done = done
        while done < bytes.count {
            let count = write(descriptor, base + done, bytes.count - done)
            if count > 0 {
                done += count
                continue
            }
            // A write that takes nothing and reports nothing must not spin.
            let error = count == 0 ? SystemError(number: EIO) : SystemError.last
            if error.number == EINTR { continue }
            return Refusal(error: error, isCutBack: done == 0 || (isRegular && cutBack(descriptor, by: done)))
        }
        return nil
    }

    /// Takes the last `count` bytes off a file to which nobody else appends; false when that fails.
    static func cutBack(_ descriptor: Int32, by count: Int) -> Bool {
        do throws(SystemError) {
            // The size is asked for now: logrotate's copytruncate may have emptied the file meanwhile.
            let size = Int(try SystemCall.status(of: descriptor).st_size)
            try SystemCall.retrying { ftruncate(descriptor, off_t(max(0, size - count))) }
            return true
        } catch {
            return false
        }
    }
}
