import Foundation
import Script
import Testing

/// The route files of Tests/Interop, held to the lines that Kamailio 5.6 wrote: `make interop` compares with a live one.
@Suite("Lines that Kamailio 5.6 wrote")
struct RecordedLinesTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Interop/routes")

    /// Lines as name and the whole, without those that mean to differ or depend on the time zone.
    private func kept(_ lines: [Substring], of file: String) throws -> [String] {
        let differences = try String(contentsOf: Self.folder.appending(path: "differences"), encoding: .utf8)
        var names: Set<String> = []
        for line in differences.split(separator: "\n") {
            let parts = line.split(separator: "\t").map(String.init)
            if parts.count == 3, parts[0] == file { names.insert(parts[1]) }
        }
        return lines.map(String.init).filter { line in
            let name = line.range(of: ": ").map { String(line[..<$0.lowerBound]) } ?? line
            return !names.contains(name) && !line.contains("s.ftime")
        }
    }

    @Test("A route file writes the lines that it wrote there", arguments: ["expressions", "statements", "transformations"])
    func replay(file: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: "\(file).cfg"), encoding: .utf8)
        let recorded = try Data(contentsOf: Self.folder.appending(path: "recorded/\(file).lines"))
        let expected = try kept(String(decoding: recorded, as: UTF8.self).split(separator: "\n"), of: file)
        try #require(expected.count > 40)

        let fixture = try TextFixture(configuration: text)
        let route = try #require(fixture.program.route(named: "event:htable:mod-init"))
        let outcome = try fixture.evaluator.run(route)
        #expect(outcome.wasDropped && outcome.hasEnded)
        let prefix = "<script>: "
        let lines = fixture.log.all.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
        let found = try kept(Array(lines), of: file)
        for (line, wanted) in zip(found, expected) { #expect(line == wanted) }
        #expect(found.count == expected.count)
    }
}
