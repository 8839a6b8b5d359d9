import Feeder
import Testing

@Suite("Lines of a sender")
struct LineTests {
    private let uuid = "123e4567-e89b-12d3-a456-426614174000"

    @Test("A line is a UUID, a time and a value, with any blanks between")
    func measurement() throws {
        let found = try Measurement(" \(uuid)\t1769860800   -2.5e3 ".utf8)
        #expect(found.uuid == uuid)
        #expect(found.stamp == 1_769_860_800)
        #expect(found.value == -2500)
    }

    @Test(
        "A line that is none says what was found and what was expected",
        arguments: [
            ("123e4567 1 2", "\"123e4567\" is no UUID, expected 8-4-4-4-12 hexadecimal digits"),
            ("123e4567-e89b-12d3-a456-42661417400x 1 2", "is no UUID"),
            ("123e4567-e89b-12d3-a456-426614174000 1", "found 2 words, expected three"),
            ("123e4567-e89b-12d3-a456-426614174000 -1 2", "\"-1\" is no time"),
            ("123e4567-e89b-12d3-a456-426614174000 4294967296 2", "\"4294967296\" is no time"),
            ("123e4567-e89b-12d3-a456-426614174000 1 x", "\"x\" is no value"),
            ("123e4567-e89b-12d3-a456-426614174000 1 nan", "\"nan\" is no value"),
            ("123e4567-e89b-12d3-a456-426614174000 1 1e39", "\"1e39\" is no value"),
        ])
    func faults(line: String, text: String) {
        let fault = #expect(throws: Measurement.Fault.self) { try Measurement(line.utf8) }
        #expect(fault?.text.contains(text) == true, "\(fault?.text ?? "")")
    }

    @Test("Lines come whole however the bytes are cut", arguments: 1...9)
    func splitting(size: Int) {
        var splitter = LineSplitter(limit: 5)
        var pieces: [LineSplitter.Piece] = []
        let bytes = Array("one\r\n\nfive5\r\ntoolong\nend".utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            var part = bytes[start..<min(start + size, bytes.count)]
            while let piece = splitter.next(from: &part) { pieces.append(piece) }
        }
        if let last = splitter.last() { pieces.append(last) }
        let expected: [LineSplitter.Piece] = [
            .line(Array("one".utf8)), .line([]), .line(Array("five5".utf8)), .tooLong, .line(Array("end".utf8)),
        ]
        #expect(pieces == expected)
        #expect(splitter.count == 5)
        #expect(splitter.last() == nil)
    }
}
