import ModuleABI

/// Reads one JSON object (RFC 8259) whose members are columns straight into a row, without building a tree: values are scalars, so
/// nothing nests.
///
/// Owns nothing: texts without escapes point into the line, others into the arena.
struct JSONLine {
    private let layout: RowLayout
    private let arena: ByteArena
    private let arrival: Int64
    private let start: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>
    private var next: UnsafePointer<UInt8>

    init(_ line: Bytes, layout: RowLayout, arena: ByteArena, arrival: Int64) {
        guard let base = line.baseAddress else { preconditionFailure("a JSON line has at least its brace") }
        self.layout = layout
        self.arena = arena
        self.arrival = arrival
        start = base
        end = base + line.count
        next = base
    }

    mutating func parse(into row: UnsafeMutablePointer<mh_value>) throws(Rejection) {
        for index in 0..<layout.count { row[index].type = RecordParser.absent }
        skipBlanks()
        next += 1  // the brace that made this line JSON
        skipBlanks()
        if peek == UInt8(ascii: "}") {
            next += 1
        } else {
            try parseMembers(into: row)
        }
        skipBlanks()
        guard next == end else { throw syntax("nothing after the object") }
        for index in 0..<layout.count where row[index].type == RecordParser.absent {
            row[index] = layout.absent(index, arrival: arrival)
        }
    }

    private mutating func parseMembers(into row: UnsafeMutablePointer<mh_value>) throws(Rejection) {
        var hint = 0
        while true {
            guard peek == UInt8(ascii: "\"") else { throw syntax("a member's name in quotes") }
            let name = try string()
            guard let column = layout.index(of: name, hint: hint) else {
                throw .unknownColumn(name, among: layout.columns)
            }
            hint = column + 1
            guard row[column].type == RecordParser.absent else { throw .twice(layout.columns[column]) }
            skipBlanks()
            guard peek == UInt8(ascii: ":") else { throw syntax("\":\" after the member's name") }
            next += 1
            skipBlanks()
            row[column] = try value(for: column)
            skipBlanks()
            let mark = peek
            guard mark == UInt8(ascii: ",") || mark == UInt8(ascii: "}") else {
                throw syntax("\",\" or \"}\" after the member's value")
            }
            next += 1
            if mark == UInt8(ascii: "}") { return }
            skipBlanks()
        }
    }

    // MARK: Values

    private mutating func value(for column: Int) throws(Rejection) -> mh_value {
        guard let first = peek else { throw syntax("a value") }
        switch first {
        case UInt8(ascii: "\""):
            let text = try string()
            switch layout.slots[column].type {
            case MH_STRING: return mh_value(text: text, type: MH_STRING)
            case MH_BLOB:
                guard let bytes = Base64Text.decode(text, arena: arena) else {
                    throw .value(text, for: layout.columns[column])
                }
                return mh_value(text: bytes, type: MH_BLOB)
            default:
                guard let value = layout.convert(text, column: column) else {
                    throw .value(text, for: layout.columns[column])
                }
                return value
            }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return try number(for: column)
        case UInt8(ascii: "n"):
            try literal("null")
            return layout.absent(column, arrival: arrival)
        case UInt8(ascii: "t"):
            try literal("true")
            throw .kind("true", for: layout.columns[column])
        case UInt8(ascii: "f"):
            try literal("false")
            throw .kind("false", for: layout.columns[column])
        case UInt8(ascii: "{"): throw .kind("an object", for: layout.columns[column])
        case UInt8(ascii: "["): throw .kind("an array", for: layout.columns[column])
        default: throw syntax("a value")
        }
    }

    private mutating func number(for column: Int) throws(Rejection) -> mh_value {
        let from = next
        try skipNumber()
        let text = Bytes(start: from, count: next - from)
        switch layout.slots[column].type {
        case MH_INT:
            if let whole = NumberText.integral(text) { return mh_int(whole) }
        case MH_FLOAT, MH_TIME:
            if let value = layout.convert(text, column: column) { return value }
        default:
            throw .kind(
                "the number \(String(decoding: text.prefix(40), as: UTF8.self)): put it in quotes",
                for: layout.columns[column])
        }
        throw .value(text, for: layout.columns[column])
    }

    /// Steps over a number: `-? (0 | [1-9] digits) (. digits)? ((e|E) [+-]? digits)?`.
    private mutating func skipNumber() throws(Rejection) {
        if peek == UInt8(ascii: "-") { next += 1 }
        if peek == UInt8(ascii: "0") {
            next += 1
        } else {
            try skipDigits()
        }
        if peek == UInt8(ascii: ".") {
            next += 1
            try skipDigits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            next += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { next += 1 }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws(Rejection) {
        let from = next
        while next < end, next.pointee &- UInt8(ascii: "0") <= 9 { next += 1 }
        if next == from { throw syntax("a digit") }
    }

    private mutating func literal(_ word: StaticString) throws(Rejection) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard peek == word.utf8Start[offset] else { throw syntax("\(word)") }
            next += 1
        }
    }

