import Glibc
import Host
import ModuleABI

/// The host's own rules: its loader reads a config with this module, and what it refuses is a finding with the rule's id.
enum RulesProbe {
    static func run(_ request: ProbeRequest) {
        let settings = request.settings.isEmpty ? "" : writeSettings(request)
        var lines = "run_dir = \"run\"\nworkers = 1\n"
        for path in request.companions + [request.module] { lines += "loadmodule \(quoted(path))\n" }
        guard FileText.write(lines + settings, to: "modules.conf") else {
            return FindingPipe.add(.probeFailed, "\(request.directory)/modules.conf cannot be written")
        }
        let result = CaseProcess.run(limit: request.limit) {
            CaseProcess.step("loading it and reading its descriptor")
            CaseProcess.setNumber(Int64(HostProgram.check(path: "modules.conf")))
        }
        switch result.end {
        case .died(let text), .keptLoan(let text): return FindingPipe.add(.entryDies, text)
        case .hung(let text): return FindingPipe.add(.entryDies, "it does not come back within \(request.limit) s (\(text))")
        case .finished: break
        }
        guard CaseProcess.number != 0 else { return }
        var isExplained = false
        for line in result.output.split(separator: "\n") {
            guard let finding = finding(line) else { continue }
            isExplained = true
            FindingPipe.add(finding)
        }
        if !isExplained {
            FindingPipe.add(.probeFailed, "the host refuses it without a rule: \(CaseProcess.ownOutput(result.output))")
        }
    }

    /// `modules.conf:3:12: error: TEXT [MH-R102]; NEXT STEP` as a finding.
    private static func finding(_ line: Substring) -> Finding? {
        guard let start = line.firstRange(of: ": error: "), let open = line.firstRange(of: " [MH-R") else { return nil }
        let rest = line[line.index(open.lowerBound, offsetBy: 2)...]
        guard let close = rest.firstIndex(of: "]"), start.upperBound <= open.lowerBound else { return nil }
        let step = rest[close...].dropFirst()
        var text = String(line[start.upperBound..<open.lowerBound] + step)
        // A command line has no loadmodule and modparam lines.
        if rest[..<close] == Rule.parameterRequired.id {
            text = String(line[start.upperBound..<open.lowerBound]) + "; give it with --param NAME=VALUE"
        } else if rest[..<close] == Rule.interfaceMissing.id {
            text = String(line[start.upperBound..<open.lowerBound]) + "; give a module that provides it with --with FILE"
        }
        return Finding(id: String(rest[..<close]), severity: .error, text: text)
    }

    /// The settings as modparam lines, spelt as the parameters' types ask for: a case of its own, since it runs the module's code.
    private static func writeSettings(_ request: ProbeRequest) -> String {
        _ = CaseProcess.run(limit: request.limit) {
            var lines = ""
            for path in request.companions + [request.module] {
                guard let view = try? ModuleView.load(path) else { continue }
                for setting in request.settings
                where setting.module.isEmpty ? path == request.module : setting.module == view.name {
                    let type = view.parameters.first { $0.name.string == setting.name }?.type ?? MH_STRING
                    let isBare = type == MH_INT || type == MH_BOOL || type == MH_FLOAT
                    let value = isBare ? setting.value : quoted(setting.value)
                    lines += "modparam(\(quoted(view.name)), \(quoted(setting.name)), \(value))\n"
                }
            }
            FileText.write(lines, to: "settings.conf")
        }
        return FileText.read("settings.conf") ?? ""
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted + "\""
    }
}
