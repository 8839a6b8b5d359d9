// The few file operations that making a project takes; a failure names the path and the system's reason.

import Glibc

enum Files {
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a directory but `.` and `..`, sorted.
    static func names(in path: String) throws(TemplateError) -> [String] {
        guard let directory = opendir(path) else { throw failure("cannot be read", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The paths of the files below a directory, relative to it, sorted.
    static func tree(_ path: String) throws(TemplateError) -> [String] {
        var files: [String] = []
        for name in try names(in: path) {
            if isDirectory("\(path)/\(name)") {
                for file in try tree("\(path)/\(name)") { files.append("\(name)/\(file)") }
            } else {
                files.append(name)
            }
        }
        return files
    }

    /// The content of a file.
    static func read(_ path: String) throws(TemplateError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot be read", path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            if count > 0 {
                bytes += buffer[..<count]
            } else if errno != EINTR {
                throw failure("cannot be read", path)
            }
        }
    }

    /// Makes a file that is not there yet.
    static func create(_ path: String, _ text: String) throws(TemplateError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure("cannot be made", path) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                let failed = failure("cannot be written", path)
                close(descriptor)
                throw failed
            }
        }
        // Where the file lies on a network, this is the first to hear that it is full.
        guard close(descriptor) == 0 else { throw failure("cannot be written", path) }
    }

    /// Makes a directory; false when it is there.
    static func createDirectory(_ path: String) throws(TemplateError) -> Bool {
        if mkdir(path, 0o777) == 0 { return true }
        guard errno == EEXIST, isDirectory(path) else { throw failure("cannot be made", path) }
        return false
    }

    private static func failure(_ what: String, _ path: String) -> TemplateError {
        TemplateError("\(path) \(what): \(String(cString: strerror(errno)))")
    }
}
