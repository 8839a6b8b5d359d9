// A moment as a calendar has it, in local time or UTC. This file alone passes a `tm` to C.

import Glibc

/// Year, month, day and time of a moment.
struct CalendarTime {
    private var fields = tm()

    /// In the zone of the process (TZ).
    init(local seconds: Int64) {
        var time = time_t(seconds)
        localtime_r(&time, &fields)
    }

    /// In UTC.
    init(utc seconds: Int64) {
        var time = time_t(seconds)
        gmtime_r(&time, &fields)
    }

    var year: Int64 { Int64(fields.tm_year) + 1900 }
    /// 1 to 12.
    var month: Int64 { Int64(fields.tm_mon) + 1 }
    var day: Int64 { Int64(fields.tm_mday) }
    var hour: Int64 { Int64(fields.tm_hour) }
    var minute: Int64 { Int64(fields.tm_min) }
    var second: Int64 { Int64(fields.tm_sec) }
    /// 1 to 7; 1 is Sunday.
    var weekday: Int64 { Int64(fields.tm_wday) + 1 }
    /// 1 to 366.
    var dayOfYear: Int64 { Int64(fields.tm_yday) + 1 }
    /// 1 in summer time, 0 otherwise.
    var isSummerTime: Int64 { Int64(fields.tm_isdst) }

    /// As strftime(3) writes it, in the C locale; at most 4096 bytes, empty beyond.
    func formatted(_ format: [UInt8]) -> [UInt8] {
        var fields = fields
        // A NUL would end the format, and strftime says 0 for a text that does not fit as for an empty one.
        let text = format.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
        return [UInt8](unsafeUninitializedCapacity: 4097) { buffer, count in
            count = buffer.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else { return 0 }
                return strftime(start, characters.count, text, &fields)
            }
        }
    }
}

/// The time of day at once, in seconds since 1970-01-01 UTC and microseconds.
func timeOfDay() -> (seconds: Int64, microseconds: Int64) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return (Int64(now.tv_sec), Int64(now.tv_nsec) / 1000)
}
