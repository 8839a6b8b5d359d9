import Foundation
import Testing

/// Anything that somebody may write comes to an end: a mistake with a place, or a run within its limits.
@Suite("Hostile scripts")
struct HostileScriptTests {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func files(_ folder: String) -> [String] {
        let path = tests.appending(path: folder).path
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted().map { "\(folder)/\($0)" }
    }

    private static let corpus = files("Fuzzers/corpus/script")
    private static let routes = files("Interop/routes").filter { $0.hasSuffix(".cfg") }
    private static let examples = files("../Examples/routes").filter { $0.hasSuffix(".conf") }

    private static func bytes(of file: String) throws -> [UInt8] {
        try Array(Data(contentsOf: tests.appending(path: file)))
    }

    @Test("The corpus, the examples and the route files are there")
    func exist() {
        #expect(Self.corpus.count >= 20 && Self.examples.count >= 6 && Self.routes.count >= 5)
    }

    @Test("Each input of the corpus comes to an end; those named good run, those named bad have mistakes", arguments: corpus)
    func replay(file: String) throws {
        let exercise = ScriptExercise(try Self.bytes(of: file))
        #expect(exercise.fault == nil)
        if file.contains("/good-") { #expect(exercise.mistakes == 0 && exercise.runs > 0) }
        if file.contains("/bad-") { #expect(exercise.mistakes > 0) }
    }

    @Test("The examples are without mistakes", arguments: examples)
    func examplesAreGood(file: String) throws {
        let exercise = ScriptExercise(try Self.bytes(of: file))
        #expect(exercise.fault == nil && exercise.mistakes == 0)
    }

    @Test("Random rows of tokens come to an end")
    func randomTokens() {
        let tokens = [
            "if", "else", "while", "switch", "case", "default", "break", "return", "exit", "drop", "route", "not", "and",
            "or",
            "mod", "eq", "ne", "ieq", "ine", "defined", "strlen", "strempty", "(int)", "(str)", "(", ")", "{", "}", "[", "]",
            ";",
            ",", ":", "=", "==", "!=", "=~", "!~", "<", ">", "<=", ">=", "<<", ">>", "+", "-", "*", "/", "!", "~", "&", "&&",
            "|",
            "||", "^", "0", "1", "5", "9223372036854775807", "0x10", "\"a\"", "\"$var(x)\"", "\"\"", "'b'", "$var(x)",
            "$avp(a)",
            "$(avp(a)[*])", "$(var(x){s.len})", "$(var(x){s.substr,$var(y),2})", "$null", "$rc", "$Ts", "$sht(a=>$var(x))",
            "xlog(\"$var(x)\")", "route(A)", "sht_rm(\"a\",\"b\")", "\n", "$var(x) = 1;", "if (1) {", "}", "/\"^a\"",
            "$shv(s)",
        ]
        var generator = Seeded(state: 0x5C21)
        var good = 0
        for _ in 0..<3000 {
            let body = (0..<Int.random(in: 1...30, using: &generator)).map { _ in
                tokens[Int.random(in: 0..<tokens.count, using: &generator)]
            }
            let text = "route[A] { \(body.joined(separator: " ")) }"
            let exercise = ScriptExercise(Array(text.utf8))
            #expect(exercise.fault == nil, "\(text)")
            if exercise.mistakes == 0 { good += 1 }
        }
        #expect(good > 0)
    }

    @Test("Random expressions that are well formed run, whatever their types")
    func randomExpressions() {
        let leaves = [
            "1", "0", "-3", "\"5\"", "\"x\"", "\"\"", "$var(x)", "$var(untouched)", "$avp(a)", "$avp(unset)",
            "$(var(x){s.len})",
            "$null", "9223372036854775807", "$(avp(a)[*])", "$shv(s)", "strlen(\"abc\")", "$rc",
        ]
        let operators = ["+", "-", "*", "/", "mod", "<<", ">>", "&", "|", "^", "==", "!=", "<", ">", "<=", ">=", "&&", "||"]
        var generator = Seeded(state: 0xE59)
        func expression(_ depth: Int) -> String {
            guard depth > 0, Int.random(in: 0..<4, using: &generator) > 0 else {
                return leaves[Int.random(in: 0..<leaves.count, using: &generator)]
            }
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: return "!(\(expression(depth - 1)))"
            case 1: return "(int)(\(expression(depth - 1)))"
            case 2: return "(str)(\(expression(depth - 1)))"
            default:
                let sign = operators[Int.random(in: 0..<operators.count, using: &generator)]
                return "(\(expression(depth - 1)) \(sign) \(expression(depth - 1)))"
            }
        }
        var runs = 0
        for _ in 0..<2000 {
            let text = """
                route[A] { $var(x) = "7"; $avp(a) = 1; $avp(a) = "b"; $var(r) = \(expression(4));
                    if (\(expression(3))) { $avp(r) = \(expression(2)); } while (\(expression(2))) { $var(x) = $var(x) - 1; break; } }
                """
            let exercise = ScriptExercise(Array(text.utf8))
            #expect(exercise.fault == nil, "\(text)")
            runs += exercise.runs
        }
        #expect(runs > 200, "\(runs)")
    }

    @Test("Mutations of the examples, the route files and the corpus come to an end", arguments: 0..<8)
    func mutations(part: Int) throws {
        var generator = Seeded(state: UInt64(part) &* 977 &+ 5)
        let seeds = try (Self.examples + Self.routes + Self.corpus).map(Self.bytes).filter { $0.count < 20_000 }
        try #require(!seeds.isEmpty)
        for _ in 0..<60 {
            var bytes = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
            for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                let length = min(Int.random(in: 1...12, using: &generator), bytes.count - place)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes.removeSubrange(place..<(place + length))
                case 1: bytes[place] = UInt8.random(in: 0...127, using: &generator)
                case 2: bytes.insert(contentsOf: Array(bytes[place..<(place + length)]), at: place)
                case 3:
                    let other = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
                    let start = Int.random(in: 0..<other.count, using: &generator)
                    bytes.insert(contentsOf: other[start...].prefix(40), at: place)
                default: bytes[place] = Array("(){}[];,$\"'+-*/=<>!&|~^.#\n".utf8).randomElement(using: &generator) ?? 0
                }
            }
            let exercise = ScriptExercise(bytes)
            #expect(exercise.fault == nil, "\(String(decoding: bytes, as: UTF8.self))")
        }
    }
}

/// A generator that gives the same numbers each time (splitmix64; Steele, Lea, Flood 2014).
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
