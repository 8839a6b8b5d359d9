import Foundation
import JSON
import ManagementClient
import Synchronization
import TestSupport
import Testing

/// A file of Examples/routes in the real daemon; only where modules come from and the number of workers are added.
func startExample(_ name: String, folders: [String] = []) throws -> RunningHost {
    let path = "\(BuiltProducts.repository)/Examples/routes/\(name)"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    return try RunningHost("mpath \"\(BuiltProducts.directory)\"\nworkers = 2\n" + text, folders: folders)
}

extension RunningHost {
    /// Runs a route by `route.run` with `key=value` arguments; the text of its reply.
    func run(_ route: String, _ arguments: String...) throws -> String {
        let result = try command("route.run", [.string(route)] + arguments.map { .string($0) })
        guard let text = result["reply"]?["text"]?.string else { throw TestFailure("\(route) has not replied: \(result)") }
        return text
    }

    /// Runs a route whose reply is a failure, as `code text`.
    func refusal(_ route: String, _ arguments: String...) throws -> String {
        try fault("route.run", .array([.string(route)] + arguments.map { .string($0) }))
    }
}

/// A program that asks a host's `ask` module.
final class Asker {
    private let client: StreamClient

    init(_ host: RunningHost) throws { client = try StreamClient(unix: host.directory.file("run/ask.sock")) }

    /// The answer to one question, as "code text".
    func ask(_ question: JSONValue) throws -> String {
        try client.send(question.encoded() + [UInt8(ascii: "\n")])
        return try answer()
    }

    /// The next answer.
    func answer() throws -> String {
        let line = try #require(try client.readLine())
        let answer = try JSONValue.parse(line)
        return "\(try #require(answer["code"]?.integer)) \(try #require(answer["text"]?.string))"
    }

    func send(_ text: String) throws { try client.send(text) }
    func halfClose() { client.halfClose() }
    func readToEnd() throws -> String { try client.readToEnd() }
}

