import CHost
import Configuration
import Glibc
import ModuleABI

/// The commands about the host itself: names and help, version, threads, log levels.
extension CoreCommands {
    static let which: Body = { (host, call, reply) throws(Fault) in
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

    static let help: Body = { (host, call, reply) throws(Fault) in
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
    static let platform = "x86_64/linux"
    #elseif arch(arm64)
    static let platform = "aarch64/linux"
    #else
    static let platform = "linux"
    #endif

    static let version: Body = { (_, call, reply) in
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

    static let info: Body = { (host, _, reply) in
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

    static let uptime: Body = { (host, call, reply) in
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
    static func calendarText(_ seconds: Int) -> String {
        var seconds = seconds
        var buffer = [CChar](repeating: 0, count: 64)
        guard ctime_r(&seconds, &buffer) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 && $0 != 0x0A }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static let processes: Body = { (host, call, reply) in
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
        if call.command == "core.psx" {
            reply.list {
                for thread in threads {
                    reply.map("") {
                        reply.integer("IDX", thread.index)
                        reply.integer("PID", thread.entry.kernelID)
                        reply.text("DSC", description(thread))
                    }
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

    static let debug: Body = { (host, call, reply) throws(Fault) in
        if let text = call.text(0) {
            guard let number = Quantity.integer(text), -5...3 ~= number else {
                throw Fault(400, "Bad parameter: the level is '\(text)', expected a number from -5 to 3")
            }
            setLevel(LogLevel(clamping: Int32(number)), host.modules)
        }
        let level = Int(LogSink.shared.level.rawValue)
        reply.map { reply.integer(call.isClassic ? "DEBUG" : "level", level) }
    }

    static func setLevel(_ level: LogLevel, _ modules: [LoadedModule]) {
        LogSink.shared.level = level
        for module in modules { chost_level_set(module.level, level.rawValue) }
    }

    static let logLevel: Body = { (host, call, reply) throws(Fault) in
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
}
