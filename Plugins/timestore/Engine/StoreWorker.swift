import ModuleABI
import ModuleKit
import Synchronization

/// The part of the store on one worker: the series that it owns and the connections that live on it. Worker thread only, but for
/// the store, which whoever has its turn may use.
final class StoreWorker: @unchecked Sendable {
    // @unchecked: its state is touched on its worker only, others reach it through posts; `store` is touched by who has the turn.
    /// The worker's thread index.
    let index: UInt32
    unowned let context: StoreContext
    private let store: WorkerStore
    private let turn = Turn()
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var sweep: Loop.Task?
    private var isCommitting = false
    /// When it was last looked for files that somebody has removed.
    private var lastLook: Int64 = 0
    private static let lookInterval: Int64 = 100_000_000
    private var waiting: [(Bool) -> Void] = []

    /// Bytes of small GET answers that one batch carries; what is beyond goes as files to read.
    private static let carriedBytes = 1 << 20

    init(index: UInt32, context: StoreContext) {
        self.index = index
        self.context = context
        store = WorkerStore(context.environment)
    }

    // MARK: The store

    /// Runs with the store to oneself; waits for whoever is at it, commonly for one write. Not to be nested.
    func withStore<Answer, Failure>(_ body: (WorkerStore) throws(Failure) -> Answer) throws(Failure) -> Answer {
        turn.wait()
        defer { turn.give() }
        return try body(store)
    }

    /// As `withStore` for the owner itself; another worker does not wait, and gets nil when somebody is at it. A connection's worker
    /// that stores and reads by itself spares both workers a wake-up, which costs more than the request.
    private func atOnce<Answer>(_ worker: StoreWorker, _ body: (WorkerStore) -> Answer) -> Answer? {
        if worker === self { turn.wait() } else if !turn.take() { return nil }
        defer { turn.give() }
        return body(store)
    }

    /// Stores records on the thread of `worker`; answers how many of them, from the first on, or nil when it is not to be had at once.
    func putAtOnce(_ id: SeriesID, _ records: UnsafeRawBufferPointer, on worker: StoreWorker) -> Int? {
        atOnce(worker) { $0.append(id, records) }.map { reported($0, id) }
    }

    /// Finds records on the thread of `worker`; nil when it is not to be had at once.
    func getAtOnce(_ id: SeriesID, _ start: UInt32, _ end: UInt32, on worker: StoreWorker) -> Batch.Outcome? {
        var carried = 0
        return atOnce(worker) { get(id, start, end, &carried, $0) }
    }

    // MARK: Requests

    /// Runs the requests of a batch; the connection's worker gets it back when the answers may go out.
    func run(_ batch: Batch, for connection: Connection, on origin: StoreWorker) {
        var carried = 0
        for operation in batch.operations {
            switch operation {
            case .put(let id, let bytes, _):
                batch.outcomes.append(.stored(bytes.withUnsafeBytes { put(id, $0) }))
            case .get(let id, let start, let end, _):
                batch.outcomes.append(withStore { get(id, start, end, &carried, $0) })
            }
        }
        finish(batch.hasPuts) { isSafe in
            guard origin !== self else { return connection.complete(batch, isSafe: isSafe) }
            self.context.host.loop.post(to: origin.index) { connection.complete(batch, isSafe: isSafe) }
        }
    }

    /// Stores records; answers how many of them, from the first on.
    func put(_ id: SeriesID, _ records: UnsafeRawBufferPointer) -> Int {
        reported(withStore { $0.append(id, records) }, id)
    }

    private func reported(_ outcome: (stored: Int, failure: SystemError?), _ id: SeriesID) -> Int {
        if let failure = outcome.failure {
            context.faults.report(
                failure.failure("\(id.text): records are not stored in \(context.environment.root)").text)
        }
        return outcome.stored
    }

