import Glibc
import ModuleKit
import Synchronization

/// What connections, workers and commands share once the module has started; all of it constant or atomic.
final class IntakeContext: @unchecked Sendable {
    let host: HostServices
    let layout: RowLayout
    let table: AccountingTable
    let limits: IntakeLimits

    let stored: Counters.Counter
    let rejected: Counters.Counter
    let bytes: Counters.Counter
    let connections: Counters.Counter

    /// Connections that stand, and those gone whose rows are still on their way.
    let live = Atomic<Int>(0)
    let isDraining = Atomic<Bool>(false)

    init(_ host: HostServices, layout: RowLayout, table: AccountingTable, limits: IntakeLimits)
        throws(ModuleFailure)
    {
        self.host = host
        self.layout = layout
        self.table = table
        self.limits = limits
        stored = try host.counters.make("stored", help: "Rows that the database has stored.")
        rejected = try host.counters.make("rejected", help: "Lines and rows that were not stored.")
        bytes = try host.counters.make("bytes", help: "Bytes read from senders.")
        connections = try host.counters.make("connections", gauge: true, help: "Senders that are connected.")
    }

    /// The wall clock, microseconds since 1970.
    static var wallClock: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }
}

/// The limits on what senders may do; times in nanoseconds.
public struct IntakeLimits: Equatable, Sendable {
    /// The longest line, bytes.
    public var line = 1 << 20
    /// Connections at a time; 0: no limit.
    public var connections = 1024
    /// Silence after which a connection is closed; 0: never.
    public var idle: Int64 = 0
    /// How long a sender may leave its answers unread once they fill the socket.
    public var stall: Int64 = 30_000_000_000
    /// How long the drain waits for answers to go out.
    public var drain: Int64 = 5_000_000_000

    public init() {}
}
