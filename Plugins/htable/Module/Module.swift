// The entry of the module: its parameters, commands and hooks; the work is done in the engine.
import HtableEngine
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
        name: "htable", version: "0.1.0",
        summary: "In-memory tables with expiry for management commands, other modules and routes.")
    let settings = Settings()
    let tables = Tables()
    declare(settings, on: builder)
    Commands(tables).declare(on: builder)
    let functions = Functions(tables)
    functions.declare(on: builder)
    Variables(tables).declare(on: builder)
    let interface = Provider(tables).publish()
    builder.provides("mh.htable/1", selector: "htable", table: interface.table, context: interface.context)
    let life = Life(settings, tables)
    let events = ScriptEvents(tables, functions)
    builder.onInit { host throws(ModuleFailure) in
        try life.start(host)
        try events.start(host)
        if events.hearsOfExpiry { life.expiryRunsRoutes() }
    }
    builder.onWorkerStart { worker throws(ModuleFailure) in try events.workerStarts(worker) }
    builder.onStop { life.stop() }
    return builder
}
