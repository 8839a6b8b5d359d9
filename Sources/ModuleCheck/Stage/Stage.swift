import CHost
import Glibc
import ModuleABI

/// A host that trusts nobody: small, with real threads and timers, simulated peers, and a look at the thread and the phase of every
/// call. One per case process; `shared` is made at its first use.
final class Stage: @unchecked Sendable {
    // @unchecked: set up on main before threads start; what changes later is guarded by locks.
    static let shared = Stage()

    var workerCount = 2
    /// Services that query does not find.
    var absent: Set<String> = []
    /// Services whose tables end early, and after how many bytes.
    var clipped: [String: Int] = [:]
    /// Which fallible call of the subject fails: 1 is the first; 0: none.
    var failing = 0
    /// Peers send bytes, connections succeed, routes exist.
    var hasPeers = false
    var seed: UInt64 = 1
    var directory = "."
    /// Runs before stop of the module under test: releases what the stage has of it.
    var beforeStop: () -> Void = {}

    private(set) var modules: [StagedModule] = []
    private(set) var workers: [StageLoop] = []
    private(set) var management = StageLoop(index: 3, kind: MH_THREAD_MANAGEMENT)
    let main = StageLoop(index: 0, kind: MH_THREAD_MAIN)
    let handles = Handles()
    let fallibleCalls = SharedNumber()
    let computed = ComputedGauges()
    let replies = ReplyTables()
    private let nextWorker = SharedNumber()
    private let poolThreads = SharedNumber()
    private let foreign = SharedNumber()
    private let routes = Lock()
    private var routeEnds:
        [(module: StagedModule, ended: @convention(c) (UnsafeMutableRawPointer?) -> Void, context: UnsafeMutableRawPointer?)] =
            []

    private init() {}

    /// ", in CALLBACK on THREAD", for texts.
    static var place: String {
        let frame = chost_current()
        let callback = frame.callback.map { "in \(String(cString: $0)) " } ?? ""
        return " (\(callback)on \(StageThread.describe()))"
    }

    static let poolLimit = 64
    var threadLimit: UInt32 { UInt32(workerCount + 2 + Self.poolLimit + 128) }

    // MARK: Looking at calls

    func module(_ handle: OpaquePointer?) -> StagedModule? { modules.first { $0.handle == handle } }

    /// Judges a call of a service by its `self`; nil: it was wrong, and the function answers MH_E_STATE.
    func admit(_ call: ServiceCall, _ handle: OpaquePointer?) -> StagedModule? {
        guard let module = module(handle) else {
            FindingPipe.add(.wrongSelf, "it calls \(call.tags.name) with a self that the host did not give\(Self.place)")
            return nil
        }
        return admit(call, of: module) ? module : nil
    }

    /// Judges a call for something that lives on `loop`.
    func admit(_ call: ServiceCall, of module: StagedModule, on loop: StageLoop? = nil) -> Bool {
        let tags = call.tags
        let phase = ThreadPhase.current ?? module.phase
        if module.phase == .ended {
            if module.isSubject {
                FindingPipe.add(.callAfterStop, "it calls \(tags.name) after it has been stopped\(Self.place)")
            }
            return false
        }
        if !tags.phases.contains(phase), ThreadPhase.current != nil || phase == .load {
            if module.isSubject {
                FindingPipe.add(
                    .wrongPhase,
                    "it calls \(tags.name) in the phase \(phase.word)\(Self.place); the header says \(tags.phaseText)")
            }
            return false
        }
        let isRight: Bool
        switch tags.place {
        case .any: isRight = true
        case .main: isRight = chost_thread_kind() == MH_THREAD_MAIN && chost_thread_index() == 0
        case .worker:
            if let loop { isRight = loop.isCurrent } else { isRight = chost_thread_kind() == MH_THREAD_WORKER }
        }
        if !isRight, module.isSubject {
            let owner = loop.map { "worker \($0.index), which owns it" } ?? tags.place.rawValue
            FindingPipe.add(.wrongThread, "it calls \(tags.name)\(Self.place); that is for \(owner)")
        }
        return isRight
    }

    /// Whether this call of the subject is the one to fail.
    func lets(_ call: ServiceCall, _ module: StagedModule, fail error: UnsafePointer<mh_error>?) -> Bool {
        guard module.isSubject, fallibleCalls.add(1) == failing else { return false }
        report(error, MH_E_NO_MEMORY, "modcheck lets this call of \(call.tags.name) fail")
        return true
    }

