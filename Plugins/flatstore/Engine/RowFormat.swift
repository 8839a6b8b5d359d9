// Writes a row of ABI values as bytes: fields, delimiters, numbers. This is the hot path: raw pointers in, a count out,
// and nothing is allocated or retained; RowFormat+Text.swift holds the strings.
import Glibc
import ModuleABI

/// How a row is written. Trivial, so that it can lie in raw memory; `nullText` is owned by whoever made it.
struct RowFormat {
    let fieldDelimiter: UInt8
    let record0: UInt8
    let record1: UInt8
    let recordLength: Int
    let escape: Escape
    let escapeCharacter: UInt8
    let nullText: UnsafePointer<UInt8>
    let nullLength: Int

    init(_ settings: Settings, nullText: UnsafePointer<UInt8>) {
        fieldDelimiter = settings.fieldDelimiter
        record0 = settings.recordDelimiter.first ?? UInt8(ascii: "\n")
        record1 = settings.recordDelimiter.last ?? UInt8(ascii: "\n")
        recordLength = settings.recordDelimiter.count
        escape = settings.escape
        escapeCharacter = settings.escapeCharacter
        self.nullText = nullText
        nullLength = settings.nullText.count
    }

    /// The answer of `write` when the row does not fit; greater counts of the room were needed.
    static let full = -1
    /// Answers from here downwards say that a value cannot be written: `unwritable - column`.
    static let unwritable = -2

    /// Room that every field asks for beside its text: the longest integer, the delimiters, and what the search for delimiters
    /// reads behind the row.
    static let margin = 48
    /// Room that a float asks for besides: the longest `%f` has 309 digits, sign, point and six decimals.
    private static let floatRoom = 320

    /// Writes one row of `count` values, at least one, between `start` and `end`.
    /// Returns its bytes, `full`, or `unwritable - column`; what was written before a failure is void.
    ///
    /// Almost no row holds anything to escape. So texts are copied as they are, the whole row is searched once, and only a row with
    /// a byte too many of those that matter is written again, text by text.
    @inline(__always)
    func write(
        _ values: UnsafePointer<mh_value>, _ count: Int, from start: UnsafeMutablePointer<UInt8>,
        to end: UnsafeMutablePointer<UInt8>
    ) -> Int {
        let length = writeFields(values, count, start, end) { text, length, place in
            Self.copy(text, length, place)
            return place + length
        }
        if length <= 0 || escape == .none { return length }
        if holds(count &- 1 &+ recordLength, start, length) { return length }
        return writeEscaping(values, count, start, end)
    }

    @inline(never)
    private func writeEscaping(
        _ values: UnsafePointer<mh_value>, _ count: Int, _ start: UnsafeMutablePointer<UInt8>,
        _ end: UnsafeMutablePointer<UInt8>
    ) -> Int {
        writeFields(values, count, start, end) { text, length, place in
            writeText(text, length, place, end)
        }
    }

