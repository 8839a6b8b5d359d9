import ModuleABI

/// Values at and beyond the limits of what people write: each that the host's check lets through goes to the setter, and some of them
/// through a start.
enum ParameterProbe {
    static func run(_ cases: StageCase) {
        ErrorSink.mayEcho = true
        var random = SeededRandom(seed: cases.request.seed)
        for parameter in cases.subject.parameters {
            let name = parameter.name.string
            let values = OddValues.values(for: parameter, &random)
            if parameter.set != nil {
                cases.run("", dies: .parameterDies) { stage in
                    guard let subject = stage.subject else { return }
                    for value in values {
                        do throws(StageFault) { try stage.set(parameter, value, of: subject) } catch {
                            if error.isSilent { FindingPipe.add(.parameterSilentRefusal, error.text) }
                        }
                    }
                }
            }
            // The ends of the range, and some of the others: a start is dearer than a call.
            let chosen = values.prefix(2) + values.dropFirst(2).shuffled(using: &random).prefix(3)
            for value in chosen {
                cases.run("started with \(name) = \(value)", dies: .parameterDies) { stage in
                    start(cases, stage, parameter, value)
                }
            }
        }
    }

    private static func start(_ cases: StageCase, _ stage: Stage, _ parameter: mh_param, _ value: TypedValue) {
        for module in stage.modules { module.override = module.isSubject ? (parameter.name.string, value) : nil }
        guard let fault = cases.start(stage) else { return stage.stop() }
        if fault.isSilent, fault.rule == "MH-R118" || fault.rule == "MH-R122" {
            FindingPipe.add(.hookSilentFailure, "started with \(parameter.name.string) = \(value), \(fault.text)")
        }
    }
}
