import ModuleABI
public import ModuleKit
import Synchronization

/// The rtimer module: its parameters, its command and its hooks. One for each process, made by the entry function.
///
/// Definitions are written before `init` and constant afterwards.
public final class RouteTimersModule: @unchecked Sendable {
    private(set) var definitions: [TimerDefinition] = []
    private var timers: [RouteTimer] = []

    public init() {}

    /// Adds everything that the module exports to a descriptor.
    public func declare(in builder: ModuleBuilder) {
        builder.parameter(
            "timer", type: MH_STRING, flags: MH_PARAM_REPEATABLE,
            help: "Defines a timer: name=t1;interval=10;mode=1; with the interval in seconds, or such as 500ms."
        ) { value throws(ModuleFailure) in
            if case .string(let text) = value { try self.define(text) }
        }
        builder.parameter(
            "exec", type: MH_STRING, flags: MH_PARAM_REPEATABLE,
            help: "Has a timer run a route: timer=t1;route=NAME."
        ) { value throws(ModuleFailure) in
            if case .string(let text) = value { try self.execute(text) }
        }
        builder.command(
            "rtimer.list", flags: MH_MI_READ, summary: "Shows the timers, their routes, and what became of their ticks.",
            example: "rtimer.list"
        ) { _, reply throws(CommandFault) in try self.list(reply) }
        builder.onInit { host throws(ModuleFailure) in try self.start(host) }
    }

    /// Takes a `timer` line. Throws `MH_E_INVALID`, and `MH_E_EXISTS` for a second timer of one name.
    func define(_ text: String) throws(ModuleFailure) {
        let definition = try TimerDefinition(text)
        guard !definitions.contains(where: { $0.name == definition.name }) else {
            throw ModuleFailure(
                MH_E_EXISTS, "timer \(definition.name) is defined already: give each timer a name of its own")
        }
        definitions.append(definition)
    }

    /// Takes an `exec` line; its timer must be defined before.
    func execute(_ text: String) throws(ModuleFailure) {
        let execution = try TimerExecution(text)
        guard let index = definitions.firstIndex(where: { $0.name == execution.timer }) else {
            let guess = nearestName(to: execution.timer, among: definitions.map(\.name)).map { "; did you mean \($0)?" }
            throw ModuleFailure(
                MH_E_NOT_FOUND,
                "no line before this one defines timer \(execution.timer)\(guess ?? ""): expected "
                    + "modparam(\"rtimer\", \"timer\", \"name=\(execution.timer);interval=10;\")")
        }
        definitions[index].routes.append(execution.route)
    }

    private func start(_ host: HostServices) throws(ModuleFailure) {
        guard let script = host.script else {
            throw ModuleFailure(MH_E_ABI, "this host runs no routes (it has no mh.script/1), and rtimer does nothing else")
        }
        if definitions.isEmpty {
            host.log.warning("no timer is defined; add modparam(\"rtimer\", \"timer\", \"name=t1;interval=10;\")")
        }
        var next: UInt32 = 0
        for definition in definitions {
            if definition.routes.isEmpty {
                host.log.warning(
                    "timer \(definition.name) runs no route; add modparam(\"rtimer\", \"exec\", "
                        + "\"timer=\(definition.name);route=NAME\")")
            }
            let workers = Self.workers(for: definition, of: max(1, host.threads.workers), next: &next)
            if workers.count < definition.mode {
                host.log.notice(
                    "timer \(definition.name) has mode=\(definition.mode) and runs on all \(workers.count) workers there are"
                )
            }
            timers.append(try RouteTimer(definition, workers: workers, host: host, script: script))
        }
        // Main takes posted work up when every module has started: no route runs before those modules whose names it uses.
        host.loop.post(to: MH_MAIN_THREAD) { self.begin(host.log) }
    }

    private func begin(_ log: Log) {
        for timer in timers {
            for worker in timer.workers {
                do throws(ModuleFailure) { try timer.start(on: worker) } catch {
                    log.error("timer \(timer.definition.name) does not run on worker \(worker): \(error.text)")
                }
            }
        }
    }

    /// Worker 1 for mode 0; for others as many as `mode` says, in turn from one timer to the next.
    static func workers(for definition: TimerDefinition, of count: UInt32, next: inout UInt32) -> [UInt32] {
        guard definition.mode > 0 else { return [1] }
        return (0..<min(UInt32(definition.mode), count)).map { _ in
            defer { next += 1 }
            return next % count + 1
        }
    }

    private func list(_ reply: Reply) throws(CommandFault) {
        try reply.list { () throws(CommandFault) in
            for timer in timers {
                try reply.map("timer") { () throws(CommandFault) in
                    reply.text("name", timer.definition.name)
                    reply.number("interval", Double(timer.definition.interval) / 1e9)
                    try reply.list("workers") { for worker in timer.workers { reply.integer("worker", worker) } }
                    try reply.list("routes") { for route in timer.definition.routes { reply.text("route", route) } }
                    reply.integer("runs", timer.runs.value)
                    reply.integer("skipped", timer.skipped.value)
                    reply.integer("errors", timer.errors.value)
                    reply.number("latest", Double(timer.latest.load(ordering: .relaxed)) / 1e9)
                    reply.number("longest", Double(timer.longest.load(ordering: .relaxed)) / 1e9)
                }
            }
        }
    }
}
