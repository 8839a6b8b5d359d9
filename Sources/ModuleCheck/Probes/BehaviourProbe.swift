import Glibc

/// The probes that let the module live, one after the other, each in a directory of its own. They share a process in which none of
/// the module's code runs but its entry function: each of their cases is a fork of it.
enum BehaviourProbe {
    static func run(_ request: ProbeRequest) {
        CaseProcess.open()
        guard let cases = StageCase(request) else { return }
        let view = cases.subject
        var probes: [(name: String, run: (StageCase) -> Void)] = [("life", LifeProbe.run), ("services", ServiceProbe.run)]
        if !view.parameters.isEmpty { probes.append(("parameters", ParameterProbe.run)) }
        if !view.commands.isEmpty { probes.append(("commands", CommandProbe.run)) }
        if !view.functions.isEmpty || !view.variables.isEmpty { probes.append(("script", ScriptProbe.run)) }
        probes.append(("streams", StreamProbe.run))
        if !view.provides.isEmpty { probes.append(("databases", DatabaseProbe.run)) }
        for probe in probes where !CaseProcess.isEnded {
            guard let directory = makeDirectory(probe.name, in: request.directory), chdir(directory) == 0 else {
                return FindingPipe.add(.probeFailed, "no directory can be made in \(request.directory)")
            }
            ErrorSink.mayEcho = false
            var own = cases
            own.request.directory = directory
            probe.run(own)
        }
    }

    /// A directory for a probe; deep, so that what a module writes to "../../x" stays inside.
    private static func makeDirectory(_ name: String, in parent: String) -> String? {
        var directory = parent
        for part in [name, "a", "b", "c"] {
            directory += "/\(part)"
            guard mkdir(directory, 0o700) == 0 else { return nil }
        }
        return directory
    }
}
