import ModuleABI
import ModuleKit
import Testing

@testable import AskIntake

/// A small reproducible generator (SplitMix64).
private struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("Hostile questions")
struct HostileInputTests {
    private static let seeds = [
        #"{"method":"REGISTER","source_ip":"192.0.2.7","id":7}"#,
        #"{"headers":{"A":["x",1],"B":null},"n":1.5e3,"o":{"k":[{}]}}"#,
        #"{"":"","id":{"a":[1,2]},"from_uri":"sip:a@[::1]:5;x","u":"\u00e9\ud83d\ude00\u0000"}"#, "[[[[", "{\"a\":", "\"",
    ]

    /// One of the seeds with some of its bytes changed, removed, doubled or put in.
    private static func mutated(_ random: inout Random) -> [UInt8] {
        var line = Array(seeds.randomElement(using: &random)?.utf8 ?? "".utf8)
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            guard !line.isEmpty else { break }
            let index = Int.random(in: 0..<line.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: line[index] = UInt8.random(in: 0...255, using: &random)
            case 1: line.remove(at: index)
            case 2: line.insert(contentsOf: line[index...].prefix(9), at: index)
            default: line.insert(Array("{}[]\",:\\0e-".utf8).randomElement(using: &random) ?? 0, at: index)
            }
        }
        return line.filter { $0 != 0x0A }
    }

    @Test(
        "Whatever comes in, in whatever pieces, each line that is not blank gets one answer",
        arguments: 1...8 as ClosedRange<UInt64>)
    func anyBytes(seed: UInt64) throws {
        let host = FakeHost()
        host.set("max_line", type: MH_SIZE, 300)
        #expect(host.start() == nil)
        host.route = { run in
            run.reply = (200, "ok")
            for argument in run.arguments { _ = Value(argument.value) }
            for name in ["rU", "rd", "rp", "fU", "rm", "si"] { _ = host.read(name, in: run) }
            _ = host.read("hdr", "a", in: run)
        }
        let stream = try #require(host.connect())
        var random = Random(state: seed)
        let lines = (0..<400).map { _ in Self.mutated(&random) }
        var bytes = lines.flatMap { line -> [UInt8] in line + [0x0A] }[...]
        while !bytes.isEmpty {
            let piece = Int.random(in: 1...700, using: &random)
            stream.send(Array(bytes.prefix(piece)))
            bytes = bytes.dropFirst(piece)
        }
        let asked = lines.count { line in line.contains { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D } }
        #expect(stream.answers.count == asked)
        #expect(stream.answers.allSatisfy { $0.hasPrefix("{\"code\":200,") || $0.hasPrefix("{\"code\":400,") })
        #expect(host.counter("questions") + host.counter("bad") == Int64(asked))
    }

    @Test("Deep nesting is a bad line or a value, never a crash", arguments: [100, 2000, 2100, 30_000])
    func nesting(depth: Int) throws {
        let host = FakeHost()
        #expect(host.start() == nil)
        let stream = try #require(host.connect())
        stream.send("{\"a\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}\n{}\n")
        #expect(stream.answers.count == 2)
        #expect(
            stream.answers.first?.hasPrefix(depth < 2048 ? "{\"code\":0," : "{\"code\":400,") == true, "\(stream.answers)")
    }
}
