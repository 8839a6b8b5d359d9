import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@testable import Host

/// What came of one text. `accepts`: whether it is run once its route is known; `patience`: after so many bytes the client is gone.
private final class AnswerRecord: AnswerSink, Sendable {
    private struct State {
        var text: [UInt8] = []
        var ends = 0
        var isCut = false
        var route: String??
    }

    private let accepts: Bool
    private let patience: Int
    private let state = Mutex(State())

    init(accepts: Bool, patience: Int) {
        self.accepts = accepts
        self.patience = patience
    }

    var isDone: Bool { state.withLock { $0.ends > 0 } }

    var answer: SmallManagement.Answer {
        state.withLock { state in
            #expect(state.ends == 1, "the end is told once")
            return SmallManagement.Answer(
                text: String(decoding: state.text, as: UTF8.self), isCut: state.isCut, route: state.route)
        }
    }

    func route(_ name: UnsafeRawBufferPointer?) -> Bool {
        state.withLock { $0.route = .some(name.map { String(decoding: $0, as: UTF8.self) }) }
        return accepts
    }

    func write(_ bytes: UnsafeRawBufferPointer, mayBlock: Bool) -> Bool {
        state.withLock { state in
            guard state.text.count < patience else { return false }
            state.text += bytes
            return true
        }
    }

    func done(isCut: Bool) {
        state.withLock { state in
            state.ends += 1
            state.isCut = isCut
        }
    }
}

/// Commands and the machinery that runs them, without a host: its threads end with it.
final class SmallManagement: Sendable {
    let management: Management
    let rpc: JSONRPC
    private let thread: ManagementThread
    private let pool: Pool

    init() throws {
        let threads = ThreadTable(workers: 1, poolLimit: 2)
        thread = try ManagementThread(threads: threads)
        pool = Pool(threads: threads)
        management = Management(thread: thread, pool: pool, module: { _ in nil })
        rpc = JSONRPC(management: management)
        func command(
            _ name: String, _ arguments: [Command.Argument] = [], slow: Bool = false,
            _ body: @escaping @Sendable (CoreCall, ReplyWriter) throws(Fault) -> Void
        ) -> Command {
            Command(
                name: name, aliases: ["alias.\(name)"], isChange: false, isSlow: slow, summary: "", example: "",
                arguments: arguments,
                module: nil, action: .host(body))
        }
        try management.registry.add([
            command("echo", [.init(name: "value", type: .any, isOptional: true, isRest: true)]) { call, reply in
                reply.list {
                    guard case .list(let values)? = call.arguments.first else { return }
                    for value in values { reply.text("", "\(value.text ?? "\(value)")") }
                }
            },
            command("add", [.init(name: "a", type: .int), .init(name: "b", type: .int)]) { call, reply in
                reply.integer("", (call.integer(0) ?? 0) &+ (call.integer(1) ?? 0))
            },
            command("fail") { _, _ throws(Fault) in throw Fault(404, "no such table") },
            command("slow", slow: true) { _, reply in reply.text("", "slow") },
            command("nothing") { _, _ in },
        ])
        thread.open()
    }

    deinit {
        thread.close()
        pool.close()
        thread.stop()
    }

    struct Answer: Equatable, Sendable {
        var text: String
        var isCut: Bool
        var route: String??
    }

    /// Handles a text; waits for the answer's end.
    func handle(
        _ bytes: [UInt8], compact: Bool = true, routeMember: String? = nil, accepts: Bool = true, patience: Int = .max
    ) throws
        -> Answer
    {
        let sink = AnswerRecord(accepts: accepts, patience: patience)
        bytes.withUnsafeBytes { bytes in
            rpc.handle(bytes, routeMember: routeMember, transport: "test", isCompact: compact, sink: sink)
        }
        guard eventually({ sink.isDone }) else { throw TestFailure("no end of the answer to \(bytes)") }
        return sink.answer
    }

    func answer(_ text: String) throws -> String { try handle(Array(text.utf8)).text }
}

@Suite("JSON-RPC 2.0")
struct JSONRPCTests {
    private let small: SmallManagement

    init() throws { small = try SmallManagement() }

