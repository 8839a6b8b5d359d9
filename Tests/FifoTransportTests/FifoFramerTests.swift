import Testing

@testable import FifoTransport

/// Feeds text and answers what came out; pieces are fed one after another.
func frame(_ pieces: String..., maximumSize: Int = 1 << 20) -> [FifoRequest] {
    frameBytes(pieces.map { Array($0.utf8) }, maximumSize: maximumSize).requests
}

func frameBytes(_ pieces: [[UInt8]], maximumSize: Int = 1 << 20) -> (
    requests: [FifoRequest], framer: FifoFramer
) {
    var framer = FifoFramer(maximumSize: maximumSize)
    var requests: [FifoRequest] = []
    for piece in pieces { piece.withUnsafeBytes { framer.feed($0) { requests.append($0) } } }
    return (requests, framer)
}

func classic(_ command: String, _ reply: String?, _ arguments: ClassicArgument...) -> FifoRequest {
    .classic(
        ClassicRequest(
            command: Array(command.utf8), replyName: reply.map { Array($0.utf8) }, arguments: arguments))
}

func value(_ text: String, text whole: String? = nil, name: String = "") -> ClassicArgument {
    ClassicArgument(name: Array(name.utf8), value: Array(text.utf8), text: Array((whole ?? text).utf8))
}

func json(_ text: String, isBroken: Bool = false) -> FifoRequest {
    .json(JSONRequest(text: Array(text.utf8), isBroken: isBroken))
}

func json(_ text: String, prefix: String?) -> FifoRequest {
    .json(JSONRequest(text: Array(text.utf8), route: .prefix(prefix.map { Array($0.utf8) })))
}

extension FifoRequest {
    var refusal: Refusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }
    var isRefusal: Bool { refusal != nil }
}

private let which = classic("which", "r")
private let rpc = #"{"jsonrpc":"2.0","method":"which","reply_name":"r","id":1}"#

@Suite("The framer: classic text")
struct ClassicFramingTests {
    @Test("A command without arguments runs at the empty line, not before")
    func noArguments() {
        #expect(frame(":which:r\n").isEmpty)
        #expect(frame(":which:r\n\n") == [which])
    }

