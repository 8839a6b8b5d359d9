import Logging
import Script
import Synchronization

/// A module as routes see it: the places in the config that use its functions and pseudo-variables, and whether they may.
///
/// It outlives the module: one that is disabled and loaded again serves the same places. Main thread, but for `isLive`.
final class ScriptOwner: @unchecked Sendable {
    // @unchecked: workers read a place only while `isLive`, and main changes places only while it is not and no route runs.
    let name: String
    /// Whether its code may be called. Any thread.
    let isLive = Atomic<Bool>(false)
    private(set) var module: LoadedModule?
    private var places: [any ScriptPlace] = []
    private let hasSaid = Atomic<Bool>(false)

    init(_ name: String) { self.name = name }

    func add(_ place: any ScriptPlace) { places.append(place) }

    /// The module has been initialised: its places can be prepared.
    func begin(_ module: LoadedModule) {
        self.module = module
        hasSaid.store(false, ordering: .relaxed)
    }

    /// Prepares the places anew, for a module that was loaded again.
    func prepareAgain() throws(ScriptError) {
        for place in places { try place.prepare() }
    }

    /// From now on its code is called.
    func open() {
        if module != nil { isLive.store(true, ordering: .releasing) }
    }

    /// From now on it is not; calls under way go on. See `release`.
    func close() { isLive.store(false, ordering: .releasing) }

    /// Ends the places. No route may be in a call of the module any more.
    func release() {
        for place in places { place.release() }
        module = nil
    }

    /// Says once that a route wanted something of a module that does not serve.
    func refuse(_ what: String) {
        if hasSaid.exchange(true, ordering: .relaxed) { return }
        log.warning(
            "\(what) is used by a route, but module \(name) does not run: functions are false and pseudo-variables null")
    }
}

/// One place in the config that uses something of a module. Main thread.
protocol ScriptPlace: AnyObject {
    /// Shows the place to the module.
    func prepare() throws(ScriptError)
    /// Gives back what the module made of it.
    func release()
}
