import CHost
import Configuration
import ModuleABI
import Synchronization

/// Something of a module's that the host must end before the module stops: a timer, a watch, a listener, a stream.
protocol ModuleResource: AnyObject, Sendable {
    /// Ends it soon; it then removes itself from its module. Any thread.
    func end()
}

/// A module in memory: its descriptor, where it came from, how far its life is, and what it holds of the host.
final class LoadedModule: @unchecked Sendable {
    // @unchecked: `descriptor` and the rest are set in init or on the main thread before `init` runs; the changing parts are behind
    // mutexes.
    enum Phase: Int, Comparable, Sendable {
        case loaded, initialising, running, draining, stopping, stopped, failed

        static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }

        var name: String {
            switch self {
            case .loaded: "loaded"
            case .initialising: "initialising"
            case .running: "running"
            case .draining: "draining"
            case .stopping: "stopping"
            case .stopped: "stopped"
            case .failed: "failed"
            }
        }
    }

    private struct State {
        var phase = Phase.loaded
        /// Callbacks and commands under way or queued; stop waits for them.
        var holds = 0
        var resources: [ObjectIdentifier: any ModuleResource] = [:]
        /// The modules whose interfaces this one has acquired.
        var uses: Set<String> = []
        /// One value for each parameter, several for a repeatable one.
        var values: [String: [ParameterValue]] = [:]
    }

    let name: String
    /// The name for the guard; static.
    let nameForGuard: UnsafePointer<CChar>
    let descriptor: ModuleDescriptor
    let file: String
    let identity: FileIdentity
    let location: SourceLocation?
    let isOptional: Bool
    unowned let host: HostProcess
    /// The level up to which its lines are written; modules read it without a call.
    let level: UnsafeMutablePointer<Int32>
    /// Whether it has sent the host a command: it is a transport.
    let carriesCommands = Atomic<Bool>(false)
    private let state = Mutex(State())

    init(
        descriptor: ModuleDescriptor, file: String, identity: FileIdentity, location: SourceLocation?,
        isOptional: Bool, host: HostProcess
    ) {
        name = descriptor.name
        self.descriptor = descriptor
        self.file = file
        self.identity = identity
        self.location = location
        self.isOptional = isOptional
        self.host = host
        guard let guardName = descriptor.name.leaked().ptr, let cell = chost_level_make(LogSink.shared.level.rawValue)
        else { preconditionFailure("no memory for a module's name") }
        nameForGuard = guardName
        level = cell
    }

    // MARK: The C side

    /// The handle that services get; it keeps the module for as long as the process lives.
    private(set) lazy var handle: OpaquePointer = OpaquePointer(Unmanaged.passRetained(self).toOpaque())

    static func from(_ handle: OpaquePointer?) -> LoadedModule {
        guard let handle else { preconditionFailure("a module passes the mh_self that init gave it") }
        return Unmanaged<LoadedModule>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    /// Runs code of the module under the guard: logs and crash reports name it, and slow callbacks on workers are reported.
    @inline(__always)
    func enter<Result>(_ callback: StaticString, _ body: () -> Result) -> Result {
        let name = UnsafeRawPointer(callback.utf8Start).assumingMemoryBound(to: CChar.self)
        let previous = chost_enter(nameForGuard, name)
        defer { chost_leave(previous) }
        guard chost_thread_kind() == ThreadKind.worker.rawValue, host.slowCallback > 0 else { return body() }
        let start = chost_clock_coarse()
        let result = body()
        let elapsed = chost_clock_coarse() - start
        if elapsed > host.slowCallback { host.reportSlow(self, callback, elapsed) }
        return result
    }

    // MARK: Life

    var phase: Phase { state.withLock { $0.phase } }

    func move(to phase: Phase) { state.withLock { $0.phase = phase } }

    /// Whether its code may be called by events: from init until stop begins.
    var isCallable: Bool { state.withLock { $0.phase >= .initialising && $0.phase <= .draining } }

    /// Whether it may start timers, watches, listeners and streams: not any more when it is being drained.
    var mayStart: Bool { state.withLock { $0.phase == .initialising || $0.phase == .running } }

    /// Whether services answer: from init until stop has returned.
    var isServed: Bool { state.withLock { $0.phase >= .initialising && $0.phase <= .stopping } }

    /// Announces a callback to come; false when the module is stopping. Each hold is given back by `release`.
    func hold() -> Bool {
        state.withLock { state in
            guard state.phase >= .initialising, state.phase <= .draining else { return false }
            state.holds += 1
            return true
        }
    }

    func release() {
        let isLast = state.withLock { state in
            state.holds -= 1
            return state.holds == 0 && state.phase >= .draining
        }
        if isLast { host.main.post {} }
    }

    var holds: Int { state.withLock { $0.holds } }

    /// Keeps a resource until it removes itself. One that comes while the module is already being drained is ended at once.
    func add(_ resource: any ModuleResource) {
        let isLate = state.withLock { state in
            state.resources[ObjectIdentifier(resource)] = resource
            return state.phase >= .draining
        }
        if isLate { resource.end() }
    }

    func remove(_ resource: any ModuleResource) {
        let isLast = state.withLock { state in
            state.resources[ObjectIdentifier(resource)] = nil
            return state.resources.isEmpty && state.phase >= .draining
        }
        if isLast { host.main.post {} }
    }

    var resources: [any ModuleResource] { state.withLock { Array($0.resources.values) } }

    func uses(_ provider: String) { state.withLock { _ = $0.uses.insert(provider) } }
    var used: Set<String> { state.withLock { $0.uses } }

    func setValue(_ value: ParameterValue, of parameter: String, addingToEarlier isAdded: Bool = false) {
        state.withLock { state in
            if isAdded { state.values[parameter, default: []].append(value) } else { state.values[parameter] = [value] }
        }
    }

    /// The value, the last one of a repeatable parameter.
    func value(of parameter: String) -> ParameterValue? { values(of: parameter).last }
    func values(of parameter: String) -> [ParameterValue] { state.withLock { $0.values[parameter] ?? [] } }

    /// Whether a config or a command means this module by that name.
    func answers(to name: String) -> Bool { self.name == name || descriptor.aliases.contains(name) }
}

/// A file, whatever its name: device and inode.
struct FileIdentity: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
}
