import Glibc

/// Part of a file that holds records of a range.
struct RangeSource: Sendable {
    var file: OpenFile
    var records: Range<Int>
    /// The time of the first of them.
    var first: UInt32
    /// The rank among sources: of equal times those of the lower come first.
    var rank: Int
}

/// The records of a range in ascending order, in bounded memory: whole regions of files where no other file overlaps, merged
/// blocks where some do. What it reads never changes: files only grow at their ends, or are replaced by others.
struct RangeReader {
    enum Piece {
        case region(OpenFile, Range<Int>)
        case records([UInt8])
    }

    /// Records of a merged block.
    static let block = 8192
    /// Records from which on a region goes out by itself.
    private static let region = 8192
    /// Records read at a time from a file that overlaps.
    private static let window = 4096

    private struct Source {
        var file: OpenFile
        /// Still to come.
        var records: Range<Int>
        var rank: Int
        /// The time of the next record.
        var head: UInt32
        /// Records from `windowStart` on.
        var window: [UInt8] = []
        var windowStart = 0

        mutating func fill() throws(SystemError) {
            windowStart = records.lowerBound
            window = try file.records(windowStart..<min(records.upperBound, windowStart + RangeReader.window))
            // A file that somebody has cut would give an answer that is shorter than announced.
            guard window.count >= RecordBytes.size else { throw SystemError(number: EIO) }
        }

        var windowEnd: Int { windowStart + window.count / RecordBytes.size }

        /// Passes over records; the rest begins at `index`.
        mutating func advance(to index: Int) throws(SystemError) {
            records = index..<records.upperBound
            guard !records.isEmpty else {
                window = []
                return
            }
            if index >= windowStart, index < windowEnd {
                head = window.withUnsafeBytes { RecordBytes.time($0, index - windowStart) }
            } else {
                window = []
                head = try file.time(index)
            }
        }
    }

    private var sources: [Source]
    /// Records in all.
    let count: Int

    init(_ sources: [RangeSource]) {
        self.sources = sources.filter { !$0.records.isEmpty }.map {
            Source(file: $0.file, records: $0.records, rank: $0.rank, head: $0.first)
        }
        count = sources.reduce(0) { $0 + $1.records.count }
    }

    /// The next piece; nil at the end.
    mutating func next() throws(SystemError) -> Piece? {
        var block: [UInt8] = []
        while let (place, limit) = lowest() {
            let range = sources[place].records
            let end: Int
            if let limit {
                end = try bound(place, limit)
            } else {
                end = range.upperBound
            }
            let run = range.lowerBound..<end
            if run.count >= Self.region || limit == nil && block.isEmpty && run.count * 2 >= Self.region {
                if !block.isEmpty { return .records(block) }
                let file = sources[place].file
                try pass(place, end)
                return .region(file, run)
            }
            // A short run, at most a region's length: it joins the block.
            let part = min(run.count, Self.block - block.count / RecordBytes.size)
            try copy(place, part, to: &block)
            if block.count >= Self.block * RecordBytes.size { return .records(block) }
        }
        return block.isEmpty ? nil : .records(block)
    }

    /// The next records, read in; nil at the end.
    mutating func nextBytes() throws(SystemError) -> [UInt8]? {
        if let (file, range) = pending {
            let part = range.prefix(32_768)
            let rest = part.endIndex..<range.upperBound
            pending = rest.isEmpty ? nil : (file, rest)
            return try whole(file, part.startIndex..<part.endIndex)
        }
        switch try next() {
        case nil: return nil
        case .records(let bytes): return bytes
        case .region(let file, let range):
            pending = (file, range)
            return try nextBytes()
        }
    }

    private var pending: (file: OpenFile, range: Range<Int>)?

    private func whole(_ file: OpenFile, _ range: Range<Int>) throws(SystemError) -> [UInt8] {
        let bytes = try file.records(range)
        guard bytes.count == range.count * RecordBytes.size else { throw SystemError(number: EIO) }
        return bytes
    }

    /// The source whose next record is the next of all, and what its records must come before; nil: it is the last one.
    private func lowest() -> (place: Int, limit: (time: UInt32, rank: Int)?)? {
        guard !sources.isEmpty else { return nil }
        var lowest = 0
        var second: Int?
        for place in 1..<max(1, sources.count) {
            if (sources[place].head, sources[place].rank) < (sources[lowest].head, sources[lowest].rank) {
                second = lowest
                lowest = place
            } else if second.map({
                (sources[place].head, sources[place].rank) < (sources[$0].head, sources[$0].rank)
            }) ?? true {
                second = place
            }
        }
        return (lowest, second.map { (sources[$0].head, sources[$0].rank) })
    }

    /// Where the records of a source stop to come before a record of another.
    private mutating func bound(_ place: Int, _ limit: (time: UInt32, rank: Int)) throws(SystemError) -> Int {
        let comesFirst = sources[place].rank < limit.rank
        if sources[place].window.isEmpty { try sources[place].fill() }
        let source = sources[place]
        let inWindow = source.window.withUnsafeBytes { window in
            var index = source.records.lowerBound
            while index < source.windowEnd {
                let time = RecordBytes.time(window, index - source.windowStart)
                if time > limit.time || time == limit.time && !comesFirst { return index }
                index += 1
            }
            return index
        }
        if inWindow < source.windowEnd || inWindow == source.records.upperBound { return inWindow }
        let rest = inWindow..<source.records.upperBound
        return comesFirst
            ? try source.file.upperBound(limit.time, in: rest) : try source.file.lowerBound(limit.time, in: rest)
    }

    private mutating func copy(_ place: Int, _ count: Int, to block: inout [UInt8]) throws(SystemError) {
        var left = count
        while left > 0 {
            let start = sources[place].records.lowerBound
            if sources[place].window.isEmpty { try sources[place].fill() }
            let part = min(left, sources[place].windowEnd - start)
            let offset = (start - sources[place].windowStart) * RecordBytes.size
            block.append(contentsOf: sources[place].window[offset..<(offset + part * RecordBytes.size)])
            left -= part
            try sources[place].advance(to: start + part)
        }
        if sources[place].records.isEmpty { sources.remove(at: place) }
    }

    private mutating func pass(_ place: Int, _ end: Int) throws(SystemError) {
        try sources[place].advance(to: end)
        if sources[place].records.isEmpty { sources.remove(at: place) }
    }
}
