// The entry of the module: its parameters, commands, hooks and the database provider; the work is done in the engine.
import FlatstoreEngine
public import ModuleABI
import ModuleKit
import Synchronization

/// The running store, from init to stop.
private final class Instance: Sendable {
    let provider = Provider()
    let store = Mutex<Store?>(nil)

    func running() throws(CommandFault) -> Store {
        guard let store = store.withLock({ $0 }) else { throw CommandFault(503, "flatstore is not running") }
        return store
    }
}

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
        name: "flatstore", version: "0.1.0",
        summary: "Stores rows in flat text files, one file for each thread.")
    builder.alias("db_flatstore")
    let parameters = Parameters()
    let instance = Instance()
    declare(parameters, on: builder)
    declareCommands(of: instance, on: builder)
    let interface = instance.provider.publish()
    builder.provides("mh.db/1", selector: "flatstore", table: interface.table, context: interface.context)

    builder.onInit { host throws(ModuleFailure) in
        let settings = try parameters.checkedSettings()
        let store = try Store(settings, try Services(host))
        try host.loop.timer(first: settings.flushInterval, every: settings.flushInterval) { store.tick() }
        instance.store.withLock { $0 = store }
        instance.provider.serve(store)
    }
    builder.onReopen { () throws(ModuleFailure) in try instance.store.withLock({ $0 })?.rotate() }
    builder.onDrain {
        // A failure is logged where it happens, and stop tries once more.
        do throws(ModuleFailure) { try instance.store.withLock({ $0 })?.flush() } catch {}
    }
    builder.onStop { instance.store.withLock({ $0 })?.stop() }
    return builder
}

private func declareCommands(of instance: Instance, on builder: ModuleBuilder) {
    builder.command(
        "flat_rotate", aliases: ["flatstore.rotate", "flatstore.k_rotate"], flags: MH_MI_CHANGE | MH_MI_SLOW,
        summary:
            "Closes all row files, so that files moved away before get no more rows; new rows open files anew.",
        example: "flat_rotate"
    ) { _, reply throws(CommandFault) in
        let store = try instance.running()
        try answering { () throws(ModuleFailure) in try store.rotate() }
        try reply.map { () throws(CommandFault) in }
    }
    builder.command(
        "flat_flush", aliases: ["flatstore.flush"], flags: MH_MI_CHANGE | MH_MI_SLOW,
        summary: "Hands all rows that wait in memory to the kernel.", example: "flat_flush"
    ) { _, reply throws(CommandFault) in
        let store = try instance.running()
        try answering { () throws(ModuleFailure) in try store.flush() }
        try reply.map { () throws(CommandFault) in }
    }
    builder.command(
        "flat_list", aliases: ["flatstore.list"], flags: MH_MI_READ | MH_MI_SLOW,
        summary: "Lists the open row files with their rows and bytes since they were opened.",
        example: "flat_list"
    ) { _, reply throws(CommandFault) in
        let store = try instance.running()
        try reply.list { () throws(CommandFault) in
            for file in store.list() {
                try reply.map("file", attributes: true) { () throws(CommandFault) in
                    reply.text("file", file.file)
                    reply.text("table", file.table)
                    reply.integer("thread", file.thread)
                    reply.integer("rows", file.rows)
                    reply.integer("bytes", file.bytes)
                    reply.text("durability", file.durability.rawValue)
                    reply.integer("buffered", file.buffered)
                }
            }
        }
    }
}

/// Turns a failure of the store into the fault that a client sees.
private func answering(_ body: () throws(ModuleFailure) -> Void) throws(CommandFault) {
    do throws(ModuleFailure) {
        try body()
    } catch {
        throw CommandFault(500, error.text)
    }
}
