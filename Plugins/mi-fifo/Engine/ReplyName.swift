// Names of reply FIFOs: what a client may write there, and how a name is found in JSON that does not parse.

/// The name of a reply FIFO inside the reply directory, checked: it cannot point anywhere else.
public struct ReplyName: Equatable, Sendable {
    /// The most bytes that a name may have.
    public static let maximumLength = 100

    public let bytes: [UInt8]

    /// Checks a name: 1 to 100 bytes, no `/`, no backslash, no leading `.`, no `..`, no control byte.
    public init(_ bytes: [UInt8]) throws(Invalid) {
        func refuse(_ reason: String) -> Invalid {
            Invalid(description: "the reply name \(quoted(bytes)) \(reason)")
        }
        guard !bytes.isEmpty else { throw refuse("is empty") }
        guard bytes.count <= Self.maximumLength else {
            throw refuse("has \(bytes.count) bytes, allowed are \(Self.maximumLength)")
        }
        guard bytes.first != UInt8(ascii: ".") else { throw refuse("begins with a dot") }
        var previous: UInt8 = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "/"), UInt8(ascii: "\\"):
                throw refuse("holds a slash or backslash; it must be the bare name of a FIFO in reply_dir")
            case 0..<0x20, 0x7f:
                throw refuse("holds a control byte")
            case UInt8(ascii: ".") where previous == UInt8(ascii: "."):
                throw refuse("holds '..'")
            default: previous = byte
            }
        }
        self.bytes = bytes
    }

    /// Why a name is refused.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        public let description: String
    }
}

/// Finds the string member `reply_name` of a JSON-RPC request in text that need not parse, byte by byte, in
/// bounded memory.
///
/// It looks at members of the outermost object, or of the objects of a batch; the first one found counts.
struct ReplyNameScanner {
    private(set) var found: [UInt8]?

    private static let member = Array("reply_name".utf8)
    private static let longest = 256

    private var depth = 0
    private var isBatch = false
    private var inString = false
    private var escaped = false
    private var text: [UInt8] = []
    private var isTooLong = false
    /// The last token was a string at the members' depth: it may be a name.
    private var lastString: [UInt8]?
    private var awaitsValue = false

    mutating func feed(_ bytes: some Sequence<UInt8>) {
        for byte in bytes where found == nil { step(byte) }
    }

    static func find(in text: some Sequence<UInt8>) -> [UInt8]? {
        var scanner = ReplyNameScanner()
        scanner.feed(text)
        return scanner.found
    }

    private mutating func step(_ byte: UInt8) {
        if inString {
            if escaped {
                escaped = false
                // A name needs no escapes; one that has some is not ours to decode.
                isTooLong = true
            } else if byte == UInt8(ascii: "\\") {
                escaped = true
            } else if byte == UInt8(ascii: "\"") {
                inString = false
                stringEnded()
            } else if text.count < Self.longest {
                text.append(byte)
            } else {
                isTooLong = true
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""):
            inString = true
            isTooLong = false
            text = []
            return
        case UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: "["):
            if depth == 0 { isBatch = true }
            depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth = max(0, depth - 1)
        case UInt8(ascii: ":"):
            awaitsValue = lastString == Self.member
            lastString = nil
            return
        default:
            if isBlank(byte) { return }
        }
        lastString = nil
        awaitsValue = false
    }

    private mutating func stringEnded() {
        guard depth == (isBatch ? 2 : 1), !isTooLong else {
            awaitsValue = false
            lastString = nil
            return
        }
        if awaitsValue {
            found = text
        } else {
            lastString = text
        }
        awaitsValue = false
    }
}
