import CHost
import Logging
import NIOCore
import Synchronization

/// Tells systemd that the host lives, as long as every worker does: each is asked in turn, and one that does not answer
/// within an interval stops the signs of life. Main thread.
final class Watchdog: @unchecked Sendable {
    // @unchecked: `answers` is atomic; the rest belongs to the main thread.
    let interval: Int32
    private let host: HostProcess
    private let answers = Atomic<Int>(0)
    private var asked: Int
    private var last: Int64 = 0

    /// Nil when nobody watches.
    init?(host: HostProcess) {
        guard let interval = ServiceManager.watchdogInterval else { return nil }
        self.interval = interval
        self.host = host
        asked = 0
    }

    func tick() {
        let now = chost_clock()
        guard now - last >= Int64(interval) * 900_000 else { return }
        last = now
        if answers.load(ordering: .relaxed) >= asked {
            ServiceManager.notify("WATCHDOG=1")
            answers.store(0, ordering: .relaxed)
            asked = host.workers.count
            for worker in 1...host.workers.count {
                host.workers.loop(UInt32(worker))?.execute { self.answers.wrappingAdd(1, ordering: .relaxed) }
            }
        } else {
            log.warning("a worker has not answered the watchdog for \(interval) ms")
        }
    }
}
