import Glibc
import ModuleABI
public import ModuleKit
import Synchronization

/// The timestore module: its parameters, commands, interface and hooks. One for each process, made by the entry function.
///
/// Settings are written before `init` and constant afterwards; what runs after `init` shares only `StoreContext`.
public final class TimestoreModule: @unchecked Sendable {
    var settings = Settings()
    private(set) var context: StoreContext?
    private(set) var listeners: [Net.Listener] = []
    private var lock: DirectoryLock?

    public init() {}

    /// Adds everything that the module exports to a descriptor.
    public func declare(in builder: ModuleBuilder) {
        declareParameters(in: builder)
        declareCommands(in: builder)
        declareInterface(in: builder)
        builder.onInit { host throws(ModuleFailure) in try self.start(host) }
        builder.onDrain { self.drain() }
        builder.onStop { self.stop() }
    }

    /// The running store; a command that comes too early or too late is told so.
    func running() throws(CommandFault) -> StoreContext {
        guard let context else { throw CommandFault(503, "timestore is not running") }
        return context
    }

    // MARK: Life

    private func start(_ host: HostServices) throws(ModuleFailure) {
        let root = try openDirectory()
        let lock = try DirectoryLock(root)
        self.lock = lock
        let workers = Int(max(1, host.threads.workers))
        var environment = StoreEnvironment(root: root)
        environment.maxDaysPerFile = settings.maxDaysPerFile
        environment.sync = settings.sync
        environment.followsCrash = lock.crashedSince != nil
        environment.openFiles = openFiles(host) / workers
        environment.log = { level, text in host.log.write(level, text) }
        let context = StoreContext(
            host, environment: environment, limits: settings.limits, syncInterval: settings.syncInterval)
        try publish(environment.tally, host.counters)
        for worker in context.workers {
            try host.loop.timer(on: worker.index, first: settings.syncInterval, every: settings.syncInterval) {
                worker.tick()
            }
        }
        let addresses = settings.listen.isEmpty ? [Settings.defaultListen] : settings.listen
        for address in addresses { listeners.append(try listen(address, context)) }
        self.context = context
        if let since = lock.crashedSince {
            host.log.notice("the last host on \(root) was not stopped in order: the files of its time are looked at")
            try Recovery(context, changedSince: since).start()
        }
    }

    /// What `open_files` asks for, at most three quarters of the descriptors that the process may have: clients need some, too.
    private func openFiles(_ host: HostServices) -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return settings.openFiles }
        let most = Int(clamping: limit.rlim_cur / 4 * 3)
        guard settings.openFiles > most else { return settings.openFiles }
        host.log.warning(
            "open_files is \(settings.openFiles), but the process may have \(limit.rlim_cur) open files in all: \(most) are held open; "
                + "raise the limit (LimitNOFILE=, ulimit -n) or lower open_files")
        return most
    }

    /// Makes the data directory where it is missing; its absolute path, without links.
    private func openDirectory() throws(ModuleFailure) -> String {
        let path = settings.dataDirectory
        guard !path.isEmpty else {
            throw ModuleFailure(
                MH_E_INVALID,
                "data_directory is not set: add modparam(\"timestore\", \"data_directory\", \"/var/lib/timestore\")")
        }
        do throws(SystemError) {
            var made = path.hasPrefix("/") ? "" : "."
            for part in path.split(separator: "/") {
                made += "/\(part)"
                do throws(SystemError) { try SystemCall.retrying { mkdir(made, 0o755) } } catch {
                    if error.number != EEXIST && !YearFiles.exists(made) { throw error }
                }
            }
            var status = stat()
            try SystemCall.retrying { stat(path, &status) }
            guard status.isDirectory else { throw SystemError(number: ENOTDIR) }
            try SystemCall.retrying { access(path, R_OK | W_OK | X_OK) }
        } catch {
            throw ModuleFailure(
                MH_E_IO,
                "data_directory \(path): \(error.reason); expected a directory that the host's user may write to: create it or change its owner"
            )
        }
        guard let resolved = realpath(path, nil) else { throw SystemError.last.failure("data_directory \(path)") }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private func listen(_ address: String, _ context: StoreContext) throws(ModuleFailure) -> Net.Listener {
        do throws(ModuleFailure) {
            return try context.host.net.listen(address, mode: 0o660) { stream, peer in
                guard peer.worker > 0, Int(peer.worker) <= context.workers.count else { return nil }
                return context.workers[Int(peer.worker) - 1].accept(stream, peer)
            }
        } catch {
            throw ModuleFailure(error.code, "listen \"\(address)\": \(error.text)")
        }
    }

    /// Stores and answers what has come in, then closes every connection; waits for it at most as long as the limits say.
    private func drain() {
        guard let context else { return }
        context.isDraining.store(true, ordering: .releasing)
        let loop = context.host.loop
        let reached = context.workers.filter { worker in loop.post(to: worker.index) { worker.drain() } }
        guard !reached.isEmpty else { return }
        let deadline = loop.now + context.limits.drain
        while context.live.load(ordering: .acquiring) > 0 {
            guard loop.now < deadline else {
                let left = context.live.load(ordering: .acquiring)
                context.host.log.warning("\(left) clients did not take their answers in time: dropped")
                for worker in context.workers { loop.post(to: worker.index) { worker.abortAll() } }
                return
            }
            // Main has nothing else to do in a drain, and the ABI has no waiting for several workers: it looks each millisecond.
            usleep(1000)
        }
    }

    /// Writes out what the mode promises, and notes that all is in order.
    private func stop() {
        guard let context else { return }
        var isClean = true
        for worker in context.workers {
            do throws(SystemError) { try worker.syncAll() } catch {
                isClean = false
                context.host.log.error(error.failure("\(context.environment.root) cannot be written to the disk").text)
            }
        }
        if isClean { lock?.markClean() }
        // The next host on this directory need not wait for the end of this process.
        lock = nil
    }

    private func publish(_ tally: Tally, _ counters: Counters) throws(ModuleFailure) {
        for (name, help, read) in tally.entries { try counters.makeComputed(name, help: help, read: read) }
    }
}
