import Configuration
import ModuleABI
import Script

/// What the reference says about a module, or about the host itself: all of it comes from what the program declares, so that a
/// page cannot say anything else than the program does. `MarkdownPage` and `ManualPage` print it.
struct ReferencePage {
    /// A parameter of a module, or a core setting.
    struct Parameter {
        var name: String
        /// The type as documentation calls it, with the unit of a bare number: `duration (s)`.
        var type: String
        /// As written in a config; empty without one.
        var defaultText: String
        /// Range or choices: `1 to 64`; empty when every value of the type will do.
        var accepts: String
        /// One sentence each: `Required.`
        var notes: [String]
        var help: String
    }

    /// A script function or a pseudo-variable.
    struct ScriptName {
        /// As written in a route: `sht_rm(text table)`, `$sht`.
        var usage: String
        /// One sentence each: `Read only.`
        var notes: [String]
        var summary: String
    }

    /// `flatstore`; `core` for the host itself.
    var name: String
    var version: String
    var summary: String
    /// What a config begins with; empty for the host itself.
    var synopsis: [String] = []
    /// `Aliases` and the like; the words are names.
    var facts: [(title: String, words: [String])] = []
    var parametersTitle = "Parameters"
    var parameters: [Parameter] = []
    var commands: [Command] = []
    var functions: [ScriptName] = []
    var variables: [ScriptName] = []
    var transformations: [ScriptName] = []
}

extension ReferencePage {
    /// The page of a module that is in memory.
    init(_ module: ModuleDescriptor) throws(DescriptorFault) {
        name = module.name
        version = module.version
        summary = module.summary
        synopsis = ["loadmodule \"\(module.name)\""]
        if !module.parameters.isEmpty { synopsis.append("modparam(\"\(module.name)\", \"NAME\", VALUE)") }
        facts = [
            ("Version", [module.version]),
            ("Needs ABI", ["\(module.raw.abi_major).\(module.raw.abi_minor)"]),
            ("Aliases", module.aliases),
            ("Provides", module.provides.map(\.interface.description)),
            ("Requires", module.requires.filter { !$0.isOptional }.map(\.description)),
            ("Uses where present", module.requires.filter(\.isOptional).map { String($0.description.dropLast()) }),
        ].filter { !$0.1.isEmpty }
        parameters = module.parameters.map(Parameter.init)
        commands = module.commands
        for function in module.functions {
            let arguments = try ABIReader.read(function.raw.args, of: mh_script_arg.self, "arguments of \(function.name)")
            functions.append(try ScriptName(function: function.name, arguments, function.summary))
        }
        variables = module.variables.map { variable in
            let isReadOnly = variable.raw.flags & MH_SCRIPT_VARIABLE_READ_ONLY != 0
            return ScriptName(
                usage: "$\(variable.name)", notes: isReadOnly ? ["Read only."] : [], summary: variable.summary)
        }
    }

    /// The page of the host: core settings, core commands, and what routes can name without any module.
    static let core: ReferencePage = {
        var page = ReferencePage(
            name: "core", version: modhostVersion,
            summary: "The settings and the commands of the host itself, and what routes can name without a module.")
        page.parametersTitle = "Core settings"
        page.parameters = CoreSettings.definitions.map { definition in
            Parameter(
                name: definition.name, type: "", defaultText: CoreSettings().written(definition.name) ?? "",
                accepts: definition.expected, notes: [], help: definition.help)
        }
        page.commands = CoreCommands.make(nil)
        let environment = RouteCheck.environment()
        func sorted(_ names: some Sequence<String>) -> [String] {
            names.sorted { ($0.lowercased(), $0) < ($1.lowercased(), $1) }
        }
        page.functions = sorted(environment.functions.keys).compactMap { environment.functions[$0] }.map { function in
            let arguments = function.parameters.map { ($0.kind.rawValue, $0.name, $0.isOptional) }
            return ScriptName(usage: ScriptName.usage(of: function.name, arguments), notes: [], summary: "")
        }
        let variables = sorted(Array(environment.variables.keys) + ScriptEnvironment.languageVariables)
        page.variables = variables.map { ScriptName(usage: "$\($0)", notes: [], summary: "") }
        page.transformations = sorted(environment.transformations.keys)
            .map { ScriptName(usage: "{\($0).…}", notes: [], summary: "") }
        return page
    }()
}

