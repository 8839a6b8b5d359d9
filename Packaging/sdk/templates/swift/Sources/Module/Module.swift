// @NAME@: a module for modhost. One parameter, one command, one timer, one counter; replace them with your own.

public import ModuleABI
import ModuleKit

/// The one symbol of a module. Pure and quick: it describes the module, work begins in `onInit`.
@c @implementation
public func mh_module_entry_v1(
    _ offer: UnsafePointer<mh_offer>?, _ module: UnsafeMutablePointer<UnsafePointer<mh_module>?>?,
    _ error: UnsafePointer<mh_error>?
) -> Int32 {
    description.publish(to: module, for: offer, error: error)
}

/// Made at the first call of the entry function, by the host's main thread, and never changed afterwards.
nonisolated(unsafe) private let description = Module().describe()

private let second: Int64 = 1_000_000_000  // nanoseconds

/// What the config sets before `onInit`, read-only from then on.
private final class Module {
    private var greeting = "Hello"

    func describe() -> ModuleBuilder {
        // Sources/Note/note.c says the same name, version and ABI.
        let module = ModuleBuilder(name: "@NAME@", version: "0.1.0", summary: "Greets, and counts the seconds.")
        module.parameter(
            "greeting", type: MH_STRING, default: "Hello", help: "What comes before the name."
        ) { [self] value in
            if case .string(let text) = value { greeting = text }
        }
        module.command(
            "@IDENT@.greet", flags: MH_MI_READ, summary: "Greets somebody.", example: "@IDENT@.greet Alice",
            arguments: [.init("who", MH_STRING, optional: true, help: "Whom to greet; the world without it.")]
        ) { [self] call, reply throws(CommandFault) in
            try greet(call, reply)
        }
        module.onInit { [self] host throws(ModuleFailure) in try start(host) }
        return module
    }

    /// Main thread; every parameter is set. The host ends the timer when the module stops.
    private func start(_ host: HostServices) throws(ModuleFailure) {
        let seconds = try host.counters.make("seconds", help: "seconds since the start")
        // Once a second, on a worker: no waiting there.
        try host.loop.timer(first: second, every: second) { seconds.add(1) }
    }

    /// @IDENT@.greet [WHO], on the management thread; the host has checked the arguments.
    private func greet(_ call: Call, _ reply: Reply) throws(CommandFault) {
        let who = call.string(0) ?? "world"
        try reply.map { () throws(CommandFault) in
            reply.text("text", "\(greeting), \(who)!")
        }
    }
}
