/// Points in time written as unix seconds or as RFC 3339 text, as microseconds since 1970-01-01T00:00:00Z.
enum TimeText {
    /// Reads either form; nil when it is neither.
    static func microseconds(_ text: Bytes) -> Int64? {
        if text.count >= 20, text[4] == UInt8(ascii: "-") { return rfc3339(text) }
        return NumberText.microseconds(ofSeconds: text)
    }

    /// Reads `YYYY-MM-DD T hh:mm:ss [.fraction] (Z | ±hh:mm)` (RFC 3339, section 5.6); "T" may be a blank and letters may be
    /// small. The fraction is cut off below the microsecond; second 60 counts as the next minute's first.
    static func rfc3339(_ text: Bytes) -> Int64? {
        guard text.count >= 20,
            let year = digits(text, 0, 4), text[4] == UInt8(ascii: "-"),
            let month = digits(text, 5, 2), text[7] == UInt8(ascii: "-"),
            let day = digits(text, 8, 2),
            text[10] | 0x20 == UInt8(ascii: "t") || text[10] == UInt8(ascii: " "),
            let hour = digits(text, 11, 2), text[13] == UInt8(ascii: ":"),
            let minute = digits(text, 14, 2), text[16] == UInt8(ascii: ":"),
            let second = digits(text, 17, 2),
            (1...12).contains(month), day >= 1, day <= days(inMonth: month, of: year),
            hour <= 23, minute <= 59, second <= 60
        else { return nil }
        var index = 19
        var micros: Int64 = 0
        if text[index] == UInt8(ascii: ".") {
            var scale: Int64 = 100_000
            index += 1
            let start = index
            while index < text.count, case let digit = text[index] &- UInt8(ascii: "0"), digit <= 9 {
                micros += Int64(digit) * scale
                scale /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        guard let offset = zone(Bytes(rebasing: text[index...])) else { return nil }
        let minutes = (daysSince1970(year, month, day) * 24 + hour) * 60 + minute - offset
        return (minutes * 60 + second) * 1_000_000 + micros
    }

    /// Minutes east of Greenwich of `Z` or `±hh:mm`.
    private static func zone(_ text: Bytes) -> Int64? {
        guard let first = text.first else { return nil }
        if first | 0x20 == UInt8(ascii: "z") { return text.count == 1 ? 0 : nil }
        guard text.count == 6, first == UInt8(ascii: "+") || first == UInt8(ascii: "-"),
            text[3] == UInt8(ascii: ":"), let hours = digits(text, 1, 2), let minutes = digits(text, 4, 2),
            hours <= 23, minutes <= 59
        else { return nil }
        return (first == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }

    private static func digits(_ text: Bytes, _ start: Int, _ count: Int) -> Int64? {
        var value: Int64 = 0
        for index in start..<(start + count) {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value * 10 + Int64(digit)
        }
        return value
    }

    private static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar: years begin in March, so that the leap day comes last.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
