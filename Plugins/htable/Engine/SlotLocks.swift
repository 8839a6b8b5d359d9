// The locks of `sht_lock`: by slot, re-entrant on their thread, with a report instead of a dead-lock. They cost an unlocked table one
// load per operation.
import Glibc
import ModuleABI
import ModuleKit
import Synchronization

/// The slot locks of all tables of a module: one object, so that a circle through several tables is seen. Any thread.
public final class SlotLocks: Sendable {
    /// A slot of a table.
    struct Place: Hashable {
        var table: String
        var slot: UInt32
    }

    private struct Held {
        var owner: UInt
        var depth: Int
        /// Where it was locked, in words for a message.
        var site: String
    }

    private struct State {
        var held: [Place: Held] = [:]
        /// What each waiting thread waits for, and where it stands.
        var waiting: [UInt: (place: Place, site: String)] = [:]
    }

    private let state = Guarded(State())
    private let generation = Atomic<UInt32>(0)
    /// How long a thread waits for a slot before it gives up, in seconds.
    private let patience: Double

    public init(patience: Double = 10) { self.patience = patience }

    private static var thread: UInt { UInt(pthread_self()) }

    private enum Step {
        case done
        case wait(owner: String)
        case failed(ModuleFailure)
    }

    /// Locks a slot for the calling thread; once more if it has it already.
    func lock(_ place: Place, site: String, held: borrowing Atomic<Int>) throws(ModuleFailure) {
        let me = Self.thread
        try wait(for: place, site: site) { state in
            if var mine = state.held[place] {
                guard mine.owner == me else { return false }
                mine.depth += 1
                state.held[place] = mine
            } else {
                state.held[place] = Held(owner: me, depth: 1, site: site)
                held.add(1, ordering: .sequentiallyConsistent)
            }
            return true
        }
    }

    /// Gives a slot back; throws when the calling thread does not hold it.
    func unlock(_ place: Place, site: String, held: borrowing Atomic<Int>) throws(ModuleFailure) {
        let me = Self.thread
        let other = state.withLock { state -> String? in
            guard var mine = state.held[place], mine.owner == me else {
                return state.held[place]?.site ?? ""
            }
            mine.depth -= 1
            state.held[place] = mine.depth == 0 ? nil : mine
            if mine.depth == 0 { held.subtract(1, ordering: .sequentiallyConsistent) }
            return nil
        }
        wake()
        guard let other else { return }
        throw ModuleFailure(
            MH_E_STATE,
            other.isEmpty
                ? "\(site) unlocks slot \(place.slot) of table \(place.table), which nobody has locked"
                : "\(site) unlocks slot \(place.slot) of table \(place.table), which another thread locked at \(other)")
    }

    /// Gives back all that the calling thread holds in a table, as at the end of a route; how many slots that were.
    func releaseAll(table: String, held: borrowing Atomic<Int>) -> Int {
        let me = Self.thread
        let count = state.withLock { state in
            let mine = state.held.filter { $0.key.table == table && $0.value.owner == me }
            for place in mine.keys { state.held[place] = nil }
            held.subtract(mine.count, ordering: .sequentiallyConsistent)
            return mine.count
        }
        if count > 0 { wake() }
        return count
    }

    /// Whether another thread has the slot.
    func isBlocked(_ place: Place) -> Bool {
        let me = Self.thread
        return state.withLock { $0.held[place].map { $0.owner != me } ?? false }
    }

    /// Waits until no other thread has the slot.
    func waitUntilFree(_ place: Place, site: String) throws(ModuleFailure) {
        let me = Self.thread
        try wait(for: place, site: site) { state in state.held[place].map { $0.owner == me } ?? true }
    }

    // MARK: Waiting

    private func wake() { generation.add(1, ordering: .sequentiallyConsistent) }

    /// Tries until `attempt` succeeds; throws on a circle of waiting threads or after the patience.
    private func wait(
        for place: Place, site: String, _ attempt: (inout State) -> Bool
    ) throws(ModuleFailure) {
        let me = Self.thread
        var start = timespec()
        clock_gettime(CLOCK_MONOTONIC, &start)
        var pause: UInt32 = 10
        while true {
            var step = Step.done
            state.withLock { state in
                if attempt(&state) {
                    state.waiting[me] = nil
                    return
                }
                step = Self.block(me, place, site, &state)
            }
            switch step {
            case .done: return
            case .failed(let failure): throw failure
            case .wait(let owner):
                var now = timespec()
                clock_gettime(CLOCK_MONOTONIC, &now)
                let passed =
                    Double(now.tv_sec - start.tv_sec) + Double(now.tv_nsec - start.tv_nsec) / 1e9
                if passed > patience {
                    state.withLock { $0.waiting[me] = nil }
                    throw ModuleFailure(
                        MH_E_TIMEOUT,
                        "\(site) waited \(Int(passed)) s for slot \(place.slot) of table \(place.table), which another thread "
                            + "locked at \(owner); unlock it with sht_unlock")
                }
                // Held slots are rare and short: a sleep that grows to 1 ms wastes less than a queue for each slot would.
                usleep(pause)
                pause = min(pause * 2, 1000)
            }
        }
    }

    /// Notes what a thread waits for, unless that closes a circle.
    private static func block(_ me: UInt, _ place: Place, _ site: String, _ state: inout State) -> Step {
        guard let holder = state.held[place] else { return .wait(owner: "") }
        var next = holder
        for _ in 0...state.waiting.count {
            guard let wanted = state.waiting[next.owner], let other = state.held[wanted.place] else { break }
            if other.owner == me {
                state.waiting[me] = nil
                return .failed(
                    ModuleFailure(
                        MH_E_BUSY,
                        "dead-lock: \(site) wants slot \(place.slot) of table \(place.table), locked by another thread at "
                            + "\(holder.site), while \(wanted.site) waits for slot \(wanted.place.slot) of table "
                            + "\(wanted.place.table), locked by this thread at \(other.site); lock slots in one order"))
            }
            next = other
        }
        state.waiting[me] = (place, site)
        return .wait(owner: holder.site)
    }
}
