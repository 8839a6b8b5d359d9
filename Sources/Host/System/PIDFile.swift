import Glibc

/// The file that holds the process id while the host runs, locked so that a second host sees the first.
struct PIDFile {
    private let path: String
    private let descriptor: Int32

    init(_ path: String) throws(StartFailure) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StartFailure("the pid file \(path) cannot be written: \(systemText(errno))", status: 73)
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var buffer = [UInt8](repeating: 0, count: 32)
            let count = read(descriptor, &buffer, buffer.count)
            let holder = String(decoding: buffer.prefix(max(count, 0)).prefix { $0 != 0x0A }, as: UTF8.self)
            close(descriptor)
            throw StartFailure(
                "another modhost runs as process \(holder.isEmpty ? "?" : holder): it holds the pid file \(path)", status: 73
            )
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, write(descriptor, text, text.count) == text.count else {
            let reason = systemText(errno)
            close(descriptor)
            throw StartFailure("the pid file \(path) cannot be written: \(reason)", status: 73)
        }
    }

    func remove() {
        unlink(path)
        close(descriptor)
    }
}
