import Configuration
import Logging
import ModuleABI
import Script

/// The routes of a config, checked against what the host and the planned modules offer. Nothing has run yet.
struct RouteCheck {
    /// How the events that the host itself triggers are called.
    static let startEvent = "event:core:worker-init"
    static let firstStartEvent = "event:core:worker-one-init"
    static let commandEvent = "event:mi:request:"

    let program: Program
    /// One for each planned module.
    let owners: [ScriptOwner]
    /// Everything that is wrong, in no special order.
    let diagnostics: [Diagnostic]

    /// What routes can name without any module.
    static func environment(defines: [String: String] = [:]) -> ScriptEnvironment {
        var environment = ScriptEnvironment.standard(defines: defines)
        do throws(ScriptError) {
            try environment.add(ArgumentVariable())
            try environment.add(ReplyFunction())
        } catch {
            log.error("the script language and the host name the same thing: \(error)")
        }
        return environment
    }

    init(_ configuration: ParsedConfiguration, _ plan: LoadPlan) {
        var environment = Self.environment(defines: configuration.defines)
        var owners: [ScriptOwner] = []
        var found: [Diagnostic] = []
        for planned in plan.modules {
            let owner = ScriptOwner(planned.descriptor.name)
            owners.append(owner)
            do throws(ScriptError) { try Self.add(planned.descriptor, owner, to: &environment) } catch {
                // LoadPlan.claimNames has refused names that are taken already.
                if let location = planned.candidate.location {
                    found.append(
                        Diagnostic(.error, at: location, "module \(owner.name): \(error.message)", hint: error.hint))
                }
            }
        }
        environment.isIncomplete = plan.hasErrors
        let loaded = Set(plan.modules.map(\.descriptor.name))
        @Sendable func advice(_ module: String?) -> String? {
            module.flatMap { loaded.contains($0) ? nil : "add loadmodule \"\($0).so\", which has it" }
        }
        environment.hintForFunction = { advice(Self.module(withFunction: $0)) }
        environment.hintForVariable = { advice(Self.module(withVariable: $0)) }
        let routes = configuration.statements.compactMap { statement in
            if case .route(let route) = statement { route } else { nil }
        }
        let (program, problems) = Program.check(routes, in: environment)
        found += problems
        var commands: Set<String> = Set(CoreCommands.names)
        for planned in plan.modules { commands.formUnion(planned.descriptor.commands.flatMap { [$0.name] + $0.aliases }) }
        for route in program.routes {
            guard let name = Self.command(of: route) else { continue }
            if commands.contains(name) {
                found.append(
                    Diagnostic(
                        .error, at: route.location,
                        "found event_route[mi:request:\(name)], but there is a command \(name) already",
                        hint: "give the command of the route another name"))
            } else if !Self.isCommandName(name) {
                found.append(
                    Diagnostic(
                        .error, at: route.location,
                        "found the command name '\(name)', expected a letter or '_', then letters, digits, '_', '-' and '.'",
                        hint: "a name with dots stands in quotes: event_route[\"mi:request:users.count\"]"))
            }
        }
        self.program = program
        self.owners = owners
        diagnostics = found
    }

    /// Which of the modules that come with the host has a function.
    private static func module(withFunction name: String) -> String? {
        switch name {
        case "sl_send_reply", "sl_reply", "send_reply", "is_method": "ask"
        case "acc_db_request", "acc_log_request": "acc"
        default: name.hasPrefix("sht_") ? "htable" : nil
        }
    }

    private static func module(withVariable name: String) -> String? {
        let ofQuestions: Set<String> = [
            "si", "sp", "rm", "ru", "rU", "rd", "rp", "fu", "fU", "fd", "tu", "tU", "td", "ci", "cs", "ct", "ua", "au", "ar",
            "pr",
            "du", "ml", "hdr",
        ]
        return ofQuestions.contains(name) ? "ask" : name.hasPrefix("sht") ? "htable" : nil
    }

    /// The command that a route defines; nil for other routes.
    static func command(of route: Program.RouteEntry) -> String? {
        guard route.kind == .event, route.name.hasPrefix(commandEvent) else { return nil }
        return String(route.name.dropFirst(commandEvent.count))
    }

    private static func isCommandName(_ name: String) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == 0x5F }
        guard let first = name.utf8.first, name.utf8.count <= 128, isLetter(first) else { return false }
        return name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2D }
    }

    private static func add(
        _ descriptor: ModuleDescriptor, _ owner: ScriptOwner, to environment: inout ScriptEnvironment
    ) throws(ScriptError) {
        for function in descriptor.functions {
            let parameters = function.arguments.compactMap { argument in
                ScriptParameter.Kind(rawValue: argument.kind).map {
                    ScriptParameter(argument.name, $0, isOptional: argument.isOptional)
                }
            }
            try environment.add(
                ModuleFunction(name: function.name, parameters: parameters, owner: owner, raw: function.raw))
        }
        for variable in descriptor.variables {
            try environment.add(
                ModuleVariable(
                    name: variable.name, isReadOnly: variable.raw.flags & 0x01 != 0 || variable.raw.set == nil, owner: owner,
                    raw: variable.raw))
        }
    }
}
