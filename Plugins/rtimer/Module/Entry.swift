/// The rtimer module's one exported symbol: it judges the host's offer and hands out the descriptor that the engine declares.

public import ModuleABI
import ModuleKit
import RouteTimers

@c @implementation
public func mh_module_entry_v1(
    _ offer: UnsafePointer<mh_offer>?, _ module: UnsafeMutablePointer<UnsafePointer<mh_module>?>?,
    _ err: UnsafePointer<mh_error>?
) -> Int32 {
    description.publish(to: module, for: offer, error: err)
}

/// Made at the first call of the entry function, by the host's main thread; every call answers the same descriptor.
nonisolated(unsafe) private let description = describe()

private func describe() -> ModuleBuilder {
    let builder = ModuleBuilder(
        name: "rtimer", version: "0.1.0", summary: "Runs routes at intervals.", minor: 1)
    RouteTimersModule().declare(in: builder)
    return builder
}
