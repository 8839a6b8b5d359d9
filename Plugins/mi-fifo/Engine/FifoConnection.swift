import ModuleABI
import ModuleKit

/// One FIFO as a stream on its worker: bytes go into the framer, and a sender that falls silent in
/// mid-request is given up.
final class FifoConnection: StreamConsumer {
    let fifo: RequestFIFO
    // The worker's own: not checked for overlapping accesses.
    @exclusivity(unchecked) private var framer: FifoFramer
    private let timeout: Int64
    private let loop: Loop
    private let handle: (FifoRequest) -> Void
    /// Whether reading must stop until `resume`.
    private let isFull: () -> Bool
    @exclusivity(unchecked) private var isPaused = false
    private let lost: (FifoConnection, ModuleFailure?) -> Void
    private var stream: Stream?
    private var lastByte: Int64 = 0
    private var isTimerSet = false
    private var isDraining = false
    /// When another FIFO took this one's place, monotonic nanoseconds.
    private(set) var retiredAt: Int64?
    private(set) var isGone = false

    /// - timeout: nanoseconds without a byte in the middle of a request.
    /// - lost: the stream has ended; called on its worker.
    init(
        fifo: RequestFIFO, maximumRequest: Int, timeout: Int64, loop: Loop,
        handle: @escaping (FifoRequest) -> Void, isFull: @escaping () -> Bool,
        lost: @escaping (FifoConnection, ModuleFailure?) -> Void
    ) {
        self.fifo = fifo
        framer = FifoFramer(maximumSize: maximumRequest)
        self.timeout = timeout
        self.loop = loop
        self.handle = handle
        self.isFull = isFull
        self.lost = lost
    }

    func connected(_ stream: Stream) {
        self.stream = stream
        if isDraining { stream.close() }
    }

    func received(_ bytes: UnsafeRawBufferPointer, on stream: Stream) {
        take(bytes)
        guard !isPaused, isFull() else { return }
        isPaused = true
        stream.pause()
    }

    /// Reads on, if reading was stopped. Worker.
    func resume() {
        guard isPaused else { return }
        isPaused = false
        stream?.resume()
    }

    func gone(_ failure: ModuleFailure?) {
        stream = nil
        isGone = true
        lost(self, failure)
    }

    /// Reads what waits in the pipe now, ahead of the host's loop. Worker.
    func readPending() {
        withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { buffer in
            while let count = fifo.read(into: buffer) {
                take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }

    /// Another FIFO has taken this one's place; clients that have it open may still finish. Worker.
    func retire(at now: Int64) {
        readPending()
        retiredAt = now
    }

    /// Whether nothing is expected from this FIFO any more, `grace` nanoseconds after it was retired. Worker.
    func isSpent(at now: Int64, grace: Int64) -> Bool {
        guard let retiredAt, now - retiredAt >= grace else { return false }
        return !framer.isPartial && fifo.pendingBytes == 0
    }

    /// Reads no more. Worker.
    func close() {
        isDraining = true
        stream?.close()
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        framer.feed(bytes, emit: handle)
        guard framer.isPartial else { return }
        lastByte = loop.now
        if !isTimerSet { setTimer(timeout) }
    }

    private func setTimer(_ span: Int64) {
        do throws(ModuleFailure) {
            try loop.timer(on: MH_WORKER_CURRENT, first: span) { [self] in tick() }
            isTimerSet = true
        } catch {
            // The host is going down: nothing waits for the request any more.
            isTimerSet = false
        }
    }

    private func tick() {
        isTimerSet = false
        guard framer.isPartial, !isGone else { return }
        let silence = loop.now - lastByte
        if isPaused {
            // Its sender may have written on: nobody looks.
            setTimer(timeout)
        } else if silence >= timeout {
            framer.expire(emit: handle)
        } else {
            setTimer(timeout - silence)
        }
    }
}
