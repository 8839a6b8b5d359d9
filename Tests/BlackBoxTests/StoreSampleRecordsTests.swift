import Foundation
import JSON
import TestSupport
import Testing

@Suite("Sample records end up in row files, byte for byte")
struct StoreSampleRecordsTests {
    private let data = "\(BuiltProducts.repository)/Examples/data"

    @Test(
        "Records piped in before and after mv and flat_rotate are in the old and new files exactly once",
        arguments: [("json", 100_000, 10_000), ("delimited", 20_000, 10_000)])
    func rotation(format: String, first: Int, second: Int) throws {
        let accounting = try AccountingHost(columns: nil)
        let files = accounting.host.directory
        try make("generate-records \(first) \(format) 1", into: "first", files)
        try make("generate-records \(second) \(format) \(first + 1)", into: "second", files)
        try make("expected-rows \(first + second) \(format) 1", into: "expected", files)

        #expect(try accounting.send(files.bytes("first")) == Answer(stored: first, rejected: 0))
        let moved = try accounting.moveAside(1)
        try #require(moved.count == 1, "one sender's rows are in one file")
        try accounting.rotate()
        let marks = try AccountingHost.marks(of: moved)
        #expect(try accounting.send(files.bytes("second")) == Answer(stored: second, rejected: 0))

        #expect(try AccountingHost.marks(of: moved) == marks, "nobody writes to a file that was rotated")
        #expect(accounting.files.count == 2)
        let comparison = try runToEnd(
            "sh", ["-c", "cat acc/acc_* | LC_ALL=C sort > found; LC_ALL=C sort expected | cmp - found"],
            directory: files.path)
        #expect(comparison.status == 0, "\(comparison.output)\(comparison.errors)")
        #expect(try accounting.host.terminate() == 0)
    }

    @Test("One sender's rows are in its file in the order in which they were sent")
    func order() throws {
        let accounting = try AccountingHost(columns: nil)
        let files = accounting.host.directory
        try make("generate-records 3000", into: "records", files)
        try make("expected-rows 3000", into: "expected", files)
        #expect(try accounting.send(files.bytes("records")).stored == 3000)
        let file = try #require(accounting.files.first)
        #expect(FileManager.default.contents(atPath: file) == Data(files.bytes("expected")))
    }

    @Test("acc.record on the management thread stores in that thread's own file")
    func recordCommand() throws {
        let accounting = try AccountingHost(columns: nil)
        try accounting.host.command(
            "acc.record", ["method=BYE", "callid=a|b", "sip_code=200", "time=1795227895"])
        let file = try #require(accounting.files.first)
        #expect(file.hasSuffix("/acc_3.log"), "workers have 1 and 2, management is 3: \(file)")
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "BYE|||a%7Cb|200||1795227895\n")
    }

    private func make(_ command: String, into name: String, _ files: TemporaryDirectory) throws {
        let result = try runToEnd("sh", ["-c", "\(data)/\(command) > \(files.file(name))"])
        try #require(result.status == 0, "\(command): \(result.errors)")
    }
}
