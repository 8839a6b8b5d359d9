import ModuleKit
import Synchronization

/// What connections, workers and commands share once the module has started; all of it constant or atomic.
final class AskContext: @unchecked Sendable {
    let host: HostServices
    let script: Script
    /// The number of request_route.
    let route: UInt32
    let limits: AskLimits
    let noReply: StandardReply

    let questions: Counters.Counter
    let bad: Counters.Counter
    let failed: Counters.Counter
    let unreplied: Counters.Counter
    let connections: Counters.Counter

    /// Connections that stand.
    let live = Atomic<Int>(0)
    let isDraining = Atomic<Bool>(false)

    init(
        _ host: HostServices, script: Script, route: UInt32, limits: AskLimits, noReply: StandardReply
    ) throws(ModuleFailure) {
        self.host = host
        self.script = script
        self.route = route
        self.limits = limits
        self.noReply = noReply
        questions = try host.counters.make("questions", help: "Questions that ran request_route.")
        bad = try host.counters.make("bad", help: "Lines that were no question: answered with 400.")
        failed = try host.counters.make("failed", help: "Questions whose route ended in an error: answered with 500.")
        unreplied = try host.counters.make("unreplied", help: "Questions whose route set no reply.")
        connections = try host.counters.make("connections", gauge: true, help: "Askers that are connected.")
    }
}

/// The limits on what askers may do; times in nanoseconds.
struct AskLimits: Equatable, Sendable {
    /// The longest line, bytes.
    var line = 64 << 10
    /// Connections at a time; 0: no limit.
    var connections = 1024
    /// Silence after which a connection is closed; 0: never.
    var idle: Int64 = 0
    /// How long an asker may leave its answers unread once they fill the socket.
    var stall: Int64 = 30_000_000_000
    /// How long the drain waits for answers to go out.
    var drain: Int64 = 5_000_000_000
    /// How long one connection's questions keep its worker before others have their turn.
    var turn: Int64 = 2_000_000
}
