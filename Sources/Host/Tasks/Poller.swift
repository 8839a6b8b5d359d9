import CHost
import Synchronization

/// Watches descriptors of modules with epoll on a thread of its own, started with the first watch. SwiftNIO's loops take only
/// descriptors whose reading they do themselves; a database client's socket must stay its own. Each readiness is reported
/// once and then waits for `arm`, so that a busy worker is not flooded: armed again, it is level-triggered.
final class Poller: @unchecked Sendable {
    // @unchecked: `handlers` is behind its mutex; `epoll` is set once under it.
    struct Failure: Error {
        var number: Int32
    }

    private struct State {
        var epoll: Int32 = -1
        var next: UInt64 = 1
        var handlers: [UInt64: @Sendable (UInt32) -> Void] = [:]
    }

    private let state = Mutex(State())

    func add(
        _ descriptor: Int32, events: UInt32, _ ready: @escaping @Sendable (UInt32) -> Void
    ) -> Result<UInt64, Failure> {
        state.withLock { state in
            if state.epoll < 0 {
                state.epoll = chost_poller_open()
                guard state.epoll >= 0 else { return .failure(Failure(number: -state.epoll)) }
                let epoll = state.epoll
                HostThread.spawn { [self] in serve(epoll) }
            }
            let id = state.next
            state.next += 1
            let number = chost_poller_add(state.epoll, descriptor, events, id)
            guard number == 0 else { return .failure(Failure(number: number)) }
            state.handlers[id] = ready
            return .success(id)
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
