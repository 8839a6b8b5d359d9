import ModuleABI
public import ModuleKit

/// What all connections share; made in `init`, fixed from then on.
public final class Feeder: @unchecked Sendable {
    // @unchecked: every member is fixed, and is itself for any thread.
    let host: HostServices
    let stores: Stores
    let stored: Counters.Counter
    let rejected: Counters.Counter
    let connections: Counters.Counter
    private let listeners: [Net.Listener]

    /// The longest line: a UUID, a time and a number take less.
    static let longestLine = 256

    /// Starts listening; the host opens the addresses when all modules are initialised. Main thread.
    public init(
        _ host: HostServices, stores: Stores, addresses: [String], maxConnections: UInt32
    ) throws(ModuleFailure) {
        self.host = host
        self.stores = stores
        stored = try host.counters.make("stored", help: "lines that were stored")
        rejected = try host.counters.make("rejected", help: "lines that were not stored")
        connections = try host.counters.make("connections", gauge: true, help: "senders that are connected")
        let holder = Holder()
        var listeners: [Net.Listener] = []
        for address in addresses {
            listeners.append(
                try host.net.listen(address, maxConnections: maxConnections) { stream, peer in
                    holder.feeder.map { Connection(stream, peer: peer.address, feeder: $0) }
                })
        }
        self.listeners = listeners
        holder.feeder = self
    }

    /// Lets the listeners, which are made first, find the feeder. Written before any connection comes, on main.
    private final class Holder: @unchecked Sendable {
        weak var feeder: Feeder?
    }

    /// The addresses as they are bound.
    public var addresses: [String] { listeners.map(\.address) }
    public var counts: (stored: Int64, rejected: Int64, connections: Int64) {
        (stored.value, rejected.value, connections.value)
    }
}
