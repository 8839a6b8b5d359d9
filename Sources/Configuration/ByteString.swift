/// The content of a quoted string: bytes, since the escapes `\xHH` and `\ooo` can write any byte.
///
/// Nearly all strings are text; ``text`` gives it, or nil where the bytes are not UTF-8.
public struct ByteString: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The bytes, escapes resolved, quotes removed.
    public var bytes: [UInt8]

    /// Makes a string of any bytes.
    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Makes a string of the UTF-8 bytes of `text`.
    public init(_ text: String) {
        self.bytes = Array(text.utf8)
    }

    /// Makes a string from a literal.
    public init(stringLiteral value: String) {
        self.init(value)
    }

    /// The content as text, nil when the bytes are not valid UTF-8.
    public var text: String? { String(validating: bytes, as: UTF8.self) }

    /// The content for people to read: bytes that are not UTF-8 appear as U+FFFD.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}
