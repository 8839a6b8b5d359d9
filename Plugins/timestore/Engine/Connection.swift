import ModuleABI
import ModuleKit

/// One client: its requests, and their answers in order. Lives on one worker.
///
/// A request is carried out here and now when none before it waits and nobody is at its store. Else it goes to the worker that owns
/// its series, all those of a chunk for one owner together, and its answer waits for its turn. What cannot be taken at all (too much
/// is in flight, answers are unread) waits in `backlog` with reading paused.
final class Connection: StreamConsumer {
    unowned let worker: StoreWorker
    let context: StoreContext
    private let stream: Stream
    let peer: String
    private let hasDeadline: Bool
    /// Answers promise no more than the kernel's having the records, so that any worker can give them.
    let mayAnswerAtOnce: Bool
    // All that follows belongs to one worker and each access is over at once: checking that took a quarter of a request's time.
    @exclusivity(unchecked) var decoder = RequestDecoder()
    @exclusivity(unchecked) private var backlog: [UInt8] = []
    /// Of the requests that wait, in their order; those before `firstAnswer` are out.
    @exclusivity(unchecked) var answers: [Answer] = []
    @exclusivity(unchecked) private var firstAnswer = 0
    /// The PUT whose records are coming in.
    @exclusivity(unchecked) var current: Put?
    /// What is stored at the end of this chunk at the latest.
    @exclusivity(unchecked) var run = PutRun()
    /// What this chunk has for each owner.
    @exclusivity(unchecked) var batches: [Batch?]
    @exclusivity(unchecked) var batchesUnderWay = 0
    @exclusivity(unchecked) var inFlight = 0
    @exclusivity(unchecked) var getsUnderWay = 0
    @exclusivity(unchecked) private var outbox: [UInt8] = []
    /// The answer that is going out.
    @exclusivity(unchecked) var reader: RangeReader?
    @exclusivity(unchecked) private var lastMove: Int64
    /// The socket is full of answers that are unread.
    @exclusivity(unchecked) var isStalled = false
    @exclusivity(unchecked) private var isPaused = false
    @exclusivity(unchecked) private var isAdvancing = false
    @exclusivity(unchecked) private var isEnding = false
    /// The last answer is written.
    @exclusivity(unchecked) private var isClosed = false
    @exclusivity(unchecked) private var isAborted = false
    /// The stream is void; only the counting goes on.
    @exclusivity(unchecked) private var isGone = false

    /// A PUT whose records are coming in.
    struct Put {
        let id: SeriesID
        let owner: StoreWorker
        /// The answer that waits for its turn; nil: it is given at the end of the PUT.
        var answer: Answer?
        /// While there is no answer that waits: what is stored, without the run.
        var stored: UInt32 = 0
        var hasFailed = false
        /// Some of its records were stored by themselves.
        var isSplit = false

        mutating func settle(_ count: Int, of wanted: Int) {
            isSplit = true
            stored += UInt32(min(count, wanted))
            if count < wanted { hasFailed = true }
        }
    }

    /// Bytes of answers that are gathered before they are written.
    private static let outboxLimit = 64 * 1024
    /// Records of a PUT that go to the file straight from the socket's buffer, bytes.
    static let direct = 4096
    /// A run takes no more records from this size on, bytes.
    static let piece = 256 * 1024

    init(_ stream: Stream, peer: String, worker: StoreWorker) {
        self.stream = stream
        self.peer = peer
        self.worker = worker
        context = worker.context
        hasDeadline = context.limits.idle > 0
        mayAnswerAtOnce = context.environment.sync != .always
        batches = Array(repeating: nil, count: context.workers.count)
        lastMove = context.host.loop.now
    }

    // MARK: From the stream

    func received(_ bytes: UnsafeRawBufferPointer, on stream: Stream) {
        guard !isClosed, !isEnding, !isAborted else { return }
        context.tally.receivedBytes.count(bytes.count)
        noteMove()
        if bytes.count == RequestDecoder.requestSize, storeSingle(bytes) { return }
        if isAdvancing || isBlocked || !backlog.isEmpty {
            backlog.append(contentsOf: bytes)
        } else {
            isAdvancing = true
            let taken = take(bytes)
            isAdvancing = false
            if taken < bytes.count { backlog.insert(contentsOf: bytes[taken...], at: 0) }
        }
        advance()
    }

    /// Stores and answers the commonest of chunks, one PUT of one record that nothing is before; false: it is not that, or not now.
    private func storeSingle(_ request: UnsafeRawBufferPointer) -> Bool {
        guard isClear, !isAdvancing, !isBlocked, backlog.isEmpty, outbox.isEmpty, decoder.isBetweenRequests,
            let id = RequestDecoder.singlePut(request)
        else { return false }
        let record = UnsafeRawBufferPointer(rebasing: request[RequestDecoder.inlineRecord])
        guard let stored = context.owner(of: id).putAtOnce(id, record, on: worker) else { return false }
        context.tally.puts.count()
        withUnsafeBytes(of: (stored == 1 ? 1 : Answer.failure).littleEndian) { note(stream.write($0)) }
        if isStalled { advance() }
        return true
    }

    func inputEnded(_ stream: Stream) { end() }

    func drained(_ stream: Stream) {
        isStalled = false
        noteMove()
        advance()
    }

    func gone(_ failure: ModuleFailure?) {
        isGone = true
        context.tally.connections.count(-1)
        if let failure { context.host.log.info("\(peer): connection lost: \(failure.text)") }
        backlog = []
        reader = nil
        advance()
    }

