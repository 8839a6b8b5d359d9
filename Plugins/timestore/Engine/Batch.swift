/// Requests of one connection for one owner, carried there and back as one. The owner fills in the outcomes; at any time it belongs to one
/// of the two workers.
final class Batch: @unchecked Sendable {
    // @unchecked: handed over through posts, touched by one worker at a time; answers are not touched by the owner.
    enum Operation {
        /// Records of one or several PUTs in a row to one series: the answers and how many records are for each.
        case put(SeriesID, [UInt8], [(answer: Answer, records: Int)])
        case get(SeriesID, start: UInt32, end: UInt32, Answer)
    }

    enum Outcome {
        /// How many records are stored, from the first on.
        case stored(Int)
        case found(Answer.Found)
        case failed
    }

    var operations: [Operation] = []
    var outcomes: [Outcome] = []
    /// Bytes of the requests.
    var weight = 0
    private(set) var hasPuts = false
    /// A put is extended up to this size, bytes.
    private static let piece = 256 * 1024

    /// The put that is still being extended; it stands behind `operations`.
    private var open: (id: SeriesID, bytes: [UInt8], shares: [(answer: Answer, records: Int)])?

    /// Adds records of a PUT; those of PUTs in a row to one series are stored in one step.
    func put(_ id: SeriesID, _ records: UnsafeRawBufferPointer, for answer: Answer) {
        hasPuts = true
        let count = records.count / RecordBytes.size
        if let open, open.id != id || open.bytes.count + records.count > Self.piece { seal() }
        if open == nil {
            open = (id, [], [])
            open?.bytes.reserveCapacity(max(256, records.count))
        }
        open?.bytes.append(contentsOf: records)
        if let shares = open?.shares, let last = shares.last, last.answer === answer {
            open?.shares[shares.count - 1].records += count
        } else {
            open?.shares.append((answer, count))
            answer.outstanding += 1
        }
    }

    /// Ends the put that is being extended. The owner gets sealed batches.
    func seal() {
        guard let put = open else { return }
        open = nil
        operations.append(.put(put.id, put.bytes, put.shares))
    }

    func get(_ id: SeriesID, _ start: UInt32, _ end: UInt32, for answer: Answer) {
        seal()
        operations.append(.get(id, start: start, end: end, answer))
        answer.outstanding += 1
    }

    /// Hands the outcomes to the answers; `isSafe`: what was stored is as safe as the mode promises.
    func settle(isSafe: Bool) {
        for (operation, outcome) in zip(operations, outcomes) {
            switch (operation, outcome) {
            case (.put(_, _, let shares), .stored(var left)):
                for share in shares {
                    share.answer.outstanding -= 1
                    let stored = min(left, share.records)
                    left -= stored
                    share.answer.stored += UInt32(stored)
                    if stored < share.records || !isSafe { share.answer.hasFailed = true }
                }
            case (.get(_, _, _, let answer), .found(let found)):
                answer.outstanding -= 1
                answer.found = found
            case (.get(_, _, _, let answer), _):
                answer.outstanding -= 1
                answer.hasFailed = true
            case (.put, _): preconditionFailure("a put has an outcome of a put")
            }
        }
    }
}