    @Test("Arguments are positional, named or quoted")
    func arguments() {
        #expect(
            frame(":sht_set:r\n  users \nname::  v w \n\"a \\\"b\\\" \\n\"\nn:: \"q::r\"  \nempty::\n\n") == [
                classic(
                    "sht_set", "r", value("users"), value("v w", text: "name::  v w", name: "name"),
                    value("a \"b\" \\n", text: "\"a \\\"b\\\" \\n\""),
                    value("q::r", text: "n:: \"q::r\"", name: "n"), value("", text: "empty::", name: "empty"))
            ])
    }

    @Test("The whole argument travels along, so that a key such as c::d needs no quotes")
    func wholeText() {
        #expect(frame(":get:r\nc::d\n\n") == [classic("get", "r", value("d", text: "c::d", name: "c"))])
        #expect(frame(":get:r\n::1\n\n") == [classic("get", "r", value("::1"))])
    }

    @Test("Quoted text may begin with an escape, be empty, and span lines")
    func quotes() {
        #expect(frame(":c:r\n\"\\\"a\"\n\n") == [classic("c", "r", value("\"a", text: "\"\\\"a\""))])
        #expect(frame(":c:r\n\"\"\n\n") == [classic("c", "r", value("", text: "\"\""))])
        #expect(
            frame(":c:r\n\"a\\\"\n b\nc\" \nd\n\n") == [
                classic("c", "r", value("a\"\n b\nc", text: "\"a\\\"\n b\nc\""), value("d"))
            ])
    }

    @Test("The reply name may hold colons; without one nobody is answered")
    func replyNames() {
        #expect(frame(":which:a:b\n\n") == [classic("which", "a:b")])
        #expect(frame(":which:\n\n") == [classic("which", nil)])
        #expect(frame(":which:r \t\n\n") == [which])
        #expect(frame(": debug:r\n\n") == [classic(" debug", "r")])
    }

    @Test("Lines may end in CR LF")
    func crlf() {
        #expect(
            frame(":which:r\r\n\r\n:get:s\r\nt\r\n\"a\r\nb\"\r\n\r\n") == [
                which, classic("get", "s", value("t"), value("a\nb", text: "\"a\nb\"")),
            ])
    }

    @Test("Blank lines between requests are ignored, lines of blanks inside one are skipped")
    func blankLines() {
        #expect(frame("\n\r\n \t\n:which:r\n  \t\n\n\n\n:which:r\n\n") == [which, which])
    }

    @Test("Bytes that are not text pass through")
    func rawBytes() {
        let input = Array(":c:r\n".utf8) + [0xff, 0x00, 0xfe] + Array("\n\n".utf8)
        #expect(
            frameBytes([input]).requests == [
                .classic(
                    ClassicRequest(
                        command: [0x63], replyName: [0x72],
                        arguments: [ClassicArgument(value: [0xff, 0x00, 0xfe])]))
            ])
    }

    @Test(
        "A parse error costs exactly one request and says what is wrong where",
        arguments: [
            (":get:r\na\"b\n", "line 2: found a quote inside the unquoted text 'a\"b'"),
            (":get:r\nx\nn::a\"b\n", "line 3: found a quote inside"),
            (":get:r\n\"a\" b\nmore\n", "line 2: found 'b' after the closing quote"),
            (":get:r\n\"a\nb\n", "line 4: found an empty line, expected the closing quote"),
        ])
    func parseErrors(input: String, text: String) throws {
        let requests = frame(input + "\n:which:r\n\n")
        try #require(requests.count == 2)
        let refusal = try #require(requests[0].refusal)
        #expect(refusal.code == 400)
        #expect(refusal.replyName == Array("r".utf8))
        #expect(refusal.text.hasPrefix("parse error in command 'get': "))
        #expect(refusal.text.contains(text))
        #expect(requests[1] == which)
    }

    @Test(
        "A header that is none costs one request",
        arguments: [":\n\n", ":which\n\n", "::r\n\n", ":a\narg\n\n"])
    func badHeaders(input: String) {
        let requests = frame(input + ":which:r\n\n")
        #expect(requests.count == 2)
        #expect(requests.first?.refusal?.code == 400)
        #expect(requests.last == which)
    }

    @Test("A request without its empty line is refused as soon as another one begins")
    func cutOff() throws {
        for next in [":which:r\n\n", rpc, ":r:" + rpc] {
            let requests = frame(":get:a\nusers\n" + next)
            try #require(requests.count == 2)
            #expect(requests[0].refusal?.replyName == Array("a".utf8))
            #expect(requests[0].refusal?.code == 400)
            #expect(requests[1] == frame(next).first)
        }
    }

    @Test("In quotes a line that looks like a request is a value")
    func protectedByQuotes() {
        #expect(
            frame(":c:r\n\":which:r\"\n\n") == [classic("c", "r", value(":which:r", text: "\":which:r\""))])
        #expect(frame(":c:r\n:1:2\n\n") == [classic("c", "r", value(":1:2"))])
    }

    @Test("A request over the limit gets a 413 once, and the next one is read")
    func tooLarge() throws {
        let long = String(repeating: "x", count: 300)
        for input in [
            ":get:r\n\(long)\nmore\n\n", ":get:r\na\n" + String(repeating: "b\n", count: 200) + "\n",
        ] {
            let requests = frame(input + ":which:r\n\n", maximumSize: 256)
            try #require(requests.count == 2)
            #expect(
                requests[0].refusal
                    == Refusal(
                        framing: .classic, replyName: Array("r".utf8), code: 413,
                        text: "request too large: more than 256 bytes (max_request)"))
            #expect(requests[1] == which)
        }
        let header = frame(":" + long + "\n\n:which:r\n\n", maximumSize: 256)
        #expect(header.first?.refusal?.code == 413)
        #expect(header.last == which)
    }
}

