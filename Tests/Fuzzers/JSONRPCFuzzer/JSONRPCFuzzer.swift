// Feeds arbitrary text to the JSON-RPC service with a few commands behind it, under libFuzzer: the end comes exactly once, and what is
// answered is JSON-RPC in both layouts. Build it as a library target on Host and JSON (testable) with `-sanitize=fuzzer,address` on the
// targets of this package, link the objects with `swiftc -sanitize=fuzzer,address`, and run it on a copy of the folder corpus/jsonrpc
// beside this one.

import JSON
import Synchronization

@testable import Host

/// The commands and the threads behind them; they live as long as the fuzzer.
private let rpc: JSONRPC = {
    do {
        let threads = ThreadTable(workers: 1, poolLimit: 2)
        let thread = try ManagementThread(threads: threads)
        let management = Management(thread: thread, pool: Pool(threads: threads), module: { _ in nil })
        func command(
            _ name: String, _ arguments: [Command.Argument] = [], slow: Bool = false,
            _ body: @escaping @Sendable (CoreCall, ReplyWriter) throws(Fault) -> Void
        ) -> Command {
            Command(
                name: name, aliases: [], isChange: false, isSlow: slow, summary: "", example: "", arguments: arguments,
                module: nil,
                action: .host(body))
        }
        try management.registry.add([
            command("echo", [.init(name: "value", type: .any, isOptional: true, isRest: true)]) { call, reply in
                reply.map("m") { for value in call.arguments { reply.text(value.text ?? "k", value.kindName) } }
            },
            command("add", [.init(name: "a", type: .int), .init(name: "b", type: .duration, isOptional: true)]) {
                call, reply in
                reply.integer("", (call.integer(0) ?? 0) &+ (call.integer(1) ?? 0))
            },
            command("fail") { _, reply throws(Fault) in
                reply.beginList()
                throw Fault(404, "no such table")
            },
            command("slow", slow: true) { _, reply in reply.list { for number in 0..<5 { reply.integer("", number) } } },
            command("nothing") { _, _ in },
        ])
        thread.open()
        return JSONRPC(management: management)
    } catch { preconditionFailure("the fuzzer's commands are good: \(error)") }
}()

/// What came of one text.
private final class Answer: AnswerSink, Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var ends = 0
        var routes = 0
    }

    private let state = Mutex(State())
    let end = Gate<Bool>()

    var bytes: [UInt8] { state.withLock { $0.bytes } }

    func route(_ name: UnsafeRawBufferPointer?) -> Bool {
        state.withLock { state in
            state.routes += 1
            precondition(state.bytes.isEmpty && state.routes == 1, "the route comes first, once")
        }
        return name?.elementsEqual("drop".utf8) != true
    }

    func write(_ bytes: UnsafeRawBufferPointer, mayBlock: Bool) -> Bool {
        state.withLock { state in
            precondition(state.ends == 0, "no bytes after the end")
            state.bytes += bytes
        }
        return true
    }

    func done(isCut: Bool) {
        state.withLock { state in
            state.ends += 1
            precondition(state.ends == 1, "the end comes once")
        }
        end.open(true)
    }
}

/// What the reader of plain requests takes, the long way takes too, and as the same request.
private func checkPlainReading(of text: UnsafeRawBufferPointer) {
    guard let (plain, route) = PlainRequest.read(text, routeMember: "reply_name") else { return }
    do {
        let value = try JSONValue.parse(bytes: text)
        let long = try JSONRPC.read(value)
        precondition(
            plain.method == long.method && plain.id == long.id && plain.arguments.map(\.value) == long.arguments.map(\.value)
                && long.arguments.allSatisfy { $0.name == nil && $0.text == nil }, "the same request")
        precondition(route.map { String(decoding: $0, as: UTF8.self) } == value["reply_name"]?.string, "the same route")
    } catch { preconditionFailure("a plain request is a request: \(error)") }
}

private func check(_ value: JSONValue) {
    precondition(value["jsonrpc"]?.string == "2.0" && value["id"] != nil, "an answer is JSON-RPC: \(value)")
    precondition((value["result"] == nil) != (value["error"] == nil), "a result or an error")
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSONRPC(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = UnsafeRawBufferPointer(start: start, count: count)
    checkPlainReading(of: text)
    var answers: [JSONValue?] = []
    for isCompact in [true, false] {
        let answer = Answer()
        rpc.handle(text, routeMember: "reply_name", transport: "fuzzer", isCompact: isCompact, sink: answer)
        _ = answer.end.wait()
        let bytes = answer.bytes
        guard !bytes.isEmpty else {
            answers.append(nil)
            continue
        }
        do {
            let value = try JSONValue.parse(bytes)
            if let batch = value.array { batch.forEach(check) } else { check(value) }
            answers.append(value)
        } catch { preconditionFailure("an answer is JSON: \(error): \(String(decoding: bytes, as: UTF8.self))") }
    }
    precondition(answers[0] == answers[1], "both layouts say the same")
    return 0
}
