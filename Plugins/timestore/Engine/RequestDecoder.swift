/// The requests of a connection, told from its bytes however they are cut (timestore reference, "Wire"). Record data is lent on as it
/// came; only a request or a record that was cut by the end of a chunk is copied.
public struct RequestDecoder {
    /// What the bytes say, in their order.
    public enum Event {
        case get(SeriesID, start: UInt32, end: UInt32)
        /// A PUT begins; exactly `count` records follow, in any number of `records`, then `putEnd`.
        case put(SeriesID, count: UInt32)
        /// Whole records of the PUT under way, borrowed for the call.
        case records(UnsafeRawBufferPointer)
        case putEnd
        case refused(Refusal)
    }

    /// Why a request is answered with 0xFFFFFFFF.
    public enum Refusal: Equatable, Sendable {
        case unknownType(UInt32)
        /// A malformed UUID; the records of a PUT have been passed over.
        case badIdentifier(String)
    }

    public static let requestSize = 56
    static let typeGet: UInt32 = 1
    static let typePut: UInt32 = 2

    /// Where the record of a PUT of one record stands in the request.
    static let inlineRecord = 48..<56

    /// The series of a whole request that puts one record; nil when it is any other.
    static func singlePut(_ request: UnsafeRawBufferPointer) -> SeriesID? {
        guard request.loadUnaligned(fromByteOffset: 0, as: UInt32.self) == typePut.littleEndian,
            request.loadUnaligned(fromByteOffset: 44, as: UInt32.self) == UInt32(1).littleEndian
        else { return nil }
        return SeriesID(UnsafeRawBufferPointer(rebasing: request[4..<44]))
    }

    private var carry = [UInt8]()
    /// Records of the PUT under way that have not come yet.
    private var recordsLeft: UInt32 = 0
    /// Set while the records under way belong to a refused PUT.
    private var passingOver: Refusal?

    public init() { carry.reserveCapacity(Self.requestSize) }

    /// Whether the input may end here: no request is cut.
    public var isBetweenRequests: Bool { carry.isEmpty && recordsLeft == 0 }

    /// Decodes up to the end of the bytes or until `body` answers false; returns how many bytes were taken.
    public mutating func decode(_ bytes: UnsafeRawBufferPointer, _ body: (Event) -> Bool) -> Int {
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            let (taken, goesOn) = recordsLeft > 0 ? takeRecords(rest, body) : takeRequest(rest, body)
            position += taken
            if !goesOn { break }
        }
        return position
    }

    private mutating func takeRequest(
        _ bytes: UnsafeRawBufferPointer, _ body: (Event) -> Bool
    ) -> (taken: Int, goesOn: Bool) {
        if carry.isEmpty, bytes.count >= Self.requestSize {
            return (Self.requestSize, begin(UnsafeRawBufferPointer(rebasing: bytes[..<Self.requestSize]), body))
        }
        let count = min(bytes.count, Self.requestSize - carry.count)
        carry.append(contentsOf: bytes[..<count])
        guard carry.count == Self.requestSize else { return (count, true) }
        let request = carry
        carry.removeAll(keepingCapacity: true)
        return (count, request.withUnsafeBytes { begin($0, body) })
    }

    private mutating func begin(_ request: UnsafeRawBufferPointer, _ body: (Event) -> Bool) -> Bool {
        func word(_ offset: Int) -> UInt32 {
            UInt32(littleEndian: request.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        let type = word(0)
        guard type == Self.typeGet || type == Self.typePut else { return body(.refused(.unknownType(type))) }
        let name = UnsafeRawBufferPointer(rebasing: request[4..<44])
        let count = word(44)
        guard let id = SeriesID(name) else {
            let refusal = Refusal.badIdentifier(Self.printable(name))
            // The one record of a single PUT is in the request itself.
            guard type == Self.typePut, count > 1 else { return body(.refused(refusal)) }
            recordsLeft = count
            passingOver = refusal
            return true
        }
        if type == Self.typeGet { return body(.get(id, start: word(48), end: word(52))) }
        var goesOn = body(.put(id, count: count))
        if count <= 1 {
            if count == 1 { goesOn = body(.records(UnsafeRawBufferPointer(rebasing: request[Self.inlineRecord]))) && goesOn }
            return body(.putEnd) && goesOn
        }
        recordsLeft = count
        return goesOn
    }

    private mutating func takeRecords(
        _ bytes: UnsafeRawBufferPointer, _ body: (Event) -> Bool
    ) -> (taken: Int, goesOn: Bool) {
        var taken = 0
        var goesOn = true
        if !carry.isEmpty || bytes.count < RecordBytes.size {
            taken = min(bytes.count, RecordBytes.size - carry.count)
            carry.append(contentsOf: bytes[..<taken])
            guard carry.count == RecordBytes.size else { return (taken, true) }
            let record = carry
            carry.removeAll(keepingCapacity: true)
            record.withUnsafeBytes { goesOn = pass($0, body) }
        } else {
            let count = min(bytes.count / RecordBytes.size, Int(recordsLeft))
            taken = count * RecordBytes.size
            goesOn = pass(UnsafeRawBufferPointer(rebasing: bytes[..<taken]), body)
        }
        if recordsLeft == 0 {
            if let refusal = passingOver {
                passingOver = nil
                goesOn = body(.refused(refusal)) && goesOn
            } else {
                goesOn = body(.putEnd) && goesOn
            }
        }
        return (taken, goesOn)
    }

    private mutating func pass(_ records: UnsafeRawBufferPointer, _ body: (Event) -> Bool) -> Bool {
        recordsLeft -= UInt32(records.count / RecordBytes.size)
        return passingOver == nil ? body(.records(records)) : true
    }

    /// The text of a UUID field for a log: printable characters up to the first NUL.
    private static func printable(_ bytes: UnsafeRawBufferPointer) -> String {
        String(
            decoding: bytes.prefix { $0 != 0 }.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}
