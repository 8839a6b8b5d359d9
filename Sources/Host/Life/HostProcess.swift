import CHost
import Configuration
import Glibc
import Logging
import ModuleABI
import Synchronization

/// The host: everything that lives from reading the config to the exit, and the order in which it comes and goes.
///
/// Made, started and stopped on the main thread. The parts that modules and commands reach are for any thread, as each says.
public final class HostProcess: @unchecked Sendable {
    // @unchecked: parts are set once before modules run; the list of modules is behind its mutex; the rest belongs to the main
    // thread.
    nonisolated(unsafe) static private(set) var shared: HostProcess?

    let configuration: ParsedConfiguration
    let settings: CoreSettings
    let configPath: String
    let arguments: [String]
    let main: MainLoop
    let threads: ThreadTable
    let workers: Workers
    let pool: Pool
    let poller = Poller()
    let counters = CounterRegistry()
    let management: Management
    let managementThread: ManagementThread
    let rpc: JSONRPC
    let routes: Routes
    /// Nanoseconds, monotonic.
    let startedAt: Int64
    /// Seconds since 1970.
    let bootTime: Int
    let slowCallback: Int64

    let moduleList = Mutex<[LoadedModule]>([])
    let deferred = Mutex<[@Sendable () -> Void]>([])
    let isServing = Mutex(false)
    private let staticTexts = Mutex<[[UInt8]: StaticText]>([:])
    var watchdog: Watchdog?
    var pidFile: PIDFile?
    var isStopping = false
    private let slowCallbacks: OpaquePointer?
    private let refusedConnections: OpaquePointer?

    private struct StaticText: @unchecked Sendable {
        // @unchecked: points to text that is never freed nor changed.
        var raw: mh_str
    }

    /// Makes the threads; no module is loaded yet.
    init(
        configuration: ParsedConfiguration, settings: CoreSettings, routes check: RouteCheck, configPath: String,
        arguments: [String], startedAt: Int64
    ) throws(StartFailure) {
        self.configuration = configuration
        self.settings = settings
        self.configPath = configPath
        self.arguments = arguments
        self.startedAt = startedAt
        bootTime = time(nil)
        slowCallback = settings.slowCallback
        let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        threads = ThreadTable(
            workers: settings.workers == 0 ? cores : settings.workers, poolLimit: settings.poolThreads)
        threads.enter(.main, index: 0)
        main = try MainLoop()
        managementThread = try ManagementThread(threads: threads)
        workers = try Workers(threads: threads, management: managementThread.loop)
        pool = Pool(threads: threads)
        let list = ModuleList()
        management = Management(thread: managementThread, pool: pool, module: { list.find?($0) })
        rpc = JSONRPC(management: management)
        routes = Routes(check, settings, workers, counters)
        slowCallbacks = counters.make(
            group: "core", name: "slow_callbacks", help: "callbacks on workers that took too long", isGauge: false)
        refusedConnections = counters.make(
            group: "core", name: "refused_connections", help: "connections over a listener's limit", isGauge: false)
        list.find = { [unowned self] name in self.module(name) }
        HostProcess.shared = self
    }

    /// Lets `management` be made before `self` is complete.
    private final class ModuleList: @unchecked Sendable {
        // @unchecked: set once in init, before any thread uses it.
        var find: ((String) -> LoadedModule?)?
    }

    // MARK: What the parts ask

    /// Modules in start order. Any thread.
    var modules: [LoadedModule] { moduleList.withLock { $0 } }

    func module(_ name: String) -> LoadedModule? { modules.first { $0.answers(to: name) && $0.phase < .stopped } }

    /// Runs a body when the workers serve: at once, or after every module has started on them. Any thread.
    func whenServing(_ body: @escaping @Sendable () -> Void) {
        let isDeferred = isServing.withLock { isServing in
            if isServing { return false }
            deferred.withLock { $0.append(body) }
            return true
        }
        if !isDeferred { body() }
    }

    func reportSlow(_ module: LoadedModule, _ callback: StaticString, _ elapsed: Int64) {
        chost_counter_add(slowCallbacks, 1)
        LogSink.shared.write(
            .warning, module: module.name,
            "slow callback: \(callback) held worker \(chost_thread_index()) for \(Quantity.text(duration: elapsed))")
    }

    func countRefusedConnection() { chost_counter_add(refusedConnections, 1) }

    /// A value whose text lives as long as the process; equal texts share it. Any thread.
    func staticValue(_ value: ParameterValue, type: UInt32) -> mh_value {
        switch value {
        case .integer(let number):
            var raw = mh_int(number)
            raw.type = type
            return raw
        case .float(let number): return mh_float(number)
        case .text(let bytes): return mh_text(staticText(bytes))
        case .list(let elements): return mh_text(staticText(Array(elements.joined(separator: [UInt8(ascii: ",")]))))
        }
    }

    private func staticText(_ bytes: [UInt8]) -> mh_str {
        staticTexts.withLock { texts in
            if let known = texts[bytes] { return known.raw }
            let copy = ParameterValue.copy(bytes)
            texts[bytes] = StaticText(raw: copy)
            return copy
        }
    }

    func coreSetting(_ name: String) -> mh_value? {
        func text(_ text: String) -> mh_value { mh_text(staticText(Array(text.utf8))) }
        switch name {
        case "run_dir": return text(settings.runDirectory)
        case "workers": return mh_int(Int64(threads.workers))
        case "config_file": return text(absolutePath(configPath, relativeTo: workingDirectory()))
        case "host_name": return text(machineName())
        default: return nil
        }
    }

    struct InterfaceFault: Error {
        var text: String
    }

    /// Finds an interface that a started module provides.
    func interface(_ wanted: ModuleNote.Interface, for user: LoadedModule) -> Result<mh_interface, InterfaceFault> {
        let running = modules.filter { $0.phase == .initialising || $0.phase == .running }
        for module in running where module !== user {
            for provided in module.descriptor.provides where wanted.isSatisfied(by: provided.interface) {
                user.uses(module.name)
                return .success(provided.raw)
            }
        }
        let others = running.flatMap { $0.descriptor.provides.map(\.interface) }.filter { $0.id == wanted.id }
        let offer = others.isEmpty ? "none is loaded" : "loaded are \(others.map(\.selector).joined(separator: ", "))"
        return .failure(
            InterfaceFault(
                text:
                    "no module provides \(wanted.id) for '\(wanted.selector)' (\(offer)); add a loadmodule line for one that does"
            ))
    }
}

/// The machine's name.
func machineName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
