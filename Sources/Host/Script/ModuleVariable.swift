import ModuleABI
import Script
import Synchronization

/// A class of pseudo-variables of a module, as routes know it.
struct ModuleVariable: ScriptVariableClass, @unchecked Sendable {
    // @unchecked: the owner belongs to the main thread, on which places are prepared.
    let name: String
    let isReadOnly: Bool
    let owner: ScriptOwner
    let raw: mh_script_variable

    var isReadyAtCheck: Bool { false }

    func prepare(_ use: VariableUse) throws(ScriptError) -> any ScriptVariable {
        let place = ModuleVariablePlace(name, raw, owner, inner: use.inner ?? [])
        owner.add(place)
        try place.prepare()
        return place
    }
}

/// One place that names a pseudo-variable of a module.
final class ModuleVariablePlace: DirectVariable, ScriptPlace, @unchecked Sendable {
    // @unchecked: see ScriptOwner.
    private let name: String
    private let owner: ScriptOwner
    private let inner: [UInt8]
    // Routes only read these: see ScriptOwner.
    @exclusivity(unchecked) private var raw: mh_script_variable
    @exclusivity(unchecked) private var site: UnsafeMutableRawPointer?
    /// The module's name for the guard; nil while the place is not prepared.
    @exclusivity(unchecked) private var guardName: UnsafePointer<CChar>?
    private var module: LoadedModule?

    init(_ name: String, _ raw: mh_script_variable, _ owner: ScriptOwner, inner: [UInt8]) {
        self.name = name
        self.raw = raw
        self.owner = owner
        self.inner = inner
    }

    func prepare() throws(ScriptError) {
        guard let module = owner.module else { return }
        guard let found = module.descriptor.variables.first(where: { $0.name == name })?.raw else {
            throw ScriptError("module \(owner.name) has no pseudo-variable $\(name) any more")
        }
        var made: UnsafeMutableRawPointer?
        if let prepare = found.prepare {
            let failure = module.enter("pseudo-variable prepare") {
                inner.withUnsafeBytes { inner in collectingError { prepare(found.ctx, mh_str(inner), &made, $0) } }
            }
            if let failure { throw ScriptError("module \(owner.name) refuses it: \(failure.text)") }
        }
        (self.module, raw, site, guardName) = (module, found, made, module.nameForGuard)
    }

    override func read(
        _ run: ScriptRun, key: UnsafeRawBufferPointer, into result: UnsafeMutablePointer<ScriptValue>
    ) -> Bool {
        guard owner.isLive.load(ordering: .acquiring), let guardName, let get = raw.get else { return refuse(result) }
        let handle = RouteRun.handle(run)
        var value = mh_null()
        let code = GuardedCall.run(guardName, "pseudo-variable get") { get(raw.ctx, site, handle, mh_str(key), &value) }
        guard code >= 0 else { return fail(run, "it cannot be read: ", code) }
        ScriptValue.replace(result, with: value)
        return true
    }

    override func write(_ run: ScriptRun, key: UnsafeRawBufferPointer, _ value: UnsafePointer<ScriptValue>) -> Bool {
        guard owner.isLive.load(ordering: .acquiring), let guardName, let set = raw.set else {
            owner.refuse("$\(name)")
            run.failure = ScriptError("module \(owner.name) does not run")
            return false
        }
        let handle = RouteRun.handle(run)
        let code = value.pointee.lend { value in
            withUnsafePointer(to: value) { value in
                GuardedCall.run(guardName, "pseudo-variable set") { set(raw.ctx, site, handle, mh_str(key), value) }
            }
        }
        guard code >= 0 else { return fail(run, "it cannot be set to \(value.pointee): ", code) }
        return true
    }

    /// The module does not run: null, and no fault of the route.
    @inline(never) private func refuse(_ result: UnsafeMutablePointer<ScriptValue>) -> Bool {
        owner.refuse("$\(name)")
        result.pointee = .null
        return true
    }

    @inline(never) private func fail(_ run: ScriptRun, _ what: @autoclosure () -> String, _ code: Int32) -> Bool {
        run.failure = ScriptError(what() + errorName(code))
        return false
    }

    override func release() {
        if let module, let release = raw.release {
            module.enter("pseudo-variable release") { release(raw.ctx, site) }
        }
        (module, site, guardName) = (nil, nil, nil)
    }
}
