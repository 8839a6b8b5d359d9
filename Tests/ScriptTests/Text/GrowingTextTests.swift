import Script
import Testing

@Suite("Texts that grow")
struct GrowingTextTests {
    @Test(
        "A loop that joins a text to itself is stopped at a MiB, with an error in the log",
        arguments: [
            "$var(a) = $var(a) + $var(a);", "$avp(a) = $(avp(a)[*]);",
        ])
    func doubling(statement: String) throws {
        let fixture = try TextFixture(
            """
            $var(a) = "0123456789"; $avp(a) = "0123456789"; $avp(a) = "9876543210"; $var(i) = 0;
            while ($var(i) < 90) { \(statement) $var(i) = $var(i) + 1; }
            $var(result) = $(var(a){s.len}) + $(avp(a){s.len});
            """)
        let length = try fixture.run().integerValue
        #expect(length > 100_000 && length <= 2 << 20, "\(length)")
        #expect(fixture.log.all.contains { $0.contains("1048576") })
    }

    @Test(
        "A transformation of a long text takes no time to speak of",
        arguments: [
            ("a", "s.replace,$var(half)b,x"), ("a", "s.rm,$var(half)"), ("\\n", "s.rmhdws"), ("\"", "param.count"),
            ("=\"", "param.value,x"), (";", "param.count"), ("\\n", "line.count"), ("a", "s.encode.hexa}{s.len"),
            ("a", "s.select,-1,a"),
            (" ", "s.trim"), ("%", "s.urldecode.param"), ("<", "nameaddr.uri"), ("a", "re.subst,/b/c/g"),
            ("a", "s.encode.base58"),
            ("a", "s.encode.base64}{s.decode.base64"),
        ])
    func longTexts(unit: String, transformation: String) throws {
        let fixture = try TextFixture(
            """
            $var(a) = '\(unit == "\\n" ? "\n" : unit)'; $var(i) = 0;
            while ($var(i) < 19) { $var(half) = $var(a); $var(a) = $var(a) + $var(a); $var(i) = $var(i) + 1; }
            $var(result) = $(var(a){s.len}); $var(x) = $(var(a){\(transformation)});
            """)
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try fixture.run().integerValue >= 1 << 19)
        // A quadratic one would take minutes.
        #expect(clock.now - start < .seconds(10))
    }
}
