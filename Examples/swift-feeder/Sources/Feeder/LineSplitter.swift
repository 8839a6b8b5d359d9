/// Cuts a stream of bytes into lines; an unfinished one waits for its end.
public struct LineSplitter {
    public enum Piece: Equatable {
        /// A line without its end; a carriage return before it is dropped.
        case line([UInt8])
        /// A line of more bytes than the limit, of which nothing is kept.
        case tooLong
    }

    /// The longest line, in bytes.
    public let limit: Int
    /// How many lines have ended.
    public private(set) var count = 0
    private var unfinished: [UInt8] = []
    private var isTooLong = false

    public init(limit: Int) { self.limit = limit }

    /// Takes bytes up to and including the next line end; nil when there is none in them.
    public mutating func next(from bytes: inout ArraySlice<UInt8>) -> Piece? {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            keep(bytes)
            bytes = []
            return nil
        }
        keep(bytes[..<end])
        bytes = bytes[(end + 1)...]
        return finish()
    }

    /// The line that the end of the stream ends; nil when there is none.
    public mutating func last() -> Piece? { unfinished.isEmpty && !isTooLong ? nil : finish() }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) {
        // One more than the limit: a carriage return is not part of the line.
        if unfinished.count + bytes.count > limit + 1 { isTooLong = true }
        if !isTooLong { unfinished += bytes }
    }

    private mutating func finish() -> Piece {
        defer {
            unfinished = []
            isTooLong = false
        }
        count += 1
        if unfinished.last == UInt8(ascii: "\r") { unfinished.removeLast() }
        return isTooLong || unfinished.count > limit ? .tooLong : .line(unfinished)
    }
}
