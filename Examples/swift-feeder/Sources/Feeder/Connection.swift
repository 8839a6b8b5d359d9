import ModuleABI
import ModuleKit

/// One sender: its lines are stored on a pool thread, batch after batch, and answered when it asks. Lives on one worker.
///
/// While a batch is stored, or answers are unread, reading is paused, so that the sender is held back by its own buffers.
final class Connection: StreamConsumer {
    private let stream: Stream
    private let peer: String
    private let feeder: Feeder
    private var splitter = LineSplitter(limit: Feeder.longestLine)
    private var tally = Tally()
    private var backlog: ArraySlice<UInt8> = []
    private var isStoring = false
    private var isFull = false
    private var isEnded = false
    private var isClosed = false

    init(_ stream: Stream, peer: String, feeder: Feeder) {
        self.stream = stream
        self.peer = peer
        self.feeder = feeder
        feeder.connections.add(1)
    }

    // MARK: From the stream

    func received(_ bytes: UnsafeRawBufferPointer, on stream: Stream) {
        backlog += bytes
        advance()
    }

    func inputEnded(_ stream: Stream) {
        isEnded = true
        advance()
    }

    func drained(_ stream: Stream) {
        isFull = false
        advance()
    }

    func gone(_ failure: ModuleFailure?) {
        isClosed = true
        feeder.connections.add(-1)
        if let failure { feeder.host.log.info("\(peer): connection lost: \(failure.text)") }
    }

    // MARK: Going on

    /// Takes the backlog as far as it goes.
    private func advance() {
        while !isStoring, !isFull, !isClosed {
            var batch: [Measurement] = []
            let wantsAnswer = take(into: &batch)
            if !batch.isEmpty {
                store(batch, thenAnswer: wantsAnswer)
            } else if wantsAnswer {
                answer()
            } else if isEnded, backlog.isEmpty {
                answer()
                isClosed = true
                stream.close()
                return
            } else if backlog.isEmpty {
                break
            }
        }
        guard !isClosed else { return }
        if isStoring || isFull { stream.pause() } else { stream.resume() }
    }

    /// Reads lines up to an empty one, which asks for an answer, or to the end of what there is.
    private func take(into batch: inout [Measurement]) -> Bool {
        while let piece = splitter.next(from: &backlog) ?? (isEnded && backlog.isEmpty ? splitter.last() : nil) {
            switch piece {
            case .line([]): return true
            case .line(let line):
                do throws(Measurement.Fault) {
                    batch.append(try Measurement(line))
                } catch {
                    reject(error.text)
                }
            case .tooLong: reject("the line is longer than \(Feeder.longestLine) bytes")
            }
        }
        return false
    }

    private func reject(_ reason: String) {
        tally.reject(1, "line \(splitter.count): \(reason)")
        feeder.rejected.add(1)
    }

    /// Stores a batch on a pool thread and goes on here, on this worker, when it is done.
    private func store(_ batch: [Measurement], thenAnswer wantsAnswer: Bool) {
        isStoring = true
        let stores = feeder.stores
        var outcome: (stored: Int, failure: String?) = (0, nil)
        do throws(ModuleFailure) {
            // `done` begins when `work` has ended, so `outcome` has one owner at a time.
            try feeder.host.loop.offload(to: MH_WORKER_CURRENT) {
                outcome = stores.store(batch)
            } done: { [self] in
                settle(batch.count, outcome.stored, outcome.failure)
                if wantsAnswer { answer() }
                advance()
            }
        } catch {
            settle(batch.count, 0, error.text)
            if wantsAnswer { answer() }
        }
    }

    private func settle(_ count: Int, _ stored: Int, _ failure: String?) {
        isStoring = false
        tally.store(stored)
        tally.reject(count - stored, failure ?? "not stored")
        feeder.stored.add(Int64(stored))
        feeder.rejected.add(Int64(count - stored))
        if let failure { feeder.host.log.warning("\(peer): \(count - stored) lines are not stored: \(failure)") }
    }

    private func answer() {
        let bytes = tally.answer
        tally = Tally()
        guard !isClosed else { return }
        if stream.write(bytes) == .full { isFull = true }
    }
}
