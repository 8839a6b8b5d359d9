import Glibc
import ModuleABI
public import ModuleKit
import Synchronization

/// The ask module: its parameters, script functions, pseudo-variables, command and hooks. One for each process.
///
/// Settings are written before `init` and constant afterwards; what runs after `init` shares only `AskContext`.
public final class AskModule: @unchecked Sendable {
    private var addresses: [String] = []
    private var socketMode: UInt32 = 0o660
    private var limits = AskLimits()
    private var noReply = StandardReply.none
    private let access = ScriptAccess()
    private var context: AskContext?
    private var workers: [AskWorker] = []
    private var listeners: [Net.Listener] = []
    private let unsaid = Mutex<(said: Set<String>, log: Log?)>(([], nil))

    /// Different mistakes of routes that are logged; what comes after them is about texts made at run time.
    private static let mostWarnings = 100

    public init() {}

    /// Adds everything that the module exports to a descriptor.
    public func declare(in builder: ModuleBuilder) {
        declareParameters(in: builder)
        access.declareVariables(on: builder)
        access.declareFunctions(on: builder) { self.warn($0) }
        builder.command(
            "ask.info", flags: MH_MI_READ, summary: "Shows the addresses, the connections and what became of questions.",
            example: "ask.info"
        ) { _, reply throws(CommandFault) in try self.info(reply) }
        builder.onInit { host throws(ModuleFailure) in try self.start(host) }
        builder.onDrain { self.drain() }
    }

    // MARK: Parameters

    private func declareParameters(in builder: ModuleBuilder) {
        builder.parameter(
            "listen", type: MH_STRING, flags: MH_PARAM_REPEATABLE,
            help: "Where askers connect: unix:/PATH or tcp://HOST:PORT (port 0 picks one, which ask.info shows)."
        ) { value throws(ModuleFailure) in
            if case .string(let text) = value { self.addresses.append(text) }
        }
        builder.parameter(
            "socket_mode", type: MH_STRING, default: "0660", help: "Permission bits of UNIX sockets, octal."
        ) { value throws(ModuleFailure) in
            guard case .string(let text) = value, let mode = UInt32(text, radix: 8), (1...0o777).contains(mode) else {
                throw ModuleFailure(MH_E_INVALID, "socket_mode: expected octal permission bits, such as \"0660\"")
            }
            self.socketMode = mode
        }
        builder.parameter(
            "no_reply", type: MH_STRING, default: "0 no reply",
            help: "The answer when the route has set none: a code and a text, such as \"200 OK\"."
        ) { value throws(ModuleFailure) in
            if case .string(let text) = value { self.noReply = try StandardReply(text) }
        }
        builder.parameter(
            "max_line", type: MH_SIZE, default: "64 KiB", range: 128...(16 << 20), unit: "bytes",
            help: "The longest question; a longer one is answered with 400."
        ) { value in
            if case .size(let bytes) = value { self.limits.line = Int(bytes) }
        }
        builder.parameter(
            "max_connections", type: MH_INT, default: "1024", range: 0...1_000_000,
            help: "Askers connected at a time; further ones are closed unanswered. 0: no limit."
        ) { value in
            if case .integer(let count) = value { self.limits.connections = Int(count) }
        }
        builder.parameter(
            "idle_timeout", type: MH_DURATION, default: "0", range: 0...(366 * 86_400 * 1_000_000_000), unit: "s",
            help: "Silence after which an asker is closed. 0: never."
        ) { value in
            if case .duration(let nanoseconds) = value { self.limits.idle = nanoseconds }
        }
    }

    // MARK: Life

    private func start(_ host: HostServices) throws(ModuleFailure) {
        guard let script = host.script else {
            throw ModuleFailure(MH_E_ABI, "this host runs no routes (it has no mh.script/1), and ask does nothing else")
        }
        access.start(script)
        unsaid.withLock { $0.log = host.log }
        guard !addresses.isEmpty else {
            host.log.info("no listen parameter: ask has only its functions and pseudo-variables")
            return
        }
        guard let route = script.find("request") else {
            throw ModuleFailure(
                MH_E_NOT_FOUND, "ask listens, but the config has no request_route to run: write request_route { … }")
        }
        let context = try AskContext(host, script: script, route: route, limits: limits, noReply: noReply)
        workers = (1...max(1, host.threads.workers)).map { AskWorker(index: $0, context: context) }
        for address in addresses {
            do throws(ModuleFailure) {
                let listener = try host.net.listen(address, mode: socketMode) { stream, peer in
                    guard peer.worker > 0, Int(peer.worker) <= self.workers.count else { return nil }
                    return self.workers[Int(peer.worker) - 1].accept(stream, peer)
                }
                listeners.append(listener)
            } catch {
                throw ModuleFailure(error.code, "listen \"\(address)\": \(error.text)")
            }
        }
        self.context = context
    }

    /// Answers what has come in, then closes every connection; waits for it at most as long as the limits say.
    private func drain() {
        guard let context else { return }
        context.isDraining.store(true, ordering: .releasing)
        let loop = context.host.loop
        let reached = workers.filter { worker in loop.post(to: worker.index) { worker.drain() } }
        guard !reached.isEmpty else { return }
        let deadline = loop.now + context.limits.drain
        while context.live.load(ordering: .acquiring) > 0 {
            guard loop.now < deadline else {
                let left = context.live.load(ordering: .acquiring)
                let askers = left == 1 ? "1 asker" : "\(left) askers"
                context.host.log.warning("\(askers) did not take the last answer in time: dropped")
                for worker in workers { loop.post(to: worker.index) { worker.abortAll() } }
                return
            }
            // Main has nothing else to do in a drain, and the ABI has no waiting for several workers: it looks each millisecond.
            usleep(1000)
        }
    }

    /// Logs what a route did wrong, once: a route repeats its mistakes with every question.
    private func warn(_ text: String) {
        let log = unsaid.withLock { state -> Log? in
            guard state.said.count < Self.mostWarnings, state.said.insert(text).inserted else { return nil }
            return state.log
        }
        log?.warning(text)
    }

    private func info(_ reply: Reply) throws(CommandFault) {
        guard let context else { throw CommandFault(500, "ask does not listen: it has no listen parameter") }
        try reply.map { () throws(CommandFault) in
            try reply.list("listen") { for listener in listeners { reply.text("address", listener.address) } }
            reply.integer("connections", context.connections.value)
            reply.integer("questions", context.questions.value)
            reply.integer("bad", context.bad.value)
            reply.integer("failed", context.failed.value)
            reply.integer("unreplied", context.unreplied.value)
        }
    }
}