extension ReferencePage.Parameter {
    init(_ parameter: ModuleDescriptor.Parameter) {
        name = parameter.name
        let unit = parameter.raw.type == MH_DURATION && parameter.unit.isEmpty ? "s" : parameter.unit
        type = parameter.typeName + (unit.isEmpty ? "" : " (\(unit))")
        let isText = parameter.raw.type == MH_STRING || parameter.raw.type == MH_LIST
        // Outside quotes a config takes one word.
        let isQuoted = !parameter.defaultText.isEmpty && (isText || parameter.defaultText.contains(" "))
        defaultText = isQuoted ? quoted(parameter.defaultText) : parameter.defaultText
        accepts = Self.accepts(parameter)
        notes = []
        if parameter.has(MH_PARAM_REQUIRED) { notes.append("Required.") }
        if parameter.has(MH_PARAM_REPEATABLE) { notes.append("May be given several times.") }
        if parameter.has(MH_PARAM_SECRET) { notes.append("Its value is never shown.") }
        if parameter.has(MH_PARAM_LIVE) { notes.append("May change while the host runs (`module.set`).") }
        if parameter.has(MH_PARAM_DEPRECATED) { notes.append("Deprecated.") }
        help = parameter.help
    }

    private static func accepts(_ parameter: ModuleDescriptor.Parameter) -> String {
        let raw = parameter.raw
        func range(_ show: (Int64) -> String) -> String {
            if raw.minimum == 0, raw.maximum == 0 { return "" }
            if raw.maximum == .max { return "at least \(show(raw.minimum))" }
            return "\(show(raw.minimum)) to \(show(raw.maximum))"
        }
        switch raw.type {
        case MH_INT: return range { String($0) }
        case MH_DURATION: return range { Quantity.text(duration: $0) }
        case MH_SIZE: return range { Quantity.text(size: $0) }
        case MH_FLOAT:
            let isBounded = raw.float_minimum != 0 || raw.float_maximum != 0
            return isBounded ? "\(raw.float_minimum) to \(raw.float_maximum)" : ""
        case MH_STRING: return parameter.choices.map { "`\(quoted($0))`" }.joined(separator: ", ")
        default: return ""
        }
    }
}

extension ReferencePage.ScriptName {
    init(function name: String, _ arguments: [mh_script_arg], _ summary: String) throws(DescriptorFault) {
        var words: [(kind: UInt32, name: String, isOptional: Bool)] = []
        for argument in arguments {
            let word = try ABIReader.text(argument.name, "an argument of \(name)")
            words.append((argument.kind, word, argument.flags & MH_SCRIPT_ARG_OPTIONAL != 0))
        }
        self.init(usage: Self.usage(of: name, words), notes: [], summary: summary)
    }

    /// A function with its arguments: `sht_match(text table, regex pattern[, int limit])`.
    static func usage(of name: String, _ arguments: [(kind: UInt32, name: String, isOptional: Bool)]) -> String {
        var text = ""
        var open = 0
        for argument in arguments {
            let separator = text.isEmpty ? "" : ", "
            let word = "\(kind(argument.kind)) \(argument.name)"
            text += argument.isOptional ? "[\(separator)\(word)" : separator + word
            if argument.isOptional { open += 1 }
        }
        return "\(name)(\(text)\(String(repeating: "]", count: open)))"
    }

    private static func kind(_ kind: UInt32) -> String {
        switch kind {
        case MH_SCRIPT_ARG_INT: "int"
        case MH_SCRIPT_ARG_TEXT: "text"
        case MH_SCRIPT_ARG_LITERAL: "literal"
        case MH_SCRIPT_ARG_VARIABLE: "variable"
        case MH_SCRIPT_ARG_REGEX: "regex"
        default: "value"
        }
    }
}

extension CoreSettings {
    /// The value of a setting as a config would write it; nil when it has none.
    func written(_ name: String) -> String? {
        switch name {
        case "workers": String(workers)
        case "run_dir": quoted(runDirectory)
        case "log_level": logLevel.name
        case "debug": String(logLevel.rawValue)
        case "log_format": logFormat.rawValue
        case "log_target": logTarget.rawValue
        case "log_stderror": logTarget == .stderr ? "yes" : "no"
        case "pool_threads": String(poolThreads)
        case "slow_callback": Quantity.text(duration: slowCallback)
        case "stop_timeout": Quantity.text(duration: stopTimeout)
        case "route_timeout": Quantity.text(duration: routeTimeout)
        case "max_while_loops": String(maxWhileLoops)
        case "pid_file": pidFile.map(quoted)
        default: nil
        }
    }
}

/// A text as a sentence: it begins with a capital, unless it begins with something other than a plain word, and ends with a stop.
func sentence(_ text: String) -> String {
    guard let last = text.last, let word = text.split(separator: " ").first else { return text }
    let isPlain = word.utf8.allSatisfy { (0x61...0x7A).contains($0) }
    return (isPlain ? text.prefix(1).uppercased() + text.dropFirst() : text) + (".!?…".contains(last) ? "" : ".")
}

/// Text in quotes, as a config writes it.
private func quoted(_ text: String) -> String {
    let escaped = text.map { character in
        switch character {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case "\"": "\\\""
        case "\\": "\\\\"
        default: String(character)
        }
    }
    return "\"\(escaped.joined())\""
}