    @Test(
        "Requests and their answers",
        arguments: [
            ("{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":[2,3],\"id\":1}", "\"result\":5,\"id\":1"),
            (
                "{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":{\"b\":-3,\"a\":2},\"id\":\"x\"}",
                "\"result\":-1,\"id\":\"x\""
            ),
            (
                "{\"id\":1.5,\"params\":[\"0x10\",1],\"method\":\"alias.add\",\"jsonrpc\":\"2.0\"}",
                "\"result\":17,\"id\":1.5"
            ),
            ("{\"jsonrpc\":\"2.0\",\"method\":\"nothing\",\"id\":null}", "\"result\":{},\"id\":null"),
            (" \n{\"jsonrpc\":\"2.0\",\"method\":\"slow\",\"params\":[],\"id\":7} ", "\"result\":\"slow\",\"id\":7"),
            (
                "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[\"é\\u0000\"],\"id\":0}",
                "\"result\":[\"é\\u0000\"],\"id\":0"
            ),
        ])
    func requests(request: String, answer: String) throws {
        #expect(try small.answer(request) == "{\"jsonrpc\":\"2.0\",\(answer)}")
    }

    @Test(
        "What is wrong gets the code of the specification",
        arguments: [
            (
                "{\"method\":\"add\",\"id\":1}", -32600,
                "Invalid Request: the member \"jsonrpc\" is missing, expected \"2.0\"", "1"
            ),
            (
                "{\"jsonrpc\":2.0,\"method\":\"add\",\"id\":1}", -32600,
                "Invalid Request: the member \"jsonrpc\" is not \"2.0\"", "1"
            ),
            ("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600, "Invalid Request: the member \"method\" is missing", "1"),
            (
                "{\"jsonrpc\":\"2.0\",\"method\":5,\"id\":1}", -32600,
                "Invalid Request: the member \"method\" is an integer, expected a string", "1"
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"id\":[1]}", -32600,
                "Invalid Request: the member \"id\" is an array, expected a string or a number", "null"
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"id\":true}", -32600,
                "Invalid Request: the member \"id\" is a boolean, expected a string or a number", "true"
            ),
            ("5", -32600, "Invalid Request: found an integer, expected an object or an array", "null"),
            ("[]", -32600, "Invalid Request: an empty batch", "null"),
            ("{\"jsonrpc\":\"2.0\",\"method\":\"ad\",\"id\":1}", -32601, "Method not found: ad (did you mean add?)", "1"),
            (
                "{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":5,\"id\":1}", -32602,
                "Invalid params: \"params\" is an integer, expected an array or an object", "1"
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":[1],\"id\":1}", -32602,
                "add: the argument b is missing (usage: add A B)", "1"
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":[1,[]],\"id\":1}", -32602,
                "add: the argument b is an array, expected an integer", "1"
            ),
            ("{\"jsonrpc\":\"2.0\",\"method\":\"fail\",\"id\":1}", 404, "no such table", "1"),
        ] as [(String, Int, String, String)])
    func faults(request: String, code: Int, message: String, id: String) throws {
        let answer = try JSONValue.parse(small.answer(request))
        #expect(answer["error"]?["code"]?.integer == Int64(code))
        #expect(answer["error"]?["message"]?.string == message)
        #expect(try answer["id"] == JSONValue.parse(id))
        #expect(answer["result"] == nil)
    }

    @Test("Text that is no JSON is a parse error without an id")
    func parseErrors() throws {
        for text in ["", "{", "nonsense", "{\"jsonrpc\":\"2.0\"", "{} {}", "\u{0}"] {
            let answer = try JSONValue.parse(small.answer(text))
            #expect(answer["error"]?["code"]?.integer == -32700, "\(text)")
            #expect(answer["error"]?["message"]?.string?.hasPrefix("Parse error: ") == true)
            #expect(answer["id"] == .null)
        }
    }

    @Test("A notification runs and is not answered, whatever comes of it")
    func notifications() throws {
        for method in ["add", "fail", "nope", "slow"] {
            let answer = try small.handle(Array("{\"jsonrpc\":\"2.0\",\"method\":\"\(method)\"}".utf8))
            #expect(answer == .init(text: "", isCut: false, route: nil))
        }
    }

    @Test("A batch is answered in order, without its notifications")
    func batches() throws {
        let batch = """
            [{"jsonrpc":"2.0","method":"add","params":[1,1],"id":1},
             {"jsonrpc":"2.0","method":"fail"},
             {"jsonrpc":"2.0","method":"slow","id":2},
             5,
             {"jsonrpc":"2.0","method":"fail","id":3}]
            """
        #expect(
            try small.answer(batch)
                == "[{\"jsonrpc\":\"2.0\",\"result\":2,\"id\":1},{\"jsonrpc\":\"2.0\",\"result\":\"slow\",\"id\":2},"
                + "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"Invalid Request: found an integer, expected an object\"},\"id\":null},"
                + "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":404,\"message\":\"no such table\"},\"id\":3}]")
        let notifications = "[{\"jsonrpc\":\"2.0\",\"method\":\"fail\"},{\"jsonrpc\":\"2.0\",\"method\":\"add\"}]"
        #expect(try small.answer(notifications) == "")
    }