    /// Writes a row whose texts are written by `writeText`: at least one byte, for which there is room, and `margin` behind it.
    @inline(__always)
    private func writeFields(
        _ values: UnsafePointer<mh_value>, _ count: Int, _ start: UnsafeMutablePointer<UInt8>,
        _ end: UnsafeMutablePointer<UInt8>,
        _ writeText: (UnsafeRawPointer, Int, UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>?
    ) -> Int {
        let limit = end - Self.margin
        var place = start
        var value = values
        let last = values + (count &- 1)
        while true {
            let room = limit - place
            if value.pointee.type == MH_STRING {
                let text = value.pointee.as.text
                guard text.len <= room else { return Self.full }
                if text.len > 0, let bytes = text.ptr {
                    guard let next = writeText(UnsafeRawPointer(bytes), text.len, place) else { return Self.full }
                    place = next
                }
            } else {
                guard room >= 0 else { return Self.full }
                switch value.pointee.type {
                case MH_INT, MH_SIZE:
                    place = Self.writeInteger(value.pointee.as.integer, place)
                case MH_TIME:
                    let microseconds = value.pointee.as.integer
                    let (quotient, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
                    place = Self.writeInteger(rest < 0 ? quotient &- 1 : quotient, place)
                case MH_NULL:
                    guard room >= nullLength else { return Self.full }
                    if nullLength > 0 { memcpy(place, nullText, nullLength) }
                    place += nullLength
                case MH_BOOL:
                    place.pointee = value.pointee.as.integer == 0 ? UInt8(ascii: "0") : UInt8(ascii: "1")
                    place += 1
                case MH_FLOAT:
                    guard room >= Self.floatRoom else { return Self.full }
                    place = Self.writeFloat(value.pointee.as.real, place)
                case MH_DURATION:
                    place = Self.writeSeconds(nanoseconds: value.pointee.as.integer, place)
                case MH_BLOB:
                    let text = value.pointee.as.text
                    guard let next = writeBlob(text.ptr, text.len, place, end) else { return Self.full }
                    place = next
                default:
                    return Self.unwritable - (value - values)
                }
            }
            if value == last { break }
            place.pointee = fieldDelimiter
            place += 1
            value += 1
        }
        place.pointee = record0
        if recordLength == 2 { place[1] = record1 }
        return place - start &+ recordLength
    }

    /// The most bytes that `write` can ask for on a row of these values.
    static func bound(_ values: UnsafePointer<mh_value>, _ count: Int, nullLength: Int) -> Int {
        var total = floatRoom
        for index in 0..<count {
            total += margin
            switch values[index].type {
            case MH_STRING, MH_BLOB: total += 4 * values[index].as.text.len
            case MH_FLOAT: total += floatRoom
            case MH_NULL: total += nullLength
            default: break
            }
        }
        return total
    }

    // MARK: Numbers

    private static let pairs: StaticString = """
        0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
        5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899
        """

    /// Writes a number in decimal, at most 20 bytes.
    @inline(__always)
    static func writeInteger(_ number: Int64, _ place: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<
        UInt8
    > {
        var place = place
        if number < 0 {
            place.pointee = UInt8(ascii: "-")
            place += 1
        }
        return writeMagnitude(number.magnitude, place)
    }

    /// Four digits a step, so that the processor works on several divisions at once.
    @inline(__always)
    private static func writeMagnitude(
        _ magnitude: UInt64, _ place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        if magnitude < 10_000 { return writeShort(UInt32(truncatingIfNeeded: magnitude), place) }
        if magnitude < 100_000_000 {
            let number = UInt32(truncatingIfNeeded: magnitude)
            let next = writeShort(number / 10_000, place)
            writeFour(number % 10_000, next)
            return next + 4
        }
        return writeLong(magnitude, place)
    }

    @inline(__always)
    private static func writeLong(
        _ magnitude: UInt64, _ place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        let high = magnitude / 100_000_000
        let low = UInt32(truncatingIfNeeded: magnitude &- high &* 100_000_000)
        let next: UnsafeMutablePointer<UInt8>
        if high < 10_000 {
            next = writeShort(UInt32(truncatingIfNeeded: high), place)
        } else {
            next = writeMiddle(high, place)
        }
        writeFour(low / 10_000, next)
        writeFour(low % 10_000, next + 4)
        return next + 8
    }

    /// The part above the last eight digits of a number of more than twelve.
    @inline(never)
    private static func writeMiddle(
        _ high: UInt64, _ place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> { writeMagnitude(high, place) }

    /// Writes a number below 10,000 with as many digits as it has.
    @inline(__always)
    private static func writeShort(
        _ number: UInt32, _ place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        if number < 100 {
            if number < 10 {
                place.pointee = digit(number)
                return place + 1
            }
            writePair(number, place)
            return place + 2
        }
        let high = number / 100
        if high < 10 {
            place.pointee = digit(high)
            writePair(number % 100, place + 1)
            return place + 3
        }
        writePair(high, place)
        writePair(number % 100, place + 2)
        return place + 4
    }

    /// Writes four digits with leading zeros.
    @inline(__always)
    private static func writeFour(_ number: UInt32, _ place: UnsafeMutablePointer<UInt8>) {
        writePair(number / 100, place)
        writePair(number % 100, place + 2)
    }

    @inline(__always)
    private static func writePair(_ number: UInt32, _ place: UnsafeMutablePointer<UInt8>) {
        let pair = UnsafeRawPointer(pairs.utf8Start).loadUnaligned(fromByteOffset: Int(number) &* 2, as: UInt16.self)
        UnsafeMutableRawPointer(place).storeBytes(of: pair, as: UInt16.self)
    }

    @inline(__always)
    private static func digit(_ number: UInt32) -> UInt8 {
        UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number)
    }

    /// Writes six digits with leading zeros.
    private static func writeSixDigits(
        _ number: UInt64, _ place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        let high = UInt32(truncatingIfNeeded: number / 10_000)
        writePair(high, place)
        writeFour(UInt32(truncatingIfNeeded: number % 10_000), place + 2)
        return place + 6
    }

    /// Writes nanoseconds as seconds with six decimals, rounded to the nearest microsecond.
    static func writeSeconds(
        nanoseconds: Int64, _ place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        var place = place
        if nanoseconds < 0 {
            place.pointee = UInt8(ascii: "-")
            place += 1
        }
        let microseconds = (nanoseconds.magnitude + 500) / 1000
        place = writeMagnitude(microseconds / 1_000_000, place)
        place.pointee = UInt8(ascii: ".")
        return writeSixDigits(microseconds % 1_000_000, place + 1)
    }

    /// Writes a number as `%f` does: six decimals, exact ties to even; "nan" and "inf" as C writes them.
    static func writeFloat(_ real: Double, _ place: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<
        UInt8
    > {
        let magnitude = real.magnitude
        // Below 2^52 the whole part and the fraction are exact, and so is the rounding below.
        guard magnitude < 4_503_599_627_370_496 else { return writeRareFloat(real, place) }
        var place = place
        if real.sign == .minus {
            place.pointee = UInt8(ascii: "-")
            place += 1
        }
        var whole = UInt64(magnitude)
        let fraction = magnitude - Double(whole)
        let product = fraction * 1_000_000
        // fraction * 10^6 is product + lost exactly: the sum decides on which side of one half it lies.
        let lost = (-product).addingProduct(fraction, 1_000_000)
        var millionths = UInt64(product)
        let rest = product - Double(millionths)
        if rest > 0.5 || (rest == 0.5 && (lost > 0 || (lost == 0 && millionths & 1 == 1))) { millionths += 1 }
        if millionths == 1_000_000 {
            millionths = 0
            whole += 1
        }
        place = writeMagnitude(whole, place)
        place.pointee = UInt8(ascii: ".")
        return writeSixDigits(millionths, place + 1)
    }

    /// Huge numbers, infinities and NaN, in the words of the C library.
    @inline(never)
    private static func writeRareFloat(
        _ real: Double, _ place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        let count = place.withMemoryRebound(to: CChar.self, capacity: floatRoom) { text in
            withVaList([real]) { vsnprintf(text, floatRoom, "%f", $0) }
        }
        return place + min(max(Int(count), 0), floatRoom - 1)
    }
}
