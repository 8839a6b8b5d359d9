// What the engine needs of the host, so that it can be tested without one.
import ModuleABI
public import ModuleKit

/// The host's services as the engine uses them.
public struct Services: @unchecked Sendable {
    /// The calling thread's index, or `MH_THREAD_NONE`; called with `module` for every row.
    public var threadIndex: @convention(c) (OpaquePointer?) -> UInt32
    public var module: OpaquePointer?
    /// One more than the greatest index.
    public var threadLimit: UInt32
    /// Writes a line at a level, `MH_LOG_ERROR … MH_LOG_DEBUG`.
    public var log: (Int32, String) -> Void
    /// Makes a gauge whose value is computed when somebody asks: name, help, value.
    public var gauge: (String, String, @escaping () -> Int64) throws(ModuleFailure) -> Void
    /// Makes a counter and returns the addition to it: name, help.
    public var counter: (String, String) throws(ModuleFailure) -> (Int64) -> Void

    public init(
        threadIndex: @escaping @convention(c) (OpaquePointer?) -> UInt32, module: OpaquePointer?,
        threadLimit: UInt32,
        log: @escaping (Int32, String) -> Void,
        gauge: @escaping (String, String, @escaping () -> Int64) throws(ModuleFailure) -> Void,
        counter: @escaping (String, String) throws(ModuleFailure) -> (Int64) -> Void
    ) {
        self.threadIndex = threadIndex
        self.module = module
        self.threadLimit = threadLimit
        self.log = log
        self.gauge = gauge
        self.counter = counter
    }

    /// The services of a real host.
    public init(_ host: HostServices) throws(ModuleFailure) {
        guard let index = host.threads.table.pointee.index else {
            throw ModuleFailure(
                MH_E_ABI, "this host's mh.thread/1 has no function `index`, which flatstore needs")
        }
        self.init(
            threadIndex: index, module: host.module, threadLimit: host.threads.limit,
            log: { level, text in host.log.write(level, text) },
            gauge: { name, help, read throws(ModuleFailure) in
                try host.counters.makeComputed(name, help: help, read: read)
            },
            counter: { name, help throws(ModuleFailure) in
                let counter = try host.counters.make(name, help: help)
                return { counter.add($0) }
            })
    }
}
