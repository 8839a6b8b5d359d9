// Any bytes must come to an end and to an answer. The corpus is shared with the fuzzer in Tests/Fuzzers; what the fuzzer
// finds is added there and stays tested here.

import Configuration
import Foundation
import Testing

@Suite("Hostile input")
struct HostileInputTests {
    static let corpus: [String] = {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = tests.appendingPathComponent("Fuzzers/corpus/configuration").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().map { "\(folder)/\($0)" }
    }()

    /// A generator that gives the same numbers each time (splitmix64).
    struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    /// What holds for the result of any input.
    static func check(_ bytes: [UInt8], environment: [String: String] = [:]) -> String? {
        let configuration = ConfigurationFile.parse(
            text: bytes, path: "fuzz.conf", environment: environment, reader: InMemoryReader())
        let errors = configuration.diagnostics.filter { $0.severity == .error }
        if errors.count > 101 { return "\(errors.count) errors" }
        for diagnostic in configuration.diagnostics {
            let place = diagnostic.location
            if place.line < 1 || place.column < 1 { return "a diagnostic without a place: \(diagnostic)" }
            if diagnostic.message.isEmpty { return "a diagnostic without a text" }
            if configuration.render(diagnostic, colour: true).isEmpty { return "nothing rendered" }
        }
        for case .route(let route) in configuration.statements {
            var depth = 0
            for token in route.body {
                if token.is(.leftBrace) { depth += 1 }
                if token.is(.rightBrace) { depth -= 1 }
                if depth < 0 { return "unbalanced braces in a route" }
            }
            if depth != 0 { return "unbalanced braces in a route" }
        }
        return nil
    }

    @Test("The corpus holds the files that it should")
    func corpusIsThere() {
        #expect(Self.corpus.count >= 25)
    }

    @Test("A file of the corpus named good has no error, and one named bad has some", arguments: corpus)
    func replay(_ path: String) throws {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(Self.check(bytes) == nil)
        let configuration = ConfigurationFile.parse(text: bytes, path: path, reader: InMemoryReader())
        let name = URL(fileURLWithPath: path).lastPathComponent
        if name.hasPrefix("good") { #expect(configuration.diagnostics.map(\.description) == []) }
        if name.hasPrefix("bad") { #expect(configuration.hasErrors) }
    }

    @Test("Random rows of tokens come to an end without a crash")
    func randomTokens() {
        let words = [
            "loadmodule", "modparam", "modparamx", "mpath", "route", "request_route", "event_route",
            "workers", "optional",
            "include_file", "import_file", "\"a\"", "\"$env(A)$$\"", "'b\n'", "\"", "'", "(", ")", "{", "}",
            "[", "]", ",",
            ";", "=", ":", "-", "5", "0x5", "08", "1.5", "5s", "99999999999999999999", "yes", "$var(x)",
            "$(a{b})", "$",
            "$(", "\n", "\n", "\n", "\\", "\\\n", "#", "//", "/*", "*/", "\n#!define A B", "\n#!define B A",
            "A", "B",
            "\n#!ifdef A\n", "\n#!else\n", "\n#!endif\n", "\n#!subst \"/a/bb/g\"\n",
            "\n#!substdef \"!B!A a!\"\n",
            "\n#!defenv A\n", "é", "“", "\t", "\r\n", "!!", "#!", "==", "=~", "/", "@",
        ]
        var random = Seeded(state: 2)
        let deadline = ContinuousClock.now + .seconds(1)
        var rounds = 0
        while rounds < 4000, ContinuousClock.now < deadline {
            rounds += 1
            var text = ""
            for _ in 0..<Int.random(in: 1...60, using: &random) {
                text += words.randomElement(using: &random) ?? ""
                if Bool.random(using: &random) { text += " " }
            }
            let problem = Self.check(Array(text.utf8), environment: ["A": "x \"y"])
            #expect(problem == nil, "\(text.debugDescription)")
        }
        #expect(rounds >= 20)
    }

    @Test("Mutations of the corpus come to an end without a crash")
    func mutations() throws {
        // Those that run into a limit take long by design, and are replayed above.
        let quick = Self.corpus.filter { !$0.hasSuffix("bomb.conf") && !$0.hasSuffix("growth.conf") }
        let seeds = try quick.map { Array(try Data(contentsOf: URL(fileURLWithPath: $0)).prefix(4096)) }
        try #require(!seeds.isEmpty)
        var random = Seeded(state: 7)
        let deadline = ContinuousClock.now + .seconds(1)
        var rounds = 0
        while rounds < 4000, ContinuousClock.now < deadline {
            rounds += 1
            var bytes = seeds[rounds % seeds.count]
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let position = Int.random(in: 0...bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.insert(UInt8.random(in: 0x20...0x7E, using: &random), at: position)
                case 1: if position < bytes.count { bytes.remove(at: position) }
                case 2:
                    if position < bytes.count { bytes[position] = UInt8.random(in: 0...255, using: &random) }
                default: bytes.append(contentsOf: bytes[position...].prefix(40))
                }
            }
            let problem = Self.check(bytes)
            #expect(problem == nil, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
        }
        #expect(rounds >= 20)
    }

    @Test(
        "A long row of one thing takes no time to speak of",
        arguments: [
            "(", "{", "[", "\"a\" ", "'", "/*", "$(", "-", "a=", "\\", "x ", "#!ifdef A\n", "1.", "é", "a:",
            "}\n",
        ])
    func rows(_ part: String) {
        let bytes = Array(String(repeating: part, count: 20_000).utf8)
        let start = ContinuousClock.now
        #expect(Self.check(bytes) == nil)
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
