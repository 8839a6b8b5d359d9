import Glibc
import ModuleKit

/// One asker: cuts its bytes into lines, has them answered in order, and writes the answers. Lives on one worker.
///
/// While answers are unread nothing more is answered, and reading pauses. A turn is bounded in time, so that many questions of
/// one asker do not keep others waiting.
final class AskConnection: StreamConsumer {
    /// Why a connection ends from this side.
    enum Ending {
        /// The peer sent all it had: the last line counts without its newline.
        case halfClose
        case drain
        case idle
    }

    private unowned let worker: AskWorker
    private let stream: Stream
    private let peer: String
    /// Bytes that are not answered yet.
    private var input: [UInt8] = []
    /// Bytes of `input` that hold no newline.
    private var scanned = 0
    /// Bytes of an overlong line that went by so far; 0: none is under way.
    private var skipped = 0
    private var lines: UInt64 = 0
    private var output: [UInt8] = []
    private var ending: Ending?
    private var lastInput: Int64
    /// When the socket filled with answers that nobody reads.
    private var stalledSince: Int64?
    /// When the last answer was written; it may still be on its way out.
    private var closedAt: Int64?
    private var isPaused = false
    private var isAdvancing = false
    /// The next turn is posted.
    private var isTurnPosted = false
    private var isAborted = false
    private var isGone = false

    private static let largeOutput = 32 << 10

    init(_ stream: Stream, peer: String, worker: AskWorker) {
        self.stream = stream
        self.peer = peer
        self.worker = worker
        lastInput = worker.context.host.loop.now
    }

    private var now: Int64 { worker.context.host.loop.now }
    private var isClosed: Bool { closedAt != nil }

    // MARK: From the stream

    func received(_ bytes: UnsafeRawBufferPointer, on stream: Stream) {
        guard !isClosed, ending == nil else { return }
        lastInput = now
        input.append(contentsOf: bytes)
        advance()
    }

    func inputEnded(_ stream: Stream) { end(.halfClose) }

    func drained(_ stream: Stream) {
        stalledSince = nil
        advance()
    }

    func gone(_ failure: ModuleFailure?) {
        isGone = true
        if let failure { worker.context.host.log.info("\(peer): connection lost: \(failure.text)") }
        worker.retire(self)
    }

    // MARK: From the worker

    /// Ends the connection once what has come in is answered.
    func end(_ reason: Ending) {
        guard !isClosed, ending == nil else { return }
        ending = reason
        advance()
    }

    /// Drops the stream.
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
        } else if limits.idle > 0, stalledSince == nil, !isTurnPosted, now - lastInput > limits.idle {
            end(.idle)
        }
    }

    // MARK: Going on

    /// Answers what has come in as far as it goes, and ends the connection when its end has come.
    private func advance() {
        guard !isAdvancing, !isTurnPosted, !isClosed, !isGone, !isAborted else { return }
        isAdvancing = true
        var isMore = false
        if stalledSince == nil { isMore = takeTurn() }
        if stalledSince == nil, !isMore, let ending { finish(ending) }
        flush()
        isAdvancing = false
        if isMore, stalledSince == nil { postTurn() }
        holdBack(stalledSince != nil || isTurnPosted)
    }

    private func postTurn() {
        isTurnPosted = true
        let isTaken = worker.context.host.loop.post(to: worker.index) { [self] in
            isTurnPosted = false
            advance()
        }
        if !isTaken { isTurnPosted = false }
    }

    /// Answers complete lines until there are none, the turn is over, or the asker reads no more; whether lines are left.
    private func takeTurn() -> Bool {
        let end = now + worker.context.limits.turn
        let bytes = input
        var position = 0
        var isMore = false
        bytes.withUnsafeBytes { raw in
            guard let start = raw.baseAddress else { return }
            while stalledSince == nil {
                let from = max(position, scanned)
                guard let found = memchr(start + from, 0x0A, raw.count - from) else {
                    scanned = raw.count
                    break
                }
                let newline = UnsafeRawPointer(found) - start
                take(UnsafeRawBufferPointer(rebasing: raw[position..<newline]))
                position = newline + 1
                scanned = position
                if output.count >= Self.largeOutput { flush() }
                if position < raw.count, now >= end {
                    isMore = true
                    break
                }
            }
        }
        keep(bytes.count - position, of: bytes)
        return isMore
    }

    /// Forgets what is answered; of a line that is too long only the length is kept.
    private func keep(_ rest: Int, of bytes: [UInt8]) {
        scanned -= bytes.count - rest
        if scanned == rest, rest > worker.context.limits.line || skipped > 0 && rest > 0 {
            skipped += rest
            input = []
            scanned = 0
        } else if rest < bytes.count {
            input = rest == 0 ? [] : Array(bytes.suffix(rest))
        }
    }

    private func take(_ line: UnsafeRawBufferPointer) {
        lines += 1
        let limit = worker.context.limits.line
        let length = skipped + line.count
        skipped = 0
        guard length <= limit else {
            return worker.refuse(
                "line \(lines): it is \(length) bytes long, more than max_line (\(limit) bytes)", peer: peer, in: &output)
        }
        let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        guard !isBlank else { return }
        worker.answer(line, number: lines, peer: peer, in: &output)
    }

    private func flush() {
        guard !output.isEmpty, !isGone, !isAborted else { return }
        if stream.write(output) == .full, stalledSince == nil { stalledSince = now }
        output.removeAll(keepingCapacity: output.count <= 2 * Self.largeOutput)
    }

    private func finish(_ ending: Ending) {
        let unfinished = skipped + input.count
        switch ending {
        case .halfClose:
            let last = input
            input = []
            if unfinished > 0 { last.withUnsafeBytes { take($0) } }
        case .drain:
            if unfinished > 0 {
                worker.context.host.log.info(
                    "\(peer): the host stops: line \(lines + 1) has no end and is not answered (\(unfinished) bytes)")
            }
        case .idle:
            let limit = worker.context.limits.idle / 1_000_000
            Answer.append(408, "closed: nothing came in for \(limit) ms (idle_timeout)", to: nil, in: &output)
        }
        flush()
        closedAt = now
        if !isGone, !isAborted { stream.close() }
    }

    private func holdBack(_ wanted: Bool) {
        guard wanted != isPaused, !isClosed, !isAborted, !isGone else { return }
        isPaused = wanted
        if wanted { stream.pause() } else { stream.resume() }
    }
}
