import Configuration
import Script
import Testing

@Suite("Mistakes in transformations and in the variables of time and process")
struct TransformationMistakeTests {
    @Test(
        "A mistake is found when the configuration is read, with its place and what was expected",
        arguments: [
            ("s.lenn", "found the unknown transformation {s.lenn}; did you mean {s.len}?"),
            ("s.encode.base46", "found the unknown transformation {s.encode.base46}; did you mean {s.encode.base64}?"),
            ("s.substr,1", "found a parameter in {s.substr}, expected 2; it takes a number, a number from 0 on"),
            ("s.substr", "found no parameters in {s.substr}, expected 2; it takes a number, a number from 0 on"),
            ("s.substr,0,-3", "found '-3' in {s.substr}, expected a number from 0 on"),
            ("s.substr,a,3", "found 'a' in {s.substr}, expected a number"),
            ("s.len,3", "found a parameter in {s.len}, expected none"),
            ("s.select,1,ab", "found 'ab' in {s.select}, expected one character"),
            ("s.strip,x", "found 'x' in {s.strip}, expected a number"),
            ("s.replace,a,b,c", "found 3 parameters in {s.replace}, expected 2; it takes a text, a text"),
            ("s.count", "found no parameters in {s.count}, expected 1; it takes a character"),
            ("s.before,", "found '' in {s.before}, expected a character; write it behind the comma"),
            ("param.value", "found no parameters in {param.value}, expected 1 to 2; it takes a text, one character"),
            (
                "re.subst,/a/b",
                "found 1 of '/' behind the first in {re.subst}, expected 2; write {re.subst,/pattern/replacement/flags}"
            ),
            ("re.subst,/a/b/x", "found the flag 'x' in {re.subst}, expected g, i or s"),
            ("re.subst,/[/b/", "found '[', expected a POSIX extended pattern: Invalid regular expression"),
            (
                "re.subst,abc",
                "found 'a' behind {re.subst,, expected a delimiter; write {re.subst,/pattern/replacement/flags}"
            ),
        ])
    func load(transformation: String, message: String) {
        let errors = mistakes("$var(r) = $(var(x){\(transformation)});")
        #expect(errors.count == 1 && errors.allSatisfy { $0.hasSuffix(message) && $0.hasPrefix("t.conf:1:") }, "\(errors)")
    }

    @Test(
        "A mistake in a variable of time or process is found when the configuration is read",
        arguments: [
            ("$TV(q)", "found 'q' in $TV, expected one of s, u, sn, un, Sn, Fn"),
            ("$TV", "found $TV without parentheses, expected $TV(s); one of s, u, sn, un, Sn, Fn"),
            ("$time(q)", "found 'q' in $time, expected one of sec, min, hour, mday, mon, year, wday, yday, isdst"),
            ("$version(q)", "found 'q' in $version, expected one of num, full, hash"),
            ("$Ts(1)", "found $Ts(1), expected $Ts without parentheses"),
            ("$timef()", "expected a format as of strftime(3), such as %Y-%m-%d"),
        ])
    func variables(variable: String, message: String) {
        let errors = mistakes("$var(r) = \(variable);")
        #expect(errors.count == 1 && errors.allSatisfy { $0.contains(message) && $0.hasPrefix("t.conf:1:") }, "\(errors)")
    }

    @Test("A parameter that is no number when the route runs is an error that is logged, and the value is null")
    func runTime() throws {
        let fixture = try TextFixture("$var(x) = \"abc\"; $var(n) = \"no\"; xlog(\"[$(var(x){s.strip,$var(n)})]\");")
        try fixture.run()
        #expect(fixture.log.all.count == 2, "\(fixture.log.all)")
        #expect(
            fixture.log.all.first?.contains("found \"no\" as parameter 1, expected a number") == true, "\(fixture.log.all)")
        #expect(fixture.log.all.last == "<script>: []")
    }

    private func mistakes(_ statement: String) -> [String] {
        TextFixture.check("route[T] { \(statement) }").diagnostics.filter { $0.severity == .error }.map(\.description)
    }
}
