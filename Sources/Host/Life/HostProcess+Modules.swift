import Configuration
import ModuleABI

/// Modules that come and change while the host runs. Main thread.
extension HostProcess {
    /// Loads one more module. Main thread.
    func load(_ name: String) throws(Refusal) -> LoadedModule {
        let running = modules.filter { $0.phase < .stopped }
        let statements = configuration.statements
        let base = directory(of: configPath)
        let plan = LoadPlan(
            loading: name, statements: statements, base: base, search: LoadPlan.search(statements, base: base),
            running: running)
        if let refusal = plan.refusals.first { throw refusal }
        guard let planned = plan.modules.first else {
            throw Refusal(.fileNotFound, at: nil, "module \(name) is not found")
        }
        try startModule(planned)
        guard let module = modules.last(where: { $0.name == planned.descriptor.name }) else {
            throw Refusal(.initFailed, at: nil, "module \(name) did not start")
        }
        do throws(Refusal) {
            try startOnWorkers(module)
            try listen(module)
        } catch {
            stopModule(module)
            throw error
        }
        module.move(to: .running)
        return module
    }

    /// Sets a parameter marked LIVE. Main thread.
    func set(_ name: String, of module: LoadedModule, to text: String) throws(Fault) {
        guard let parameter = module.descriptor.parameters.first(where: { $0.name == name }) else {
            let near = nearestName(to: name, in: module.descriptor.parameters.map(\.name))
            throw Fault(404, "module \(module.name) has no parameter \(name)" + (near.map { "; did you mean \($0)?" } ?? ""))
        }
        guard parameter.has(0x08), let set = parameter.raw.set else {
            throw Fault(403, "\(module.name)'s \(name) cannot change while the host runs; set it with modparam and restart")
        }
        let value: ParameterValue
        do throws(ParameterValue.Fault) { value = try ParameterValue(text: text, for: parameter) } catch {
            throw Fault(400, "\(module.name)'s \(name) is '\(text)', \(error.expected)")
        }
        let failure = module.enter("parameter set") {
            value.withRaw(type: parameter.raw.type) { raw in collectingError { set(parameter.raw.ctx, raw, $0) } }
        }
        if let failure { throw Fault(400, "\(module.name) refuses \(name): \(failure.text)") }
        module.setValue(value, of: name)
    }
}
