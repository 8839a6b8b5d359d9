/// The rtimer module's one exported symbol: it judges the host's offer and hands out the descriptor that the engine declares.

public import ModuleABI
import ModuleKit
import RouteTimers

@c @implementation
public func mh_module_entry_v1(
    _ offer: UnsafePointer<mh_offer>?, _ module: UnsafeMutablePointer<UnsafePointer<mh_module>?>?,
    _ err: UnsafePointer<mh_error>?
) -> Int32 {
    let builder = ModuleBuilder(
        name: "rtimer", version: "0.1.0", summary: "Runs routes at intervals.", minor: 1)
    RouteTimersModule().declare(in: builder)
    return builder.publish(to: module, for: offer, error: err)
}
