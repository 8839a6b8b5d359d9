import ModuleABI
import ModuleKit
import Testing

@testable import AskIntake

@Suite("Questions and answers")
struct AskTests {
    /// A started module whose route replies with the member `n` of the question.
    private func started() throws -> (FakeHost, FakeStream) {
        let host = FakeHost()
        #expect(host.start() == nil)
        host.route = { run in
            if case .integer(let number)? = run.argument("n") { run.reply = (200, "got \(number)") }
        }
        return (host, try #require(host.connect()))
    }

    @Test("Each line is answered, in order, whatever pieces it comes in")
    func pieces() throws {
        let (host, stream) = try started()
        for byte in "{\"n\":1}\n{\"n\":2}\r\n\n  \n{\"n\":3,\"id\":\"a\\\"b\"}\n".utf8 { stream.send([byte]) }
        #expect(
            stream.answers == [
                #"{"code":200,"text":"got 1"}"#, #"{"code":200,"text":"got 2"}"#,
                #"{"code":200,"text":"got 3","id":"a\"b"}"#,
            ])
        #expect(host.counter("questions") == 3)
    }

    @Test("Many questions in one piece are answered with few writes")
    func pipeline() throws {
        let (_, stream) = try started()
        stream.send((1...1000).map { "{\"n\":\($0)}\n" }.joined())
        #expect(stream.answers.count == 1000)
        #expect(stream.answers.last == #"{"code":200,"text":"got 1000"}"#)
        #expect(stream.writes < 5)
    }

    @Test(
        "The member id comes back as it was",
        arguments: [
            ("7", "7"), ("\"x\"", "\"x\""), ("null", "null"), ("true", "true"), ("[1, {}]", "[1,{}]"), ("0.1", "0.1"),
        ])
    func identity(sent: String, answered: String) throws {
        let (_, stream) = try started()
        stream.send("{\"id\":\(sent),\"n\":5}\n")
        #expect(stream.answers == ["{\"code\":200,\"text\":\"got 5\",\"id\":\(answered)}"])
    }

