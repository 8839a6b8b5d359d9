import Configuration
import Glibc
import Script

/// A module that passed every check before its `init`: where it is, what it describes, how it is set.
struct PlannedModule: @unchecked Sendable {
    // @unchecked: descriptors hold pointers to a module's static memory.
    var candidate: ModuleCandidate
    var descriptor: ModuleDescriptor
    var settings: [ParameterSetting] = []
}

/// One value of one parameter, in the order of the file.
struct ParameterSetting: Sendable {
    var name: String
    var value: ParameterValue
    /// Nil: the default, or set by command.
    var location: SourceLocation?
}

/// Everything that a config says about modules, checked as a whole: all that is wrong is found in one go.
struct LoadPlan {
    /// In start order: providers first.
    private(set) var modules: [PlannedModule] = []
    private(set) var refusals: [Refusal] = []
    private(set) var warnings: [Diagnostic] = []
    /// The names of loaded modules that the host itself is: see `BuiltInModules`.
    private(set) var builtIn: [String] = []
    let search: ModulePathSearch
    private let base: String
    private var dropped: [String] = []

    /// The directories that are searched when a config has no mpath: beside the program, and where `make install` puts modules.
    static func defaultDirectories() -> [String] {
        var directories: [String] = []
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        if count > 0 {
            let program = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let here = directory(of: program)
            directories.append(directory(of: here) + "/lib/modhost/modules")
            directories.append(here)
        }
        // An installation below /usr has it already.
        let system = "/usr/lib/modhost/modules"
        return directories.contains(system) ? directories : directories + [system]
    }

    /// Where the modules of a config are looked for.
    static func search(_ statements: [Statement], base: String) -> ModulePathSearch {
        var directories: [String] = []
        for case .modulePath(let path) in statements {
            directories += path.directories.map { absolutePath($0.text, relativeTo: base) }
        }
        return ModulePathSearch(directories: directories.isEmpty ? defaultDirectories() : directories)
    }

    init(_ statements: [Statement], base: String) {
        self.base = base
        search = Self.search(statements, base: base)
        let candidates = inspect(statements)
        let ordered = order(candidates)
        for candidate in ordered {
            do throws(Refusal) {
                modules.append(PlannedModule(candidate: candidate, descriptor: try ModuleLoader.load(candidate)))
            } catch {
                refuse(error)
                dropped += [candidate.note.name] + candidate.note.aliases
            }
        }
        claimNames(taken: [:])
        dropOrphans()
        setParameters(statements)
    }

    /// A plan for one more module beside those that run.
    init(loading name: String, statements: [Statement], base: String, search: ModulePathSearch, running: [LoadedModule]) {
        self.base = base
        self.search = search
        do throws(Refusal) {
            let candidate = try ModuleLoader.inspect(
                name, search: search, base: base, location: nil, isOptional: false)
            for module in running {
                if module.identity == candidate.identity {
                    throw candidate.refuse(.alreadyLoaded, "\(candidate.path) is loaded already, as module \(module.name)")
                }
                for taken in [candidate.note.name] + candidate.note.aliases where module.answers(to: taken) {
                    throw candidate.refuse(.alreadyLoaded, "the name \(taken) belongs to the loaded module \(module.name)")
                }
            }
            for requirement in candidate.note.requires where !requirement.isOptional {
                let isThere = running.contains { module in
                    module.descriptor.provides.contains { requirement.isSatisfied(by: $0.interface) }
                }
                guard isThere else {
                    throw candidate.refuse(
                        .interfaceMissing,
                        "module \(candidate.note.name) requires \(requirement), which no loaded module provides")
                }
            }
            modules = [PlannedModule(candidate: candidate, descriptor: try ModuleLoader.load(candidate))]
        } catch {
            refuse(error)
        }
        claimNames(taken: Dictionary(running.map { ($0.name, $0.descriptor) }, uniquingKeysWith: { first, _ in first }))
        setParameters(statements, ignoringOthers: true)
    }

    private mutating func refuse(_ refusal: Refusal) { refusals.append(refusal) }

    var hasErrors: Bool { refusals.contains { !$0.isOptional } }

