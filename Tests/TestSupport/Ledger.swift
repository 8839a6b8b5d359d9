import Synchronization

/// What writers sent and what they were told about it, kept outside the host: the files must agree with it afterwards.
///
/// Writers enter a batch before they send it and complete it with the answer. Any thread.
public final class Ledger: Sendable {
    /// Consecutive records of one writer, sent together and answered together.
    public struct Batch: Sendable {
        public var numbers: Range<Int>
        /// How many of them acc says are stored; nil while there is no answer.
        public var stored: Int?
        /// True when the answer came before a `markSafe`.
        public var isSafe = false
    }

    private struct State: Sendable {
        var batches: [Int: [Batch]] = [:]
        var firstNumbers: [Int: Int] = [:]
        var acknowledged = 0
        var refused = 0
        var refusals: [String] = []
        var surprises: [String] = []
    }

    private let state = Mutex(State())

    public init() {}

    // MARK: Writers

    /// Enters records that are about to be sent.
    public func enter(writer: Int, count: Int) -> Range<Int> {
        state.withLock { state in
            let first = state.batches[writer]?.last?.numbers.upperBound ?? state.firstNumbers[writer] ?? 0
            state.batches[writer, default: []].append(Batch(numbers: first..<(first + count)))
            return first..<(first + count)
        }
    }

    /// Completes the writer's latest batch: `stored` rows of it are acknowledged, `rejected` are refused for the reason `error`.
    /// `isLast`: the connection was closed behind the answer, so the host may have read a part of the batch only.
    public func complete(writer: Int, stored: Int, rejected: Int, error: String?, isLast: Bool = false) {
        state.withLock { state in
            guard let last = state.batches[writer]?.indices.last,
                let count = state.batches[writer]?[last].numbers.count
            else { return }
            let isWhole = stored + rejected == count || (isLast && stored + rejected < count)
            if !isWhole || (rejected > 0) != (error != nil) {
                state.surprises.append(
                    "writer \(writer): \(count) records were answered with stored \(stored), rejected \(rejected), "
                        + "error \(error ?? "none")")
            }
            state.batches[writer]?[last].stored = stored
            state.acknowledged += stored
            state.refused += rejected
            if let error, state.refusals.count < 1000 { state.refusals.append(error) }
        }
    }

    /// Notes something that no host should do.
    public func surprise(_ text: String) { state.withLock { $0.surprises.append(text) } }

    // MARK: Readers

    /// Rows that senders were told are stored.
    public var acknowledged: Int { state.withLock { $0.acknowledged } }
    /// Rows that senders were told are not stored.
    public var refused: Int { state.withLock { $0.refused } }
    /// The reasons given, the first thousand.
    public var refusals: [String] { state.withLock { $0.refusals } }
    /// Answers that do not add up, and the like; empty when all is well.
    public var surprises: [String] { state.withLock { $0.surprises } }
    /// Rows that were acknowledged for one writer.
    public func acknowledged(writer: Int) -> Int {
        state.withLock { $0.batches[writer, default: []].reduce(0) { $0 + ($1.stored ?? 0) } }
    }

    /// A place in every writer's row of batches.
    public struct Moment: Sendable {
        fileprivate var batches: [Int: Int]

        /// Before everything.
        public init() { batches = [:] }
        fileprivate init(_ batches: [Int: Int]) { self.batches = batches }
    }

    /// Behind every batch that was ever entered. Taken when a host is dead, nothing before it will be acknowledged any more.
    public var enteredSoFar: Moment { Moment(state.withLock { $0.batches.mapValues(\.count) }) }

    /// Behind every batch that is answered.
    public var answeredSoFar: Moment {
        state.withLock { state in
            Moment(state.batches.mapValues { ($0.lastIndex { $0.stored != nil } ?? -1) + 1 })
        }
    }

    /// Says that whatever was acknowledged between two moments must be in the files, come what may: used with
    /// `durability=buffered`, where only a flush between the end and a kill makes rows safe.
    public func markSafe(from start: Moment, to end: Moment) {
        state.withLock { state in
            for (writer, count) in end.batches {
                let first = start.batches[writer] ?? 0
                for index in first..<max(first, count) { state.batches[writer]?[index].isSafe = true }
            }
        }
    }

    /// Every batch, by writer.
    public var batches: [Int: [Batch]] { state.withLock { $0.batches } }

    /// Takes over all that another ledger holds, with nothing marked as safe: for another promise about the same work.
    public func repeatHistory(of other: Ledger) {
        var history = other.state.withLock { $0 }
        for writer in history.batches.keys {
            for index in history.batches[writer, default: []].indices { history.batches[writer]?[index].isSafe = false }
        }
        state.withLock { [history] in $0 = history }
    }

    /// Forgets the batches, which were audited and whose files are gone; numbers go on. No writer may be between `enter` and `complete`.
    public func forget() {
        state.withLock { state in
            for (writer, batches) in state.batches {
                state.firstNumbers[writer] = batches.last?.numbers.upperBound
            }
            state.batches = [:]
        }
    }
}
