import CHost
import Configuration
import Glibc
import Logging

/// What the `modhost` program does, with its arguments already parsed. Main thread; returns the exit status.
public enum HostProgram {
    /// Checks a config without side effects: no file is made, no parameter set, no module initialised. Modules are mapped and
    /// describe themselves, which is pure by their contract.
    public static func check(path: String) -> Int32 {
        let configuration = ConfigurationFile.parse(path: path)
        let (_, found) = examine(configuration, path: path)
        guard let (plan, _) = found else { return 78 }
        let names = plan.modules.map(\.descriptor.name).joined(separator: ", ")
        print("\(path): good; \(names.isEmpty ? "it loads no module" : "modules: \(names)")")
        return 0
    }

    /// Reads a config, starts and serves until told to stop.
    public static func run(path: String, pidFile: String?, arguments: [String]) -> Int32 {
        let startedAt = chost_clock()
        chost_crash_report_install(versionForCrash)
        let configuration = ConfigurationFile.parse(path: path)
        let (settings, found) = examine(configuration, path: path)
        guard let (plan, routes) = found else { return 78 }
        // Paths count from the file that names them, for the host and for what modules open alike.
        let file = absolutePath(path, relativeTo: workingDirectory())
        let pidFile = pidFile.map { absolutePath($0, relativeTo: workingDirectory()) }
        LogSink.shared.level = settings.logLevel
        LogSink.shared.configure(format: settings.logFormat, target: settings.logTarget)
        do throws(StartFailure) {
            guard chdir(directory(of: file)) == 0 else {
                throw StartFailure("cannot enter \(directory(of: file)): \(systemText(errno))", status: 71)
            }
            try DescriptorLimit.raise()
            let host = try HostProcess(
                configuration: configuration, settings: settings, routes: routes, configPath: file, arguments: arguments,
                startedAt: startedAt)
            try host.start(plan, pidFile: pidFile)
            return host.serve()
        } catch {
            if !error.text.isEmpty { log.error("\(error.text)") }
            return error.status
        }
    }

    /// Prints a rule; 2 when there is none of that id.
    public static func explain(_ id: String) -> Int32 {
        let wanted = id.uppercased()
        let rule = Rule.allCases.first { $0.id == wanted || $0.id == "MH-\(wanted)" || $0.id == "MH-R\(wanted)" }
        guard let rule else {
            let near = nearestName(to: wanted, in: Rule.allCases.map(\.id)).map { "; did you mean \($0)?" } ?? ""
            let line =
                "modhost: there is no rule \(id)\(near)\nRules are \(Rule.allCases[0].id) to \(Rule.allCases[Rule.allCases.count - 1].id).\n"
            let bytes = Array(line.utf8)
            bytes.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
            return 2
        }
        print(rule.explanation, terminator: "")
        return 0
    }

    /// Prints every rule with its title.
    public static func listRules() {
        for rule in Rule.allCases { print("\(rule.id)  \(rule.title)") }
    }

    nonisolated(unsafe) private static let versionForCrash = modhostVersion.leaked().ptr

    /// Everything that is wrong with a config is printed; nil when it cannot be used.
    private static func examine(
        _ configuration: ParsedConfiguration, path: String
    ) -> (CoreSettings, (LoadPlan, RouteCheck)?) {
        let base = directory(of: path)
        let (settings, problems) = CoreSettings.read(configuration.statements, base: base)
        var found = configuration.diagnostics + problems
        // Modules and routes are looked at even when there are errors: all in one go. Only a file that could not be read ends here.
        guard !configuration.files.isEmpty else {
            Diagnostics.print(found, configuration)
            return (settings, nil)
        }
        let plan = LoadPlan(configuration.statements, base: base)
        found += plan.warnings + plan.refusals.compactMap(\.diagnostic)
        let routes = RouteCheck(configuration, plan)
        found += routes.diagnostics
        Diagnostics.print(found, configuration)
        let isGood = !found.contains { $0.severity == .error } && !plan.hasErrors
        return (settings, isGood ? (plan, routes) : nil)
    }
}
