import Glibc

/// A record of the ledger's table, as a function of its writer and number alone: any row found in a file can be checked by itself.
///
/// The table's columns are `writer:int,number:int,text:string` (`LedgerRecord.columns`). Texts have 0 to 179 letters, so rows
/// have every length and a row that was cut, or mixed with another, is no row of any record.
public struct LedgerRecord: Equatable, Sendable {
    public var writer: Int
    /// Counted from 0 for each writer.
    public var number: Int

    public init(writer: Int, number: Int) {
        self.writer = writer
        self.number = number
    }

    /// The value for acc's `columns`.
    public static let columns = "writer:int,number:int,text:string"

    /// How a record is written on its way in.
    public enum Dialect: Sendable {
        case delimited, json
    }

    private static let alphabet: [UInt8] = (0..<208).map { UInt8(ascii: "a") + UInt8($0 % 26) }
    private static let longestText = 180

    private var textStart: Int { number % 26 }
    private var textLength: Int {
        Int((UInt64(number) &* 2_654_435_761 &+ UInt64(writer) &* 97) >> 9 & 0xFFFF) % Self.longestText
    }

    /// Appends the record as a line that acc takes.
    public func appendLine(_ dialect: Dialect, to bytes: inout [UInt8]) {
        let text = Self.alphabet[textStart..<(textStart + textLength)]
        switch dialect {
        case .delimited:
            bytes.append(contentsOf: "\(writer)|\(number)|".utf8)
            bytes.append(contentsOf: text)
            bytes.append(UInt8(ascii: "\n"))
        case .json:
            bytes.append(contentsOf: "{\"number\":\(number),\"text\":\"".utf8)
            bytes.append(contentsOf: text)
            bytes.append(contentsOf: "\",\"writer\":\(writer)}\n".utf8)
        }
    }

    /// Reads a row as flatstore writes it, without its line feed; nil when the row is that of no record.
    public init?(row: UnsafeRawBufferPointer) {
        var position = 0
        func number() -> Int? {
            var value = 0
            let start = position
            while position < row.count, position - start < 18 {
                let byte = row[position]
                position += 1
                if byte == UInt8(ascii: "|") { return position - start > 1 ? value : nil }
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            return nil
        }
        guard let writer = number(), let count = number() else { return nil }
        self.init(writer: writer, number: count)
        guard row.count - position == textLength else { return nil }
        let start = textStart
        let isWhole = Self.alphabet.withUnsafeBytes { alphabet in
            guard textLength > 0, let text = row.baseAddress, let letters = alphabet.baseAddress else { return true }
            return memcmp(text + position, letters + start, textLength) == 0
        }
        guard isWhole else { return nil }
    }
}