    /// The loop of a worker number in options; nil: there is none.
    func loop(_ worker: UInt32) -> StageLoop? {
        switch worker {
        case MH_WORKER_ANY: workers.isEmpty ? nil : workers[nextWorker.add(1) % workers.count]
        case MH_WORKER_CURRENT: management.isCurrent ? management : workers.first(where: \.isCurrent)
        case MH_WORKER_MANAGEMENT: management
        case 1...UInt32(max(workerCount, 1)): workers[Int(worker) - 1]
        default: nil
        }
    }

    /// The index of the calling thread; one that a module started gets its own.
    func threadIndex() -> UInt32 {
        if chost_thread_index() == MH_THREAD_NONE {
            let number = foreign.add(1)
            guard number <= 128 else { return MH_THREAD_NONE }
            chost_thread_set(UInt32(workerCount + 1 + Self.poolLimit + number), MH_THREAD_FOREIGN, nil)
        }
        return chost_thread_index()
    }

    /// Runs work on a thread of the pool.
    func runOnPool(_ work: @escaping () -> Void) -> Bool {
        let number = poolThreads.add(1)
        let thread = StageThread.spawn { [self] in
            chost_thread_set(UInt32(workerCount + 2 + number % Self.poolLimit), MH_THREAD_POOL, nil)
            work()
            main.nudge()
        }
        guard let thread else { return false }
        pthread_detach(thread)
        return true
    }

    func addRouteEnd(
        _ module: StagedModule, _ ended: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void,
        _ context: UnsafeMutableRawPointer?
    ) { routes.with { routeEnds.append((module, ended, context)) } }

    /// What the host does when a run of a route has ended. Worker.
    func routeHasEnded() {
        for end in routes.with({ routeEnds }) where end.module.isServed {
            end.module.enter("end of a route", .running, isQuick: true) { end.ended(end.context) }
        }
    }

    // MARK: Setting up

    func add(_ module: StagedModule) { modules.append(module) }

    var subject: StagedModule? { modules.first(where: \.isSubject) }

    func makeThreads() {
        chost_thread_set(0, MH_THREAD_MAIN, nil)
        workers = (1...workerCount).map { StageLoop(index: UInt32($0), kind: MH_THREAD_WORKER) }
        management = StageLoop(index: UInt32(workerCount + 1), kind: MH_THREAD_MANAGEMENT)
        for worker in workers { worker.start() }
        management.start()
    }

    func endThreads() {
        for worker in workers { worker.end() }
        management.end()
    }

    /// Runs a body on each worker in turn; main serves its own queue meanwhile.
    func onEachWorker(_ body: @escaping (UInt32) -> Void) {
        for worker in workers {
            let isDone = SharedNumber()
            worker.post {
                body(worker.index)
                isDone.add(1)
            }
            main.run(until: { isDone.value > 0 }, within: .max / 4)
        }
    }
}

/// Reports an error into a module's sink and returns the code.
@discardableResult
func report(_ error: UnsafePointer<mh_error>?, _ code: Int32, _ text: String) -> Int32 {
    if let error, let report = error.pointee.report {
        var copy = text
        copy.withUTF8 { utf8 in
            report(
                error.pointee.ctx, code,
                mh_str(ptr: UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self), len: utf8.count))
        }
    }
    return code
}

/// Computed gauges, which anybody may ask at any time.
final class ComputedGauges: @unchecked Sendable {
    // @unchecked: guarded by `lock`.
    private let lock = Lock()
    private var gauges: [(module: StagedModule, name: String, read: () -> Int64)] = []
    private var cells: [String: OpaquePointer] = [:]

    func add(_ module: StagedModule, _ name: String, _ read: @escaping () -> Int64) -> Bool {
        lock.with {
            guard !gauges.contains(where: { $0.module === module && $0.name == name }) else { return false }
            gauges.append((module, name, read))
            return true
        }
    }

    /// The cell of a counter, made at its first use; nil: it exists as another kind.
    func cell(_ module: StagedModule, _ name: String, _ kind: UInt32) -> OpaquePointer? {
        lock.with {
            let key = "\(module.view.name):\(name)"
            guard cells["\(key)/\(1 - kind)"] == nil else { return nil }
            if let known = cells["\(key)/\(kind)"] { return known }
            let made = chost_counter_make()
            cells["\(key)/\(kind)"] = made
            return made
        }
    }

    /// Asks all, as get_statistics does.
    func readAll() {
        for gauge in lock.with({ gauges }) where gauge.module.isServed {
            gauge.module.enter("read of the gauge \(gauge.name)", .running, isQuick: true) { _ = gauge.read() }
        }
    }
}
