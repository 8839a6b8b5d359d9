import Foundation
import Testing

/// The gate of rule 24: no type of the ABI changes without somebody having said so.
@Suite(
    "abidiff against the baseline",
    .enabled(
        if: Tool.path(of: "abidiff") != nil,
        "NOT CHECKED: abidiff is not installed; apt-get install abigail-tools"))
struct AbidiffTests {
    private func compare(include: URL) throws -> Outcome {
        let folder = try TemporaryFolder()
        let library = folder.path("libmodhost-canary.so")
        let built = try Tool.run(
            "sh", [Repository.abi.appendingPathComponent("canary.sh").path, library],
            environment: ["MODHOST_INCLUDE": include.path])
        try #require(built.status == 0, "\(built.output)")
        // A renamed field is harmless to what is built, and not to what has to be built.
        return try Tool.run(
            "abidiff", ["--harmless", Repository.abi.appendingPathComponent("baseline.abi").path, library])
    }

    @Test("The headers are those of the baseline; after an accepted addition run Tests/abi/renew.sh")
    func headersMatchBaseline() throws {
        let outcome = try compare(include: Repository.include)
        #expect(outcome.status == 0, "\(outcome.output)")
    }

    @Test(
        "A change to a struct is noticed, wherever it is",
        arguments: [
            ("net.h", "} mh_peer;", "    int64_t more;\n} mh_peer;"),
            ("loop.h", "    int64_t interval;", "    int64_t interval2;"),
            (
                "mi.h", "int32_t (*fail)(void *ctx, int32_t code, mh_str text);",
                "int32_t (*fail)(void *ctx, mh_str text);"
            ),
            ("db.h", "uint32_t descending;", "int32_t descending;"),
        ])
    func changeIsNoticed(name: String, from: String, to: String) throws {
        let altered = try AlteredHeaders(name, replacing: from, with: to)
        let outcome = try compare(include: altered.include)
        #expect(outcome.status & 4 != 0, "status \(outcome.status): \(outcome.output)")
    }
}
