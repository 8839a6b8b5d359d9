import Glibc

/// What became of a stretch of lines of one connection, up to an empty line or to the end of what has come in.
public struct Stretch: Equatable, Sendable {
    /// Rows that were added to the batch.
    public var rows = 0
    public var rejected = 0
    /// The first rejection, with its line number.
    public var fault: LineFault?
    /// An empty line ended the stretch: the sender waits for an answer.
    public var wantsAnswer = false

    public init() {}
}

/// A rejection and the line that it is about, counted from 1 for each connection.
public struct LineFault: Equatable, Sendable {
    public var line: UInt64
    public var text: String

    /// As senders and logs see it: "line 7: …".
    public var description: String { "line \(line): \(text)" }
}

/// Cuts the bytes of one connection into lines and has them parsed, in memory bounded by `limit` whatever comes.
///
/// Belongs to one connection, so to one thread. Lines that lie whole in a chunk are parsed where they are.
public struct LineFeed {
    private let parser: RecordParser
    /// The longest line, in bytes without its newline.
    private let limit: Int
    private var partial: [UInt8] = []
    /// Bytes of an overlong line that went by so far; 0: none is under way.
    private var skipped = 0
    /// Lines that are complete, so the number of the latest one.
    public private(set) var line: UInt64 = 0

    /// Stretches in one step; the rest waits, so that answers to many empty lines are bounded too.
    private static let manyStretches = 256

    public init(parser: RecordParser, limit: Int) {
        self.parser = parser
        self.limit = limit
    }

    /// Bytes of the line that has no newline yet.
    public var unfinished: Int { skipped > 0 ? skipped : partial.count }

    /// Takes bytes, adds the rows of complete lines to the batch, and answers how many bytes it took: fewer than all when the batch
    /// should be stored first. The bytes must stay until the batch is stored; a line begun in an earlier chunk goes through
    /// the arena.
    public mutating func feed(
        _ bytes: Bytes, arrival: Int64, into batch: RowBatch, stretches: inout [Stretch]
    ) -> Int {
        guard let start = bytes.baseAddress else { return 0 }
        var position = 0
        var stretch = Stretch()
        while position < bytes.count {
            if batch.isFull || stretches.count >= LineFeed.manyStretches { break }
            let left = bytes.count - position
            guard let found = memchr(start + position, Int32(UInt8(ascii: "\n")), left) else {
                keep(Bytes(start: start + position, count: left))
                position = bytes.count
                break
            }
            let length = UnsafeRawPointer(found) - UnsafeRawPointer(start + position)
            let piece = Bytes(start: start + position, count: length)
            position += length + 1
            complete(piece, arrival: arrival, into: batch, stretch: &stretch)
            if stretch.wantsAnswer {
                stretches.append(stretch)
                stretch = Stretch()
            }
        }
        if stretch != Stretch() { stretches.append(stretch) }
        return position
    }

    /// Takes the last line, which has no newline, at the end of the input.
    public mutating func finish(arrival: Int64, into batch: RowBatch, stretches: inout [Stretch]) {
        guard unfinished > 0 else { return }
        var stretch = Stretch()
        complete(Bytes(start: nil, count: 0), arrival: arrival, into: batch, stretch: &stretch)
        // A lone carriage return at the end is an empty line; the end is answered anyway.
        stretch.wantsAnswer = false
        if stretch != Stretch() { stretches.append(stretch) }
    }

    private mutating func keep(_ rest: Bytes) {
        if skipped > 0 {
            skipped += rest.count
        } else if partial.count + rest.count > limit {
            skipped = partial.count + rest.count
            partial = []
        } else {
            partial.append(contentsOf: rest)
        }
    }

    @inline(__always)
    private mutating func complete(
        _ piece: Bytes, arrival: Int64, into batch: RowBatch, stretch: inout Stretch
    ) {
        line += 1
        let length = unfinished + piece.count
        guard length <= limit else {
            reject(.tooLong(length, limit: limit), stretch: &stretch)
            skipped = 0
            partial = []
            return
        }
        var whole = piece
        if !partial.isEmpty {
            whole = partial.withUnsafeBufferPointer { batch.arena.join($0, piece) }
            partial.removeAll(keepingCapacity: partial.capacity <= 64 << 10)
        }
        if whole.last == UInt8(ascii: "\r") { whole = Bytes(rebasing: whole.dropLast()) }
        if whole.isEmpty {
            stretch.wantsAnswer = true
            return
        }
        do throws(Rejection) {
            try parser.parse(whole, number: line, arrival: arrival, into: batch)
            stretch.rows += 1
        } catch {
            reject(error, stretch: &stretch)
        }
    }

    private func reject(_ rejection: Rejection, stretch: inout Stretch) {
        stretch.rejected += 1
        if stretch.fault == nil { stretch.fault = LineFault(line: line, text: rejection.text) }
    }
}