    @Test("The pretty layout indents a batch by one more")
    func prettyBatch() throws {
        let text =
            "[{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":[1,1],\"id\":1},{\"jsonrpc\":\"2.0\",\"method\":\"nothing\",\"id\":2}]"
        #expect(
            try small.handle(Array(text.utf8), compact: false).text.replacing("\t", with: "→") == """
                [{
                →→"jsonrpc":→"2.0",
                →→"result":→2,
                →→"id":→1
                →}, {
                →→"jsonrpc":→"2.0",
                →→"result":→{
                →→},
                →→"id":→2
                →}]
                """)
    }

    @Test("A thousand requests make a batch, one more does not; bad ones take no stack")
    func largeBatches() throws {
        let bad = "[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]"
        #expect(try JSONValue.parse(small.answer(bad)).array?.count == 1000)
        let good =
            "["
            + Array(repeating: "{\"jsonrpc\":\"2.0\",\"method\":\"nothing\",\"id\":1}", count: 1000).joined(separator: ",")
            + "]"
        #expect(try JSONValue.parse(small.answer(good)).array?.count == 1000)
        let more = "[" + Array(repeating: "1", count: 1001).joined(separator: ",") + "]"
        #expect(try small.answer(more).contains("Invalid Request: a batch of 1001, at most 1000"))
    }

    @Test("The routing member is told before anything runs, also of text that is no JSON")
    func routing() throws {
        func route(_ text: String) throws -> String?? { try small.handle(Array(text.utf8), routeMember: "reply_name").route }
        #expect(try route("{\"reply_name\":\"r1\",\"jsonrpc\":\"2.0\",\"method\":\"nothing\",\"id\":1}") == .some("r1"))
        #expect(try route("{\"jsonrpc\":\"2.0\",\"method\":\"nothing\",\"id\":1}") == .some(nil))
        #expect(try route("[{\"jsonrpc\":\"2.0\"},{\"reply_name\":\"r2\"}]") == .some("r2"))
        #expect(try route("{\"reply_name\" : \"r3\", broken") == .some("r3"))
        #expect(try route("{\"reply_name\":5, broken") == .some(nil))
        #expect(try route("{\"reply_name\":\"r\\n\", broken") == .some(nil))
        let dropped = try small.handle(
            Array("{\"jsonrpc\":\"2.0\",\"method\":\"nothing\",\"id\":1}".utf8), routeMember: "reply_name", accepts: false)
        #expect(dropped == .init(text: "", isCut: true, route: .some(nil)))
    }

    @Test("A batch ends when its client is gone")
    func goneClient() throws {
        let text =
            "["
            + Array(repeating: "{\"jsonrpc\":\"2.0\",\"method\":\"nothing\",\"id\":1}", count: 100).joined(separator: ",")
            + "]"
        let answer = try small.handle(Array(text.utf8), patience: 100)
        #expect(answer.isCut)
        #expect(answer.text.utf8.count < 300)
    }

    @Test("The corpus of the fuzzer is answered as the specification wants")
    func corpus() throws {
        let folder = "\(BuiltProducts.repository)/Tests/Fuzzers/corpus/jsonrpc"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(names.count >= 10)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
            let answer = try small.handle(bytes, compact: false, routeMember: "reply_name")
            #expect(!answer.isCut, "\(name)")
            if !answer.text.isEmpty { _ = try JSONValue.parse(answer.text) }
        }
    }
}