@Suite("The framer: JSON")
struct JSONFramingTests {
    @Test("An object ends at its bracket; no line feed is needed")
    func objects() {
        #expect(frame(rpc) == [json(rpc)])
        #expect(frame(rpc + rpc + "\n" + rpc) == [json(rpc), json(rpc), json(rpc)])
        #expect(
            frame("{\n\t\"a\": {\n\t\t\"b\": [1]\n\t}\n}") == [json("{\n\t\"a\": {\n\t\t\"b\": [1]\n\t}\n}")])
    }

    @Test("A batch ends at its bracket")
    func batches() {
        let batch = "[\(rpc),\n\(rpc)]"
        #expect(frame(batch + "\n" + rpc) == [json(batch), json(rpc)])
    }

    @Test(
        "Brackets and quotes inside strings do not count",
        arguments: [
            #"{"a":"}{[]"}"#, #"{"a":"a\\"}"#, #"{"a":"\"}"}"#, #"{"a":"\\\"}{"}"#, #"{"{":"\\\\"}"#,
            #"{"a":"'"}"#,
        ])
    func strings(text: String) {
        #expect(frame(text + rpc) == [json(text), json(rpc)])
    }

    @Test(
        "A bracket of the other kind cannot hide the end",
        arguments: [#"{"a":[}"#, #"{"a":1]}"#, #"[{"a":1]"#])
    func mismatched(text: String) {
        #expect(frame(text + rpc) == [json(text), json(rpc)])
    }

    @Test("The line framing of OpenSIPS 3 names the reply before the JSON")
    func lineFraming() {
        #expect(
            frame(":r:" + rpc + "\n:s_1.x:" + rpc) == [json(rpc, prefix: "r"), json(rpc, prefix: "s_1.x")])
        #expect(frame("::" + rpc + "\n") == [json(rpc, prefix: nil)])
        #expect(frame(":r: {\n\"a\":\n1}\n:which:r\n\n") == [json("{\n\"a\":\n1}", prefix: "r"), which])
    }

    @Test("A line feed inside a string ends what cannot be JSON any more")
    func brokenString() {
        #expect(frame("{\"a\":\"b\n" + rpc) == [json("{\"a\":\"b", isBroken: true), json(rpc)])
        #expect(frame("{\"a\":\"b}\n:which:r\n\n") == [json("{\"a\":\"b}", isBroken: true), which])
    }

    @Test("An object that is left open ends where another request begins a line")
    func leftOpen() {
        for next in [rpc, ":which:r\n\n", ":r:" + rpc] {
            let requests = frame("{\"a\":{\n" + next + "\n")
            #expect(requests == [json("{\"a\":{\n", isBroken: true)] + frame(next))
        }
    }

    @Test("A request that follows a dead one in the middle of its string is found")
    func gluedToFragment() {
        let fragment = #"{"jsonrpc":"2.0","meth"#
        let requests = frame(fragment + rpc + "\n" + rpc)
        #expect(requests.contains(json(rpc)))
        #expect(requests.last == json(rpc))
    }

    @Test("A stray closing bracket, NUL bytes and junk are reported and skipped")
    func strays() {
        for (stray, reports) in [
            ("}", 1), ("}}}", 1), ("\0\0", 1), ("]\n}", 2), ("junk\n", 1), ("junk", 1), ("\u{FEFF}", 1),
        ] {
            let requests = frame(stray + rpc)
            #expect(requests.filter(\.isRefusal).count == reports, "\(stray)")
            #expect(requests.last == json(rpc), "\(stray)")
        }
    }

    @Test("10,000 pieces of garbage cost nothing but themselves")
    func garbage() {
        var random = SeededGenerator(seed: 7)
        var input: [UInt8] = []
        for _ in 0..<10_000 {
            let count = Int.random(in: 1...40, using: &random)
            for _ in 0..<count { input.append(UInt8.random(in: .min ... .max, using: &random)) }
            input.append(0x0a)
        }
        let result = frameBytes([input, Array("\"}]\n\n\n:which:r\n\n".utf8)])
        var framer = result.framer
        var last = result.requests.last
        if framer.isPartial {
            // A bracket without its partner is still open: silence ends it.
            framer.expire { _ in }
            Array(":which:r\n\n".utf8).withUnsafeBytes { framer.feed($0) { last = $0 } }
        }
        #expect(last == which)
        #expect(!framer.isPartial)
    }

    @Test("Too large JSON gets a 413 with the reply name, wherever that stands")
    func tooLarge() throws {
        let long = String(repeating: "x{", count: 300)
        for text in [
            #"{"reply_name":"r","params":["\#(long)"]}"#,
            #"{"params":["\#(long)"],"id":7,"reply_name": "r"}"#,
        ] {
            let requests = frame(text + ":which:r\n\n", maximumSize: 256)
            try #require(requests.count == 2)
            let refusal = try #require(requests[0].refusal)
            #expect(refusal.code == 413)
            #expect(refusal.framing == .json)
            #expect(refusal.replyName == Array("r".utf8))
            #expect(requests[1] == which)
        }
        let line = frame(":s:{\"a\":\"\(long)\"}\n:which:r\n\n", maximumSize: 256)
        #expect(line.first?.refusal?.replyName == Array("s".utf8))
        #expect(line.last == which)
    }

    @Test(
        "A request of exactly the limit is run",
        arguments: [rpc, ":c:r\n" + String(repeating: "y", count: 40) + "\n\n"])
    func exactLimit(text: String) {
        #expect(frame(text, maximumSize: text.utf8.count).first?.isRefusal == false)
        #expect(frame(text, maximumSize: text.utf8.count - 1).first?.refusal?.code == 413)
    }
}

