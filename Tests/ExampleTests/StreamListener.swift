import Glibc
import TestSupport

/// A listening UNIX socket, for modules that connect. One thread at a time.
final class StreamListener {
    private let descriptor: CInt
    private let path: String

    init(unix path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: \(errno)") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw TestFailure("\(path) is too long for a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafeBytes(of: &address) {
            bind(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        guard bound == 0, listen(descriptor, 8) == 0 else {
            throw TestFailure("\(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// The next connection; throws when none comes.
    func accept(within time: Duration = .seconds(30)) throws -> Connection {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, CInt(clamping: time.components.seconds * 1000)) == 1 else {
            throw TestFailure("nobody connects within \(time)")
        }
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw TestFailure("accept: \(String(cString: strerror(errno)))") }
        return Connection(accepted)
    }

    /// What a module writes into its connection.
    final class Connection {
        private let descriptor: CInt
        private var received: [UInt8] = []

        fileprivate init(_ descriptor: CInt) { self.descriptor = descriptor }

        deinit { close(descriptor) }

        /// The next line without its end; nil at the end of the connection.
        func readLine() throws -> String? {
            while true {
                if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { received.removeSubrange(...end) }
                    return String(decoding: received[..<end], as: UTF8.self)
                }
                guard try receive() else { return nil }
            }
        }

        /// Everything up to the end of the connection.
        func readToEnd() throws -> String {
            while try receive() {}
            defer { received = [] }
            return String(decoding: received, as: UTF8.self)
        }

        private func receive() throws -> Bool {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 30_000) == 1 else { throw TestFailure("nothing comes for half a minute") }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw TestFailure("read: \(String(cString: strerror(errno)))") }
            received += buffer.prefix(count)
            return count > 0
        }
    }
}
