import ModuleABI

/// The hooks of a module as closures, and the C functions that call them.
final class Hooks {
    var start: ((HostServices) throws(ModuleFailure) -> Void)?
    var workerStart: ((UInt32) throws(ModuleFailure) -> Void)?
    var workerStop: ((UInt32) -> Void)?
    var reopen: (() throws(ModuleFailure) -> Void)?
    var drain: (() -> Void)?
    var stop: (() -> Void)?

    private static func from(_ context: UnsafeMutableRawPointer?) -> Hooks {
        guard let context else { preconditionFailure("the host passes the descriptor's ctx to every hook") }
        return Unmanaged<Hooks>.fromOpaque(context).takeUnretainedValue()
    }

    /// Fills in the hooks that are set; keeps `self` for as long as the process lives.
    func install(in descriptor: inout mh_module) {
        descriptor.ctx = Unmanaged.passRetained(self).toOpaque()
        if start != nil {
            descriptor.`init` = { context, host, error in
                guard let host else { return MH_E_INVALID }
                return bridging(error) { () throws(ModuleFailure) in
                    try Hooks.from(context).start?(try HostServices(host))
                }
            }
        }
        if workerStart != nil {
            descriptor.worker_start = { context, worker, error in
                bridging(error) { () throws(ModuleFailure) in try Hooks.from(context).workerStart?(worker) }
            }
        }
        if workerStop != nil {
            descriptor.worker_stop = { context, worker in Hooks.from(context).workerStop?(worker) }
        }
        if reopen != nil {
            descriptor.reopen = { context, error in
                bridging(error) { () throws(ModuleFailure) in try Hooks.from(context).reopen?() }
            }
        }
        if drain != nil { descriptor.drain = { context in Hooks.from(context).drain?() } }
        if stop != nil { descriptor.stop = { context in Hooks.from(context).stop?() } }
    }
}
