// Words for what the system reports as numbers: error codes, file modes, users and groups.

import Glibc

/// The text of an error number, such as "No such file or directory".
func errorText(_ code: CInt) -> String {
    // glibc keeps the buffer per thread since 2.32.
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
}

/// The name of a user, or the number where the system knows no name.
func userName(_ id: uid_t) -> String {
    name(String(id)) { buffer, size in
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        guard getpwuid_r(id, &entry, buffer, size, &found) == 0, found != nil, let name = entry.pw_name else {
            return nil
        }
        return String(cString: name)
    }
}

/// The name of a group, or the number where the system knows no name.
func groupName(_ id: gid_t) -> String {
    name(String(id)) { buffer, size in
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        guard getgrgid_r(id, &entry, buffer, size, &found) == 0, found != nil, let name = entry.gr_name else {
            return nil
        }
        return String(cString: name)
    }
}

private func name(
    _ fallback: String, lookUp: (UnsafeMutablePointer<CChar>, Int) -> String?
) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16384) { buffer in
        buffer.baseAddress.flatMap { lookUp($0, buffer.count) } ?? fallback
    }
}

extension stat {
    var isFIFO: Bool { st_mode & S_IFMT == S_IFIFO }

    /// What kind of file this is, with its article.
    var kindName: String {
        switch st_mode & S_IFMT {
        case S_IFIFO: "a FIFO"
        case S_IFREG: "a regular file"
        case S_IFDIR: "a directory"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        default: "no FIFO"
        }
    }

    /// The permission bits as four octal digits: `0660`.
    var permissions: String {
        let digits = String(st_mode & 0o7777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
