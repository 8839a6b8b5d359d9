import AccIntake
import Foundation
import Testing

@Suite("Fuzzing corpus")
struct CorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Fuzzers/corpus/acc")

    private static var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }

    @Test("The corpus is there")
    func exists() { #expect(CorpusTests.files.count >= 10) }

    @Test("Each input comes to the same rows, rejections and answers however it is cut", arguments: files)
    func replay(file: String) throws {
        // The first byte is the fuzzer's own: it says where to cut.
        let input = try Array(Data(contentsOf: CorpusTests.folder.appending(path: file)).dropFirst())
        var fixture = try RecordFixture(time: "at")
        fixture.limit = 4096
        let whole = fixture.parse(chunks: [input])
        let step = max(1, input.count / 300)
        for cut in stride(from: 0, through: input.count, by: step) {
            let parted = fixture.parse(chunks: [Array(input[..<cut]), Array(input[cut...])])
            #expect(
                parted.rows == whole.rows && parted.rejected == whole.rejected
                    && parted.answers == whole.answers,
                "cut at byte \(cut)")
        }
    }

    @Test("Random bytes in random chunks come to the same however they are cut")
    func random() throws {
        var fixture = try RecordFixture(time: "at")
        fixture.limit = 64
        let alphabet =
            Array("{}\"\\:,|\n\n\r 0159.eE+-nu\u{1}é".utf8) + Array("\"id\":\"n\":\"at\":".utf8) + [0xFF]
        var generator = SplitMix(state: 0xACC)
        for _ in 0..<300 {
            let bytes = (0..<Int.random(in: 0...600, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            let whole = fixture.parse(chunks: [bytes])
            let parted = fixture.parse(chunks: bytes.chunked(Int.random(in: 1...40, using: &generator)))
            #expect(
                parted.rows == whole.rows && parted.rejected == whole.rejected
                    && parted.answers == whole.answers,
                "\(bytes)")
        }
    }
}

/// A small generator with a seed, so that a failure can be repeated (Steele, Lea, Flood 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
