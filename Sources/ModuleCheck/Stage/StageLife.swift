import CHost
import Glibc
import ModuleABI

/// Why a stage does not get a module to run.
struct StageFault: Error {
    /// The rule's id when the host would refuse it too.
    var rule: String
    var text: String
    /// The module gave no reason of its own.
    var isSilent = false
}

/// The life of the modules on a stage, from parameters to stop. Main thread.
extension Stage {
    private func step(_ text: String) { CaseProcess.step(text) }

    /// Sets the parameters of a module: what is given, else the default.
    func setParameters(of module: StagedModule, _ given: [(name: String, value: TypedValue)]) throws(StageFault) {
        for parameter in module.view.parameters {
            let name = parameter.name.string
            var values = given.filter { $0.name == name }.map(\.value)
            if let override = module.override, override.name == name { values = [override.value] }
            if values.isEmpty {
                guard parameter.default_text.len > 0 else { continue }
                guard let value = TypedValue(text: parameter.default_text.array, of: parameter) else { continue }
                values = [value]
            } else if parameter.flags & MH_PARAM_REPEATABLE == 0 {
                values = values.suffix(1)
            }
            module.values[name] = values
            for value in values { try set(parameter, value, of: module) }
        }
    }

    func set(_ parameter: mh_param, _ value: TypedValue, of module: StagedModule) throws(StageFault) {
        value.store(at: parameter.storage, type: parameter.type)
        guard let set = parameter.set else { return }
        let name = parameter.name.string
        step("setting the parameter \(name) to \(value)")
        let sink = ErrorSink()
        let loan = Loan(value)
        let code = module.enter("set of the parameter \(name)", .load) {
            sink.collect { set(parameter.ctx, loan.first, $0) }
        }
        loan.end()
        if code < 0 {
            throw StageFault(
                rule: "MH-R121",
                text:
                    "\(module.view.name)'s \(name) refuses \(value)\(sink.isReported ? ": \(sink.text)" : " without a text")",
                isSilent: !sink.isReported)
        }
    }

    /// init of one module.
    func initialise(_ module: StagedModule) throws(StageFault) {
        module.phase = .initialising
        guard let start = module.view.raw.`init` else { return }
        step("calling init of \(module.view.name)")
        var lent = mh_host()
        lent.struct_size = UInt32(MemoryLayout<mh_host>.size)
        lent.`self` = module.handle
        lent.query = { handle, id, least in
            guard let module = Stage.shared.admit(.query, handle) else { return nil }
            return ServiceTables.find(id.string, least: least, for: module)
        }
        let host = withUnsafeBytes(of: lent) { EdgeMemory.copy($0, first: $0.count) }?.assumingMemoryBound(to: mh_host.self)
        let sink = ErrorSink()
        let context = module.view.raw.ctx
        let code = module.enter("init", .initialising) { sink.collect { start(context, host, $0) } }
        if code < 0 {
            abandon(module)
            throw StageFault(
                rule: "MH-R118",
                text:
                    "module \(module.view.name) does not start: \(sink.isReported ? sink.text : "it answered \(code) without a text")",
                isSilent: !sink.isReported)
        }
    }

    /// init of all, then worker_start on each worker, then listeners open and everything runs.
    ///
    /// `prepare` runs when all are initialised, which is when the host asks about the places in a script.
    func start(_ settings: [ProbeRequest.Setting], prepare: () -> Void = {}) throws(StageFault) {
        for module in modules {
            try setParameters(of: module, module.given(settings))
            try initialise(module)
        }
        prepare()
        try startWorkers()
        for module in modules {
            for case let listener as StageListener in handles.all(of: module) {
                if let fault = listener.open() {
                    throw StageFault(rule: "MH-R123", text: "module \(module.view.name) cannot listen: \(fault)")
                }
            }
        }
        for module in modules { module.phase = .running }
        for worker in workers { worker.serve() }
        management.serve()
        main.serve()
    }

    private func startWorkers() throws(StageFault) {
        for module in modules {
            guard let start = module.view.raw.worker_start else { continue }
            step("calling worker_start of \(module.view.name)")
            let faults = FaultList()
            onEachWorker { worker in
                let sink = ErrorSink()
                let code = module.enter("worker_start", .initialising) {
                    sink.collect { start(module.view.raw.ctx, worker, $0) }
                }
                if code < 0 {
                    faults.add(
                        StageFault(
                            rule: "MH-R122",
                            text:
                                "module \(module.view.name) does not start on its workers: worker \(worker): \(sink.isReported ? sink.text : "it answered \(code) without a text")",
                            isSilent: !sink.isReported))
                }
            }
            if let fault = faults.first { throw fault }
        }
    }

