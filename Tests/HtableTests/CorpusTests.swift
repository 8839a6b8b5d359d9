import Foundation
import ModuleKit
import Testing

@testable import HtableEngine

/// The inputs of Tests/Fuzzers/HtableTextFuzzer, whose first byte says what the rest is.
@Suite("Fuzzing corpus")
struct CorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fuzzers/corpus/htable")

    private static var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }

    @Test("The corpus is there")
    func exists() { #expect(CorpusTests.files.count >= 18) }

    @Test("Each input is taken, or refused with one line of text", arguments: files)
    func replay(file: String) throws {
        let input = try Array(Data(contentsOf: CorpusTests.folder.appending(path: file)))
        let kind = try #require(input.first)
        let rest = Array(input.dropFirst())
        do throws(ModuleFailure) {
            switch kind % 4 {
            case 0:
                let definition = try DefinitionParser.parse(String(decoding: rest, as: UTF8.self))
                #expect(!definition.name.isEmpty && definition.slots.nonzeroBitCount == 1)
            case 1: try match(Matcher(countExpression: rest, isOnValue: rest.count % 2 == 0))
            default:
                let operators = ["re", "sw", "ew", "in", "eq", "ne"]
                let name = operators[Int(kind / 4) % operators.count]
                try match(Matcher(operator: name, rest, isOnValue: kind % 4 == 3))
            }
        } catch {
            #expect(error.code < 0 && !error.text.isEmpty && !error.text.contains("\n"), "\(error.text)")
        }
    }

    private func match(_ matcher: Matcher) {
        for text in ["", "alice", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"] {
            Array(text.utf8).lend { bytes in
                let first = matcher.matches(bytes, .bytes(bytes))
                #expect(matcher.matches(bytes, .bytes(bytes)) == first)
                _ = matcher.matches(bytes, .integer(5))
            }
        }
    }
}
