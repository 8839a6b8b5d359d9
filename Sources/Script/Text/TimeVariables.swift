// The pseudo-variables of the time. Some read the clock at each use; the others have the time at which the run first
// asked for it, and stay the same until it ends.

extension ComputedVariable {
    /// When the process began; `$Tb`.
    private static let bootTime = timeOfDay().seconds

    static var time: [ComputedVariable] {
        _ = bootTime
        return [
            ComputedVariable(name: "Ts", inner: .none) { run, _ in .integer(run.startTime.seconds) },
            ComputedVariable(name: "TS", inner: .none) { _, _ in .integer(timeOfDay().seconds) },
            ComputedVariable(name: "Tb", inner: .none) { _, _ in .integer(bootTime) },
            ComputedVariable(name: "Tf", inner: .none) { run, _ in .text(calendarText(run.startTime.seconds)) },
            ComputedVariable(name: "TF", inner: .none) { _, _ in .text(calendarText(timeOfDay().seconds)) },
            ComputedVariable(name: "TV", inner: .names(["s", "u", "sn", "un", "Sn", "Fn"])) { run, key in
                timeValue(run, String(decoding: key.array, as: UTF8.self))
            },
            ComputedVariable(name: "time", inner: .names(fieldNames)) { run, key in
                field(CalendarTime(local: run.startTime.seconds), String(decoding: key.array, as: UTF8.self))
            },
            ComputedVariable(name: "utime", inner: .names(fieldNames)) { run, key in
                field(CalendarTime(utc: run.startTime.seconds), String(decoding: key.array, as: UTF8.self))
            },
            ComputedVariable(name: "timef", inner: .text("a format as of strftime(3), such as %Y-%m-%d")) { run, key in
                .text(CalendarTime(local: run.startTime.seconds).formatted(key.array))
            },
            ComputedVariable(name: "utimef", inner: .text("a format as of strftime(3), such as %Y-%m-%d")) { run, key in
                .text(CalendarTime(utc: run.startTime.seconds).formatted(key.array))
            },
        ]
    }

    private static let fieldNames = ["sec", "min", "hour", "mday", "mon", "year", "wday", "yday", "isdst"]

    private static func field(_ time: CalendarTime, _ name: String) -> ScriptValue {
        switch name {
        case "sec": .integer(time.second)
        case "min": .integer(time.minute)
        case "hour": .integer(time.hour)
        case "mday": .integer(time.day)
        case "mon": .integer(time.month)
        case "year": .integer(time.year)
        case "wday": .integer(time.weekday)
        case "yday": .integer(time.dayOfYear)
        case "isdst": .integer(time.isSummerTime)
        default: .null
        }
    }

    private static func timeValue(_ run: ScriptRun, _ name: String) -> ScriptValue {
        switch name {
        case "s": .integer(run.startTime.seconds)
        case "u": .integer(run.startTime.microseconds)
        case "sn": .integer(timeOfDay().seconds)
        case "un": .integer(timeOfDay().microseconds)
        case "Sn": .text(fraction(timeOfDay()) { ScriptValue.decimal($0) })
        case "Fn":
            .text(fraction(timeOfDay()) { CalendarTime(local: $0).formatted(Array("%Y-%m-%d %H:%M:%S".utf8)) })
        default: .null
        }
    }

    /// `Sat Nov 21 13:01:51 2026`
    private static func calendarText(_ seconds: Int64) -> [UInt8] {
        CalendarTime(local: seconds).formatted(Array("%a %b %e %H:%M:%S %Y".utf8))
    }

    /// The seconds as some text, a dot, and six digits.
    private static func fraction(
        _ time: (seconds: Int64, microseconds: Int64), _ text: (Int64) -> [UInt8]
    ) -> [UInt8] {
        text(time.seconds) + [UInt8(ascii: ".")] + ScriptValue.decimal(1_000_000 + time.microseconds).dropFirst()
    }
}
