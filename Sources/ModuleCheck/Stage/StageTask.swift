import CHost
import Glibc
import ModuleABI

/// Something that the stage lends a module by a handle.
class StageObject {
    let module: StagedModule
    let loop: StageLoop
    fileprivate(set) var handle: OpaquePointer?

    init(module: StagedModule, loop: StageLoop) {
        self.module = module
        self.loop = loop
    }

    /// Ends it because its module stops. Any thread.
    func end() {}
}

/// Handles that modules hold: numbers that are no addresses, so that looking behind one is a crash and using one too late is seen.
final class Handles: @unchecked Sendable {
    // @unchecked: guarded by `lock`.
    private let lock = Lock()
    private var objects: [UInt: StageObject] = [:]
    private var next: UInt = 1
    private static let base: UInt = 0x4D48 << 48

    func add(_ object: StageObject) -> OpaquePointer? {
        lock.with {
            let number = Self.base | next << 4
            next += 1
            objects[number] = object
            object.handle = OpaquePointer(bitPattern: number)
            return object.handle
        }
    }

    func remove(_ object: StageObject) {
        lock.with { objects[UInt(bitPattern: object.handle)] = nil }
    }

    /// The object of a handle; a void one is a finding.
    func find<Object: StageObject>(_ handle: OpaquePointer?, _ type: Object.Type, _ call: ServiceCall) -> Object? {
        let found = lock.with { objects[UInt(bitPattern: handle)] }
        if let object = found as? Object { return object }
        let name = call.tags.name
        if handle == nil {
            FindingPipe.add(.badOptions, "it calls \(name) with a NULL handle\(Stage.place)")
        } else if found == nil, UInt(bitPattern: handle) & Self.base == Self.base {
            FindingPipe.add(.deadHandle, "it calls \(name) with a handle that is void already\(Stage.place)")
        } else {
            FindingPipe.add(.deadHandle, "it calls \(name) with something that is no handle of that kind\(Stage.place)")
        }
        return nil
    }

    /// The object of a handle, without a judgement.
    func object(_ handle: OpaquePointer?) -> StageObject? { lock.with { objects[UInt(bitPattern: handle)] } }

    func all(of module: StagedModule) -> [StageObject] {
        lock.with { objects.sorted { $0.key < $1.key }.map(\.value).filter { $0.module === module } }
    }
}

/// A timer or a watch: cancelled from any thread, then exactly one `gone` on its loop.
class StageTask: StageObject {
    private let lock = Lock()
    private var isCancelled = false
    private let context: UnsafeMutableRawPointer?
    private let gone: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?

    init(
        module: StagedModule, loop: StageLoop, context: UnsafeMutableRawPointer?,
        gone: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
    ) {
        self.context = context
        self.gone = gone
        super.init(module: module, loop: loop)
    }

    var isLive: Bool { lock.with { !isCancelled } }

    func cancel() {
        let isFirst = lock.with {
            defer { isCancelled = true }
            return !isCancelled
        }
        guard isFirst else { return }
        loop.remove(self)
        module.holds.add(1)
        loop.post { [self] in
            if let gone { module.enter("gone of a timer or watch", .stopping, isQuick: true) { gone(context) } }
            Stage.shared.handles.remove(self)
            module.holds.add(-1)
        }
    }

    override func end() { cancel() }
}

final class StageTimer: StageTask {
    private(set) var next: Int64
    private let interval: Int64
    private let options: mh_timer_options

    init(module: StagedModule, loop: StageLoop, options: mh_timer_options) {
        self.options = options
        next = chost_clock() + options.first
        interval = options.interval
        super.init(module: module, loop: loop, context: options.ctx, gone: options.gone)
    }

    func tick() {
        guard isLive, module.isServed else { return }
        next = interval > 0 ? max(next + interval, chost_clock()) : Int64.max
        module.enter("fire of a timer", .running, isQuick: true) { options.fire?(options.ctx) }
        if interval == 0 { cancel() }
    }

    /// Makes it due now: a stage does not wait for an hourly timer.
    func hasten() { if next > chost_clock() { next = chost_clock() } }
}

final class StageWatch: StageTask {
    private let options: mh_watch_options
    /// Loop's thread.
    var events: UInt32

    init(module: StagedModule, loop: StageLoop, options: mh_watch_options) {
        self.options = options
        events = options.events
        super.init(module: module, loop: loop, context: options.ctx, gone: options.gone)
    }

    var entry: pollfd {
        var wanted: Int32 = 0
        if events & MH_WATCH_READ != 0 { wanted |= POLLIN }
        if events & MH_WATCH_WRITE != 0 { wanted |= POLLOUT }
        return pollfd(fd: options.descriptor, events: Int16(wanted), revents: 0)
    }

    func becomeReady(_ ready: Int16) {
        guard isLive, module.isServed else { return }
        if Int32(ready) & POLLNVAL != 0 {
            FindingPipe.add(.badOptions, "a watched descriptor (\(options.descriptor)) was closed before gone")
            return cancel()
        }
        var seen: UInt32 = 0
        if Int32(ready) & POLLIN != 0 { seen |= MH_WATCH_READ }
        if Int32(ready) & POLLOUT != 0 { seen |= MH_WATCH_WRITE }
        if Int32(ready) & (POLLERR | POLLHUP) != 0 { seen |= MH_WATCH_ERROR }
        module.enter("ready of a watch", .running, isQuick: true) { options.ready?(options.ctx, seen) }
    }
}

/// A number that several threads change.
final class SharedNumber: @unchecked Sendable {
    // @unchecked: guarded by `lock`.
    private let lock = Lock()
    private var number: Int

    init(_ number: Int = 0) { self.number = number }

    @discardableResult
    func add(_ amount: Int) -> Int {
        lock.with {
            number += amount
            return number
        }
    }

    var value: Int { lock.with { number } }
}
