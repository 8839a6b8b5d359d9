import Configuration
import Logging
import ModuleABI

/// The commands about modules and their parameters.
extension CoreCommands {
    static func module(_ name: String, _ host: HostProcess) throws(Fault) -> LoadedModule {
        if let module = host.module(name) { return module }
        let near = nearestName(to: name, in: host.modules.map(\.name)).map { "; did you mean \($0)?" } ?? ""
        throw Fault(404, "no module \(name) is loaded\(near)")
    }

    static let moduleList: Body = { (host, call, reply) in
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

    static let moduleInfo: Body = { (host, call, reply) throws(Fault) in
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

    static let moduleParameters: Body = { (host, call, reply) throws(Fault) in
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

    static func shown(_ parameter: ModuleDescriptor.Parameter, of module: LoadedModule) -> String {
        let values = module.values(of: parameter.name)
        if parameter.has(0x04), !values.isEmpty { return "(secret)" }
        return values.map { $0.text(for: parameter) }.joined(separator: ", ")
    }

    /// Runs a body on the main thread and waits; modules come, go and are set there.
    static func onMain<Result: Sendable>(
        _ host: HostProcess, _ body: @escaping @Sendable () -> Swift.Result<Result, Fault>
    ) throws(Fault) -> Result {
        let done = Gate<Swift.Result<Result, Fault>>()
        let isPosted = host.main.postChange { isRefused in
            done.open(isRefused ? .failure(Fault(503, "the host is stopping")) : body())
        }
        guard isPosted else { throw Fault(503, "the host is stopping") }
        switch done.wait() {
        case .success(let result): return result
        case .failure(let fault): throw fault
        }
    }

    static let moduleSet: Body = { (host, call, reply) throws(Fault) in
        let target = try module(call.text(0) ?? "", host)
        let (name, value) = (call.text(1) ?? "", call.text(2) ?? "")
        try onMain(host) {
            Result { () throws(Fault) in try host.set(name, of: target, to: value) }
        }
    }

    static let moduleLoad: Body = { (host, call, reply) throws(Fault) in
        let name = call.text(0) ?? ""
        let loaded = try onMain(host) { () -> Result<String, Fault> in
            do throws(Refusal) { return .success(try host.load(name).name) } catch {
                return .failure(Fault(500, error.text))
            }
        }
        reply.map { reply.text("loaded", loaded) }
    }

    static let moduleDisable: Body = { (host, call, reply) throws(Fault) in
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
            let isPosted = host.main.postChange { isRefused in
                if !isRefused { disable() }
            }
            guard isPosted else { throw Fault(503, "the host is stopping") }
        } else {
            try onMain(host) {
                disable()
                return .success(())
            }
        }
        reply.map { reply.text("disabled", target.name) }
    }

    static let configShow: Body = { (host, call, reply) in
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
                reply.text("route_timeout", Quantity.text(duration: settings.routeTimeout))
                reply.integer("max_while_loops", settings.maxWhileLoops)
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
