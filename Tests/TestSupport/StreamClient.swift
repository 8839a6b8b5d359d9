import Glibc

/// A client of a listening socket. One thread at a time.
public final class StreamClient {
    private let descriptor: CInt
    private var received: [UInt8] = []
    private var isEnded = false

    /// Connects to a UNIX socket.
    public init(unix path: String) throws {
        signal(SIGPIPE, SIG_IGN)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < room else { throw TestFailure("\(path) is too long for a socket") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        descriptor = try Self.connect(AF_UNIX, &address, to: path)
    }

    /// Connects to a TCP port of 127.0.0.1.
    public init(port: UInt16) throws {
        signal(SIGPIPE, SIG_IGN)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        descriptor = try Self.connect(AF_INET, &address, to: "127.0.0.1:\(port)")
    }

    private static func connect<Address>(
        _ family: CInt, _ address: inout Address, to name: String
    ) throws -> CInt {
        let descriptor = socket(family, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: \(systemText(errno))") }
        let status = withUnsafeBytes(of: &address) { raw in
            Glibc.connect(
                descriptor, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
        guard status == 0 else {
            let text = systemText(errno)
            Glibc.close(descriptor)
            throw TestFailure("cannot connect to \(name): \(text)")
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        return descriptor
    }

    deinit { close(descriptor) }

    /// Sends all; throws if the peer takes nothing for that long.
    public func send(_ bytes: [UInt8], within time: Duration = .seconds(30)) throws {
        try writeAll(bytes, to: descriptor, within: time)
    }

    public func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends what the peer takes at once; how many bytes that was.
    public func sendSome(_ bytes: [UInt8]) throws -> Int {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 { return count }
        guard errno == EAGAIN else { throw TestFailure("write: \(systemText(errno))") }
        return 0
    }

    /// Says that nothing more is sent; replies can still be read.
    public func halfClose() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// Makes the end of this client a reset (TCP), as of a machine that lost its power, not an orderly close.
    public func endsInReset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    /// The next line without its newline, nil at the end; throws if it does not come in time.
    public func readLine(within time: Duration = .seconds(30)) throws -> String? {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeSubrange(...end) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            guard !isEnded else {
                defer { received = [] }
                return received.isEmpty ? nil : String(decoding: received, as: UTF8.self)
            }
            try receive(within: time)
        }
    }

    /// Everything up to the peer's close; throws if nothing comes for that long.
    public func readToEnd(within time: Duration = .seconds(30)) throws -> String {
        while !isEnded { try receive(within: time) }
        defer { received = [] }
        return String(decoding: received, as: UTF8.self)
    }

    private func receive(within time: Duration) throws {
        guard try readiness(POLLIN, on: descriptor, until: ContinuousClock.now + time) != 0 else {
            throw TestFailure("nothing comes from the peer within \(time)")
        }
        guard let piece = try readPiece(descriptor, upTo: 65536) else {
            isEnded = true
            return
        }
        received += piece
    }
}