    private mutating func inspect(_ statements: [Statement]) -> [ModuleCandidate] {
        var candidates: [ModuleCandidate] = []
        for case .loadModule(let load) in statements {
            if let name = BuiltInModules.name(in: load.module.text) {
                builtIn.append(name)
                continue
            }
            do throws(Refusal) {
                let candidate = try ModuleLoader.inspect(
                    load.module.text, search: search, base: base, location: load.module.location,
                    isOptional: load.isOptional)
                if let first = candidates.first(where: { $0.identity == candidate.identity }) {
                    throw candidate.refuse(
                        .alreadyLoaded, "\(candidate.path) is loaded already\(place(first))")
                }
                for name in [candidate.note.name] + candidate.note.aliases {
                    if let first = candidates.first(where: { $0.answers(to: name) }) {
                        throw candidate.refuse(
                            .alreadyLoaded,
                            "the name \(name) belongs to \(first.path), which is loaded already\(place(first))")
                    }
                }
                candidates.append(candidate)
            } catch {
                refuse(error)
                dropped.append(bareName(load.module.text))
            }
        }
        return candidates
    }

    private func place(_ candidate: ModuleCandidate) -> String {
        candidate.location.map { " at \($0)" } ?? ""
    }

    private func bareName(_ text: String) -> String {
        var name = Substring(text.split(separator: "/").last ?? "")
        if name.hasSuffix(".so") { name = name.dropLast(3) }
        if name.hasPrefix("lib") { name = name.dropFirst(3) }
        return String(name)
    }

    /// Providers first; what lacks a provider is refused, and then what needed that, until nothing changes.
    private mutating func order(_ candidates: [ModuleCandidate]) -> [ModuleCandidate] {
        var candidates = candidates
        while true {
            let (order, faults) = LoadOrder.sort(candidates.map(\.note))
            if faults.isEmpty { return order.map { candidates[$0] } }
            var refused: Set<Int> = []
            for (index, fault) in faults where refused.insert(index).inserted {
                switch fault {
                case .cycle(let names):
                    refuse(
                        candidates[index].refuse(
                            .cyclicRequirement, "modules require one another in a circle: \(names.joined(separator: " → "))")
                    )
                case .missing(let module, let interface):
                    refuse(
                        candidates[index].refuse(
                            .interfaceMissing, "module \(module) requires \(interface), which no loaded module provides",
                            hint: hint(for: interface)))
                }
            }
            dropped += refused.flatMap { [candidates[$0].note.name] + candidates[$0].note.aliases }
            candidates = candidates.indices.filter { !refused.contains($0) }.map { candidates[$0] }
        }
    }

    private func hint(for interface: String) -> String? {
        interface.hasPrefix("mh.db/1")
            ? "add a loadmodule line for a database module, such as loadmodule \"flatstore.so\"" : nil
    }

    /// Checks that no two modules, nor a module and the host, own the same name.
    private mutating func claimNames(taken: [String: ModuleDescriptor]) {
        var owners: [String: String] = [:]
        func words(_ descriptor: ModuleDescriptor) -> [(kind: String, name: String)] {
            descriptor.commands.flatMap { command in ([command.name] + command.aliases).map { ("command", $0) } }
                + descriptor.functions.map { ("function", $0.name) }
                + descriptor.variables.map { ("pseudo-variable", $0.name) }
                + descriptor.provides.map { ("interface", $0.interface.description) }
        }
        for command in CoreCommands.names { owners["command \(command)"] = "the host" }
        let language = RouteCheck.environment()
        for function in language.functions.keys { owners["function \(function)"] = "the host" }
        for variable in language.variables.keys { owners["pseudo-variable \(variable)"] = "the host" }
        for (name, descriptor) in taken {
            for word in words(descriptor) { owners["\(word.kind) \(word.name)"] = "module \(name)" }
        }
        modules = modules.filter { module in
            for word in words(module.descriptor) {
                let key = "\(word.kind) \(word.name)"
                if let owner = owners[key] {
                    let isItself = owner == "module \(module.descriptor.name)"
                    refuse(
                        module.candidate.refuse(
                            .nameTaken,
                            isItself
                                ? "module \(module.descriptor.name) declares the \(word.kind) \(word.name) twice"
                                : "the \(word.kind) \(word.name) of module \(module.descriptor.name) belongs to \(owner)"))
                    dropped += [module.descriptor.name] + module.descriptor.aliases
                    return false
                }
                owners[key] = "module \(module.descriptor.name)"
            }
            return true
        }
    }

    /// Modules whose provider was dropped after the order was made cannot start either.
    private mutating func dropOrphans() {
        var isChanged = true
        while isChanged {
            isChanged = false
            let provided = modules.flatMap { $0.descriptor.provides.map(\.interface) }
            modules = modules.filter { module in
                let missing = module.descriptor.requires.first { requirement in
                    !requirement.isOptional && !provided.contains { requirement.isSatisfied(by: $0) }
                }
                guard let missing else { return true }
                refuse(
                    module.candidate.refuse(
                        .interfaceMissing, "module \(module.descriptor.name) requires \(missing), whose provider is refused")
                )
                dropped += [module.descriptor.name] + module.descriptor.aliases
                isChanged = true
                return false
            }
        }
    }

