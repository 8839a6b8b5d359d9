import CHost
import Synchronization

/// Watches descriptors of modules with epoll on a thread of its own, started with the first watch. SwiftNIO's loops take only
/// descriptors whose reading they do themselves; a database client's socket must stay its own. Each readiness is reported
/// once and then waits for `arm`, so that a busy worker is not flooded: armed again, it is level-triggered.
final class Poller: @unchecked Sendable {
    // @unchecked: `handlers` is behind its mutex; `epoll` is set once under it.
    private struct State {
        var epoll: Int32 = -1
        var next: UInt64 = 1
        var handlers: [UInt64: @Sendable (UInt32) -> Void] = [:]
    }

    private let state = Mutex(State())

    /// A number for a registration to come, so that its owner can know it before the first event.
    func reserve() -> UInt64 {
        state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
    }

    /// Begins to watch under a reserved number; 0, or an errno.
    func add(
        _ id: UInt64, _ descriptor: Int32, events: UInt32, _ ready: @escaping @Sendable (UInt32) -> Void
    ) -> Int32 {
        state.withLock { state in
            if state.epoll < 0 {
                state.epoll = chost_poller_open()
                guard state.epoll >= 0 else { return -state.epoll }
                let epoll = state.epoll
                HostThread.spawn { [self] in serve(epoll) }
            }
            let number = chost_poller_add(state.epoll, descriptor, events, id)
            if number == 0 { state.handlers[id] = ready }
            return number
        }
    }

    func arm(_ id: UInt64, _ descriptor: Int32, events: UInt32) {
        state.withLock { state in
            if state.handlers[id] != nil { _ = chost_poller_arm(state.epoll, descriptor, events, id) }
        }
    }

    func remove(_ id: UInt64, _ descriptor: Int32) {
        state.withLock { state in
            if state.handlers.removeValue(forKey: id) != nil { chost_poller_remove(state.epoll, descriptor) }
        }
    }

    private func serve(_ epoll: Int32) {
        var ready = [chost_ready](repeating: chost_ready(), count: 64)
        while true {
            let count = chost_poller_wait(epoll, &ready, Int32(ready.count))
            guard count >= 0 else { return }
            for event in ready.prefix(Int(count)) {
                state.withLock { $0.handlers[event.id] }?(event.events)
            }
        }
    }
}
