import ModuleABI
import ModuleKit
import Synchronization

/// The intake of one worker: its connections, and the runs of request_route for them. Worker thread only.
final class AskWorker: @unchecked Sendable {
    /// The worker's thread index.
    let index: UInt32
    let context: AskContext
    private let question = Question()
    private var connections: [ObjectIdentifier: AskConnection] = [:]
    private var sweep: Loop.Task?
    private var quietUntil: Int64 = .min
    private var suppressed = 0

    init(index: UInt32, context: AskContext) {
        self.index = index
        self.context = context
    }

    // MARK: Connections

    /// Takes a new connection; nil closes it.
    func accept(_ stream: Stream, _ peer: Peer) -> AskConnection? {
        let limit = context.limits.connections
        guard !context.isDraining.load(ordering: .acquiring) else { return nil }
        let (before, _) = context.live.add(1, ordering: .relaxed)
        guard limit == 0 || before < limit else {
            context.live.subtract(1, ordering: .releasing)
            warn("\(peer.address): refused, max_connections (\(limit)) is reached")
            return nil
        }
        context.connections.add(1)
        let connection = AskConnection(stream, peer: peer.address, worker: self)
        connections[ObjectIdentifier(connection)] = connection
        startSweep()
        return connection
    }

    /// Forgets a connection that is gone.
    func retire(_ connection: AskConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        context.connections.add(-1)
        context.live.subtract(1, ordering: .releasing)
        if connections.isEmpty {
            sweep?.cancel()
            sweep = nil
        }
    }

    /// Ends every connection once the questions that have come in are answered.
    func drain() {
        for connection in Array(connections.values) { connection.end(.drain) }
    }

    /// Drops the connections that the drain could not end in time.
    func abortAll() {
        for connection in Array(connections.values) { connection.abort() }
    }

    private func startSweep() {
        guard sweep == nil else { return }
        let idle = context.limits.idle
        let interval = idle > 0 ? max(10_000_000, min(1_000_000_000, idle / 4)) : 1_000_000_000
        do throws(ModuleFailure) {
            sweep = try context.host.loop.timer(on: index, first: interval, every: interval) { [unowned self] in
                let now = context.host.loop.now
                for connection in Array(connections.values) { connection.tick(now) }
            }
        } catch {
            context.host.log.error("idle and stalled askers cannot be watched: \(error.text)")
        }
    }

    // MARK: Questions

    /// Answers one line; `number` counts the lines of its connection from 1.
    func answer(_ line: UnsafeRawBufferPointer, number: UInt64, peer: String, in output: inout [UInt8]) {
        defer { question.release() }
        do throws(BadQuestion) { try question.read(line) } catch {
            return refuse("line \(number): \(error.text)", peer: peer, in: &output)
        }
        context.questions.add(1)
        do throws(ModuleFailure) {
            let outcome = try question.arguments.withUnsafeBufferPointer { (arguments) throws(ModuleFailure) in
                try context.script.run(context.route, arguments: arguments)
            }
            if outcome.replyCode == 0 {
                context.unreplied.add(1)
                Answer.append(context.noReply.code, context.noReply.text, to: question, in: &output)
            } else {
                Answer.append(outcome.replyCode, outcome.replyText.bytes, to: question, in: &output)
            }
        } catch {
            context.failed.add(1)
            Answer.append(500, error.text, to: question, in: &output)
            warn("\(peer): line \(number): \(error.text)")
        }
    }

    /// Answers a line that is no question.
    func refuse(_ text: String, peer: String, in output: inout [UInt8]) {
        context.bad.add(1)
        Answer.append(400, text, to: nil, in: &output)
        warn("\(peer): \(text)")
    }

    /// Logs a warning, at most one a second, with a count of those left out.
    func warn(_ text: @autoclosure () -> String) {
        let now = context.host.loop.now
        guard now >= quietUntil else {
            suppressed += 1
            return
        }
        let others = suppressed > 0 ? " (and \(suppressed) like it before)" : ""
        context.host.log.warning(text() + others)
        suppressed = 0
        quietUntil = now + 1_000_000_000
    }
}