@Suite("The examples of routes, as they are")
struct ScriptExampleTests {
    @Test("auth-failures: three wrong passwords block the user, and nobody else; time or FORGIVE end the block")
    func authFailures() throws {
        let host = try startExample("auth-failures.conf")
        let asker = try Asker(host)
        func attempt(_ user: String, _ password: String) throws -> String {
            try asker.ask(["auth_user": .string(user), "password": .string(password), "source_ip": "192.0.2.7"])
        }
        #expect(try asker.ask(["password": "right"]) == "400 auth_user is missing")
        #expect(try attempt("alice", "right") == "200 OK")
        #expect(try attempt("alice", "wrong") == "401 Unauthorized")
        #expect(try attempt("alice", "wrong") == "401 Unauthorized")
        #expect(try attempt("alice", "right") == "200 OK")
        for _ in 1...3 { #expect(try attempt("alice", "wrong") == "401 Unauthorized") }
        #expect(host.logs("alice is blocked after 3 failures, the last from 192.0.2.7"))
        #expect(try attempt("alice", "right") == "403 Try later")
        #expect(try attempt("bob", "right") == "200 OK")
        try host.command("htable.seti", [.string("auth"), .string("alice::last"), .integer(Int64(time(nil)) - 901)])
        #expect(try attempt("alice", "right") == "200 OK")
        for _ in 1...3 { #expect(try attempt("alice", "wrong") == "401 Unauthorized") }
        #expect(try attempt("alice", "right") == "403 Try later")
        #expect(try host.run("FORGIVE", "user=alice") == "alice is forgiven")
        #expect(try host.refusal("FORGIVE", "user=alice") == "404 alice has no failures")
        #expect(try attempt("alice", "right") == "200 OK")
    }

    @Test("rate-limit: ten REGISTERs of one address pass, over whatever connections, the eleventh is refused")
    func rateLimit() throws {
        let host = try startExample("rate-limit.conf")
        let askers = [try Asker(host), try Asker(host), try Asker(host)]
        func register(_ address: String, _ number: Int) throws -> String {
            try askers[number % 3].ask(["method": "REGISTER", "source_ip": .string(address)])
        }
        for number in 1...10 { #expect(try register("192.0.2.7", number) == "200 OK") }
        for number in 11...13 { #expect(try register("192.0.2.7", number) == "503 Too Many Requests") }
        #expect(try register("192.0.2.8", 1) == "200 OK")
        #expect(try askers[0].ask(["method": "INVITE", "source_ip": "192.0.2.7"]) == "200 OK")
        #expect(host.logs("192.0.2.7 sends too many REGISTERs"))
        #expect(try host.command("htable.get", [.string("rate"), .string("192.0.2.7")])["item"]?["value"] == .integer(13))
        #expect(host.log.components(separatedBy: "sends too many").count == 2)
    }

    @Test("rate-limit: many askers at once get through ten times between them")
    func rateLimitTogether() throws {
        let host = try startExample("rate-limit.conf")
        let askers = try (0..<8).map { _ in try Asker(host) }
        let burst = String(repeating: "{\"method\":\"REGISTER\",\"source_ip\":\"192.0.2.9\"}\n", count: 50)
        for asker in askers { try asker.send(burst) }
        for asker in askers { asker.halfClose() }
        let answers = try askers.map { try $0.readToEnd() }.joined().split(separator: "\n")
        #expect(answers.count == 400)
        #expect(answers.count { $0.hasPrefix("{\"code\":200,") } == 10)
        #expect(answers.count { $0.hasPrefix("{\"code\":503,") } == 390)
    }

    @Test("array: filled at the start, listed in order, added to, and gone through in turn")
    func array() throws {
        let host = try startExample("array.conf")
        #expect(try host.run("LIST") == "3 gateways: 192.0.2.10 192.0.2.20 192.0.2.30")
        #expect(try host.run("ADD", "address=192.0.2.40") == "gateway 3 is 192.0.2.40")
        #expect(try host.run("LIST") == "4 gateways: 192.0.2.10 192.0.2.20 192.0.2.30 192.0.2.40")
        let turns = try (0..<5).map { _ in try host.run("NEXT") }
        #expect(turns == ["192.0.2.10", "192.0.2.20", "192.0.2.30", "192.0.2.40", "192.0.2.10"])
        #expect(try host.command("htable.count", [.string("lists")]) == .integer(6))
    }

    @Test("iterator: removes every item that is over, none beside, by the command and by the timer")
    func iterator() throws {
        let host = try startExample("iterator.conf")
        for start in stride(from: 0, to: 1000, by: 100) {
            let words = (start..<(start + 100)).flatMap {
                [JSONValue.string("c\($0)"), .string($0 % 3 == 0 ? "ended" : "talking")]
            }
            try host.command("htable.mset", [.string("calls")] + words)
        }
        // The timer may have removed some of them already.
        let reply = try host.run("CLEAN")
        #expect(reply.hasSuffix("removed, 666 kept"))
        #expect(try host.command("htable.count", [.string("calls")]) == .integer(666))
        try host.command("htable.sets", [.string("calls"), .string("c1"), .string("ended")])
        #expect(try eventually { try host.command("htable.count", [.string("calls")]) == .integer(665) })
        #expect(host.logs("calls have ended, 665 are left"))
        let timers = "\(try host.command("rtimer.list"))"
        #expect(timers.contains("cleaner") && timers.contains("CLEAN"))
    }

    @Test("iterator: a table whose items are all over is emptied, an empty one is left alone")
    func iteratorAll() throws {
        let host = try startExample("iterator.conf")
        #expect(try host.run("CLEAN") == "0 removed, 0 kept")
        let words = (0..<500).flatMap { [JSONValue.string("c\($0)"), .string("ended")] }
        try host.command("htable.mset", [.string("calls")] + words)
        _ = try host.run("CLEAN")
        #expect(try host.command("htable.count", [.string("calls")]) == .integer(0))
    }

    @Test("lock: two calls for each user, however many ask at once")
    func lock() throws {
        let host = try startExample("lock.conf")
        #expect(try host.run("BEGIN", "user=alice") == "1")
        #expect(try host.run("BEGIN", "user=alice") == "2")
        #expect(try host.refusal("BEGIN", "user=alice") == "486 Busy here")
        #expect(try host.run("BEGIN", "user=bob") == "1")
        #expect(try host.run("END", "user=alice") == "OK")
        #expect(try host.run("BEGIN", "user=alice") == "2")
        #expect(try host.run("END", "user=bob") == "OK")
        #expect(try host.fault("htable.get", .array([.string("calls"), .string("bob")])).hasPrefix("500 Key name"))
        // Asked by many at once, on both workers, carol gets two.
        let begun = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 24) { _ in
            if case .success? = try? host.reply(to: "route.run", ["BEGIN", "user=carol"]) { begun.withLock { $0 += 1 } }
        }
        #expect(begun.withLock { $0 } == 2)
        #expect(try host.command("htable.get", [.string("calls"), .string("carol")])["item"]?["value"] == .integer(2))
    }

    @Test("expired: calls that were never ended are accounted, an emergency is kept")
    func expired() throws {
        let host = try startExample("expired.conf", folders: ["run/acc"])
        try host.command(
            "htable.mset", ["calls", "call-1", "alice", "call-2", "emergency", "call-3", "bob"].map { .string($0) })
        #expect(host.logs("call call-1 of alice was never ended"))
        #expect(host.logs("call call-3 of bob was never ended"))
        #expect(host.logs("call call-2 is kept"))
        #expect(try eventually { try host.command("htable.count", [.string("calls")]) == .integer(1) })
        #expect(
            try host.command("htable.get", [.string("calls"), .string("call-2")])["item"]?["value"] == .string("emergency"))
        try host.terminate()
        let rows = try FileManager.default.contentsOfDirectory(atPath: host.directory.file("run/acc"))
            .filter { $0.hasPrefix("lost_calls") }.map { host.directory.text("run/acc/\($0)") }.joined()
        let fields = Set(rows.split(separator: "\n").map { $0.split(separator: "|").prefix(4).joined(separator: "|") })
        #expect(fields == ["call-1|alice|408|Never ended", "call-3|bob|408|Never ended"])
    }
}
