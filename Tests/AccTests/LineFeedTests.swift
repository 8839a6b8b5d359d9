import AccIntake
import Foundation
import ModuleKit
import Testing

@Suite("Lines out of chunks")
struct LineFeedTests {
    static let stream = """
        first|1\r
        {"id":"se\\ncond","n":2}
        junk

        {"id":"é😀","n":"3"}\r
        \r
        |4
        {"id":"x","m":1}
        last|5
        """

    @Test("A stream cut in two at any byte gives what it gives whole")
    func cutAnywhere() throws {
        let fixture = try RecordFixture("id:string,n:int")
        let bytes = Array(LineFeedTests.stream.utf8)
        let whole = fixture.parse(chunks: [bytes])
        #expect(
            whole
                == .init(
                    rows: [
                        [.string("first"), .integer(1)], [.string("se\ncond"), .integer(2)],
                        [.string("é😀"), .integer(3)], [.string(""), .integer(4)],
                        [.string("last"), .integer(5)],
                    ],
                    rejected: 2,
                    faults: ["line 3: found 1 field, expected 2", "line 8: unknown column \"m\""], answers: 2)
        )
        for cut in 0...bytes.count {
            let outcome = fixture.parse(chunks: [Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(outcome == whole.summed(like: outcome), "cut at byte \(cut)")
        }
        let single = fixture.parse(chunks: bytes.map { [$0] })
        #expect(
            single.rows == whole.rows && single.rejected == whole.rejected && single.answers == whole.answers)
    }

    @Test("A line without its newline counts at the end of the input, and only there")
    func lastLine() throws {
        let fixture = try RecordFixture("id:string,n:int")
        let bytes = Array("a|1\nb|2".utf8)
        #expect(fixture.parse(chunks: [bytes]).rows.count == 2)
        #expect(fixture.parse(chunks: [bytes], ends: false).rows.count == 1)
    }

    @Test(
        "A line at the limit is taken, one byte more is rejected with both numbers, and the next line is not harmed"
    )
    func limit() throws {
        var fixture = try RecordFixture("id:string")
        fixture.limit = 100
        let exact = String(repeating: "a", count: 100)
        for size in [1, 7, 64, 1000] {
            let text = "\(exact)\n\(exact)b\nok\n\(exact)c"
            let outcome = fixture.parse(chunks: Array(text.utf8).chunked(size))
            #expect(outcome.rows == [[.string(exact)], [.string("ok")]])
            #expect(outcome.rejected == 2)
            #expect(
                outcome.faults.first == "line 2: the line is 101 bytes long, more than max_line (100 bytes)")
        }
    }

    @Test("A 10 MB line is skipped in bounded memory")
    func hugeLine() throws {
        var fixture = try RecordFixture("id:string")
        fixture.limit = 1000
        var feed = LineFeed(parser: RecordParser(layout: fixture.layout), limit: fixture.limit)
        let batch = RowBatch(columns: 1)
        let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)
        for _ in 0..<160 {
            var stretches: [Stretch] = []
            chunk.withUnsafeBufferPointer {
                #expect(feed.feed($0, arrival: 0, into: batch, stretches: &stretches) == chunk.count)
            }
            #expect(stretches.isEmpty)
        }
        #expect(feed.unfinished == 160 * chunk.count)
        var stretches: [Stretch] = []
        Array("\nok\n".utf8).withUnsafeBufferPointer {
            _ = feed.feed($0, arrival: 0, into: batch, stretches: &stretches)
        }
        #expect(stretches.first?.rejected == 1 && stretches.first?.rows == 1)
        #expect(
            stretches.first?.fault?.text == "the line is 10485760 bytes long, more than max_line (1000 bytes)"
        )
    }

    @Test("Many empty lines are answered in steps, and none is lost")
    func manyEmptyLines() throws {
        let fixture = try RecordFixture("id:string")
        #expect(fixture.parse(String(repeating: "\n", count: 10_000)).answers == 10_000)
        let rows = fixture.parse(String(repeating: "{}\n", count: 100_000)).rows
        #expect(rows.count == 100_000)
    }
}

extension RecordFixture.Outcome {
    /// The same outcome with the first faults as `other` groups them: a cut can part one stretch in two, each with its own first fault.
    func summed(like other: Self) -> Self {
        var copy = self
        if Set(other.faults).isSuperset(of: faults) { copy.faults = other.faults }
        return copy
    }
}

extension [UInt8] {
    func chunked(_ size: Int) -> [[UInt8]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
