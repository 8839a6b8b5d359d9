import Configuration
import ModuleABI
import Script
import Synchronization

/// A function of a module, as routes know it.
struct ModuleFunction: ScriptFunction, @unchecked Sendable {
    // @unchecked: the owner belongs to the main thread, on which places are prepared.
    let name: String
    let parameters: [ScriptParameter]
    let owner: ScriptOwner
    let raw: mh_script_function

    var isReadyAtCheck: Bool { false }

    func prepare(_ arguments: [ScriptValue?], at location: SourceLocation) throws(ScriptError) -> any ScriptCall {
        let call = ModuleFunctionCall(name, raw, owner, arguments.map { $0 ?? .null })
        owner.add(call)
        try call.prepare()
        return call
    }
}

/// One place that calls a function of a module.
final class ModuleFunctionCall: ScriptCall, ScriptPlace, @unchecked Sendable {
    // @unchecked: see ScriptOwner.
    private let name: String
    private let owner: ScriptOwner
    private let literals: [ScriptValue]
    // Routes only read these: see ScriptOwner.
    @exclusivity(unchecked) private var raw: mh_script_function
    @exclusivity(unchecked) private var site: UnsafeMutableRawPointer?
    /// The module's name for the guard; nil while the place is not prepared.
    @exclusivity(unchecked) private var guardName: UnsafePointer<CChar>?
    private var module: LoadedModule?

    init(_ name: String, _ raw: mh_script_function, _ owner: ScriptOwner, _ literals: [ScriptValue]) {
        self.name = name
        self.raw = raw
        self.owner = owner
        self.literals = literals
    }

    func prepare() throws(ScriptError) {
        guard let module = owner.module else { return }
        guard let found = module.descriptor.functions.first(where: { $0.name == name })?.raw else {
            throw ScriptError("module \(owner.name) has no function \(name) any more")
        }
        var made: UnsafeMutableRawPointer?
        if let prepare = found.prepare {
            let failure = module.enter("function prepare") {
                literals.withUnsafeBufferPointer { literals in
                    lend(literals) { array in collectingError { prepare(found.ctx, array, &made, $0) } }
                }
            }
            if let failure { throw ScriptError("module \(owner.name) refuses this call: \(failure.text)") }
        }
        (self.module, raw, site, guardName) = (module, found, made, module.nameForGuard)
    }

    func call(_ run: ScriptRun, _ arguments: Span<ScriptValue>) throws(ScriptError) -> Int32 {
        guard owner.isLive.load(ordering: .acquiring), let guardName, let function = raw.call else {
            owner.refuse(name)
            return -1
        }
        let handle = RouteRun.handle(run)
        return arguments.withUnsafeBufferPointer { arguments in
            lend(arguments) { array in GuardedCall.run(guardName, "function") { function(raw.ctx, site, handle, array) } }
        }
    }

    func release() {
        if let module, let release = raw.release {
            module.enter("function release") { release(raw.ctx, site) }
        }
        (module, site, guardName) = (nil, nil, nil)
    }
}
