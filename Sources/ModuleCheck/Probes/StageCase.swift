import Glibc
import ModuleABI

/// What the cases on a stage share: loading, starting, stopping, and looking at what is left.
struct StageCase {
    var request: ProbeRequest
    /// Companions first, in an order in which providers come before those that require them; the module under test among them.
    let views: [ModuleView]
    let subject: ModuleView
    nonisolated(unsafe) private static var hasHung = false

    /// Loads the modules into this process. Nothing is reported: the rules have been looked at before.
    init?(_ request: ProbeRequest) {
        self.request = request
        var loaded: [ModuleView] = []
        for path in request.companions + [request.module] {
            do throws(ModuleView.Fault) { loaded.append(try ModuleView.load(path)) } catch {
                FindingPipe.add(.probeFailed, "it cannot be loaded for the probe \(request.probe.rawValue): \(error.text)")
                return nil
            }
        }
        guard let subject = loaded.last else { return nil }
        self.subject = subject
        views = Self.ordered(loaded)
    }

    /// Providers first; a circle stays in the order of the command line.
    private static func ordered(_ views: [ModuleView]) -> [ModuleView] {
        var left = views
        var result: [ModuleView] = []
        while !left.isEmpty {
            let index =
                left.firstIndex { view in
                    view.requires.allSatisfy { need in !left.contains { $0.path != view.path && $0.provides(need) != nil } }
                } ?? 0
            result.append(left.remove(at: index))
        }
        return result
    }

    /// Runs a case on a fresh stage; deaths and hangs become findings of the given checks.
    @discardableResult
    func run(
        _ what: String, dies: Check, hangs: Check? = nil, workers: Int = 2, peers: Bool = false, _ body: (Stage) -> Void
    ) -> CaseProcess.Result {
        // Waiting for one thing that does not come back is enough.
        if Self.hasHung { return CaseProcess.Result(end: .finished, output: "") }
        let result = CaseProcess.run(limit: request.limit) {
            let stage = Stage.shared
            stage.workerCount = workers
            stage.hasPeers = peers
            stage.seed = request.seed
            stage.directory = request.directory
            for view in views { stage.add(StagedModule(view, isSubject: view.path == subject.path)) }
            stage.makeThreads()
            body(stage)
        }
        let context = what.isEmpty ? "" : "\(what): "
        switch result.end {
        case .finished: break
        case .died(let text):
            let isExit = text.hasPrefix("it ended the process")
            FindingPipe.add(isExit && dies == .hookDies ? .processEnded : dies, context + text)
        case .keptLoan(let text): FindingPipe.add(.loanKept, context + text)
        case .hung(let text):
            Self.hasHung = true
            FindingPipe.add(hangs ?? dies, "\(context)it does not come back within \(request.limit) s (\(text))")
        }
        return result
    }

    /// Starts all modules; a fault is taken care of, reported if `isReported`, and answered.
    @discardableResult
    func start(_ stage: Stage, isReported: Bool = false, prepare: () -> Void = {}) -> StageFault? {
        do throws(StageFault) {
            try stage.start(request.settings, prepare: prepare)
            return nil
        } catch {
            if isReported {
                FindingPipe.add(Finding(id: error.rule, severity: .error, text: error.text))
                if error.isSilent, error.rule != "MH-R121" { FindingPipe.add(.hookSilentFailure, error.text) }
            }
            if error.isSilent, error.rule == "MH-R121" { FindingPipe.add(.parameterSilentRefusal, error.text) }
            stage.stop()
            return error
        }
    }
}
