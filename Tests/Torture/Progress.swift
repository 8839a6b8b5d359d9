import Faults
import Glibc
import Synchronization

/// The line on a terminal that says how far a stage is; nothing where the output goes elsewhere. Any thread.
final class Progress: Sendable {
    private let name: String
    private let before: FaultTally
    private let isShown = isatty(STDOUT_FILENO) == 1
    private let last = Mutex(ContinuousClock.now - .seconds(1))

    init(_ name: String, before: FaultTally) {
        self.name = name
        self.before = before
    }

    /// Shows what the stage has found so far, at most ten times a second.
    func show(_ found: FaultTally, _ done: Int, of count: Int?) {
        guard isShown else { return }
        let isDue = last.withLock { last in
            guard ContinuousClock.now - last > .milliseconds(100) else { return false }
            last = ContinuousClock.now
            return true
        }
        guard isDue else { return }
        var all = before
        all.add(found)
        // To the beginning of the line, and what was on it away.
        print("\r\u{1B}[K\(name) \(done)\(count.map { "/\($0)" } ?? "") · \(all.description)", terminator: "")
        fflush(nil)
    }

    func end() {
        guard isShown else { return }
        print("\r\u{1B}[K", terminator: "")
    }
}
