import ModuleABI
import ModuleKit

/// One client: its requests, and their answers in order. Lives on one worker.
///
/// Requests go to the workers that own their series, all those of a chunk for one owner together. What cannot be taken at once
/// (too much is in flight, answers are unread) waits in `backlog` with reading paused.
final class Connection: StreamConsumer {
    private unowned let worker: StoreWorker
    private let context: StoreContext
    private let stream: Stream
    private let peer: String
    private var decoder = RequestDecoder()
    private var backlog: [UInt8] = []
    /// In the order of the requests; those before `firstAnswer` are out.
    private var answers: [Answer] = []
    private var firstAnswer = 0
    /// The PUT whose records are coming in.
    private var current: (answer: Answer, id: SeriesID, owner: StoreWorker)?
    /// What this chunk has for each owner.
    private var batches: [Batch?]
    private var batchesUnderWay = 0
    private var inFlight = 0
    private var getsUnderWay = 0
    private var outbox: [UInt8] = []
    /// The answer that is going out.
    private var reader: RangeReader?
    private var lastMove: Int64
    /// The socket is full of answers that are unread.
    private var isStalled = false
    private var isPaused = false
    private var isAdvancing = false
    private var isEnding = false
    /// The last answer is written.
    private var isClosed = false
    private var isAborted = false
    /// The stream is void; only the counting goes on.
    private var isGone = false

    /// Bytes of answers that are gathered before they are written.
    private static let outboxLimit = 64 * 1024
    /// Records of a PUT that go to the file straight from the socket's buffer, bytes.
    private static let direct = 4096

    init(_ stream: Stream, peer: String, worker: StoreWorker) {
        self.stream = stream
        self.peer = peer
        self.worker = worker
        context = worker.context
        batches = Array(repeating: nil, count: context.workers.count)
        lastMove = context.host.loop.now
    }

    // MARK: From the stream

    func received(_ bytes: UnsafeRawBufferPointer, on stream: Stream) {
        guard !isClosed, !isEnding, !isAborted else { return }
        context.tally.receivedBytes.count(bytes.count)
        lastMove = context.host.loop.now
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

    func inputEnded(_ stream: Stream) { end() }

    func drained(_ stream: Stream) {
        isStalled = false
        lastMove = context.host.loop.now
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
        } else if firstAnswer == answers.count || current.map({ !$0.answer.isWhole }) ?? false, batchesUnderWay == 0 {
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

    // MARK: Requests

    private var isBlocked: Bool {
        isStalled || reader != nil || inFlight >= context.limits.inFlight || getsUnderWay >= context.limits.gets
    }

    /// Decodes and hands out requests as far as the limits allow; answers how many bytes were taken.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        let taken = decoder.decode(bytes) { event in
            handle(event)
            return !isBlocked
        }
        dispatch()
        return taken
    }

    private func handle(_ event: RequestDecoder.Event) {
        switch event {
        case .get(let id, let start, let end):
            context.tally.gets.count()
            let answer = Answer(isGet: true, isWhole: true)
            answers.append(answer)
            getsUnderWay += 1
            let batch = batch(for: context.owner(of: id))
            batch.get(id, start, end, for: answer)
            weigh(batch, RequestDecoder.requestSize)
        case .put(let id, _):
            context.tally.puts.count()
            let answer = Answer(isGet: false, isWhole: false)
            answers.append(answer)
            current = (answer, id, context.owner(of: id))
        case .records(let records):
            guard let current else { preconditionFailure("records follow the beginning of their PUT") }
            // After a failure the rest is passed over, so that the stream stays in step.
            guard !current.answer.hasFailed else { return }
            store(records, current)
        case .putEnd:
            current?.answer.isWhole = true
            current = nil
        case .refused(let refusal):
            context.tally.refusedRequests.count()
            let answer = Answer(isGet: false, isWhole: true)
            answer.hasFailed = true
            answers.append(answer)
            switch refusal {
            case .unknownType(let type):
                context.faults.report("\(peer): request of type \(type), expected 1 (GET) or 2 (PUT)")
            case .badIdentifier(let text):
                context.faults.report("\(peer): \"\(text)\" is no UUID, expected 8-4-4-4-12 hexadecimal digits")
            }
        }
    }

    private func batch(for owner: StoreWorker) -> Batch {
        let place = Int(owner.index) - 1
        if let batch = batches[place] { return batch }
        let batch = Batch()
        batches[place] = batch
        return batch
    }

    private func weigh(_ batch: Batch, _ bytes: Int) {
        batch.weight += bytes
        inFlight += bytes
        context.tally.bytesInFlight.count(bytes)
    }

    private func store(_ records: UnsafeRawBufferPointer, _ put: (answer: Answer, id: SeriesID, owner: StoreWorker)) {
        guard put.owner === worker, records.count >= Self.direct else {
            let batch = batch(for: put.owner)
            batch.put(put.id, records, for: put.answer)
            weigh(batch, records.count + (records.count == RecordBytes.size ? RequestDecoder.requestSize : 0))
            return
        }
        // What came before is stored before.
        dispatch(worker)
        put.answer.outstanding += 1
        let stored = worker.put(put.id, records)
        put.answer.stored += UInt32(stored)
        if stored < records.count / RecordBytes.size { put.answer.hasFailed = true }
        batchesUnderWay += 1
        let weight = records.count
        inFlight += weight
        context.tally.bytesInFlight.count(weight)
        worker.finish(true) { [self] isSafe in
            put.answer.outstanding -= 1
            if !isSafe { put.answer.hasFailed = true }
            batchesUnderWay -= 1
            inFlight -= weight
            context.tally.bytesInFlight.count(-weight)
            advance()
        }
    }

    /// Sends the batches of this chunk to their owners; one's own runs here.
    private func dispatch() {
        for owner in context.workers { dispatch(owner) }
    }

    private func dispatch(_ owner: StoreWorker) {
        let place = Int(owner.index) - 1
        guard let batch = batches[place] else { return }
        batches[place] = nil
        batch.seal()
        batchesUnderWay += 1
        guard owner !== worker else { return worker.run(batch, for: self, on: worker) }
        let origin = worker
        let isPosted = context.host.loop.post(to: owner.index) { owner.run(batch, for: self, on: origin) }
        if !isPosted {
            batch.outcomes = batch.operations.map { if case .put = $0 { .stored(0) } else { .failed } }
            complete(batch, isSafe: false)
        }
    }

    // MARK: Going on

    /// Writes the answers whose turn has come, takes the backlog as far as it goes, and ends the connection when its end has come.
    private func advance() {
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
        if firstAnswer == answers.count || firstAnswer >= 1024 {
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
        guard !answer.hasFailed else { return RecordBytes.append(Answer.failure, to: &outbox) }
        switch answer.found {
        case nil: RecordBytes.append(answer.stored, to: &outbox)
        case .records(let bytes):
            RecordBytes.append(UInt32(clamping: bytes.count / RecordBytes.size), to: &outbox)
            outbox.append(contentsOf: bytes)
        case .reader(let found):
            RecordBytes.append(UInt32(clamping: found.count), to: &outbox)
            reader = found
        }
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
