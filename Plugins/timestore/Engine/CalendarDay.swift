/// Days and years of times in seconds since 1970, UTC, as directory and file names count them.
struct CalendarDay: Equatable {
    static let seconds: UInt32 = 86_400

    /// 1970…2106.
    var year: Int
    /// 1 for the first of January, up to 366.
    var dayOfYear: Int

    init(_ time: UInt32) {
        let day = Int(time / Self.seconds)
        // Years of 365.2425 days never guess more than one year too late.
        var year = 1970 + day * 400 / 146_097
        if Self.firstDay(of: year) > day { year -= 1 }
        if Self.firstDay(of: year + 1) <= day { year += 1 }
        self.year = year
        dayOfYear = day - Self.firstDay(of: year) + 1
    }

    /// Days from 1970-01-01 to the first of January of a year from 1970 on.
    static func firstDay(of year: Int) -> Int {
        let before = year - 1
        return (year - 1970) * 365 + (before / 4 - before / 100 + before / 400) - 477
    }

    /// The last second of a day of a year, at most the last that 32 bits hold.
    static func end(of dayOfYear: Int, in year: Int) -> UInt32 {
        UInt32(clamping: (firstDay(of: year) + dayOfYear) * Int(seconds) - 1)
    }

    /// The last second of a year, at most the last that 32 bits hold.
    static func end(ofYear year: Int) -> UInt32 {
        UInt32(clamping: firstDay(of: year + 1) * Int(seconds) - 1)
    }

    /// The last year that 32 bits of seconds reach.
    static let lastYear = CalendarDay(UInt32.max).year
}