    private func get(
        _ id: SeriesID, _ start: UInt32, _ end: UInt32, _ carried: inout Int, _ store: WorkerStore
    ) -> Batch.Outcome {
        do throws(SystemError) {
            var reader = try store.read(id, from: start, to: end)
            context.tally.found.count(reader.count)
            let bytes = reader.count * RecordBytes.size
            guard reader.count <= RangeReader.block, carried + bytes <= Self.carriedBytes else {
                return .found(.reader(reader))
            }
            carried += bytes
            var records: [UInt8] = []
            while let piece = try reader.nextBytes() {
                if records.isEmpty { records = piece } else { records += piece }
            }
            return .found(.records(records))
        } catch {
            context.tally.storeErrors.count()
            context.faults.report(
                error.failure("\(id.text): records cannot be read in \(context.environment.root)").text)
            return .failed
        }
    }

    // MARK: Commits

    /// Calls back when what was stored is as safe as the mode promises: at once, or after the next commit.
    func finish(_ hasPuts: Bool, _ done: @escaping (_ isSafe: Bool) -> Void) {
        guard hasPuts, context.environment.sync == .always else { return done(true) }
        waiting.append(done)
        if !isCommitting { commit() }
    }

    /// Writes what is dirty to the disk in the pool; what comes in meanwhile shares the next commit.
    private func commit() {
        isCommitting = true
        let dirty = withStore { $0.takeDirty() }
        let served = waiting
        waiting = []
        let outcome = CommitOutcome()
        func finished() {
            context.tally.commits.count()
            isCommitting = false
            if let failure = outcome.failure {
                withStore { $0.takeBack(dirty) }
                context.tally.storeErrors.count()
                context.faults.report(
                    failure.failure("records are not safe on the disk in \(context.environment.root)").text)
            }
            for done in served { done(outcome.failure == nil) }
            if !waiting.isEmpty { commit() }
        }
        do throws(ModuleFailure) {
            try context.host.loop.offload(to: index) {
                outcome.run(dirty)
            } done: {
                finished()
            }
        } catch {
            // The host takes no more pool work when it stops: here, late but whole.
            outcome.run(dirty)
            finished()
        }
    }

    private final class CommitOutcome: @unchecked Sendable {
        var failure: SystemError?
        func run(_ commit: Commit) {
            do throws(SystemError) { try commit.run() } catch { failure = error }
        }
    }

    /// What comes at every interval: the commit that nobody waits for, and a look for files that somebody has removed.
    func tick() {
        let now = context.host.loop.now
        if now - lastLook >= Self.lookInterval {
            lastLook = now
            withStore { $0.lookForVanishedFiles() }
        }
        if context.environment.sync == .interval, !isCommitting, withStore({ $0.isDirty }) { commit() }
    }

    /// Writes to the disk what is not there yet; blocks. Only when nothing else runs any more.
    func syncAll() throws(SystemError) {
        try withStore { $0.takeDirty() }.run()
    }

    // MARK: Connections

    /// Takes a new connection; nil closes it.
    func accept(_ stream: Stream, _ peer: Peer) -> Connection? {
        let limit = context.limits.connections
        guard !context.isDraining.load(ordering: .acquiring) else { return nil }
        let (before, _) = context.live.add(1, ordering: .relaxed)
        guard limit == 0 || before < limit else {
            context.live.subtract(1, ordering: .releasing)
            context.tally.refusedConnections.count()
            context.faults.report("\(peer.address): refused, max_connections (\(limit)) is reached")
            return nil
        }
        context.tally.connections.count()
        let connection = Connection(stream, peer: peer.address, worker: self)
        connections[ObjectIdentifier(connection)] = connection
        startSweep()
        return connection
    }

    /// Forgets a connection that is gone and whose requests are settled.
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
        for connection in Array(connections.values) { connection.end() }
    }

    /// Drops the connections that the drain could not end in time.
    func abortAll() {
        for connection in Array(connections.values) { connection.abort() }
    }

    private func startSweep() {
        let idle = context.limits.idle
        guard sweep == nil, idle > 0 else { return }
        let interval = max(10_000_000, min(1_000_000_000, idle / 4))
        do throws(ModuleFailure) {
            sweep = try context.host.loop.timer(on: index, first: interval, every: interval) { [unowned self] in
                let now = context.host.loop.now
                for connection in Array(connections.values) { connection.tick(now) }
            }
        } catch {
            context.host.log.error("idle clients cannot be watched: \(error.text)")
        }
    }
}
