import Glibc
import ModuleABI

/// The life of the module: whole, twice in one directory, on one worker, cut short, and with services that fail.
enum LifeProbe {
    static func run(_ cases: StageCase) {
        var isStarted = false
        let first = cases.run("", dies: .hookDies, hangs: .hookHangs) { stage in
            isStarted = whole(cases, stage)
            CaseProcess.setNumber(Int64(isStarted ? stage.fallibleCalls.value + 1 : 0))
        }
        let fallible = CaseProcess.number - 1
        let output = CaseProcess.ownOutput(first.output)
        if !output.isEmpty, first.end == .finished {
            FindingPipe.add(.lifeWrites, "it writes '\(output)' to standard output or standard error")
        }
        guard first.end == .finished, fallible >= 0 else { return }
        cases.run("started again in the same directory", dies: .hookDies, hangs: .hookHangs) { stage in
            if let fault = cases.start(stage) {
                FindingPipe.add(.secondStartFails, "started again: \(fault.text)")
            } else {
                stage.stop()
            }
        }
        cases.run("on one worker, stopped at once", dies: .hookDies, hangs: .hookHangs, workers: 1) { stage in
            if cases.start(stage) == nil { stage.stop() }
        }
        cases.run("stopped after init, before the workers", dies: .hookDies, hangs: .hookHangs) { stage in
            for module in stage.modules {
                do throws(StageFault) {
                    try stage.setParameters(of: module, module.given(cases.request.settings))
                    try stage.initialise(module)
                } catch { break }
            }
            stage.stop()
        }
        for number in stride(from: 1, through: min(Int(fallible), 40), by: 1) {
            cases.run("with service call \(number) failing", dies: .failingServiceKills) { stage in
                stage.failing = number
                if let fault = cases.start(stage) {
                    if fault.isSilent, fault.rule == "MH-R118" || fault.rule == "MH-R122" {
                        FindingPipe.add(.hookSilentFailure, "with service call \(number) failing, \(fault.text)")
                    }
                } else {
                    stage.run(milliseconds: 3)
                    stage.stop()
                }
                lateCalls(stage)
            }
        }
    }

    /// A whole life; true when it started.
    private static func whole(_ cases: StageCase, _ stage: Stage) -> Bool {
        let before = ProcessState.take()
        guard cases.start(stage, isReported: true) == nil else {
            lateCalls(stage)
            return false
        }
        stage.run(milliseconds: 20)
        stage.hastenTimers()
        stage.run(milliseconds: 20)
        CaseProcess.step("reading the computed gauges")
        stage.computed.readAll()
        stage.reopen()
        stage.run(milliseconds: 10)
        let during = ProcessState.take()
        if let change = before.change(to: during) { FindingPipe.add(.lifeChangesProcess, "it changes \(change)") }
        stage.stop()
        lateCalls(stage)
        CaseProcess.step("looking at what is left after stop")
        stage.endThreads()
        var left = ProcessState.threadNames()
        for _ in 0..<100 where !left.isEmpty {
            usleep(3000)  // a thread that was told to end takes a moment to do so
            left = ProcessState.threadNames()
        }
        if !left.isEmpty {
            FindingPipe.add(
                .threadsLeft,
                "\(plural(left.count, "thread")) still there after stop: \(left.prefix(5).joined(separator: ", "))")
        }
        let open = ProcessState.openDescriptors().subtracting(before.descriptors).sorted()
        if !open.isEmpty {
            let targets = open.prefix(5).map { "\($0) on \(ProcessState.target(of: $0))" }.joined(separator: ", ")
            FindingPipe.add(.descriptorsLeft, "\(plural(open.count, "descriptor")) still open after stop: \(targets)")
        }
        return true
    }

    /// Waits for calls that come when none may.
    static func lateCalls(_ stage: Stage) {
        CaseProcess.step("waiting for calls after stop")
        stage.run(milliseconds: 15)
    }
}
