// Tells other parts of the process what changes in a table: replication follows it, and expired items are told here before they
// go. Subscribers are called outside all locks of the table.
import Synchronization

/// One change of a table. Bytes are borrowed for the call.
struct Change {
    enum Kind: UInt32 {
        case set = 1
        case expiry = 2
        case removed = 3
        case flushed = 4
        case expired = 5
    }

    var kind: Kind
    var key: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Nil where the change has none.
    var value: ItemValue?
    /// Seconds since 1970; 0 is never.
    var expiry: UInt32 = 0
    /// Milliseconds since 1970.
    var stamp: Int64 = 0
    /// Numbers the changes of a table: of two changes of one key the greater came later, in whatever order they are told.
    var number: UInt64 = 0
}

/// The subscribers of one table. Any thread.
final class ChangeFeed: Sendable {
    typealias Subscriber = @Sendable (Change) -> Void

    private struct State {
        var changes: [UInt64: Subscriber] = [:]
        var expired: [UInt64: Subscriber] = [:]
        var next: UInt64 = 1
    }

    private let state = Guarded(State())
    private let hasSubscribers = Atomic<Bool>(false)
    private let hasExpirySubscribers = Atomic<Bool>(false)
    private let nextNumber = Atomic<UInt64>(0)

    /// Whether anybody follows the changes: one load.
    var isFollowed: Bool { hasSubscribers.load(ordering: .acquiring) }
    /// Whether somebody wants to hear of expired items before they go.
    var tellsExpiry: Bool { hasExpirySubscribers.load(ordering: .acquiring) }

    /// The number of a change; taken under the stripe's lock.
    func number() -> UInt64 { nextNumber.add(1, ordering: .relaxed).newValue }

    /// Adds a subscriber: of all changes, or of expired items that it may rescue. The answer ends the subscription.
    func subscribe(expired: Bool, _ subscriber: @escaping Subscriber) -> UInt64 {
        state.withLock { state in
            let id = state.next
            state.next += 1
            if expired { state.expired[id] = subscriber } else { state.changes[id] = subscriber }
            publish(state)
            return id
        }
    }

    /// Ends a subscription; a call that is under way on another thread may still come to its end.
    func cancel(_ id: UInt64) {
        state.withLock { state in
            state.changes[id] = nil
            state.expired[id] = nil
            publish(state)
        }
    }

    private func publish(_ state: State) {
        hasSubscribers.store(!state.changes.isEmpty, ordering: .releasing)
        hasExpirySubscribers.store(!state.expired.isEmpty, ordering: .releasing)
    }

    func tell(_ change: Change) {
        let subscribers = state.withLock { Array($0.changes.values) }
        for subscriber in subscribers { subscriber(change) }
    }

    func tellExpired(_ change: Change) {
        let subscribers = state.withLock { Array($0.expired.values) }
        for subscriber in subscribers { subscriber(change) }
    }
}
