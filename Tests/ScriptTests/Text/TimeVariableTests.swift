import Configuration
import Foundation
import Script
import Testing

@Suite("Variables of time and process")
struct TimeVariableTests {
    @Test("$Ts is the clock's second, the same all through a run, and as $TV(s)")
    func seconds() throws {
        let before = Int64(Date().timeIntervalSince1970)
        let fixture = try TextFixture(
            "$var(a) = $Ts; $var(b) = $TV(s); $var(result) = $var(a); if ($var(a) != $var(b)) { $var(result) = 0; }")
        let value = try fixture.run().integerValue
        #expect((before...Int64(Date().timeIntervalSince1970)).contains(value))
    }

    @Test("$TV(u) stays the same all through a run, $TV(un) goes on")
    func microseconds() throws {
        let fixture = try TextFixture(
            """
            $var(u) = $TV(u); $var(start) = $TV(Sn); $var(turns) = 0;
            while ($TV(Sn) == $var(start) && $var(turns) < 100) { $var(turns) = $var(turns) + 1; }
            if ($var(turns) < 100 && $TV(u) == $var(u)) { $var(result) = 1; } else { $var(result) = 2; }
            """)
        #expect(try fixture.run() == 1)
    }

    @Test(
        "A variable has the form that Kamailio's has",
        arguments: [
            ("$TV(Sn)", "^[0-9]{10}\\.[0-9]{6}$"), ("$TV(Fn)", "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\\.[0-9]{6}$"),
            ("$TF", "^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4}$"),
            ("$Tf", "^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4}$"), ("$TS", "^[0-9]{10}$"),
            ("$Tb", "^[0-9]{10}$"),
            ("$timef(%Y-%m-%d)", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), ("$utimef(%H:%M, %S)", "^[0-9]{2}:[0-9]{2}, [0-9]{2}$"),
            ("$time(wday)", "^[1-7]$"), ("$time(yday)", "^[0-9]+$"), ("$utime(hour)", "^[0-9]+$"),
            ("$time(year)", "^20[0-9]{2}$"),
            ("$version(full)", "^modhost [0-9.]+ \\([a-z0-9_]+/linux\\)$"), ("$version(hash)", "^unknown$"),
        ])
    func forms(variable: String, pattern: String) throws {
        let text = String(decoding: try TextFixture.value(of: variable).textValue, as: UTF8.self)
        #expect(text.range(of: pattern, options: .regularExpression) != nil, "\(text)")
    }

    @Test("The fields of $utime are the calendar's: months from 1, Sunday is 1, days of the year from 1")
    func calendar() throws {
        let fixture = try TextFixture(
            """
            $var(result) = $Ts + 0;
            xlog("$utime(year) $utime(mon) $utime(mday) $utime(hour) $utime(min) $utime(sec) $utime(wday) $utime(yday)");
            """)
        let moment = Date(timeIntervalSince1970: TimeInterval(try fixture.run().integerValue))
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second, .weekday], from: moment)
        let dayOfYear = calendar.ordinality(of: .day, in: .year, for: moment)
        let expected = [
            parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second, parts.weekday, dayOfYear,
        ]
        #expect(fixture.log.all == ["<script>: " + expected.map { "\($0 ?? -1)" }.joined(separator: " ")])
    }

    @Test("$pp is the process, $version(num) the version, $env an environment variable or null")
    func process() throws {
        #expect(try TextFixture.value(of: "$pp") == .integer(Int64(ProcessInfo.processInfo.processIdentifier)))
        #expect(try TextFixture.value(of: "$version(num)") == .text(modhostVersion))
        let home = ProcessInfo.processInfo.environment["PATH"] ?? ""
        #expect(try TextFixture.value(of: "$env(PATH)") == .text(home))
        #expect(try TextFixture.isTrue("$env(MODHOST_NO_SUCH_VARIABLE) == $null"))
    }
}
