import Synchronization

/// What the module has done and holds, counted by all its threads.
final class Tally: Sendable {
    let puts = Atomic<Int>(0)
    let gets = Atomic<Int>(0)
    let stored = Atomic<Int>(0)
    let found = Atomic<Int>(0)
    let refusedRequests = Atomic<Int>(0)
    let storeErrors = Atomic<Int>(0)
    let receivedBytes = Atomic<Int>(0)
    let connections = Atomic<Int>(0)
    let refusedConnections = Atomic<Int>(0)
    let idleConnections = Atomic<Int>(0)
    let bytesInFlight = Atomic<Int>(0)
    let openFiles = Atomic<Int>(0)
    let series = Atomic<Int>(0)
    let mended = Atomic<Int>(0)
    let rewrites = Atomic<Int>(0)
    let commits = Atomic<Int>(0)

    init() {}
}

extension Atomic where Value == Int {
    func count(_ amount: Int = 1) { add(amount, ordering: .relaxed) }
    var now: Int { load(ordering: .relaxed) }
}
