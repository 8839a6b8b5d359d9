// Operations on text as bytes, each of which does what one transformation is made of.

extension UInt8 {
    /// The white space that trimming removes: space, tab, carriage return, newline.
    var isTrimmed: Bool { self == 0x20 || self == 0x09 || self == 0x0D || self == 0x0A }
}

extension [UInt8] {
    /// All occurrences of a text replaced; an empty text occurs nowhere. Takes time as the lengths add up (Knuth, Morris,
    /// Pratt 1977).
    func replacing(_ wanted: [UInt8], with replacement: [UInt8]) throws(ScriptError) -> [UInt8] {
        guard !wanted.isEmpty, wanted.count <= count else { return self }
        let borders = wanted.borders()
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var copied = 0
        var matched = 0
        for index in indices {
            while matched > 0, self[index] != wanted[matched] { matched = borders[matched - 1] }
            if self[index] == wanted[matched] { matched += 1 }
            if matched == wanted.count {
                result += self[copied..<(index + 1 - matched)]
                result += replacement
                try PreparedOperation.check(length: result.count, of: .text(self))
                copied = index + 1
                matched = 0
            }
        }
        return result + self[copied...]
    }

    /// For each prefix the length of the longest shorter one that it ends with.
    private func borders() -> [Int] {
        var borders = [Int](repeating: 0, count: count)
        var length = 0
        for index in indices.dropFirst() {
            while length > 0, self[index] != self[length] { length = borders[length - 1] }
            if self[index] == self[length] { length += 1 }
            borders[index] = length
        }
        return borders
    }

    /// The text without its first and last byte where these are a pair.
    func unwrapped(_ isPair: (UInt8, UInt8) -> Bool) -> [UInt8] {
        guard count >= 2, isPair(self[0], self[count - 1]) else { return self }
        return Array(self[1..<(count - 1)])
    }

    func trimmed(left: Bool, right: Bool) -> [UInt8] {
        var rest = self[...]
        if left { rest = rest.drop(while: \.isTrimmed) }
        if right { rest = rest[..<((rest.lastIndex { !$0.isTrimmed }).map { $0 + 1 } ?? rest.startIndex)] }
        return Array(rest)
    }

    /// The lines of a folded header made one: the end of a line and the spaces and tabs behind it become `joint`.
    func joiningHeaderLines(with joint: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < count {
            var end = index
            while end < count, self[end] == 0x0D || self[end] == 0x0A { end += 1 }
            let spaces = end
            while end > index, end < count, self[end] == 0x20 || self[end] == 0x09 { end += 1 }
            if end > spaces {
                result += joint
            } else {
                // Line ends without spaces behind them, or a byte that is none.
                end = Swift.max(end, index + 1)
                result += self[index..<end]
            }
            index = end
        }
        return result
    }

    /// Prefixes from the first byte on, parted by commas: up to `length` bytes, all of them for 0 or less.
    func prefixes(upTo length: Int64, quote: [UInt8]) throws(ScriptError) -> [UInt8] {
        let longest = length > 0 && length < count ? Int(length) : count
        var result: [UInt8] = []
        for end in 0..<longest {
            if end > 0 { result.append(UInt8(ascii: ",")) }
            result += quote + self[...end] + quote
            try PreparedOperation.check(length: result.count, of: .null)
        }
        return result
    }

    /// Lines of `length` bytes, parted by `\r\n` and an indentation; the whole text for a length of 0.
    func wrapped(every length: Int, indent: UInt8, count indents: Int) throws(ScriptError) -> [UInt8] {
        guard length > 0 else { return self }
        var result: [UInt8] = []
        var start = 0
        while start < count {
            if start > 0 {
                try PreparedOperation.check(length: Swift.min(indents, PreparedOperation.longestResult + 1), of: .null)
                result += [0x0D, 0x0A] + [UInt8](repeating: indent, count: indents)
            }
            result += self[start...].prefix(length)
            try PreparedOperation.check(length: result.count, of: .null)
            start += Swift.min(length, count - start)
        }
        return result
    }
}

/// What parts the fields of a text.
struct Separator {
    /// The separator `\s`.
    static let whiteSpace: [UInt8] = [0x20, 0x09, 0x0D, 0x0A]

    private let bytes: [UInt8]

    /// One byte; ``whiteSpace`` means any of it.
    init(_ written: [UInt8]) throws(ScriptError) {
        guard !written.isEmpty else { throw ScriptError("found an empty separator, expected one character") }
        bytes = written == Separator.whiteSpace ? written : [written[0]]
    }

    /// Field `index` from 0, negative ones from the end; empty where there is none.
    func field(_ index: Int64, of text: [UInt8]) -> [UInt8] {
        let fields = text.split(omittingEmptySubsequences: false) { bytes.contains($0) }
        let (sum, overflow) = index.addingReportingOverflow(Int64(fields.count))
        let position = index < 0 && !overflow ? sum : index
        return position >= 0 && position < fields.count ? Array(fields[Int(position)]) : []
    }
}

/// Kamailio's hash of texts in which the case of letters counts; htable's own is its sibling that ignores case.
func coreHash(_ text: [UInt8]) -> UInt32 {
    var hash: UInt32 = 0
    var word: UInt32 = 0
    var filled = 0
    for byte in text {
        word = (word << 8) &+ UInt32(bitPattern: Int32(Int8(bitPattern: byte)))
        filled += 1
        if filled == 4 {
            hash &+= word ^ (word >> 3)
            word = 0
            filled = 0
        }
    }
    hash &+= word ^ (word >> 3)
    return hash &+ (hash >> 11) &+ (hash >> 13) &+ (hash >> 23)
}

/// The beginning of a text in quotes, for error texts.
func shown(_ text: [UInt8]) -> String {
    let start = String(decoding: text.prefix(60), as: UTF8.self)
    return text.count > 60 ? "\"\(start)…\"" : "\"\(start)\""
}
