import ModuleKit

/// One sender: takes its bytes, keeps count, answers. Lives on one worker.
///
/// Bytes that cannot be taken at once (a commit is under way, answers are unread) wait in `backlog` with reading paused.
final class Connection: StreamConsumer {
    /// Why a connection ends from this side.
    enum Ending {
        /// The peer sent all it had: the last line counts without its newline.
        case halfClose
        case drain
        case idle
    }

    var feed: LineFeed
    /// Rows of this connection are on their way to the database; nothing more is parsed until they are settled.
    var isCommitting = false

    private unowned let worker: WorkerIntake
    private let stream: Stream
    private let peer: String
    private var tally = Tally()
    private var backlog: [UInt8] = []
    private var ending: Ending?
    private var lastInput: Int64
    /// When the socket filled with answers that nobody reads.
    private var stalledSince: Int64?
    /// When the last answer was written; it may still be on its way out.
    private var closedAt: Int64?
    private var isPaused = false
    private var isAdvancing = false
    /// The last answer is written, or nobody waits for one.
    private var isClosed = false
    /// The stream is dropped, its `gone` is on the way.
    private var isAborted = false
    /// The stream is void; only the counting goes on.
    private var isGone = false

    init(_ stream: Stream, peer: String, worker: WorkerIntake) {
        self.stream = stream
        self.peer = peer
        self.worker = worker
        feed = LineFeed(parser: worker.parser, limit: worker.context.limits.line)
        lastInput = worker.context.host.loop.now
    }

    // MARK: From the stream

    func received(_ bytes: UnsafeRawBufferPointer, on stream: Stream) {
        guard !isClosed, ending == nil else { return }
        worker.context.bytes.add(Int64(bytes.count))
        lastInput = worker.context.host.loop.now
        if isBlocked || isAdvancing || !backlog.isEmpty {
            backlog.append(contentsOf: bytes)
        } else {
            isAdvancing = true
            let taken = bytes.withMemoryRebound(to: UInt8.self) { worker.take($0, from: self) }
            isAdvancing = false
            if taken < bytes.count { backlog.insert(contentsOf: bytes[taken...], at: 0) }
        }
        advance()
    }

    func inputEnded(_ stream: Stream) { end(.halfClose) }

    func drained(_ stream: Stream) {
        stalledSince = nil
        advance()
    }

    func gone(_ failure: ModuleFailure?) {
        isGone = true
        stalledSince = nil
        worker.context.connections.add(-1)
        if let failure { worker.context.host.log.info("\(peer): connection lost: \(failure.text)") }
        advance()
    }

    // MARK: From the worker

    /// Ends the connection once what has come in is stored and answered.
    func end(_ reason: Ending) {
        guard !isClosed, ending == nil else { return }
        ending = reason
        advance()
    }

    /// Drops the stream; what has come in is stored all the same.
    func abort() {
        guard !isGone, !isAborted else { return }
        isAborted = true
        stream.abort()
    }

    /// Watches for silence and for answers that nobody reads; `now` is the loop's clock.
    func tick(_ now: Int64) {
        let limits = worker.context.limits
        if let since = stalledSince ?? closedAt, now - since > limits.stall {
            worker.context.host.log.warning(
                "\(peer): dropped, it has read no answer for \(limits.stall / 1_000_000_000) s")
            abort()
        } else if limits.idle > 0, !isBlocked, backlog.isEmpty, now - lastInput > limits.idle {
            end(.idle)
        }
    }

    /// Counts a stretch of lines whose rows are stored or refused, and answers where the sender waits for it.
    func settle(_ stretch: Stretch, refused: Int, refusal: LineFault?) {
        let silent = tally.fault == nil
        tally.add(stretch, refused: refused, refusal: refusal)
        if silent, let fault = tally.fault {
            worker.report(fault: "\(peer): \(fault.description)")
        }
        if stretch.wantsAnswer { answer() }
    }

    private func answer(note: String? = nil) {
        let bytes = tally.answer(note: note)
        tally = Tally()
        guard !isGone, !isAborted, !isClosed else { return }
        if stream.write(bytes) == .full, stalledSince == nil { stalledSince = worker.context.host.loop.now }
    }

    // MARK: Going on

    private var isBlocked: Bool { isCommitting || stalledSince != nil }

    /// Takes the backlog as far as it goes, and ends the connection when its end has come.
    func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        while !isBlocked, !backlog.isEmpty {
            let bytes = backlog
            backlog = []
            let taken = bytes.withUnsafeBufferPointer { worker.take($0, from: self) }
            // What came in meanwhile, if anything, belongs behind what was left.
            if taken < bytes.count { backlog.insert(contentsOf: bytes[taken...], at: 0) }
        }
        if !isBlocked, backlog.isEmpty, !isClosed {
            if isGone {
                dropUnfinishedLine("the connection was lost")
                isClosed = true
            } else if let ending {
                finish(ending)
            }
        }
        isAdvancing = false
        if isGone {
            if isClosed, !isCommitting { worker.retire(self) }
        } else {
            holdBack(isBlocked || !backlog.isEmpty)
        }
    }

    private func finish(_ ending: Ending) {
        if ending == .halfClose, feed.unfinished > 0 {
            worker.takeLastLine(from: self)
            if isBlocked { return }
        }
        if isGone || isAborted { return }
        switch ending {
        case .halfClose: answer()
        case .drain:
            dropUnfinishedLine("the host stops")
            answer()
        case .idle:
            dropUnfinishedLine("idle_timeout")
            answer(
                note:
                    "closed: nothing came in for \(worker.context.limits.idle / 1_000_000) ms (idle_timeout)")
        }
        isClosed = true
        closedAt = worker.context.host.loop.now
        if !isGone { stream.close() }
    }

    private func dropUnfinishedLine(_ reason: String) {
        guard feed.unfinished > 0 else { return }
        worker.context.host.log.info(
            "\(peer): \(reason): line \(feed.line + 1) has no end and is not stored (\(feed.unfinished) bytes)"
        )
    }

    private func holdBack(_ wanted: Bool) {
        guard wanted != isPaused, !isClosed, !isAborted else { return }
        isPaused = wanted
        if wanted { stream.pause() } else { stream.resume() }
    }
}
