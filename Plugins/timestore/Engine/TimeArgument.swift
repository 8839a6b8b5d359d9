import Glibc
import ModuleABI
import ModuleKit

/// A time as an operator writes it: seconds since 1970, `2024-05-17`, `2024-05-17T12:00:00Z`, `now`, or a span before now such as
/// `-90m` (s, m, h, d).
enum TimeArgument {
    static let expected =
        "expected seconds since 1970, a date such as 2024-05-17 or 2024-05-17T12:00:00Z, now, or a span before now such as -90m"

    /// Reads an argument; nil when it is no time of 1970 to 2106.
    static func read(_ value: Value, now: Int64) -> UInt32? {
        switch value {
        case .integer(let number): UInt32(exactly: number)
        case .float(let number): number >= 0 && number < 4_294_967_296 ? UInt32(number) : nil
        case .string(let text): read(text, now: now)
        default: nil
        }
    }

    static func read(_ text: String, now: Int64) -> UInt32? {
        if text == "now" { return UInt32(exactly: now) }
        if let number = UInt32(text) { return number }
        if text.hasPrefix("-") { return span(text.dropFirst()).flatMap { UInt32(exactly: max(0, now - $0)) } }
        return date(Array(text.utf8))
    }

    /// Seconds of a span such as `90m`.
    private static func span(_ text: Substring) -> Int64? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        guard let last = text.last else { return nil }
        let unit = units[last]
        guard let number = Int64(unit == nil ? text : text.dropLast()), number >= 0, number <= 5_000_000_000 else {
            return nil
        }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
        return overflow ? nil : seconds
    }

    /// `YYYY-MM-DD`, then nothing or `T` (or a blank) and `hh:mm[:ss]` with `Z` or without; always UTC.
    private static func date(_ text: [UInt8]) -> UInt32? {
        func number(_ start: Int, _ count: Int) -> Int? {
            guard start + count <= text.count else { return nil }
            var value = 0
            for byte in text[start..<(start + count)] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            return value
        }
        func holds(_ byte: Character, at index: Int) -> Bool { index < text.count && text[index] == byte.asciiValue }
        guard let year = number(0, 4), holds("-", at: 4), let month = number(5, 2), holds("-", at: 7),
            let day = number(8, 2),
            (1970...CalendarDay.lastYear).contains(year), (1...12).contains(month), day >= 1
        else { return nil }
        let isLeap = CalendarDay.firstDay(of: year + 1) - CalendarDay.firstDay(of: year) == 366
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day <= lengths[month - 1] else { return nil }
        var seconds = (CalendarDay.firstDay(of: year) + lengths[..<(month - 1)].reduce(0, +) + day - 1) * 86_400
        guard text.count > 10 else { return UInt32(exactly: seconds) }
        guard holds("T", at: 10) || holds(" ", at: 10), let hour = number(11, 2), holds(":", at: 13),
            let minute = number(14, 2), hour < 24, minute < 60
        else { return nil }
        seconds += hour * 3600 + minute * 60
        var end = 16
        if holds(":", at: 16) {
            guard let second = number(17, 2), second < 60 else { return nil }
            seconds += second
            end = 19
        }
        if holds("Z", at: end) { end += 1 }
        return end == text.count ? UInt32(exactly: seconds) : nil
    }

    /// Seconds since 1970 by the system's clock.
    static var now: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec)
    }
}
