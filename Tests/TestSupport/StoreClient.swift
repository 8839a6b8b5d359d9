import Glibc

/// A record of timestore, as tests write and compare it.
public struct TimedRecord: Equatable, Sendable, CustomStringConvertible {
    public var time: UInt32
    public var value: Float

    public init(_ time: UInt32, _ value: Float = 0) {
        self.time = time
        self.value = value
    }

    public var description: String { "\(time)=\(value)" }
}

/// The bytes of the protocol, made and read here from the reference alone, without the engine's code.
public enum StoreWire {
    public static func word(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

    public static func record(_ record: TimedRecord) -> [UInt8] { word(record.time) + word(record.value.bitPattern) }

    public static func request(_ type: UInt32, _ uuid: String, _ count: UInt32, _ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        let name = Array(uuid.utf8.prefix(40))
        return word(type) + name + [UInt8](repeating: 0, count: 40 - name.count) + word(count) + a + b
    }

    public static func get(_ uuid: String, _ start: UInt32, _ end: UInt32) -> [UInt8] {
        request(1, uuid, 0, word(start), word(end))
    }

    /// The PUT of some records; of one record in the request itself.
    public static func put(_ uuid: String, _ records: [TimedRecord]) -> [UInt8] {
        if records.count == 1 {
            return request(2, uuid, 1, word(records[0].time), word(records[0].value.bitPattern))
        }
        // What stands in the two fields is ignored.
        return request(2, uuid, UInt32(records.count), word(77), word(77)) + records.flatMap(record)
    }

    /// A file as the old server writes it.
    public static func file(_ records: [TimedRecord]) -> [UInt8] {
        word(records.first?.time ?? 0) + word(records.last?.time ?? 0) + records.flatMap(record)
    }

    public static func records(_ bytes: [UInt8]) -> [TimedRecord] {
        func number(_ offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) } }
        return stride(from: 0, to: bytes.count / 8 * 8, by: 8).map {
            TimedRecord(number($0), Float(bitPattern: number($0 + 4)))
        }
    }

    public static let failure = UInt32.max
}

/// A client of timestore. One thread at a time.
public final class StoreClient {
    private let descriptor: CInt

    /// Connects to a TCP port of 127.0.0.1.
    public init(port: UInt16) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        descriptor = try Self.connect(AF_INET, &address, to: "port \(port)")
        var one: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
    }

    /// Connects to a UNIX socket.
    public init(unix path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < room else { throw TestFailure("\(path) is too long for a socket") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        descriptor = try Self.connect(AF_UNIX, &address, to: path)
    }

    private static func connect<Address>(_ family: CInt, _ address: inout Address, to name: String) throws -> CInt {
        signal(SIGPIPE, SIG_IGN)
        let descriptor = socket(family, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: \(systemText(errno))") }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafeBytes(of: &address) { raw in
            Glibc.connect(
                descriptor, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
        guard status == 0 else {
            let text = systemText(errno)
            close(descriptor)
            throw TestFailure("cannot connect to \(name): \(text)")
        }
        return descriptor
    }

    deinit { close(descriptor) }

    public func send(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw TestFailure("the store takes no more bytes: errno \(errno)") }
            done += count
        }
    }

    /// Sends what is taken at once; how many bytes that was.
    public func sendSome(_ bytes: [UInt8]) -> Int {
        max(0, bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT)) })
    }

    public func halfClose() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// Exactly so many bytes; throws when the store closes before or takes half a minute.
    public func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress.map { $0 + done }, count - done, 0) }
            // With a time limit no call is begun anew by itself, whatever the signal.
            if got < 0, errno == EINTR { continue }
            guard got > 0 else {
                throw TestFailure(
                    "the store sent \(done) bytes of \(count), then \(got == 0 ? "closed" : systemText(errno))")
            }
            done += got
        }
        return bytes
    }

    public func number() throws -> UInt32 {
        try read(4).enumerated().reduce(0) { $0 | UInt32($1.element) << (8 * $1.offset) }
    }

    public func records() throws -> [TimedRecord] {
        let count = try number()
        guard count != StoreWire.failure else { throw TestFailure("the store answers 0xFFFFFFFF to a GET") }
        return StoreWire.records(try read(Int(count) * 8))
    }

    /// Whether the store has closed the connection; waits for it.
    public func isClosedByStore() -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) <= 0 && errno != EAGAIN
    }

    @discardableResult
    public func put(_ uuid: String, _ records: [TimedRecord]) throws -> UInt32 {
        try send(StoreWire.put(uuid, records))
        return try number()
    }

    public func get(_ uuid: String, _ start: UInt32 = 0, _ end: UInt32 = .max) throws -> [TimedRecord] {
        try send(StoreWire.get(uuid, start, end))
        return try records()
    }
}
