public import ModuleABI

/// Builds a module's descriptor: call its functions once, then hand `publish` the out-parameter of the entry function. Kept in
/// a global, it answers each call of the entry function with the same descriptor, as the contract wants.
///
/// What it allocates lives as long as the process, as the contract wants. Not thread-safe: used from the entry function only.
public final class ModuleBuilder {
    private var descriptor = mh_module()
    private var aliases: [mh_str] = []
    private var parameters: [mh_param] = []
    private var commands: [mh_mi_command] = []
    private var interfaces: [mh_interface] = []
    private var requirements: [mh_requirement] = []
    var functions: [mh_script_function] = []
    var variables: [mh_script_variable] = []
    private let hooks = Hooks()
    private var published: UnsafePointer<mh_module>?

    /// Starts a descriptor. `minor` is the ABI minor that the module needs.
    public init(name: StaticString, version: StaticString, summary: StaticString, minor: UInt16 = 0) {
        descriptor.struct_size = UInt32(MemoryLayout<mh_module>.size)
        descriptor.abi_major = UInt16(MH_ABI_MAJOR)
        descriptor.abi_minor = minor
        descriptor.name = mh_str(name)
        descriptor.version = mh_str(version)
        descriptor.summary = mh_str(summary)
    }

    /// Another name under which the config may load and set the module.
    public func alias(_ name: StaticString) { aliases.append(mh_str(name)) }

    // MARK: Parameters

    /// Adds a parameter that the host stores: `storage` is read from `init` on and must live as long as the process.
    ///
    /// Storage types: `Int64` for `MH_INT`, `MH_DURATION` (nanoseconds) and `MH_SIZE` (bytes), `Double` for `MH_FLOAT`,
    /// `Int32` for `MH_BOOL`, `mh_str` for `MH_STRING`.
    public func parameter<Storage>(
        _ name: StaticString, type: UInt32, storage: UnsafeMutablePointer<Storage>,
        default text: StaticString = "",
        range: ClosedRange<Int64>? = nil, unit: StaticString = "", choices: [StaticString] = [],
        flags: UInt32 = 0,
        help: StaticString
    ) {
        var parameter = makeParameter(name, type, text, range, unit, choices, flags, help)
        parameter.storage = UnsafeMutableRawPointer(storage)
        parameters.append(parameter)
    }

    /// Adds a parameter that the module takes itself, once per modparam line.
    public func parameter(
        _ name: StaticString, type: UInt32, default text: StaticString = "", range: ClosedRange<Int64>? = nil,
        unit: StaticString = "", choices: [StaticString] = [], flags: UInt32 = 0, help: StaticString,
        set: @escaping (Value) throws(ModuleFailure) -> Void
    ) {
        var parameter = makeParameter(name, type, text, range, unit, choices, flags, help)
        parameter.ctx = Unmanaged.passRetained(Box(set)).toOpaque()
        parameter.set = { context, value, error in
            guard let context, let value else { return MH_E_INVALID }
            let box = Unmanaged<Box<(Value) throws(ModuleFailure) -> Void>>.fromOpaque(context)
            return bridging(error) { () throws(ModuleFailure) in
                try box.takeUnretainedValue().value(Value(value.pointee))
            }
        }
        parameters.append(parameter)
    }

    private func makeParameter(
        _ name: StaticString, _ type: UInt32, _ text: StaticString, _ range: ClosedRange<Int64>?,
        _ unit: StaticString, _ choices: [StaticString], _ flags: UInt32, _ help: StaticString
    ) -> mh_param {
        var parameter = mh_param()
        parameter.struct_size = UInt32(MemoryLayout<mh_param>.size)
        parameter.type = type
        parameter.flags = flags
        parameter.name = mh_str(name)
        parameter.help = mh_str(help)
        parameter.unit = mh_str(unit)
        parameter.default_text = mh_str(text)
        parameter.minimum = range?.lowerBound ?? 0
        parameter.maximum = range?.upperBound ?? 0
        parameter.choices = staticArray(choices.map { mh_str($0) })
        return parameter
    }

    // MARK: Commands

    /// One argument of a command.
    public struct Argument {
        var raw: mh_mi_arg

        /// `type`: one of `MH_INT … MH_SIZE`, or `MH_NULL` for any scalar as it came.
        public init(
            _ name: StaticString, _ type: UInt32, optional: Bool = false, rest: Bool = false,
            help: StaticString
        ) {
            raw = mh_mi_arg()
            raw.struct_size = UInt32(MemoryLayout<mh_mi_arg>.size)
            raw.type = type
            raw.flags = (optional ? MH_MI_ARG_OPTIONAL : 0) | (rest ? MH_MI_ARG_REST : 0)
            raw.name = mh_str(name)
            raw.help = mh_str(help)
        }
    }

