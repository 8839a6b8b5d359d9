import Glibc
import TestSupport

/// A record as tests write and compare it.
struct Record: Equatable, CustomStringConvertible {
    var time: UInt32
    var value: Float

    init(_ time: UInt32, _ value: Float = 0) {
        self.time = time
        self.value = value
    }

    var description: String { "\(time)=\(value)" }
}

/// The bytes of the protocol, made and read here from the reference alone, without the engine's code.
enum Wire {
    static func word(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

    static func record(_ record: Record) -> [UInt8] { word(record.time) + word(record.value.bitPattern) }

    static func request(_ type: UInt32, _ uuid: String, _ count: UInt32, _ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        let name = Array(uuid.utf8.prefix(40))
        return word(type) + name + [UInt8](repeating: 0, count: 40 - name.count) + word(count) + a + b
    }

    static func get(_ uuid: String, _ start: UInt32, _ end: UInt32) -> [UInt8] {
        request(1, uuid, 0, word(start), word(end))
    }

    /// The PUT of some records; of one record in the request itself.
    static func put(_ uuid: String, _ records: [Record]) -> [UInt8] {
        if records.count == 1 {
            return request(2, uuid, 1, word(records[0].time), word(records[0].value.bitPattern))
        }
        // What stands in the two fields is ignored.
        return request(2, uuid, UInt32(records.count), word(77), word(77)) + records.flatMap(record)
    }

    /// A file as the old server writes it.
    static func file(_ records: [Record]) -> [UInt8] {
        word(records.first?.time ?? 0) + word(records.last?.time ?? 0) + records.flatMap(record)
    }

    static func records(_ bytes: [UInt8]) -> [Record] {
        func number(_ offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * $1) } }
        return stride(from: 0, to: bytes.count / 8 * 8, by: 8).map {
            Record(number($0), Float(bitPattern: number($0 + 4)))
        }
    }

    static let failure = UInt32.max
}

/// A client of the store. One thread at a time.
final class StoreClient {
    private let descriptor: CInt

    init(port: UInt16) throws {
        signal(SIGPIPE, SIG_IGN)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: \(errno)") }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var one: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
        let status = withUnsafeBytes(of: &address) { raw in
            connect(descriptor, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
        guard status == 0 else {
            let code = errno
            close(descriptor)
            throw TestFailure("cannot connect to port \(port): \(code)")
        }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done) }
            guard count > 0 else { throw TestFailure("the store takes no more bytes: errno \(errno)") }
            done += count
        }
    }

    /// Sends what is taken at once; how many bytes that was.
    func sendSome(_ bytes: [UInt8]) -> Int {
        max(0, bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT)) })
    }

    func halfClose() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// Exactly so many bytes; throws when the store closes before or takes half a minute.
    func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress.map { $0 + done }, count - done, 0) }
            guard got > 0 else {
                throw TestFailure("the store sent \(done) bytes of \(count), then \(got == 0 ? "closed" : "nothing")")
            }
            done += got
        }
        return bytes
    }

    func number() throws -> UInt32 { try read(4).enumerated().reduce(0) { $0 | UInt32($1.element) << (8 * $1.offset) } }

    func records() throws -> [Record] {
        let count = try number()
        guard count != Wire.failure else { throw TestFailure("the store answers 0xFFFFFFFF to a GET") }
        return Wire.records(try read(Int(count) * 8))
    }

    /// Whether the store has closed the connection; waits for it.
    func isClosedByStore() -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) <= 0 && errno != EAGAIN
    }

    @discardableResult
    func put(_ uuid: String, _ records: [Record]) throws -> UInt32 {
        try send(Wire.put(uuid, records))
        return try number()
    }

    func get(_ uuid: String, _ start: UInt32 = 0, _ end: UInt32 = .max) throws -> [Record] {
        try send(Wire.get(uuid, start, end))
        return try records()
    }
}
