import CHost
import Configuration
import ModuleABI
import NIOCore
import Script

/// The commands that run routes: `route.run`, and those that the config defines with `event_route[mi:request:NAME]`.
///
/// They are answered later: the route runs on one of the workers, in turn.
enum RouteCommands {
    /// What a run came to, copied.
    struct Answer: Sendable {
        var code: Int32
        var wasDropped: Bool
        var reply: (code: Int32, text: String)?

        /// Replies from here on are failures of the command.
        static let firstFailure: Int32 = 300
    }

    /// Those that every host has; without a host, only to know their names.
    static func general(_ host: HostProcess?) -> [Command] {
        weak let owner = host
        return [
            Command(
                name: "route.run", aliases: [], isChange: true, isSlow: false,
                summary: "Runs a route of the config, which reads the arguments as $arg(key).",
                example: "route.run unblock ip=192.0.2.7",
                arguments: [
                    Command.Argument(
                        name: "route", type: .string,
                        help: "the NAME of route[NAME], `request` for request_route, or `event:a:b` for event_route[a:b]"),
                    Command.Argument(
                        name: "argument", type: .any, isOptional: true, isRest: true,
                        help: "key=value, or a value that the route reads as $arg(1), $arg(2) and so on"),
                ], takesAny: true, module: nil,
                action: .deferred { (call, answer) throws(Fault) in
                    guard let owner else { throw Fault(503, "the host is stopping") }
                    var sent = call.sent
                    let name = try takeName(of: &sent)
                    guard let number = owner.routes.program.route(named: name) else {
                        let near = nearestName(to: name, in: owner.routes.program.routes.map(\.name))
                        throw Fault(404, "there is no route \(name)\(near.map { "; did you mean \($0)?" } ?? "")")
                    }
                    try run(number, RouteRequest(sent), on: owner, answer) { result, writer in
                        writer.map {
                            writer.integer("code", result.code)
                            if result.wasDropped { writer.bool("dropped", true) }
                            guard let reply = result.reply else { return }
                            writer.map("reply") {
                                writer.integer("code", reply.code)
                                writer.text("text", reply.text)
                            }
                        }
                    }
                })
        ]
    }

    /// Those that the config defines. Their result is the text of the reply.
    static func defined(_ host: HostProcess) -> [Command] {
        weak let owner = host
        return host.routes.program.routes.enumerated().compactMap { number, route in
            guard let name = RouteCheck.command(of: route) else { return nil }
            return Command(
                name: name, aliases: [], isChange: true, isSlow: false,
                summary: "Runs event_route[mi:request:\(name)] of \(route.location).", example: name,
                arguments: [
                    Command.Argument(
                        name: "argument", type: .any, isOptional: true, isRest: true,
                        help:
                            "key=value, which the route reads as $arg(key), or a value, which it reads as $arg(1), $arg(2) and so on"
                    )
                ], takesAny: true, module: nil,
                action: .deferred { (call, answer) throws(Fault) in
                    guard let owner else { throw Fault(503, "the host is stopping") }
                    try run(number, RouteRequest(call.sent), on: owner, answer) { (result, writer) throws(Fault) in
                        if let reply = result.reply {
                            writer.text("", reply.text)
                        } else if result.code < 0 {
                            throw Fault(500, "event_route[mi:request:\(name)] returned \(result.code) without a reply")
                        }
                    }
                })
        }
    }

    /// The route's name: the argument `route`, or the first one by position.
    private static func takeName(of sent: inout [SentArgument]) throws(Fault) -> String {
        guard let index = sent.firstIndex(where: { $0.name == "route" }) ?? sent.firstIndex(where: { $0.name == nil }) else {
            throw Fault(400, "route.run: the argument route is missing (usage: route.run ROUTE [KEY=VALUE…])")
        }
        switch sent.remove(at: index).value {
        case .string(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .integer(let number): return String(number)
        case let other: throw Fault(400, "route.run: the argument route is \(other.kindName), expected a route's name")
        }
    }

    /// Runs a route on the next worker; `write` then says what of it is the command's result. A reply of 300 or more is its failure.
    private static func run(
        _ number: Int, _ request: RouteRequest, on host: HostProcess, _ answer: @escaping Command.DeferredReply,
        _ write: @escaping @Sendable (Answer, ReplyWriter) throws(Fault) -> Void
    ) throws(Fault) {
        guard let loop = host.workers.loop(MH_WORKER_ANY) else { throw Fault(503, "the host is stopping") }
        let arguments = OwnedArguments(request.arguments)
        let routes = host.routes
        let slow = host.slowCallback
        loop.execute {
            guard let worker = routes.current else {
                answer { (_) throws(Fault) in throw Fault(503, "the host is stopping") }
                return
            }
            let start = chost_clock_coarse()
            let (result, run) = arguments.lend { worker.run(number, $0) }
            let elapsed = chost_clock_coarse() - start
            if slow > 0, elapsed > slow { routes.reportSlow(number, elapsed) }
            switch result {
            case .failure(let stop):
                let text = routes.describe(stop, of: number)
                answer { (_) throws(Fault) in throw Fault(stop.code == MH_E_TIMEOUT ? 504 : 500, text) }
            case .success(let outcome):
                let reply = run.replyCode == 0 ? nil : (code: run.replyCode, text: run.replyText.string)
                let came = Answer(code: outcome.code, wasDropped: outcome.wasDropped, reply: reply)
                answer { (writer) throws(Fault) in
                    if let reply = came.reply, reply.code >= Answer.firstFailure { throw Fault(reply.code, reply.text) }
                    try write(came, writer)
                }
            }
        }
    }
}
