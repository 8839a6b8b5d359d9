// Strings and blobs of a row that holds something to escape: copied and searched in one pass, and written again byte by byte
// where there is something. Rows without are the business of RowFormat+Plain.swift.
import Glibc
import ModuleABI

extension RowFormat {
    /// Writes a text of at least one byte with escapes; nil when it does not fit. There is room for it as it is, and `margin`
    /// behind it.
    @inline(__always)
    func writeText(
        _ source: UnsafeRawPointer, _ count: Int, _ place: UnsafeMutablePointer<UInt8>,
        _ end: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8>? {
        let isPlain: Bool
        switch escape {
        case .percent: isPlain = copyFindingDelimiters(source, count, UnsafeMutableRawPointer(place))
        case .backslash: isPlain = copyFindingControls(source, count, UnsafeMutableRawPointer(place))
        case .none:
            Self.copy(source, count, place)
            isPlain = true
        }
        if isPlain { return place + count }
        return escaped(source, count, place, end)
    }

    // MARK: Plain text

    /// Copies `count` bytes, at least one; true when none of them is a delimiter.
    @inline(__always)
    private func copyFindingDelimiters(
        _ source: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutableRawPointer
    ) -> Bool {
        if count >= 16 {
            typealias Vector = SIMD16<UInt8>
            let field = Vector(repeating: fieldDelimiter)
            let first = Vector(repeating: record0)
            let second = Vector(repeating: record1)
            var found = SIMDMask<SIMD16<Int8>>(repeating: false)
            var offset = 0
            // The last step lies on the last sixteen bytes, over some that were copied already.
            while true {
                let bytes = source.loadUnaligned(fromByteOffset: offset, as: Vector.self)
                found = found .| (bytes .== field) .| (bytes .== first) .| (bytes .== second)
                target.storeBytes(of: bytes, toByteOffset: offset, as: Vector.self)
                if offset == count &- 16 { break }
                offset = min(offset &+ 16, count &- 16)
            }
            let halves = unsafeBitCast(found, to: SIMD2<UInt64>.self)
            return halves[0] | halves[1] == 0
        }
        let field = Self.spread(fieldDelimiter)
        let first = Self.spread(record0)
        let second = Self.spread(record1)
        return Self.copyShort(source, count, target) { word in
            Self.zeroBytes(word ^ field) | Self.zeroBytes(word ^ first) | Self.zeroBytes(word ^ second)
        }
    }

    /// Copies `count` bytes, at least one; true when none is a delimiter, the escape character or a control character.
    @inline(__always)
    private func copyFindingControls(
        _ source: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutableRawPointer
    ) -> Bool {
        let field = Self.spread(fieldDelimiter)
        let first = Self.spread(record0)
        let second = Self.spread(record1)
        let character = Self.spread(escapeCharacter)
        let delete = Self.spread(0x7F)
        return Self.copyWords(source, count, target) { word in
            let controls = (word &- Self.spread(0x20)) & ~word & Self.spread(0x80)
            return controls | Self.zeroBytes(word ^ field) | Self.zeroBytes(word ^ first)
                | Self.zeroBytes(word ^ second) | Self.zeroBytes(word ^ character)
                | Self.zeroBytes(word ^ delete)
        }
    }

    @inline(__always)
    private static func spread(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

    /// Not zero exactly when a byte of the word is zero.
    @inline(__always)
    private static func zeroBytes(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }

    @inline(__always)
    private static func copyWords(
        _ source: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutableRawPointer,
        _ match: (UInt64) -> UInt64
    ) -> Bool {
        var found: UInt64 = 0
        var offset = 0
        while offset &+ 16 <= count {
            let word = source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            found |= match(word)
            target.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        return copyShort(source + offset, count &- offset, target + offset, match) && found == 0
    }

    /// Copies 1 to 15 bytes in two steps that overlap; true when `match` finds nothing in them.
    @inline(__always)
    private static func copyShort(
        _ source: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutableRawPointer,
        _ match: (UInt64) -> UInt64
    ) -> Bool {
        if count >= 8 {
            let low = source.loadUnaligned(as: UInt64.self)
            let high = source.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
            target.storeBytes(of: low, as: UInt64.self)
            target.storeBytes(of: high, toByteOffset: count &- 8, as: UInt64.self)
            return match(low) | match(high) == 0
        }
        if count >= 4 {
            let low = source.loadUnaligned(as: UInt32.self)
            let high = source.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
            target.storeBytes(of: low, as: UInt32.self)
            target.storeBytes(of: high, toByteOffset: count &- 4, as: UInt32.self)
            return match(UInt64(low) | UInt64(high) &<< 32) == 0
        }
        // One to three bytes: first, middle and last are all of them.
        let first = source.load(as: UInt8.self)
        let middle = source.load(fromByteOffset: count &>> 1, as: UInt8.self)
        let last = source.load(fromByteOffset: count &- 1, as: UInt8.self)
        target.storeBytes(of: first, as: UInt8.self)
        target.storeBytes(of: middle, toByteOffset: count &>> 1, as: UInt8.self)
        target.storeBytes(of: last, toByteOffset: count &- 1, as: UInt8.self)
        let word = UInt64(first) | UInt64(middle) &<< 8 | UInt64(last) &<< 16
        return match(word | spread(first) &<< 24) == 0
    }

    // MARK: Escapes

    @inline(__always)
    private func isDelimiter(_ byte: UInt8) -> Bool {
        byte == fieldDelimiter || byte == record0 || byte == record1
    }

    @inline(__always)
    private static func hex(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "A") &- 10 &+ digit
    }

    @inline(never)
    private func escaped(
        _ source: UnsafeRawPointer, _ count: Int, _ start: UnsafeMutablePointer<UInt8>,
        _ end: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8>? {
        var place = start
        let limit = end - Self.margin
        for index in 0..<count {
            guard place < limit else { return nil }
            let byte = source.load(fromByteOffset: index, as: UInt8.self)
            switch escape {
            case .percent where isDelimiter(byte):
                place[0] = UInt8(ascii: "%")
                place[1] = Self.hex(byte >> 4)
                place[2] = Self.hex(byte & 15)
                place += 3
            case .backslash:
                place = backslashed(byte, place)
            default:
                place.pointee = byte
                place += 1
            }
        }
        return place
    }

    private func backslashed(
        _ byte: UInt8, _ place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        let letter: UInt8
        switch byte {
        case escapeCharacter, fieldDelimiter: letter = byte
        case UInt8(ascii: "\n"): letter = UInt8(ascii: "n")
        case UInt8(ascii: "\r"): letter = UInt8(ascii: "r")
        case UInt8(ascii: "\t"): letter = UInt8(ascii: "t")
        case 0..<0x20, 0x7F, record0, record1: return hexEscaped(escapeCharacter, byte, place)
        default:
            place.pointee = byte
            return place + 1
        }
        // A field delimiter that is a control character (a tab) must not stand in the row as it is.
        if letter < 0x20 || letter == 0x7F { return hexEscaped(escapeCharacter, byte, place) }
        place[0] = escapeCharacter
        place[1] = letter
        return place + 2
    }

    private func hexEscaped(
        _ lead: UInt8, _ byte: UInt8, _ place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        place[0] = lead
        place[1] = UInt8(ascii: "x")
        place[2] = Self.hex(byte >> 4)
        place[3] = Self.hex(byte & 15)
        return place + 4
    }

    /// Writes a blob field, `\xHH` for what is not printable ASCII, a delimiter or a backslash; nil when it does not fit.
    func writeBlob(
        _ text: UnsafePointer<CChar>?, _ count: Int, _ start: UnsafeMutablePointer<UInt8>,
        _ end: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8>? {
        guard count > 0, let text else { return start }
        let source = UnsafeRawPointer(text)
        let limit = end - Self.margin
        var place = start
        let backslash = UInt8(ascii: "\\")
        for index in 0..<count {
            guard place < limit else { return nil }
            let byte = source.load(fromByteOffset: index, as: UInt8.self)
            if byte < 0x20 || byte > 0x7E || byte == backslash || isDelimiter(byte) {
                place = hexEscaped(backslash, byte, place)
            } else {
                place.pointee = byte
                place += 1
            }
        }
        return place
    }
}
