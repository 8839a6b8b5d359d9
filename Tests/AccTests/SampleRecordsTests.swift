import AccIntake
import Foundation
import ModuleABI
import ModuleKit
import Testing

@Suite("Sample records")
struct SampleRecordsTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Examples/data")

    /// Runs a script of Examples/data and answers its output; a status other than 0 fails the test.
    private func run(_ script: String, _ arguments: [String]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = SampleRecordsTests.folder.appending(path: script)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return Array(output)
    }

    /// A row as flatstore's documentation says it is written with default settings; independent of flatstore and of the scripts.
    private func flatstoreRow(_ row: [Value]) -> String {
        let fields = row.map { value in
            switch value {
            case .string(let text):
                text.replacingOccurrences(of: "|", with: "%7C").replacingOccurrences(of: "\n", with: "%0A")
            case .time(let micros): "\(micros / 1_000_000)"
            case .null: ""
            default: "unexpected \(value)"
            }
        }
        return fields.joined(separator: "|") + "\n"
    }

    @Test(
        "What the generator writes is stored whole, and comes to the rows that expected-rows foretells",
        arguments: ["json", "delimited"])
    func roundTrip(format: String) throws {
        let host = FakeHost()
        #expect(host.start() == nil)
        let stream = try #require(host.connect())
        let records = try run("generate-records", ["3000", format, "1"])
        for chunk in records.chunked(4099) { stream.send(chunk) }
        stream.halfClose()
        #expect(stream.answers == [#"{"stored":3000,"rejected":0}"#])
        let rows = host.database.rows.map(flatstoreRow).joined()
        let expected = try run("expected-rows", ["3000", format, "1"])
        #expect(Array(rows.utf8) == expected)
    }

    @Test("A range made in parts is the range made whole")
    func parts() throws {
        let whole = try run("generate-records", ["200", "json", "1"])
        let parts =
            try run("generate-records", ["120", "json", "1"])
            + run("generate-records", ["80", "json", "121"])
        #expect(whole == parts)
        #expect(try run("generate-records", ["200", "json", "1", "2"]) != whole)
    }
}
