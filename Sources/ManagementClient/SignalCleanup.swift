// Removes reply FIFOs when a signal ends the process. Owns the table of path copies that the signal handler reads: an
// entry is made by `add` and freed by `remove`, never by the handler.

import Glibc
import Synchronization

/// The reply FIFOs that exist now, and what signals do about them.
public enum SignalCleanup {
    /// How many reply FIFOs are covered at once; those beyond are removed on every way out but a signal.
    private static let capacity = 64

    /// Addresses of paths, 0 where free. Never freed: a signal may come at any time.
    nonisolated(unsafe) private static let paths: UnsafeMutablePointer<Atomic<UInt>> = {
        let table = UnsafeMutablePointer<Atomic<UInt>>.allocate(capacity: capacity)
        for index in 0..<capacity { (table + index).initialize(to: Atomic(0)) }
        return table
    }()

    private static let interruptsAreCaught = Atomic(false)
    private static let wasInterrupted = Atomic(false)

    /// Makes SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGPIPE remove this process's reply FIFOs and then end it as they
    /// would have. Signals that are ignored stay ignored. For programs: call it once, before the first request.
    public static func install() {
        // Everything the handler reads is initialised before a signal can come.
        _ = paths
        _ = interruptsAreCaught.load(ordering: .relaxed)
        _ = wasInterrupted.load(ordering: .relaxed)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE] {
            var current = sigaction()
            guard sigaction(signal, nil, &current) == 0 else { continue }
            // The null check matters where SIG_IGN is not expressible: its address is 1.
            if unsafeBitCast(current.__sigaction_handler.sa_handler, to: UInt.self) == 1 { continue }
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { SignalCleanup.handle($0) }
            sigaction(signal, &action, nil)
        }
    }

    /// While true, SIGINT no longer ends the process: it makes a waiting request throw
    /// ``ManagementClientError/interrupted``. For prompts.
    public static func catchInterrupts(_ caught: Bool) {
        wasInterrupted.store(false, ordering: .relaxed)
        interruptsAreCaught.store(caught, ordering: .relaxed)
    }

    /// Whether SIGINT came since the last call.
    static func takeInterrupt() -> Bool { wasInterrupted.exchange(false, ordering: .relaxed) }

    /// Covers `path` until `remove`.
    static func add(_ path: String) {
        guard let copy = strdup(path) else { return }
        let address = UInt(bitPattern: copy)
        for index in 0..<capacity
        where paths[index].compareExchange(expected: 0, desired: address, ordering: .acquiringAndReleasing)
            .exchanged
        {
            return
        }
        free(copy)
    }

    static func remove(_ path: String) {
        for index in 0..<capacity {
            let address = paths[index].load(ordering: .acquiring)
            guard let copy = UnsafeMutablePointer<CChar>(bitPattern: address), strcmp(copy, path) == 0 else {
                continue
            }
            paths[index].store(0, ordering: .releasing)
            free(copy)
            return
        }
    }

    /// Runs in a signal handler: only unlink, signal and raise, which POSIX allows there.
    private static func handle(_ number: CInt) {
        if number == SIGINT, interruptsAreCaught.load(ordering: .relaxed) {
            wasInterrupted.store(true, ordering: .relaxed)
            return
        }
        for index in 0..<capacity {
            if let path = UnsafePointer<CChar>(bitPattern: paths[index].load(ordering: .acquiring)) {
                unlink(path)
            }
        }
        signal(number, SIG_DFL)
        raise(number)
    }
}
