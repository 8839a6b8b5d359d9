import Foundation
import Synchronization
import TestSupport

/// Many cycles of one kind on one workload; each cycle is a run of its own.
public struct Sweep: Sendable {
    /// What is done and to what, such as `kill at every call, flatstore ring`.
    public let name: String
    /// How many cycles there are.
    public let count: Int
    let cycle: @Sendable (_ index: Int) throws -> FaultTally

    /// Runs each `stride`th cycle, `lanes` at a time, until a moment.
    ///
    /// - Parameter progress: Called after each cycle with what was found so far and how many are done; one call at a time.
    /// - Returns: What was found, and whether all that were asked for were run.
    public func run(
        stride: Int = 1, lanes: Int = 2, until end: ContinuousClock.Instant? = nil,
        progress: @Sendable (_ found: FaultTally, _ done: Int) -> Void = { _, _ in }
    ) -> (tally: FaultTally, isWhole: Bool) {
        struct State {
            var tally = FaultTally()
            var next = 0
            var done = 0
        }
        let state = Mutex(State())
        // Not the same ones at each run, nor always the first when the time is short.
        let first = stride > 1 ? Int.random(in: 0..<min(stride, max(1, count))) : 0
        let order = Array(Swift.stride(from: first, to: count, by: stride)).shuffled()
        DispatchQueue.concurrentPerform(iterations: lanes) { _ in
            while end.map({ ContinuousClock.now < $0 }) ?? true {
                let place = state.withLock { state in
                    defer { state.next += 1 }
                    return state.next
                }
                guard place < order.count else { return }
                let index = order[place]
                var found: FaultTally
                do { found = try cycle(index) } catch {
                    found = FaultTally()
                    found.surprise("\(name), cycle \(index): cannot go on: \(error)")
                }
                state.withLock { state in
                    state.tally.add(found)
                    state.done += 1
                    progress(state.tally, state.done)
                }
            }
        }
        return state.withLock { ($0.tally, $0.done == order.count) }
    }
}

/// The workloads of the sweeps: each store in each of its modes.
public enum Subject: Sendable, Hashable, CaseIterable, CustomStringConvertible {
    case rows(durability: String)
    case series(sync: String)
    case table

    public static let allCases: [Subject] =
        RowsWorkload.durabilities.map { .rows(durability: $0) } + SeriesWorkload.modes.map { .series(sync: $0) } + [.table]

    /// flatstore's values of `durability`.
    public static let durabilities = RowsWorkload.durabilities
    /// timestore's values of `sync`.
    public static let syncModes = SeriesWorkload.modes

    /// Those that keep something on a disk, as far as a trace shows it.
    public static let onDisk = allCases.filter { $0 != .table && $0 != .rows(durability: "ring") }

    func workload() throws -> any Workload {
        switch self {
        case .rows(let durability): try RowsWorkload(durability)
        case .series(let sync): try SeriesWorkload(sync)
        case .table: try TableWorkload()
        }
    }

    public var description: String {
        switch self {
        case .rows(let durability): "flatstore \(durability)"
        case .series(let sync): "timestore \(sync)"
        case .table: "htable"
        }
    }
}

/// What is common to the cycles of all sweeps: the accounts of one run.
struct Cycle {
    let workload: any Workload
    var tally = FaultTally()
    private let title: String

    init(_ workload: any Workload, _ title: String) {
        self.workload = workload
        self.title = "\(workload.name), \(title)"
    }

    mutating func surprise(_ text: String) { tally.surprise("\(title): \(text)") }

    /// Runs a part of the cycle; what it throws is a surprise, and false.
    mutating func attempt(_ what: String, _ body: (inout Cycle) throws -> Void) -> Bool {
        do {
            try body(&self)
            return true
        } catch {
            surprise("\(what): \(error)")
            return false
        }
    }

    /// A host that nothing is done to: has what was promised, takes more, and ends in order.
    mutating func examine(_ promise: Promise) {
        _ = attempt("the next start") { cycle in
            let host = try cycle.workload.startInPeace()
            try cycle.examine(host, promise)
        }
    }

    mutating func examine(_ host: RunningHost, _ promise: Promise) throws {
        try workload.connect(to: host)
        try workload.audit(host, promise, into: &tally)
        guard tally.isClean else { return }
        try workload.goOn(with: host)
        try workload.audit(host, promise, into: &tally)
        guard case .process = promise else { return host.kill() }
        try workload.end(host)
        try workload.checkRest()
    }

    /// The accounts, with what is left of the run when something was found.
    mutating func closed() -> FaultTally {
        tally.cycles = 1
        tally.acknowledged = workload.acknowledged
        if !tally.isClean { tally.evidence = ["\(workload.keep()) (\(title))"] }
        return tally
    }
}
