/// The ask module's one exported symbol: it judges the host's offer and hands out the descriptor that the engine declares.

import AskIntake
public import ModuleABI
import ModuleKit

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
        name: "ask", version: "0.1.0",
        summary: "Questions from sockets: a JSON object a line runs request_route, whose reply is the answer.", minor: 1)
    AskModule().declare(in: builder)
    return builder
}
