import CHost
import Configuration
import Glibc
import Logging
import ModuleABI

/// The host's own commands, with the names and result shapes that clients of Kamailio and OpenSIPS know.
enum CoreCommands {
    /// Every name and alias: no module may have one of them.
    static let names: [String] = make(nil).flatMap { [$0.name] + $0.aliases }

    private typealias Body = @Sendable (HostProcess, CoreCall, ReplyWriter) throws(Fault) -> Void

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
                "ps", aliases: ["core.psa", "core.ps"], summary: "Lists threads with index, kind, load and current module.",
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
        ]
    }

    private static func write(_ value: ArgumentValue, to reply: ReplyWriter) {
        switch value {
        case .integer(let number), .duration(let number), .size(let number): reply.integer("", number)
        case .float(let number): reply.number("", number)
        case .string(let bytes): reply.text("", String(decoding: bytes, as: UTF8.self))
        case .bool(let truth): reply.bool("", truth)
        case .null, .list, .nested: reply.null("")
        }
    }

    // MARK: Commands

    private static let which: Body = { (host, call, reply) throws(Fault) in
        let word = call.text(0)
        guard word == nil || word == "all" else {
            throw Fault(400, "which takes nothing or `all`, found '\(word ?? "")'")
        }
        // Kamailio's clients expect every method of system.listMethods, sorted.
        let isAll = word == "all" || call.command == "system.listMethods"
        let commands = host.management.registry.all
        let names = commands.flatMap { isAll ? [$0.name] + $0.aliases : [$0.name] }.sorted()
        reply.list { for name in names { reply.text("", name) } }
    }

    private static let help: Body = { (host, call, reply) throws(Fault) in
        guard let name = call.text(0) else {
            reply.map {
                for command in host.management.registry.all.sorted(by: { $0.name < $1.name }) {
                    reply.text(command.usage, command.summary)
                }
            }
            return
        }
        guard let command = host.management.registry.find(name) else {
            let near = host.management.registry.nearest(to: name).map { "; did you mean \($0)?" } ?? ""
            throw Fault(404, "there is no command \(name)\(near)")
        }
        if call.command == "system.methodHelp" {
            reply.text("", command.summary)
            return
        }
        reply.map {
            reply.text("name", command.name)
            reply.text("summary", command.summary)
            reply.text("usage", command.usage)
            reply.text("module", command.module ?? "core")
            reply.text("kind", (command.isChange ? "change" : "read") + (command.isSlow ? ", slow" : ""))
            reply.list("aliases") { for alias in command.aliases { reply.text("", alias) } }
            reply.list("arguments") {
                for argument in command.arguments {
                    reply.map("argument", attributes: call.isClassic) {
                        reply.text("name", argument.name)
                        reply.text("type", argument.type.name)
                        reply.bool("optional", argument.isOptional)
                        reply.bool("rest", argument.isRest)
                        reply.text("help", argument.help)
                    }
                }
            }
            reply.text("example", "modctl \(command.example)")
        }
    }

    #if arch(x86_64)
    private static let platform = "x86_64/linux"
    #elseif arch(arm64)
    private static let platform = "aarch64/linux"
    #else
    private static let platform = "linux"
    #endif

    private static let version: Body = { (_, call, reply) in
        let text = "modhost \(modhostVersion) (\(platform))"
        guard call.isClassic else {
            reply.text("", text)
            return
        }
        reply.map {
            reply.text("Server", "modhost (\(modhostVersion) (\(platform)))")
            reply.text("ABI", "\(MH_ABI_MAJOR).\(MH_ABI_MINOR)")
        }
    }

    private static let info: Body = { (host, _, reply) in
        reply.map {
            reply.text("version", "modhost \(modhostVersion)")
            reply.text("id", "\(MH_ABI_MAJOR).\(MH_ABI_MINOR)")
            reply.text("compiler", "swift 6")
            reply.text("compiled", platform)
            #if DEBUG
            reply.text("flags", "debug")
            #else
            reply.text("flags", "release")
            #endif
            reply.text("abi", "\(MH_ABI_MAJOR).\(MH_ABI_MINOR)")
            reply.list("services") { for id in ServiceTables.ids { reply.text("", id) } }
            reply.integer("process", Int(getpid()))
            reply.integer("workers", host.threads.workers)
        }
    }

    private static let uptime: Body = { (host, call, reply) in
        let now = time(nil)
        let seconds = now - host.bootTime
        reply.map {
            if call.isClassic {
                reply.text("Now", calendarText(now))
                reply.text("Up since", calendarText(host.bootTime))
                reply.text("Up time", "\(seconds) [sec]")
            } else {
                reply.text("now", calendarText(now))
                reply.text("up_since", calendarText(host.bootTime))
                reply.integer("uptime", seconds)
            }
        }
    }

    /// ctime(3)'s text without its newline, in local time.
    private static func calendarText(_ seconds: Int) -> String {
        var seconds = seconds
        var buffer = [CChar](repeating: 0, count: 64)
        guard ctime_r(&seconds, &buffer) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 && $0 != 0x0A }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static let processes: Body = { (host, call, reply) in
        let now = Double(chost_clock() - host.startedAt)
        func description(_ thread: (index: Int, entry: ThreadTable.Entry)) -> String {
            switch thread.entry.kind {
            case .main: "main thread"
            case .worker: "worker \(thread.index)"
            case .management: "management"
            case .pool: "pool thread"
            case .foreign: "module thread"
            }
        }
        let threads = host.threads.all
        if call.command == "core.ps" {
            reply.list {
                for thread in threads {
                    reply.integer("", thread.entry.kernelID)
                    reply.text("", description(thread))
                }
            }
            return
        }
        if call.command == "core.psa" {
            reply.list {
                for thread in threads {
                    reply.map("process") {
                        reply.integer("index", thread.index)
                        reply.integer("pid", thread.entry.kernelID)
                        reply.integer("status", 1)
                        reply.integer("rank", thread.index)
                        reply.text("description", description(thread))
                    }
                }
            }
            return
        }
        reply.list {
            for thread in threads {
                let frame = chost_frame_of(UInt32(thread.index))
                let cpu = Double(max(chost_thread_cpu(thread.entry.kernelID), 0))
                let module = frame.module.map { String(cString: $0) } ?? ""
                let callback = frame.callback.map { String(cString: $0) } ?? ""
                if call.isClassic {
                    reply.map("Process", attributes: true) {
                        reply.integer("ID", thread.index)
                        reply.integer("PID", thread.entry.kernelID)
                        reply.text("Type", description(thread))
                    }
                } else {
                    reply.map("thread") {
                        reply.integer("index", thread.index)
                        reply.text("kind", thread.entry.kind.name)
                        reply.integer("tid", thread.entry.kernelID)
                        reply.number("cpu_seconds", (cpu / 1e7).rounded() / 100)
                        reply.number("load_percent", now > 0 ? (cpu / now * 1000).rounded() / 10 : 0)
                        reply.text("module", module)
                        reply.text("callback", callback)
                    }
                }
            }
        }
    }

    private static let debug: Body = { (host, call, reply) throws(Fault) in
        if let text = call.text(0) {
            guard let number = Quantity.integer(text), -5...3 ~= number else {
                throw Fault(400, "Bad parameter: the level is '\(text)', expected a number from -5 to 3")
            }
            setLevel(LogLevel(clamping: Int32(number)), host.modules)
        }
        let level = Int(LogSink.shared.level.rawValue)
        reply.map { reply.integer(call.isClassic ? "DEBUG" : "level", level) }
    }

    private static func setLevel(_ level: LogLevel, _ modules: [LoadedModule]) {
        LogSink.shared.level = level
        for module in modules { chost_level_set(module.level, level.rawValue) }
    }

    private static let logLevel: Body = { (host, call, reply) throws(Fault) in
        func level(_ text: String) throws(Fault) -> LogLevel {
            if let level = LogLevel(name: text) { return level }
            if let number = Quantity.integer(text), -5...3 ~= number { return LogLevel(clamping: Int32(number)) }
            throw Fault(
                400, "the level is '\(text)', expected -5 to 3 or \(LogLevel.allCases.map(\.name).joined(separator: ", "))")
        }
        switch (call.text(0), call.text(1)) {
        case (nil, _): break
        case (let word?, nil):
            if word != "core", host.module(word) == nil { setLevel(try level(word), host.modules) }
        case ("core"?, let text?): LogSink.shared.level = try level(text)
        case (let name?, let text?): chost_level_set(try module(name, host).level, try level(text).rawValue)
        }
        let only =
            call.text(1) == nil && (call.text(0).map { host.module($0) != nil || $0 == "core" } ?? false)
            ? call.text(0) : nil
        reply.map {
            if only == nil || only == "core" { reply.text("core", LogSink.shared.level.name) }
            for module in host.modules where module.phase < .stopped && (only.map { module.answers(to: $0) } ?? true) {
                reply.text(module.name, LogLevel(clamping: chost_level_get(module.level)).name)
            }
        }
    }

    // MARK: Statistics

    private static func selected(_ host: HostProcess, _ call: CoreCall) throws(Fault) -> [CounterRegistry.Counter] {
        var words = call.arguments.first.map { argument in argument.strings } ?? []
        if words.isEmpty { words = ["all"] }
        let found = words.flatMap { host.counters.select($0) }
        guard !found.isEmpty else { throw Fault(404, "Statistics Not Found: \(words.joined(separator: " "))") }
        return found
    }

    private static let getStatistics: Body = { (host, call, reply) throws(Fault) in
        let counters = try selected(host, call)
        reply.list { for counter in counters { reply.text("", "\(counter.group):\(counter.name) = \(counter.value)") } }
    }

    private static let fetchStatistics: Body = { (host, call, reply) throws(Fault) in
        let counters = try selected(host, call)
        reply.map { for counter in counters { reply.integer("\(counter.group).\(counter.name)", counter.value) } }
    }

    private static let resetStatistics: Body = { (host, call, reply) throws(Fault) in
        for counter in try selected(host, call) where counter.canReset { chost_counter_set(counter.cell, 0) }
    }

    private static let clearStatistics: Body = { (host, call, reply) throws(Fault) in
        let counters = try selected(host, call)
        reply.list {
            for counter in counters {
                let before = counter.value
                if counter.canReset { chost_counter_set(counter.cell, 0) }
                let text = "\(counter.group):\(counter.name) = \(counter.canReset ? 0 : before)"
                reply.text("", counter.canReset && before != 0 ? "\(text) (\(before))" : text)
            }
        }
    }

    // MARK: Modules

    private static func module(_ name: String, _ host: HostProcess) throws(Fault) -> LoadedModule {
        if let module = host.module(name) { return module }
        let near = nearestName(to: name, in: host.modules.map(\.name)).map { "; did you mean \($0)?" } ?? ""
        throw Fault(404, "no module \(name) is loaded\(near)")
    }

    private static let moduleList: Body = { (host, call, reply) in
        reply.list {
            for module in host.modules {
                reply.map("module", attributes: call.isClassic) {
                    reply.text("name", module.name)
                    reply.text("version", module.descriptor.version)
                    reply.text("state", module.phase.name)
                    reply.text("summary", module.descriptor.summary)
                }
            }
        }
    }

    private static let moduleInfo: Body = { (host, call, reply) throws(Fault) in
        let module = try module(call.text(0) ?? "", host)
        let descriptor = module.descriptor
        func names(_ title: String, _ names: [String]) { reply.list(title) { for name in names { reply.text("", name) } } }
        reply.map {
            reply.text("name", module.name)
            reply.text("version", descriptor.version)
            reply.text("summary", descriptor.summary)
            reply.text("state", module.phase.name)
            reply.text("file", module.file)
            reply.text("abi", "\(descriptor.raw.abi_major).\(descriptor.raw.abi_minor)")
            names("aliases", descriptor.aliases)
            names("commands", descriptor.commands.map(\.usage))
            names("functions", descriptor.functions.map(\.name))
            names("variables", descriptor.variables.map { "$\($0.name)" })
            names("provides", descriptor.provides.map(\.interface.description))
            names("requires", descriptor.requires.map(\.description))
            names("uses", module.used.sorted())
        }
    }

    private static let moduleParameters: Body = { (host, call, reply) throws(Fault) in
        let module = try module(call.text(0) ?? "", host)
        reply.list {
            for parameter in module.descriptor.parameters {
                reply.map("parameter", attributes: call.isClassic) {
                    reply.text("name", parameter.name)
                    reply.text("type", parameter.typeName)
                    reply.text("value", shown(parameter, of: module))
                    reply.text("default", parameter.defaultText)
                    reply.text("unit", parameter.unit)
                    reply.bool("live", parameter.has(0x08))
                    reply.text("help", parameter.help)
                }
            }
        }
    }

    private static func shown(_ parameter: ModuleDescriptor.Parameter, of module: LoadedModule) -> String {
        let values = module.values(of: parameter.name)
        if parameter.has(0x04), !values.isEmpty { return "(secret)" }
        return values.map { $0.text(for: parameter) }.joined(separator: ", ")
    }

    /// Runs a body on the main thread and waits; modules come, go and are set there.
    private static func onMain<Result: Sendable>(
        _ host: HostProcess, _ body: @escaping @Sendable () -> Swift.Result<Result, Fault>
    ) throws(Fault) -> Result {
        let done = Gate<Swift.Result<Result, Fault>>()
        guard host.main.post({ done.open(body()) }) else { throw Fault(503, "the host is stopping") }
        switch done.wait() {
        case .success(let result): return result
        case .failure(let fault): throw fault
        }
    }

    private static let moduleSet: Body = { (host, call, reply) throws(Fault) in
        let target = try module(call.text(0) ?? "", host)
        let (name, value) = (call.text(1) ?? "", call.text(2) ?? "")
        try onMain(host) {
            Result { () throws(Fault) in try host.set(name, of: target, to: value) }
        }
    }

    private static let moduleLoad: Body = { (host, call, reply) throws(Fault) in
        let name = call.text(0) ?? ""
        let loaded = try onMain(host) { () -> Result<String, Fault> in
            do throws(Refusal) { return .success(try host.load(name).name) } catch {
                return .failure(Fault(500, error.text))
            }
        }
        reply.map { reply.text("loaded", loaded) }
    }

    private static let moduleDisable: Body = { (host, call, reply) throws(Fault) in
        let target = try module(call.text(0) ?? "", host)
        let users = host.modules.filter { $0.phase == .running && $0.used.contains(target.name) }.map(\.name)
        guard users.isEmpty else {
            throw Fault(409, "module \(target.name) is used by \(users.joined(separator: ", ")); disable that first")
        }
        guard target.phase == .running else { throw Fault(409, "module \(target.name) is \(target.phase.name)") }
        let disable: @Sendable () -> Void = {
            guard target.phase == .running else { return }
            log.notice("module \(target.name) is being disabled")
            host.stopModule(target)
            log.notice("module \(target.name) is disabled")
        }
        if target.answers(to: call.transport) {
            // Answered first: this very module carries the reply.
            guard host.main.post(disable) else { throw Fault(503, "the host is stopping") }
        } else {
            try onMain(host) {
                disable()
                return .success(())
            }
        }
        reply.map { reply.text("disabled", target.name) }
    }

    private static let configShow: Body = { (host, call, reply) in
        let settings = host.settings
        reply.map {
            reply.text("file", absolutePath(host.configPath, relativeTo: workingDirectory()))
            reply.list("files") { for file in host.configuration.files { reply.text("", file) } }
            reply.map("core") {
                reply.integer("workers", host.threads.workers)
                reply.text("run_dir", settings.runDirectory)
                reply.text("log_level", LogSink.shared.level.name)
                reply.text("log_format", settings.logFormat.rawValue)
                reply.text("log_target", settings.logTarget.rawValue)
                reply.integer("pool_threads", settings.poolThreads)
                reply.text("slow_callback", Quantity.text(duration: settings.slowCallback))
                reply.text("stop_timeout", Quantity.text(duration: settings.stopTimeout))
            }
            reply.map("modules") {
                for module in host.modules where module.phase < .stopped {
                    reply.map(module.name) {
                        for parameter in module.descriptor.parameters {
                            reply.text(parameter.name, shown(parameter, of: module))
                        }
                    }
                }
            }
        }
    }
}