    /// Adds a management command. The handler runs on the management thread, or a pool thread with `MH_MI_SLOW`.
    public func command(
        _ name: StaticString, aliases: [StaticString] = [], flags: UInt32, summary: StaticString,
        example: StaticString,
        arguments: [Argument] = [], handler: @escaping (Call, Reply) throws(CommandFault) -> Void
    ) {
        var command = mh_mi_command()
        command.struct_size = UInt32(MemoryLayout<mh_mi_command>.size)
        command.flags = flags
        command.name = mh_str(name)
        command.aliases = staticArray(aliases.map { mh_str($0) })
        command.summary = mh_str(summary)
        command.example = mh_str(example)
        command.args = staticArray(arguments.map(\.raw))
        command.ctx = Unmanaged.passRetained(Box(handler)).toOpaque()
        command.handler = { context, call, reply in
            guard let context, let call, let reply else { return MH_E_INVALID }
            let box = Unmanaged<Box<(Call, Reply) throws(CommandFault) -> Void>>.fromOpaque(context)
            let writer = Reply(reply)
            do throws(CommandFault) {
                try box.takeUnretainedValue().value(Call(call), writer)
            } catch {
                writer.fail(error)
            }
            return MH_OK
        }
        commands.append(command)
    }

    // MARK: Interfaces

    /// Offers a table of functions to other modules; `table` begins with its struct_size and lives as long as the process.
    public func provides(
        _ id: StaticString, selector: StaticString, table: UnsafeRawPointer, context: UnsafeMutableRawPointer?
    ) {
        var interface = mh_interface()
        interface.struct_size = UInt32(MemoryLayout<mh_interface>.size)
        interface.id = mh_str(id)
        interface.selector = mh_str(selector)
        interface.table = table
        interface.ctx = context
        interfaces.append(interface)
    }

    /// Names an interface that the module acquires in `init`.
    public func requires(_ id: StaticString, selector: StaticString = "", optional: Bool = false) {
        var requirement = mh_requirement()
        requirement.struct_size = UInt32(MemoryLayout<mh_requirement>.size)
        requirement.flags = optional ? MH_REQUIRE_OPTIONAL : 0
        requirement.id = mh_str(id)
        requirement.selector = mh_str(selector)
        requirements.append(requirement)
    }

    // MARK: Hooks

    /// Starts the module. Main thread.
    public func onInit(_ body: @escaping (HostServices) throws(ModuleFailure) -> Void) { hooks.start = body }
    /// Runs on each worker before it serves anything; the argument is the worker's thread index.
    public func onWorkerStart(_ body: @escaping (UInt32) throws(ModuleFailure) -> Void) {
        hooks.workerStart = body
    }
    /// Runs on each worker after the drain.
    public func onWorkerStop(_ body: @escaping (UInt32) -> Void) { hooks.workerStop = body }
    /// Reopens files (SIGHUP). Main thread.
    public func onReopen(_ body: @escaping () throws(ModuleFailure) -> Void) { hooks.reopen = body }
    /// Takes no new work and finishes what is under way. Main thread.
    public func onDrain(_ body: @escaping () -> Void) { hooks.drain = body }
    /// Ends the module. Main thread.
    public func onStop(_ body: @escaping () -> Void) { hooks.stop = body }

    /// What the entry function returns: refuses a host of another ABI major version or an older minor one, else publishes the descriptor.
    public func publish(
        to out: UnsafeMutablePointer<UnsafePointer<mh_module>?>?, for offer: UnsafePointer<mh_offer>?,
        error: UnsafePointer<mh_error>?
    ) -> Int32 {
        guard let offer, offer.pointee.abi_major == UInt16(MH_ABI_MAJOR) else {
            let found = offer.map { "\($0.pointee.abi_major)" } ?? "none"
            return ModuleFailure(
                MH_E_ABI,
                "\(descriptor.name.string) is built for module ABI \(MH_ABI_MAJOR), this host offers \(found); install versions that fit"
            ).report(to: error)
        }
        guard offer.pointee.abi_minor >= descriptor.abi_minor else {
            return ModuleFailure(
                MH_E_ABI,
                "\(descriptor.name.string) needs module ABI \(MH_ABI_MAJOR).\(descriptor.abi_minor), this host offers "
                    + "\(MH_ABI_MAJOR).\(offer.pointee.abi_minor); install a newer host"
            ).report(to: error)
        }
        return publish(to: out)
    }

    /// Completes the descriptor and stores its address, the same one at each call; returns `MH_OK`.
    public func publish(to out: UnsafeMutablePointer<UnsafePointer<mh_module>?>?) -> Int32 {
        guard let out else { return MH_E_INVALID }
        if let published {
            out.pointee = published
            return MH_OK
        }
        descriptor.aliases = staticArray(aliases)
        descriptor.params = staticArray(parameters)
        descriptor.commands = staticArray(commands)
        descriptor.functions = staticArray(functions)
        descriptor.variables = staticArray(variables)
        descriptor.provides = staticArray(interfaces)
        descriptor.requires_ = staticArray(requirements)
        hooks.install(in: &descriptor)
        let copy = UnsafeMutablePointer<mh_module>.allocate(capacity: 1)
        copy.initialize(to: descriptor)
        published = UnsafePointer(copy)
        out.pointee = published
        return MH_OK
    }
}

/// Copies elements into memory that is never freed.
func staticArray<Element>(_ elements: [Element]) -> mh_array {
    guard !elements.isEmpty else { return mh_array() }
    let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = copy.initialize(from: elements)
    return mh_array(
        items: UnsafeRawPointer(copy.baseAddress), count: UInt32(elements.count),
        stride: UInt32(MemoryLayout<Element>.stride))
}

/// A Swift value behind a `void *ctx`.
final class Box<Contents> {
    let value: Contents
    init(_ value: Contents) { self.value = value }
}
