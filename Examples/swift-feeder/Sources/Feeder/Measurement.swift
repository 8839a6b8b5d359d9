/// One line of a sender: `UUID STAMP VALUE`, separated by blanks.
public struct Measurement: Equatable, Sendable {
    /// 36 characters, 8-4-4-4-12 hexadecimal digits.
    public var uuid: String
    /// Seconds since 1970.
    public var stamp: UInt32
    public var value: Float

    /// Why a line is no measurement: what was found and what was expected.
    public struct Fault: Error, Equatable {
        public var text: String
    }

    /// Reads a line without its line end.
    public init(_ line: some Collection<UInt8>) throws(Fault) {
        let words = line.split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") })
        guard words.count == 3 else {
            throw Fault(text: "found \(words.count) words, expected three: a UUID, seconds since 1970 and a number")
        }
        guard Self.isUUID(words[0]) else {
            throw Fault(text: "\(Self.shown(words[0])) is no UUID, expected 8-4-4-4-12 hexadecimal digits")
        }
        guard words[1].allSatisfy({ (0x30...0x39).contains($0) }), let stamp = UInt32(Self.text(words[1])) else {
            throw Fault(text: "\(Self.shown(words[1])) is no time, expected seconds since 1970, 0 to \(UInt32.max)")
        }
        guard let value = Float(Self.text(words[2])), value.isFinite else {
            throw Fault(text: "\(Self.shown(words[2])) is no value, expected a number of single precision")
        }
        uuid = Self.text(words[0])
        self.stamp = stamp
        self.value = value
    }

    private static func isUUID(_ word: some Collection<UInt8>) -> Bool {
        guard word.count == 36 else { return false }
        return word.enumerated().allSatisfy { index, byte in
            switch index {
            case 8, 13, 18, 23: byte == UInt8(ascii: "-")
            default: Unicode.Scalar(byte).properties.isASCIIHexDigit
            }
        }
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
    private static func shown(_ bytes: some Collection<UInt8>) -> String { "\"\(text(bytes.prefix(60)))\"" }
}
