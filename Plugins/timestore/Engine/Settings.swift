import ModuleABI
import ModuleKit

/// The parameters of the module as they were set.
struct Settings {
    static let defaultListen = "tcp://127.0.0.1:3490"

    var listen: [String] = []
    var dataDirectory = ""
    var maxDaysPerFile = 30
    var sync = SyncMode.none
    /// Nanoseconds.
    var syncInterval: Int64 = 1_000_000_000
    var limits = Limits()
    /// Of all workers together.
    var openFiles = 1024
}

/// The limits on what clients may do; times in nanoseconds.
struct Limits: Sendable {
    /// Connections at a time; 0: no limit.
    var connections = 1024
    /// Bytes of requests of one connection that are not answered yet.
    var inFlight = 8 << 20
    /// GETs of one connection that are not answered yet; each may hold open the files that it reads from.
    var gets = 64
    /// Silence, or an answer that is not read, after which a connection is closed; 0: never.
    var idle: Int64 = 0
    /// How long the drain waits for answers to go out.
    var drain: Int64 = 5_000_000_000
}