    /// Lets everything run for a while.
    func run(milliseconds: Int64) {
        step("running")
        main.run(until: { false }, within: milliseconds * 1_000_000)
    }

    /// Makes every timer due, once.
    func hastenTimers() {
        for module in modules {
            for case let timer as StageTimer in handles.all(of: module) { timer.loop.post { timer.hasten() } }
        }
    }

    /// SIGHUP.
    func reopen() {
        for module in modules where module.phase == .running {
            guard let reopen = module.view.raw.reopen else { continue }
            step("calling reopen of \(module.view.name)")
            let sink = ErrorSink()
            let code = module.enter("reopen", .running) { sink.collect { reopen(module.view.raw.ctx, $0) } }
            if code < 0, module.isSubject {
                FindingPipe.add(.reopenFails, "reopen answers \(code): \(sink.isReported ? sink.text : "without a text")")
            }
        }
    }

    /// Stops what has started, in reverse order. A module whose init failed is not called again, but loses what it has.
    func stop() {
        let started = modules.filter { $0.phase == .initialising || $0.phase == .running }.reversed()
        for module in started {
            for case let listener as StageListener in handles.all(of: module) { listener.close() }
        }
        for worker in workers { worker.serve() }
        management.serve()
        main.serve()
        for module in started {
            guard let drain = module.view.raw.drain else { continue }
            step("calling drain of \(module.view.name)")
            module.enter("drain", .stopping) { drain(module.view.raw.ctx) }
        }
        for module in started { finish(module) }
    }

    private func finish(_ module: StagedModule) {
        endResources(of: module)
        if let stop = module.view.raw.worker_stop {
            step("calling worker_stop of \(module.view.name)")
            onEachWorker { worker in module.enter("worker_stop", .stopping) { stop(module.view.raw.ctx, worker) } }
        }
        if module.isSubject { beforeStop() }
        if let stop = module.view.raw.stop {
            step("calling stop of \(module.view.name)")
            module.enter("stop", .stopping) { stop(module.view.raw.ctx) }
        }
        module.phase = .ended
    }

    /// What follows a failed init: no hook is called, and what the module asked for is taken back.
    private func abandon(_ module: StagedModule) {
        step("taking back what a failed init had asked for")
        for worker in workers { worker.serve() }
        management.serve()
        main.serve()
        endResources(of: module)
        module.phase = .ended
    }

    private func endResources(of module: StagedModule) {
        if module.phase != .ended { module.phase = .stopping }
        step("waiting for the work of \(module.view.name) to end")
        for object in handles.all(of: module) { object.end() }
        let isDone = { [self] in module.holds.value == 0 && handles.all(of: module).allSatisfy { $0 is StageListener } }
        if main.run(until: isDone, within: 500_000_000) { return }
        // A reply that is never finished must not hold everything up.
        let isIdle = { [self] in
            module.holds.value == 0 && handles.all(of: module).allSatisfy { $0 is StageListener || $0 is CommandReply }
        }
        step("waiting longer for the work of \(module.view.name) to end")
        if main.run(until: isIdle, within: 1_500_000_000) { return }
        for case let stream as StageStream in handles.all(of: module) { stream.loop.post { stream.vanish() } }
        step("waiting for the streams of \(module.view.name) to end")
        main.run(until: isIdle, within: 1_000_000_000)
    }
}

/// Faults that several threads find.
final class FaultList: @unchecked Sendable {
    // @unchecked: guarded by `lock`.
    private let lock = Lock()
    private var faults: [StageFault] = []

    func add(_ fault: StageFault) { lock.with { faults.append(fault) } }
    var first: StageFault? { lock.with { faults.first } }
}

extension StagedModule {
    /// The settings of the command line that are for this module, converted to their declared types.
    func given(_ settings: [ProbeRequest.Setting]) -> [(name: String, value: TypedValue)] {
        settings.compactMap { setting in
            guard setting.module == view.name || (setting.module.isEmpty && isSubject),
                let parameter = view.parameters.first(where: { $0.name.string == setting.name }),
                let value = TypedValue(text: Array(setting.value.utf8), of: parameter)
            else { return nil }
            return (setting.name, value)
        }
    }
}