    private mutating func setParameters(_ statements: [Statement], ignoringOthers: Bool = false) {
        for case .moduleParameter(let line) in statements {
            let matching = modules.indices.filter { index in
                let descriptor = modules[index].descriptor
                return ([descriptor.name] + descriptor.aliases).contains { line.modules.matches($0) }
            }
            guard !matching.isEmpty else {
                if ignoringOthers { continue }
                if let name = builtIn.first(where: { line.modules.matches($0) }) {
                    warnings.append(
                        Diagnostic(
                            .warning, at: line.name.location, "\(line.name.text) of \(name) has no effect",
                            hint: "\(name) is built into the host and has no parameters"))
                    continue
                }
                if dropped.contains(where: { line.modules.matches($0) }) { continue }
                let names = modules.flatMap { [$0.descriptor.name] + $0.descriptor.aliases }
                let near = line.modules.isPlainName ? nearestName(to: line.modules.text, in: names) : nil
                refuse(
                    Refusal(
                        .unknownModule, at: line.modules.location, "no loaded module is called \(line.modules.text)",
                        hint: near.map { "did you mean \($0)?" }
                            ?? (names.isEmpty ? nil : "loaded are \(names.joined(separator: ", "))")))
                continue
            }
            for index in matching { set(line, of: index) }
        }
        for index in modules.indices { complete(index) }
    }

    private mutating func set(_ line: ModuleParameter, of index: Int) {
        let descriptor = modules[index].descriptor
        guard let parameter = descriptor.parameters.first(where: { $0.name == line.name.text }) else {
            let names = descriptor.parameters.map(\.name)
            let near = nearestName(to: line.name.text, in: names)
            refuse(
                Refusal(
                    .unknownParameter, at: line.name.location,
                    "module \(descriptor.name) has no parameter \(line.name.text)",
                    hint: near.map { "did you mean \($0)?" }
                        ?? (names.isEmpty ? "it has no parameters at all" : "it has \(names.joined(separator: ", "))")))
            return
        }
        do throws(ParameterValue.Fault) {
            let value = try ParameterValue(line.value, for: parameter)
            if !parameter.has(0x02), let earlier = modules[index].settings.last(where: { $0.name == parameter.name }) {
                warnings.append(
                    Diagnostic(
                        .warning, at: line.name.location,
                        "\(descriptor.name)'s \(parameter.name) is set again; this line wins over \(earlier.location.map { "\($0)" } ?? "an earlier one")"
                    ))
                modules[index].settings.removeAll { $0.name == parameter.name }
            }
            if parameter.has(0x10) {
                warnings.append(
                    Diagnostic(
                        .warning, at: line.name.location, "\(descriptor.name)'s \(parameter.name) is deprecated",
                        hint: parameter.help))
            }
            modules[index].settings.append(
                ParameterSetting(name: parameter.name, value: value, location: line.value.location))
        } catch {
            let found = parameter.has(0x04) ? "a value that does not fit" : line.value.summary
            refuse(
                Refusal(
                    .badValue, at: line.value.location,
                    "\(descriptor.name)'s \(parameter.name) is \(found), \(error.expected)",
                    hint: error.hint))
        }
    }

    /// Fills in defaults and asks for what is required.
    private mutating func complete(_ index: Int) {
        let module = modules[index]
        var defaults: [ParameterSetting] = []
        for parameter in module.descriptor.parameters where !module.settings.contains(where: { $0.name == parameter.name }) {
            if parameter.has(0x01) {
                refuse(
                    module.candidate.refuse(
                        .parameterRequired,
                        "module \(module.descriptor.name) needs the parameter \(parameter.name): \(parameter.help)",
                        hint: "add modparam(\"\(module.descriptor.name)\", \"\(parameter.name)\", …)"))
                continue
            }
            guard !parameter.defaultText.isEmpty else { continue }
            do throws(ParameterValue.Fault) {
                defaults.append(
                    ParameterSetting(
                        name: parameter.name, value: try ParameterValue(text: parameter.defaultText, for: parameter),
                        location: nil))
            } catch {
                refuse(
                    module.candidate.refuse(
                        .badDescriptor,
                        "module \(module.descriptor.name): the default '\(parameter.defaultText)' of \(parameter.name) does not fit, \(error.expected)"
                    ))
            }
        }
        modules[index].settings = defaults + module.settings
    }
}