    @Test(
        "Members become arguments: text, integers, booleans as 0 and 1, fractions and nested values as text, null not at all"
    )
    func members() throws {
        let (host, stream) = try started()
        var seen: [String: Value?] = [:]
        host.route = { run in
            for name in ["s", "i", "t", "f", "r", "z", "o", "l", "u", "hdr:x-a", "hdr:via"] {
                seen[name] = run.argument(name)
            }
        }
        stream.send(
            #"{"s":"a\u00e9\n","i":-5,"t":true,"f":false,"r":1.50,"z":null,"o":{"k":[1]},"l":[1,"b"],"u":9007199254740993,"#
                + #""headers":{"X-A":"1","Via":["first","second"]}}"# + "\n")
        #expect(seen["s"] == .string("aé\n"))
        #expect(seen["i"] == .integer(-5))
        #expect(seen["t"] == .integer(1))
        #expect(seen["f"] == .integer(0))
        #expect(seen["r"] == .string("1.5"))
        #expect(seen["z"] == Value??.some(nil))
        #expect(seen["o"] == .string(#"{"k":[1]}"#))
        #expect(seen["l"] == .string(#"[1,"b"]"#))
        #expect(seen["u"] == .integer(9_007_199_254_740_993))
        #expect(seen["hdr:x-a"] == .string("1"))
        #expect(seen["hdr:via"] == .string("first"))
    }

    @Test(
        "A line that is no question is answered with what was found, and the next is answered as ever",
        arguments: [
            ("[1]", "line 1: expected a JSON object"), ("{\"n\":", "line 1: bad JSON at column"),
            ("hello", "line 1: bad JSON"),
            ("{\"n\":1,\"n\":2}", "line 1: bad JSON"), ("{\"n\":99999999999999999999}", "line 1: bad JSON"),
            ("{\"n\":\"\u{1}\"}", "line 1: bad JSON"), ("5", "line 1: expected a JSON object"),
        ])
    func badLines(line: String, text: String) throws {
        let (host, stream) = try started()
        stream.send(line + "\n{\"n\":4}\n")
        #expect(stream.answers.first?.hasPrefix("{\"code\":400,\"text\":\"\(text)") == true, "\(stream.answers)")
        #expect(stream.answers.last == #"{"code":200,"text":"got 4"}"#)
        #expect(host.counter("bad") == 1)
        #expect(host.log.contains { $0.contains("127.0.0.1:40000: line 1") })
    }

    @Test("A line over max_line costs itself only, and little memory, in one piece or in many", arguments: [1, 50, 100_000])
    func longLine(piece: Int) throws {
        let (host, stream) = try started()
        let line = Array("{\"n\":1,\"x\":\"\(String(repeating: "y", count: 70_000))\"}\n{\"n\":2}\n".utf8)
        var rest = line[...]
        while !rest.isEmpty {
            stream.send(Array(rest.prefix(piece)))
            rest = rest.dropFirst(piece)
        }
        #expect(stream.answers.count == 2)
        #expect(stream.answers.first?.contains("it is 70014 bytes long, more than max_line (65536 bytes)") == true)
        #expect(stream.answers.last == #"{"code":200,"text":"got 2"}"#)
        #expect(host.counter("bad") == 1)
    }

    @Test("A route without a reply is answered with no_reply, one that failed with 500 and the reason")
    func noReply() throws {
        let (host, stream) = try started()
        host.route = { _ in }
        stream.send("{\"id\":1}\n")
        #expect(stream.answers == [#"{"code":0,"text":"no reply","id":1}"#])
        host.runFailure = "routes.conf:7:3: over route_timeout"
        stream.send("{\"id\":2}\n")
        #expect(stream.answers.last == #"{"code":500,"text":"routes.conf:7:3: over route_timeout","id":2}"#)
        #expect(host.counter("unreplied") == 1 && host.counter("failed") == 1)
        let other = FakeHost()
        #expect(other.set("no_reply", "200 OK") == nil)
        #expect(other.start() == nil)
        let second = try #require(other.connect())
        second.send("{}\n")
        #expect(second.answers == [#"{"code":200,"text":"OK"}"#])
        for wrong in ["OK", "99 x", "1000 x", ""] {
            #expect(other.set("no_reply", wrong)?.contains("expected a code (0, or 100 to 999)") == true)
        }
    }

    @Test("An asker that reads no answers is held back, goes on when it reads, and is dropped after half a minute")
    func backPressure() throws {
        let (host, stream) = try started()
        stream.writeOutcome = MH_FULL
        stream.send((1...2000).map { "{\"n\":\($0)}\n" }.joined())
        #expect(stream.isPaused)
        let before = stream.answers.count
        #expect(before < 2000)
        stream.send("{\"n\":2001}\n")
        #expect(stream.answers.count == before)
        stream.drained()
        #expect(stream.answers.count == 2001)
        #expect(!stream.isPaused)
        stream.writeOutcome = MH_FULL
        stream.send("{\"n\":1}\n")
        host.advance(seconds: 29)
        #expect(!stream.isAborted)
        host.advance(seconds: 2)
        #expect(stream.isAborted)
        stream.gone()
        #expect(host.counter("connections") == 0)
    }

    @Test("A long row of questions gives others their turn")
    func turns() throws {
        let (host, stream) = try started()
        host.tickPerRead = 100_000
        stream.send((1...500).map { "{\"n\":\($0)}\n" }.joined())
        #expect(stream.answers.count < 500)
        #expect(stream.isPaused)
        let other = try #require(host.connect())
        other.send("{\"n\":7}\n")
        #expect(other.answers == [#"{"code":200,"text":"got 7"}"#])
        host.run()
        #expect(stream.answers.count == 500)
        #expect(!stream.isPaused)
    }

    @Test("Half-close takes the last line without its newline, answers, and closes")
    func halfClose() throws {
        let (_, stream) = try started()
        stream.send("{\"n\":1}\n{\"n\":2}")
        stream.halfClose()
        #expect(stream.answers.last == #"{"code":200,"text":"got 2"}"#)
        #expect(stream.isClosed)
        stream.gone()
    }

    @Test("Half-close while answers are unread waits for the reader")
    func halfCloseStalled() throws {
        let (_, stream) = try started()
        stream.writeOutcome = MH_FULL
        stream.send((1...2000).map { "{\"n\":\($0)}\n" }.joined())
        stream.halfClose()
        #expect(!stream.isClosed)
        stream.drained()
        #expect(stream.answers.count == 2000)
        #expect(stream.isClosed)
    }

    @Test("Silence over idle_timeout is said, and the asker closed")
    func idle() throws {
        let host = FakeHost()
        host.set("idle_timeout", type: MH_DURATION, 2_000_000_000)
        #expect(host.start() == nil)
        let stream = try #require(host.connect())
        host.advance(seconds: 1)
        #expect(!stream.isClosed)
        host.advance(seconds: 1.5)
        #expect(stream.answers == [#"{"code":408,"text":"closed: nothing came in for 2000 ms (idle_timeout)"}"#])
        #expect(stream.isClosed)
    }

    @Test("max_connections closes further askers, and one that goes makes room")
    func connections() throws {
        let host = FakeHost()
        host.set("max_connections", type: MH_INT, 1)
        #expect(host.start() == nil)
        let first = try #require(host.connect())
        #expect(host.connect() == nil)
        #expect(host.log.contains { $0.contains("max_connections (1) is reached") })
        first.gone(MH_E_IO)
        #expect(host.connect() != nil)
        #expect(host.log.contains { $0.contains("connection lost: connection reset by peer") })
    }

    @Test("The drain answers what has come in and closes; new askers are refused")
    func drain() throws {
        let (host, stream) = try started()
        stream.isGoneAtClose = true
        stream.writeOutcome = MH_FULL
        stream.send((1...2000).map { "{\"n\":\($0)}\n" }.joined() + "{\"n\"")
        stream.writeOutcome = MH_OK
        host.runsPostsAtOnce = true
        let reader = UncheckedBox(stream)
        host.afterPosts = { if !reader.value.isClosed { reader.value.drained() } }
        host.drain()
        #expect(stream.answers.count == 2000)
        #expect(stream.isClosed)
        #expect(host.connect() == nil)
        #expect(host.log.contains { $0.contains("line 2001 has no end and is not answered (4 bytes)") })
        #expect(host.counter("connections") == 0)
    }

    @Test("The drain gives up on an asker that reads nothing, and says so")
    func stubbornDrain() throws {
        let (host, stream) = try started()
        stream.writeOutcome = MH_FULL
        stream.send("{\"n\":1}\n{\"n\":2}\n")
        host.runsPostsAtOnce = true
        host.tickPerRead = 1_000_000_000
        host.drain()
        #expect(stream.isAborted)
        #expect(host.log.contains { $0.contains("1 asker did not take the last answer in time: dropped") })
    }

    @Test("ask without request_route does not start, and without listen it only lends its names")
    func start() {
        let host = FakeHost()
        host.hasRoute = false
        #expect(host.start()?.contains("the config has no request_route to run") == true)
        let quiet = FakeHost()
        quiet.hasRoute = false
        #expect(quiet.startAsSet() == nil)
        #expect(quiet.listening == nil)
        let bad = FakeHost()
        bad.set("listen", "bad:1")
        #expect(bad.startAsSet() == "listen \"bad:1\": expected tcp:// or unix:")
        #expect(bad.set("socket_mode", "9")?.contains("octal") == true)
    }
}