@Suite("The framer: silence and splits")
struct PartialRequestTests {
    @Test(
        "Silence in mid-request is answered with 408 where a reply name is known, and the next request is clean",
        arguments: [
            (":get:r\nuse", "r"), (":get:r\n", "r"), (":get:r\n\"open\n", "r"), (":wh", nil),
            (#"{"reply_name":"r","params":[1"#, "r"), (#"{"params":{"reply_name":"r"}"#, nil),
            (":r:{\"a\"", "r"),
        ] as [(String, String?)])
    func expiry(fragment: String, name: String?) throws {
        var (requests, framer) = frameBytes([Array(fragment.utf8)])
        #expect(requests.isEmpty)
        #expect(framer.isPartial)
        framer.expire { requests.append($0) }
        #expect(requests.count == 1)
        let refusal = try #require(requests.first?.refusal)
        #expect(refusal.code == 408)
        #expect(refusal.replyName == name.map { Array($0.utf8) })
        #expect(!framer.isPartial)
        Array((":which:r\n\n" + rpc).utf8).withUnsafeBytes { framer.feed($0) { requests.append($0) } }
        #expect(requests.dropFirst() == [which, json(rpc)])
    }

    @Test("Silence after a complete request is nothing")
    func nothingToExpire() {
        var (_, framer) = frameBytes([Array(":which:r\n\n \n".utf8)])
        #expect(!framer.isPartial)
        framer.expire { _ in Issue.record("nothing was under way") }
    }

    @Test("Splitting the bytes anywhere changes nothing", arguments: Samples.all)
    func everySplit(sample: [UInt8]) {
        for maximumSize in [1 << 20, 40] {
            let whole = frameBytes([sample], maximumSize: maximumSize)
            for cut in 0...sample.count {
                let parts = frameBytes(
                    [Array(sample[..<cut]), Array(sample[cut...])], maximumSize: maximumSize)
                #expect(parts.requests == whole.requests)
                #expect(parts.framer.isPartial == whole.framer.isPartial)
            }
            let bytes = frameBytes(sample.map { [$0] }, maximumSize: maximumSize)
            #expect(bytes.requests == whole.requests)
            #expect(bytes.framer.isPartial == whole.framer.isPartial)
        }
    }

    @Test("Random mixtures of requests and rubbish are framed alike however they are split")
    func randomSplits() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<300 {
            var input: [UInt8] = []
            for _ in 0..<6 {
                let sample = Samples.all.randomElement(using: &random) ?? []
                input += sample.prefix(Int.random(in: 0...sample.count, using: &random))
            }
            let maximumSize = Bool.random(using: &random) ? 1 << 20 : 64
            let whole = frameBytes([input], maximumSize: maximumSize)
            var pieces: [[UInt8]] = []
            var rest = input[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...max(1, min(rest.count, 9)), using: &random)
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            let parts = frameBytes(pieces, maximumSize: maximumSize)
            #expect(parts.requests == whole.requests, "\(quoted(input, limit: 1000))")
        }
    }

    @Test("A megabyte fed a byte at a time takes no longer than its bytes", .timeLimit(.minutes(1)))
    func noRescans() {
        for start in [":c:r\n", ":c", "{\"a\":\"", ":c:   ", "junk", ":c:r\n{  ", ":r:{"] {
            var framer = FifoFramer(maximumSize: 2 << 20)
            Array(start.utf8).withUnsafeBytes { framer.feed($0) { _ in } }
            for _ in 0..<300_000 { [UInt8(ascii: " ")].withUnsafeBytes { framer.feed($0) { _ in } } }
            #expect(framer.isPartial)
        }
    }
}

@Suite("Reply names")
struct ReplyNameTests {
    @Test(
        "Ordinary names are taken",
        arguments: ["r", "kamailio_receiver_12", "kamcli.fifo.77", "a:b c", "modctl.1.f"])
    func good(name: String) throws { #expect(try ReplyName(Array(name.utf8)).bytes == Array(name.utf8)) }

    @Test(
        "Names that could point elsewhere are refused",
        arguments: [
            "", ".", "..", ".hidden", "a/b", "/tmp/x", "../x", "a..b", "a\\b", "a\nb", "a\0b", "a\u{7f}",
            String(repeating: "n", count: 101),
        ])
    func bad(name: String) { #expect(throws: ReplyName.Invalid.self) { try ReplyName(Array(name.utf8)) } }

    @Test("In text that does not parse, the outermost reply_name is found")
    func scanning() {
        func find(_ text: String) -> String? {
            ReplyNameScanner.find(in: Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(find(#"{"id":1, "reply_name" : "r1", "#) == "r1")
        #expect(find(#"{"params":{"reply_name":"no"},"x":"reply_name","reply_name":"yes"}"#) == "yes")
        #expect(find(#"[{"a":1},{"reply_name":"batch"}"#) == "batch")
        #expect(find(#"{"reply_name":7}"#) == nil)
        #expect(find(#"{"x":["reply_name","no"]}"#) == nil)
        #expect(find(#"{"reply_name":"a\/b"}"#) == nil)
    }
}