    private func noteMove() { if hasDeadline { lastMove = context.host.loop.now } }

    // MARK: From the worker

    /// Closes once what has come in is stored and answered.
    func end() {
        isEnding = true
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
        let idle = context.limits.idle
        guard idle > 0, !isGone, !isAborted, now - lastMove > idle else { return }
        if isStalled || isClosed {
            context.tally.idleConnections.count()
            context.host.log.info("\(peer): dropped, it has not read its answers for \(idle / 1_000_000) ms (idle_timeout)")
            abort()
        } else if firstAnswer == answers.count || current != nil, batchesUnderWay == 0 {
            context.tally.idleConnections.count()
            context.host.log.info("\(peer): closed, nothing came in for \(idle / 1_000_000) ms (idle_timeout)")
            end()
        }
    }

    /// Takes a batch back from the owner.
    func complete(_ batch: Batch, isSafe: Bool) {
        batch.settle(isSafe: isSafe)
        batchesUnderWay -= 1
        inFlight -= batch.weight
        context.tally.bytesInFlight.count(-batch.weight)
        advance()
    }

    // MARK: Going on

    /// Writes the answers whose turn has come, takes the backlog as far as it goes, and ends the connection when its end has come.
    func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        while true {
            emit()
            guard !isBlocked, !backlog.isEmpty, !isGone, !isAborted else { break }
            let bytes = backlog
            backlog = []
            let taken = bytes.withUnsafeBytes { take($0) }
            // What came in meanwhile, if anything, belongs behind what was left.
            if taken < bytes.count { backlog.insert(contentsOf: bytes[taken...], at: 0) }
        }
        isAdvancing = false
        if isGone {
            if batchesUnderWay == 0 { worker.retire(self) }
            return
        }
        if isEnding, backlog.isEmpty, batchesUnderWay == 0, reader == nil, !isClosed, !isAborted, hasAnsweredAll {
            if !decoder.isBetweenRequests { context.host.log.info("\(peer): ended in the middle of a request") }
            isClosed = true
            stream.close()
        }
        holdBack(isBlocked || !backlog.isEmpty)
    }

    /// Nothing waits but, at most, a PUT whose records will not come.
    private var hasAnsweredAll: Bool {
        firstAnswer == answers.count || firstAnswer == answers.count - 1 && !answers[firstAnswer].isWhole
    }

    private func holdBack(_ wanted: Bool) {
        guard wanted != isPaused, !isClosed, !isAborted else { return }
        isPaused = wanted
        if wanted { stream.pause() } else { stream.resume() }
    }

    // MARK: Answers

    private func emit() {
        guard !isGone, !isAborted, !isClosed else {
            skipAnswers()
            return
        }
        while !isStalled {
            if reader != nil {
                sendReader()
                continue
            }
            guard firstAnswer < answers.count, answers[firstAnswer].isReady else { break }
            let answer = answers[firstAnswer]
            firstAnswer += 1
            if answer.isGet { getsUnderWay -= 1 }
            send(answer)
        }
        flush()
        if firstAnswer > 0, firstAnswer == answers.count || firstAnswer >= 1024 {
            answers.removeFirst(firstAnswer)
            firstAnswer = 0
        }
    }

    /// Drops the answers that nobody will read.
    private func skipAnswers() {
        while firstAnswer < answers.count, answers[firstAnswer].isReady {
            answers[firstAnswer].found = nil
            firstAnswer += 1
        }
    }

    private func send(_ answer: Answer) {
        if let found = answer.found, !answer.hasFailed {
            send(found)
        } else {
            append(answer.hasFailed ? Answer.failure : answer.stored)
        }
    }

    func send(_ found: Answer.Found) {
        switch found {
        case .records(let bytes):
            RecordBytes.append(UInt32(clamping: bytes.count / RecordBytes.size), to: &outbox)
            outbox.append(contentsOf: bytes)
        case .reader(let found):
            RecordBytes.append(UInt32(clamping: found.count), to: &outbox)
            reader = found
        }
        if outbox.count >= Self.outboxLimit { flush() }
    }

    /// Gives the answer to a PUT, or a failure.
    func append(_ number: UInt32) {
        RecordBytes.append(number, to: &outbox)
        if outbox.count >= Self.outboxLimit { flush() }
    }

    /// Sends the next piece of a long answer.
    private func sendReader() {
        do throws(SystemError) {
            switch try reader?.next() {
            case nil: reader = nil
            case .records(let bytes):
                flush()
                note(stream.write(bytes))
            case .region(let file, let range):
                flush()
                note(
                    stream.writeFile(
                        file.descriptor, offset: Int64(FileLayout.offset(range.lowerBound)),
                        length: Int64(range.count * RecordBytes.size)))
            }
        } catch {
            // The count is out already: only the end of the connection can say that the answer is not whole.
            context.tally.storeErrors.count()
            context.faults.report(error.failure("\(peer): closed, the records of its answer cannot be read").text)
            reader = nil
            abort()
            isStalled = true
        }
    }

    private func flush() {
        guard !outbox.isEmpty else { return }
        let outcome = stream.write(outbox)
        outbox.removeAll(keepingCapacity: outbox.count <= Self.outboxLimit)
        note(outcome)
    }

    private func note(_ outcome: Stream.WriteOutcome) {
        switch outcome {
        case .written: break
        case .full: isStalled = true
        case .closed:
            // `gone` is on the way.
            isStalled = true
            reader = nil
        }
    }
}
