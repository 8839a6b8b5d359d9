import Glibc
import TestSupport

/// A client that sends requests as datagrams and waits for theirs. One thread at a time.
final class DatagramClient {
    private let descriptor: CInt
    private let path: String?

    /// Binds to a path of its own, to which answers come, and sends to the socket of another path.
    init(at path: String, to server: String) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.path = path
        guard descriptor >= 0 else { throw TestFailure("socket: \(errno)") }
        var own = try Self.address(path)
        var other = try Self.address(server)
        try Self.call("bind \(path)") {
            withUnsafeBytes(of: &own) {
                bind(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
            }
        }
        try Self.call("connect \(server)") {
            withUnsafeBytes(of: &other) {
                connect(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
            }
        }
    }

    /// Sends to a port of 127.0.0.1.
    init(port: UInt16) throws {
        descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        path = nil
        guard descriptor >= 0 else { throw TestFailure("socket: \(errno)") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        try Self.call("connect to port \(port)") {
            withUnsafeBytes(of: &address) {
                connect(descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
            }
        }
    }

    deinit {
        close(descriptor)
        if let path { unlink(path) }
    }

    private static func address(_ path: String) throws -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw TestFailure("\(path) is too long for a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return address
    }

    private static func call(_ what: String, _ body: () -> CInt) throws {
        guard body() == 0 else { throw TestFailure("\(what): \(String(cString: strerror(errno)))") }
    }

    func send(_ text: String) throws {
        var text = text
        let count = text.withUTF8 { Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
        guard count >= 0 else { throw TestFailure("send: \(String(cString: strerror(errno)))") }
    }

    /// The next datagram; throws when none comes.
    func receive(within time: Duration = .seconds(30)) throws -> String {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, CInt(clamping: time.components.seconds * 1000)) == 1 else {
            throw TestFailure("no datagram comes within \(time)")
        }
        var buffer = [UInt8](repeating: 0, count: 300_000)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else { throw TestFailure("recv: \(String(cString: strerror(errno)))") }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}
