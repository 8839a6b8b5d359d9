import ModuleABI

/// The host's own commands, with the names and result shapes that clients of Kamailio and OpenSIPS know.
enum CoreCommands {
    /// Every name and alias: no module may have one of them.
    static let names: [String] = make(nil).flatMap { [$0.name] + $0.aliases }

    typealias Body = @Sendable (HostProcess, CoreCall, ReplyWriter) throws(Fault) -> Void

    /// Makes the commands of a host; without one, only to know their names.
    static func make(_ host: HostProcess?) -> [Command] {
        func command(
            _ name: String, aliases: [String] = [], change: Bool = false, slow: Bool = false, summary: String,
            example: String? = nil, arguments: [Command.Argument] = [], run body: @escaping Body
        ) -> Command {
            // The host outlives its commands: the registry is emptied and its thread ended before it goes.
            weak let owner = host
            return Command(
                name: name, aliases: aliases, isChange: change, isSlow: slow, summary: summary, example: example ?? name,
                arguments: arguments, module: nil,
                action: .host { (call, reply) throws(Fault) in
                    guard let owner else { throw Fault(503, "the host is stopping") }
                    try body(owner, call, reply)
                })
        }
        func argument(
            _ name: String, type: Command.ArgumentType = .string, optional: Bool = false, rest: Bool = false, _ help: String
        ) -> Command.Argument {
            Command.Argument(name: name, type: type, isOptional: optional, isRest: rest, help: help)
        }
        let asked = argument("what", optional: true, "`all` lists aliases too")
        let statistics = argument("name", optional: true, rest: true, "`all`, `group:` or `group:name`")
        let named = argument("name", "the module's name or alias")
        return [
            command(
                "which", aliases: ["system.listMethods"], summary: "Lists the commands.", example: "which all",
                arguments: [asked], run: which),
            command(
                "help", aliases: ["system.methodHelp"],
                summary: "Describes a command: arguments, types, aliases, an example.",
                example: "help flat_rotate", arguments: [argument("command", optional: true, "the command")], run: help),
            command(
                "version", aliases: ["core.version"], summary: "Shows the version of the host and of its ABI.", run: version),
            command("core.info", summary: "Shows version, ABI, compiler and build.", run: info),
            command("uptime", aliases: ["core.uptime"], summary: "Shows since when the host runs.", run: uptime),
            command(
                "ps", aliases: ["core.psa", "core.ps", "core.psx"],
                summary: "Lists threads with index, kind, load and current module.",
                run: processes),
            command("pwd", aliases: ["core.pwd"], summary: "Shows the working directory.") { (_, call, reply) in
                let path = workingDirectory()
                if call.isClassic { reply.map { reply.text("WD", path) } } else { reply.text("", path) }
            },
            command("arg", aliases: ["core.arg"], summary: "Lists the arguments of the command line.") { (host, _, reply) in
                reply.list { for argument in host.arguments { reply.text("", argument) } }
            },
            command("kill", aliases: ["core.kill", "core.shutdown"], change: true, summary: "Stops the host.") {
                (host, call, _) in
                host.shutDown("asked by \(call.command)")
            },
            command(
                "log_level", change: true, summary: "Shows or sets the log level of the host, or of one module.",
                example: "log_level flatstore debug",
                arguments: [
                    argument("module", optional: true, "a module, `core`, or the level for all"),
                    argument("level", optional: true, "-5 to 3, or alert … debug"),
                ], run: logLevel),
            command(
                "debug", aliases: ["corex.debug"], change: true,
                summary: "Shows or sets the log level of all by its number.",
                example: "debug 3", arguments: [argument("level", optional: true, "-5 to 3")], run: debug),
            command(
                "get_statistics", aliases: ["stats.get_statistics"], summary: "Shows counters as `group:name = value`.",
                example: "get_statistics flatstore:", arguments: [statistics], run: getStatistics),
            command(
                "stats.fetch", summary: "Shows counters as a map of `group.name` to value.", example: "stats.fetch all",
                arguments: [statistics],
                run: fetchStatistics),
            command(
                "reset_statistics", aliases: ["stats.reset_statistics"], change: true,
                summary: "Sets counters to 0; gauges stay.",
                example: "reset_statistics all", arguments: [statistics], run: resetStatistics),
            command(
                "clear_statistics", aliases: ["stats.clear_statistics"], change: true,
                summary: "Sets counters to 0 and shows what they were.", example: "clear_statistics all",
                arguments: [statistics],
                run: clearStatistics),
            command("module.list", summary: "Lists the modules.", run: moduleList),
            command(
                "module.info", summary: "Describes a module: commands, functions, interfaces.",
                example: "module.info flatstore", arguments: [named], run: moduleInfo),
            command(
                "module.params", summary: "Lists a module's parameters with their values.",
                example: "module.params flatstore", arguments: [named], run: moduleParameters),
            command(
                "module.set", change: true, slow: true, summary: "Sets a parameter that may change while the host runs.",
                example: "module.set timestore idle_timeout 60s",
                arguments: [named, argument("parameter", "its name"), argument("value", "the new value")], run: moduleSet),
            command(
                "module.load", change: true, slow: true, summary: "Loads one more module.", example: "module.load htable",
                arguments: [argument("file", "as in loadmodule")], run: moduleLoad),
            command(
                "module.disable", change: true, slow: true, summary: "Drains and stops a module; its code stays mapped.",
                example: "module.disable acc", arguments: [named], run: moduleDisable),
            command("config.show", summary: "Shows the settings in force: core, modules, parameters.", run: configShow),
            command(
                "core.echo", aliases: ["jsonrpc.echo"], summary: "Answers with its arguments.", example: "core.echo hello 5",
                arguments: [argument("value", type: .any, optional: true, rest: true, "anything")]
            ) { (_, call, reply) in
                reply.list {
                    guard case .list(let values)? = call.arguments.first else { return }
                    for value in values { write(value, to: reply) }
                }
            },
        ] + RouteCommands.general(host)
    }

    static func write(_ value: ArgumentValue, to reply: ReplyWriter) {
        switch value {
        case .integer(let number), .duration(let number), .size(let number): reply.integer("", number)
        case .float(let number): reply.number("", number)
        case .string(let bytes): reply.text("", String(decoding: bytes, as: UTF8.self))
        case .bool(let truth): reply.bool("", truth)
        case .null, .list, .nested: reply.null("")
        }
    }
}
