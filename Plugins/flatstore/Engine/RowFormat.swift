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

    /// Room that every field asks for beside its text: the longest integer, its delimiter and the record's.
    static let margin = 32
    /// The longest `%f`: 309 digits, sign, point, six decimals, and a delimiter.
    private static let floatRoom = 352

    /// Writes one row of `count` values, at least one, between `start` and `end`.
    /// Returns its bytes, `full`, or `unwritable - column`; what was written before a failure is void.
    @inline(__always)
    func write(
        _ values: UnsafePointer<mh_value>, _ count: Int, from start: UnsafeMutablePointer<UInt8>,
        to end: UnsafeMutablePointer<UInt8>
    ) -> Int {
        var place = start
        var value = values
        let last = values + (count - 1)
        while true {
            guard end - place >= Self.margin else { return Self.full }
            switch value.pointee.type {
            case MH_STRING:
                let text = value.pointee.as.text
                guard let next = writeText(text.ptr, text.len, place, end) else { return Self.full }
                place = next
            case MH_INT, MH_SIZE:
                place = Self.writeInteger(value.pointee.as.integer, place)
            case MH_TIME:
                let microseconds = value.pointee.as.integer
                let (quotient, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
                place = Self.writeInteger(rest < 0 ? quotient &- 1 : quotient, place)
            case MH_NULL:
                guard end - place >= Self.margin + nullLength else { return Self.full }
                if nullLength > 0 { memcpy(place, nullText, nullLength) }
                place += nullLength
            case MH_BOOL:
                place.pointee = value.pointee.as.integer == 0 ? UInt8(ascii: "0") : UInt8(ascii: "1")
                place += 1
            case MH_FLOAT:
                guard end - place >= Self.floatRoom else { return Self.full }
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
            if value == last { break }
            place.pointee = fieldDelimiter
            place += 1
            value += 1
        }
        place.pointee = record0
        if recordLength == 2 { place[1] = record1 }
        return place - start + recordLength
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

    @inline(__always)
    private static func writeMagnitude(
        _ magnitude: UInt64, _ place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        if magnitude < 10 {
            place.pointee = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: magnitude)
            return place + 1
        }
        let end = place + digits(magnitude)
        writeDigits(magnitude, before: end)
        return end
    }

    /// Writes the digits of a number, two by two from its end; a single leading digit last.
    @inline(__always)
    private static func writeDigits(_ magnitude: UInt64, before end: UnsafeMutablePointer<UInt8>) {
        let table = pairs.utf8Start
        var rest = magnitude
        var place = end
        while rest >= 10 {
            let quotient = rest / 100
            let pair = Int(truncatingIfNeeded: rest &- quotient &* 100) &* 2
            place -= 2
            place[0] = table[pair]
            place[1] = table[pair &+ 1]
            if rest < 100 { return }
            rest = quotient
        }
        place -= 1
        place.pointee = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest)
    }

    @inline(__always)
    private static func digits(_ magnitude: UInt64) -> Int {
        var bound: UInt64 = 10
        var count = 1
        while magnitude >= bound {
            count &+= 1
            if count == 20 { break }
            bound = bound &* 10
        }
        return count
    }

    /// Writes six digits with leading zeros.
    private static func writeSixDigits(
        _ number: UInt64, _ place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        let table = pairs.utf8Start
        var rest = number
        for position in stride(from: 4, through: 0, by: -2) {
            let pair = Int(rest % 100) * 2
            place[position] = table[pair]
            place[position + 1] = table[pair + 1]
            rest /= 100
        }
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
        let room = floatRoom - margin
        let count = place.withMemoryRebound(to: CChar.self, capacity: room) { text in
            withVaList([real]) { vsnprintf(text, room, "%f", $0) }
        }
        return place + min(max(Int(count), 0), room - 1)
    }
}
