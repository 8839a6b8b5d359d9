import CHost
import Glibc
import ModuleABI

/// A module on the stage: its descriptor, where in its life it is, and its settings.
final class StagedModule: @unchecked Sendable {
    // @unchecked: `phase` is guarded by `lock`; the rest is set up on main before threads start.
    let view: ModuleView
    /// What the module knows itself by.
    let handle: OpaquePointer?
    /// The module under test, and not one that merely provides what it requires.
    let isSubject: Bool
    /// Callbacks under way or promised.
    let holds = SharedNumber()
    var values: [String: [TypedValue]] = [:]
    /// A value that takes the place of what is given for one parameter.
    var override: (name: String, value: TypedValue)?
    private let label: UnsafeMutablePointer<CChar>?
    private let lock = Lock()
    private var phaseNow = Phase.load

    init(_ view: ModuleView, isSubject: Bool) {
        self.view = view
        self.isSubject = isSubject
        label = strdup(view.name)
        handle = label.map { OpaquePointer($0) }
    }

    var phase: Phase {
        get { lock.with { phaseNow } }
        set { lock.with { phaseNow = newValue } }
    }

    /// Whether callbacks may still come.
    var isServed: Bool { phase == .running || phase == .stopping }

    private static let names = Lock()
    nonisolated(unsafe) private static var interned: [String: UnsafeMutablePointer<CChar>] = [:]

    /// Runs code of the module's with its name on the thread, so that a crash and a wrong call can be told where they were.
    /// `isQuick`: the contract says that it does not block.
    @discardableResult
    func enter<Result>(_ callback: String, _ phase: Phase, isQuick: Bool = false, _ body: () -> Result) -> Result {
        let name: UnsafeMutablePointer<CChar>? = Self.names.with {
            if let known = Self.interned[callback] { return known }
            let made = strdup(callback)
            Self.interned[callback] = made
            return made
        }
        let before = ThreadPhase.current
        ThreadPhase.current = phase
        let frame = chost_enter(label, name)
        let start = chost_clock()
        let result = body()
        let took = chost_clock() - start
        chost_leave(frame)
        ThreadPhase.current = before
        if isQuick, took > 1_000_000_000, isSubject {
            FindingPipe.add(.slowCallback, "\(callback) took over \(took / 1_000_000_000) s on \(StageThread.describe())")
        }
        return result
    }
}
