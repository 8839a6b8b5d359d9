import ModuleABI
import ModuleKit
import Synchronization

/// The intake of one worker: its connections, and the batches in which their rows go to the database.
///
/// Where inserts do not block, each chunk's rows are stored at once on the worker, so in the worker's own file. Where they
/// do, one batch is under way on a pool thread while the next collects what comes in meanwhile (group commit). Worker thread only.
final class WorkerIntake: @unchecked Sendable {
    /// The worker's thread index.
    let index: UInt32
    let context: IntakeContext
    let parser: RecordParser
    private var faultLog: FaultLog
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var sweep: Loop.Task?

    /// Takes the rows of the next commit.
    private var collecting: RowBatch
    /// The rows of the commit under way; empty when there is none.
    private var committing: RowBatch
    private var waiting: [Portion] = []
    private var isCommitting = false

    /// The rows of one connection in a batch.
    private struct Portion {
        var connection: Connection
        var firstRow: Int
        var stretches: [Stretch]
    }

    init(index: UInt32, context: IntakeContext) {
        self.index = index
        self.context = context
        parser = RecordParser(layout: context.layout)
        collecting = RowBatch(columns: context.layout.count)
        committing = RowBatch(columns: context.layout.count)
        faultLog = FaultLog(context.host)
    }

    // MARK: Connections

    /// Takes a new connection; nil closes it.
    func accept(_ stream: Stream, _ peer: Peer) -> Connection? {
        let limit = context.limits.connections
        guard !context.isDraining.load(ordering: .acquiring) else { return nil }
        let (before, _) = context.live.add(1, ordering: .relaxed)
        guard limit == 0 || before < limit else {
            context.live.subtract(1, ordering: .releasing)
            faultLog.report("\(peer.address): refused, max_connections (\(limit)) is reached")
            return nil
        }
        context.connections.add(1)
        let connection = Connection(stream, peer: peer.address, worker: self)
        connections[ObjectIdentifier(connection)] = connection
        startSweep()
        return connection
    }

    /// Forgets a connection that is gone and whose rows are settled.
    func retire(_ connection: Connection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        context.live.subtract(1, ordering: .releasing)
        if connections.isEmpty {
            sweep?.cancel()
            sweep = nil
        }
    }

    /// Ends every connection once what has come in from it is stored and answered.
    func drain() {
        for connection in Array(connections.values) { connection.end(.drain) }
    }

    /// Drops the connections that the drain could not end in time.
    func abortAll() {
        for connection in Array(connections.values) { connection.abort() }
    }

    func report(fault: String) { faultLog.report(fault) }

    private func startSweep() {
        guard sweep == nil else { return }
        let idle = context.limits.idle
        let interval = idle > 0 ? max(10_000_000, min(1_000_000_000, idle / 4)) : 1_000_000_000
        do throws(ModuleFailure) {
            sweep = try context.host.loop.timer(on: index, first: interval, every: interval) {
                [unowned self] in
                let now = context.host.loop.now
                for connection in Array(connections.values) { connection.tick(now) }
            }
        } catch {
            context.host.log.error("idle and stalled senders cannot be watched: \(error.text)")
        }
    }

    // MARK: Batches

    /// Feeds bytes of a connection and sees to it that the rows are stored and settled with the connection; answers how many bytes
    /// were taken. The connection waits, `isCommitting`, until then.
    func take(_ bytes: Bytes, from connection: Connection) -> Int {
        if collecting.isFull {
            // Only while a commit is under way: this connection's turn comes with the next.
            wait(Portion(connection: connection, firstRow: collecting.count, stretches: []))
            return 0
        }
        var stretches: [Stretch] = []
        let firstRow = collecting.count
        let stable = context.table.blocks ? collecting.arena.join(bytes, Bytes(start: nil, count: 0)) : bytes
        let taken = connection.feed.feed(
            stable, arrival: IntakeContext.wallClock, into: collecting, stretches: &stretches)
        add(Portion(connection: connection, firstRow: firstRow, stretches: stretches))
        return taken
    }

    /// Takes the last line of a connection, which has no newline.
    func takeLastLine(from connection: Connection) {
        var stretches: [Stretch] = []
        let firstRow = collecting.count
        connection.feed.finish(arrival: IntakeContext.wallClock, into: collecting, stretches: &stretches)
        add(Portion(connection: connection, firstRow: firstRow, stretches: stretches))
    }

    private func add(_ portion: Portion) {
        let hasRows = portion.stretches.contains { $0.rows > 0 }
        guard hasRows else {
            // Nothing to store: settled at once, and the bytes in the arena go with the next batch.
            settle(portion, in: collecting, [])
            if waiting.isEmpty { collecting.reset() }
            return
        }
        guard context.table.blocks else {
            let refusals = context.table.insert(collecting)
            settle(portion, in: collecting, refusals)
            collecting.reset()
            return
        }
        wait(portion)
        if !isCommitting { commit() }
    }

    private func wait(_ portion: Portion) {
        portion.connection.isCommitting = true
        waiting.append(portion)
    }

    private final class Outcome: @unchecked Sendable {
        var refusals: [Refusal] = []
    }

    /// Sends what has collected to a pool thread.
    private func commit() {
        isCommitting = true
        swap(&collecting, &committing)
        let portions = waiting
        waiting = []
        let batch = committing
        let table = context.table
        let outcome = Outcome()
        do throws(ModuleFailure) {
            try context.host.loop.offload(to: index) {
                outcome.refusals = table.insert(batch)
            } done: {
                self.finishCommit(portions, outcome.refusals)
            }
        } catch {
            // The host takes no more pool work when it stops: the rows are stored here, late but whole.
            finishCommit(portions, table.insert(batch))
        }
    }

    private func finishCommit(_ portions: [Portion], _ refusals: [Refusal]) {
        for portion in portions { settle(portion, in: committing, refusals) }
        committing.reset()
        isCommitting = false
        for portion in portions {
            portion.connection.isCommitting = false
            portion.connection.advance()
        }
        if !isCommitting, !waiting.isEmpty { commit() }
    }

    /// Tells a connection what became of its rows.
    private func settle(_ portion: Portion, in batch: RowBatch, _ refusals: [Refusal]) {
        var row = portion.firstRow
        for stretch in portion.stretches {
            let rows = row..<(row + stretch.rows)
            row = rows.upperBound
            var refused = 0
            var fault: LineFault?
            for refusal in refusals where refusal.rows.overlaps(rows) {
                let hit = refusal.rows.clamped(to: rows)
                refused += hit.count
                if fault == nil { fault = LineFault(line: batch.lines[hit.lowerBound], text: refusal.text) }
            }
            context.stored.add(Int64(stretch.rows - refused))
            if stretch.rejected + refused > 0 { context.rejected.add(Int64(stretch.rejected + refused)) }
            portion.connection.settle(stretch, refused: refused, refusal: fault)
        }
    }
}