    // MARK: Strings

    /// Reads a string, `next` at its opening quote; points into the line when it has no escapes.
    private mutating func string() throws(Rejection) -> Bytes {
        let opening = next
        next += 1
        let from = next
        var high = skipPlain()
        if next < end, next.pointee == UInt8(ascii: "\"") {
            let text = Bytes(start: from, count: next - from)
            next += 1
            if high != 0, !isUTF8(text) { throw .encoding(at: opening - start + 1) }
            return text
        }
        let out = arena.allocate(end - from)
        var length = next - from
        out.update(from: from, count: length)
        while true {
            guard let byte = peek else { throw syntax("a quote that ends the string") }
            if byte == UInt8(ascii: "\"") { break }
            guard byte == UInt8(ascii: "\\") else {
                throw syntax("an escape for this control character, such as \\n")
            }
            next += 1
            length += try escape(to: out + length)
            let plain = next
            high |= skipPlain()
            (out + length).update(from: plain, count: next - plain)
            length += next - plain
        }
        next += 1
        arena.giveBack(end - from - length)
        let text = Bytes(start: out, count: length)
        if high != 0, !isUTF8(text) { throw .encoding(at: opening - start + 1) }
        return text
    }

    /// Steps to the next quote, backslash or control character, eight bytes at a time; non-zero when a byte over 0x7F was seen.
    @inline(__always)
    private mutating func skipPlain() -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var high: UInt64 = 0
        while end - next >= 8 {
            let word = UInt64(littleEndian: UnsafeRawPointer(next).loadUnaligned(as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            // The lowest top bit that comes out set is exact; those above it may be false.
            let special =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) & ~word)
                & tops
            if special != 0 {
                let count = special.trailingZeroBitCount / 8
                high |= word & tops & ((1 << UInt64(count * 8)) &- 1)
                next += count
                return high
            }
            high |= word & tops
            next += 8
        }
        while next < end, next.pointee != UInt8(ascii: "\""), next.pointee != UInt8(ascii: "\\"),
            next.pointee >= 0x20
        {
            high |= UInt64(next.pointee & 0x80)
            next += 1
        }
        return high
    }

    /// Writes what an escape stands for, `next` behind its backslash; answers the number of bytes written, never more than read.
    private mutating func escape(to out: UnsafeMutablePointer<UInt8>) throws(Rejection) -> Int {
        let kind = peek
        let byte: UInt8
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte = kind ?? 0
        case UInt8(ascii: "b"): byte = 0x08
        case UInt8(ascii: "f"): byte = 0x0C
        case UInt8(ascii: "n"): byte = 0x0A
        case UInt8(ascii: "r"): byte = 0x0D
        case UInt8(ascii: "t"): byte = 0x09
        case UInt8(ascii: "u"):
            next += 1
            return write(try scalar(), to: out)
        default: throw syntax("one of \" \\ / b f n r t u after the backslash")
        }
        next += 1
        out.pointee = byte
        return 1
    }

    /// The character of `\uXXXX`, or of two of them that form a surrogate pair; `next` behind the "u".
    private mutating func scalar() throws(Rejection) -> Unicode.Scalar {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, peek == UInt8(ascii: "\\") else { throw syntax("a whole surrogate pair") }
        next += 1
        guard peek == UInt8(ascii: "u") else { throw syntax("a whole surrogate pair") }
        next += 1
        let second = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
        else { throw syntax("a whole surrogate pair") }
        return scalar
    }

    private mutating func hexadecimal() throws(Rejection) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80
            else {
                throw syntax("four hexadecimal digits after \\u")
            }
            value = value << 4 | UInt16(digit)
            next += 1
        }
        return value
    }

    private func write(_ scalar: Unicode.Scalar, to out: UnsafeMutablePointer<UInt8>) -> Int {
        var length = 0
        for unit in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
            out[length] = unit
            length += 1
        }
        return length
    }

    // MARK: Bytes

    private var peek: UInt8? {
        @inline(__always) get { next < end ? next.pointee : nil }
    }

    @inline(__always)
    private mutating func skipBlanks() {
        while next < end, next.pointee == UInt8(ascii: " ") || next.pointee == UInt8(ascii: "\t") {
            next += 1
        }
    }

    private func syntax(_ expected: String) -> Rejection {
        .syntax(at: next - start + 1, expected: expected, found: peek)
    }
}
