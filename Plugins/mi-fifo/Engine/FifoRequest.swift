/// What the framer makes of the bytes that clients write into the FIFO.
public enum FifoRequest: Equatable, Sendable {
    /// `:command:reply_name`, arguments one a line, an empty line.
    case classic(ClassicRequest)
    /// A JSON-RPC request or batch.
    case json(JSONRequest)
    /// Something that cannot be run; its sender is told when it left a reply name.
    case refused(Refusal)
}

/// A request of Kamailio's classic text protocol. All texts are the client's bytes, of any content.
public struct ClassicRequest: Equatable, Sendable {
    public var command: [UInt8]
    /// Nil: the client wants no answer.
    public var replyName: [UInt8]?
    public var arguments: [ClassicArgument]

    public init(command: [UInt8], replyName: [UInt8]? = nil, arguments: [ClassicArgument] = []) {
        self.command = command
        self.replyName = replyName
        self.arguments = arguments
    }
}

/// JSON-RPC text and where its answer goes.
public struct JSONRequest: Equatable, Sendable {
    public enum Route: Equatable, Sendable {
        /// The member `reply_name` of the object says it (Kamailio 5 and later).
        case member
        /// The line's prefix said it (OpenSIPS 3); nil: the prefix was empty, nobody is answered.
        case prefix([UInt8]?)
    }

    public var text: [UInt8]
    public var route: Route
    /// True when the text was cut where it cannot be JSON any more, so that the answer is a parse error.
    public var isBroken: Bool

    public init(text: [UInt8], route: Route = .member, isBroken: Bool = false) {
        self.text = text
        self.route = route
        self.isBroken = isBroken
    }
}

/// Why a request is not run.
public struct Refusal: Equatable, Sendable {
    public enum Framing: Equatable, Sendable { case classic, json }

    /// The framing of the answer.
    public var framing: Framing
    /// Nil: it is not known whom to tell.
    public var replyName: [UInt8]?
    /// 400 malformed, 408 unfinished, 413 too large.
    public var code: Int32
    public var text: String

    public init(framing: Framing, replyName: [UInt8]?, code: Int32, text: String) {
        self.framing = framing
        self.replyName = replyName
        self.code = code
        self.text = text
    }
}

/// Bytes of a client in a log line or an error text: at most `limit` of them, others than printable ASCII as
/// `\xNN`.
func quoted(_ bytes: some Collection<UInt8>, limit: Int = 60) -> String {
    var text = "'"
    for byte in bytes.prefix(limit) {
        if (0x20..<0x7f).contains(byte) {
            text.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
            text += byte < 16 ? "\\x0" : "\\x"
            text += String(byte, radix: 16)
        }
    }
    return text + (bytes.count > limit ? "…'" : "'")
}
