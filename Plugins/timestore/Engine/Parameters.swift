import ModuleABI
import ModuleKit

extension TimestoreModule {
    func declareParameters(in builder: ModuleBuilder) {
        builder.parameter(
            "listen", type: MH_STRING, flags: MH_PARAM_REPEATABLE,
            help: "Where clients connect: tcp://HOST:PORT or unix:/PATH; tcp://127.0.0.1:3490 unless set."
        ) { value throws(ModuleFailure) in
            guard case .string(let text) = value, !text.isEmpty else {
                throw ModuleFailure(MH_E_INVALID, "listen is empty: expected an address such as tcp://127.0.0.1:3490")
            }
            self.settings.listen.append(text)
        }
        builder.parameter(
            "data_directory", type: MH_STRING, flags: MH_PARAM_REQUIRED,
            help: "Where the files are; made when it is missing. Data of the Ruby server is read as it is."
        ) { value in
            if case .string(let text) = value { self.settings.dataDirectory = text }
        }
        builder.parameter(
            "max_days_per_file", type: MH_INT, default: "30", range: 0...366,
            help: "A file takes records of the day of its first one and of so many days after it."
        ) { value in
            if case .integer(let days) = value { self.settings.maxDaysPerFile = Int(days) }
        }
        builder.parameter(
            "sync", type: MH_STRING, default: "none", choices: ["none", "interval", "always"],
            help: "When records are written to the disk: when the kernel likes, every sync_interval, or before each answer."
        ) { value in
            if case .string(let text) = value { self.settings.sync = SyncMode(rawValue: text) ?? .none }
        }
        builder.parameter(
            "sync_interval", type: MH_DURATION, default: "1s", range: 1_000_000...3_600_000_000_000, unit: "s",
            help: "How often records are written to the disk with sync \"interval\"."
        ) { value in
            if case .duration(let nanoseconds) = value { self.settings.syncInterval = nanoseconds }
        }
        builder.parameter(
            "max_connections", type: MH_INT, default: "1024", range: 0...1_000_000,
            help: "Clients connected at a time; further ones are closed unanswered. 0: no limit."
        ) { value in
            if case .integer(let count) = value { self.settings.limits.connections = Int(count) }
        }
        builder.parameter(
            "max_in_flight", type: MH_SIZE, default: "8 MiB", range: 4096...(1 << 32), unit: "bytes",
            help: "Bytes of requests of one client that are not answered yet; then its reading pauses."
        ) { value in
            if case .size(let bytes) = value { self.settings.limits.inFlight = Int(bytes) }
        }
        builder.parameter(
            "idle_timeout", type: MH_DURATION, default: "0", range: 0...(366 * 86_400 * 1_000_000_000), unit: "s",
            help: "Silence, or an answer left unread, after which a client is closed. 0: never."
        ) { value in
            if case .duration(let nanoseconds) = value { self.settings.limits.idle = nanoseconds }
        }
        builder.parameter(
            "open_files", type: MH_INT, default: "1024", range: 8...1_000_000,
            help: "Files held open by all workers together; beyond it the least recently used are closed."
        ) { value in
            if case .integer(let count) = value { self.settings.openFiles = Int(count) }
        }
    }
}
