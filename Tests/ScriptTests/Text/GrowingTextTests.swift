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
}
