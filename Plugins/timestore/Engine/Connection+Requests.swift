// What a connection does with its requests: at once here, or by way of the workers that own their series.
import ModuleABI
import ModuleKit

extension Connection {
    var isBlocked: Bool {
        isStalled || reader != nil || inFlight >= context.limits.inFlight || getsUnderWay >= context.limits.gets
    }

    /// No request waits for its answer: the next one may be answered here and now.
    var isClear: Bool { mayAnswerAtOnce && answers.isEmpty }

    /// Decodes and carries out or hands out requests as far as the limits allow; answers how many bytes were taken.
    func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        let taken = decoder.decode(bytes) { event in
            handle(event)
            return !isBlocked
        }
        storeRun()
        if !answers.isEmpty { dispatch() }
        return taken
    }

    private func handle(_ event: RequestDecoder.Event) {
        switch event {
        case .get(let id, let start, let end): get(id, start, end)
        case .put(let id, _):
            context.tally.puts.count()
            if !run.takes(id) { storeRun() }
            current = Put(id: id, owner: context.owner(of: id), answer: isClear ? nil : queue(isWhole: false))
        case .records(let records): store(records)
        case .putEnd: endPut()
        case .refused(let refusal):
            context.tally.refusedRequests.count()
            storeRun()
            if isClear { append(Answer.failure) } else { queue(isWhole: true).hasFailed = true }
            switch refusal {
            case .unknownType(let type):
                context.faults.report("\(peer): request of type \(type), expected 1 (GET) or 2 (PUT)")
            case .badIdentifier(let text):
                context.faults.report("\(peer): \"\(text)\" is no UUID, expected 8-4-4-4-12 hexadecimal digits")
            }
        }
    }

    private func get(_ id: SeriesID, _ start: UInt32, _ end: UInt32) {
        context.tally.gets.count()
        storeRun()
        let owner = context.owner(of: id)
        if isClear, let outcome = owner.getAtOnce(id, start, end, on: worker) {
            if case .found(let found) = outcome { send(found) } else { append(Answer.failure) }
            return
        }
        let answer = Answer(isGet: true, isWhole: true)
        answers.append(answer)
        getsUnderWay += 1
        let batch = batch(for: owner)
        batch.get(id, start, end, for: answer)
        weigh(batch, RequestDecoder.requestSize)
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

    /// An answer to a PUT that takes its place behind those that wait.
    private func queue(isWhole: Bool) -> Answer {
        let answer = Answer(isGet: false, isWhole: isWhole)
        answers.append(answer)
        return answer
    }

    // MARK: Storing

    private func store(_ records: UnsafeRawBufferPointer) {
        guard let put = current else { preconditionFailure("records follow the beginning of their PUT") }
        if put.answer == nil, !put.hasFailed {
            guard records.count >= Self.direct || run.bytes.count >= Self.piece else {
                run.add(records, of: put.id)
                return
            }
            storeRun()
            if current?.answer == nil, current?.hasFailed == false {
                if let stored = put.owner.putAtOnce(put.id, records, on: worker) {
                    current?.settle(stored, of: records.count / RecordBytes.size)
                    return
                }
                queueCurrent()
            }
        }
        // After a failure the rest is passed over, so that the stream stays in step.
        guard let answer = current?.answer, !answer.hasFailed else { return }
        if put.owner === worker, records.count >= Self.direct {
            storeHere(records, put.id, answer)
        } else {
            let head = records.count == RecordBytes.size ? RequestDecoder.requestSize : 0
            hand(records, put.id, to: put.owner, for: answer, weighing: records.count + head)
        }
    }

    private func endPut() {
        guard let put = current else { preconditionFailure("a PUT ends after it has begun") }
        if put.answer == nil {
            guard put.isSplit else {
                run.endPut(of: put.id)
                current = nil
                return
            }
            storeRun()
            if let put = current, put.answer == nil { append(put.hasFailed ? Answer.failure : put.stored) }
        }
        current?.answer?.isWhole = true
        current = nil
    }

    /// Stores what was gathered; when its store is not to be had now, the owner gets it and all that follows waits behind.
    private func storeRun() {
        guard !run.isEmpty, let id = run.id else { return }
        let owner = context.owner(of: id)
        let stored = run.bytes.isEmpty ? 0 : run.bytes.withUnsafeBytes { owner.putAtOnce(id, $0, on: worker) }
        if var left = stored {
            for share in run.shares {
                append(left < share ? Answer.failure : UInt32(share))
                left -= min(left, share)
            }
            if run.open > 0 { current?.settle(left, of: run.open) }
        } else {
            queueRun(id, owner)
        }
        run.clear()
    }

    private func queueRun(_ id: SeriesID, _ owner: StoreWorker) {
        run.bytes.withUnsafeBytes { bytes in
            var start = 0
            func handOver(_ count: Int, for answer: Answer) {
                guard count > 0 else { return }
                let part = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count * RecordBytes.size)])
                start += part.count
                hand(part, id, to: owner, for: answer, weighing: part.count + RequestDecoder.requestSize)
            }
            for share in run.shares { handOver(share, for: queue(isWhole: true)) }
            queueCurrent()
            if let answer = current?.answer { handOver(run.open, for: answer) }
        }
    }

    /// Lets the answer to the PUT under way wait for its turn.
    private func queueCurrent() {
        guard let put = current, put.answer == nil else { return }
        let answer = queue(isWhole: false)
        answer.stored = put.stored
        answer.hasFailed = put.hasFailed
        current?.answer = answer
    }

    private func hand(
        _ records: UnsafeRawBufferPointer, _ id: SeriesID, to owner: StoreWorker, for answer: Answer, weighing weight: Int
    ) {
        let batch = batch(for: owner)
        batch.put(id, records, for: answer)
        weigh(batch, weight)
    }

    /// Stores records of one's own straight from the socket's buffer, for an answer that waits.
    private func storeHere(_ records: UnsafeRawBufferPointer, _ id: SeriesID, _ answer: Answer) {
        // What came before is stored before.
        dispatch(worker)
        answer.outstanding += 1
        let stored = worker.put(id, records)
        answer.stored += UInt32(stored)
        if stored < records.count / RecordBytes.size { answer.hasFailed = true }
        batchesUnderWay += 1
        let weight = records.count
        inFlight += weight
        context.tally.bytesInFlight.count(weight)
        worker.finish(true) { [self] isSafe in
            answer.outstanding -= 1
            if !isSafe { answer.hasFailed = true }
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
}
