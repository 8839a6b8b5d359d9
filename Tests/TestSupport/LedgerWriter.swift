import Foundation
import Synchronization

/// A sender at full speed on a thread of its own: batch after batch over one connection, each entered into the ledger before it
/// is sent and completed with the answer. When the host goes away it waits for it to come back and goes on with new numbers.
public final class LedgerWriter: Sendable {
    public let index: Int
    private let ledger: Ledger
    private let socketPath: String
    private let batchSizes: ClosedRange<Int>
    private let dialect: LedgerRecord.Dialect
    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    private struct State {
        var isWanted = true
        var isPaused = false
        var isIdle = false
    }

    /// `index` tells writers of one ledger apart. `batchSizes`: records between two answers.
    public init(
        _ ledger: Ledger, index: Int, socket path: String, batchSizes: ClosedRange<Int> = 1...400,
        dialect: LedgerRecord.Dialect = .delimited
    ) {
        self.ledger = ledger
        self.index = index
        socketPath = path
        self.batchSizes = batchSizes
        self.dialect = dialect
    }

    /// Starts `count` writers with the indices 0…count-1; every fourth one writes JSON.
    public static func start(
        _ count: Int, _ ledger: Ledger, socket path: String, batchSizes: ClosedRange<Int> = 1...400
    ) -> [LedgerWriter] {
        (0..<count).map { index in
            let writer = LedgerWriter(
                ledger, index: index, socket: path, batchSizes: batchSizes,
                dialect: index % 4 == 3 ? .json : .delimited)
            writer.start()
            return writer
        }
    }

    public func start() {
        let thread = Thread { [self] in
            run()
            ended.signal()
        }
        thread.stackSize = 512 << 10
        thread.start()
    }

    /// Asks the writer to end after the batch under way.
    public func stop() { state.withLock { $0.isWanted = false } }

    /// Waits until it has ended; false when it has not within 30 s.
    public func join() -> Bool {
        guard ended.wait(timeout: .now() + 30) == .success else { return false }
        // For whoever asks again.
        ended.signal()
        return true
    }

    /// Holds the writer between two batches, disconnected or not; true once it is there.
    public func pause() -> Bool {
        state.withLock { $0.isPaused = true }
        return eventually { state.withLock { $0.isIdle } }
    }

    public func resume() { state.withLock { $0.isPaused = false } }

    private var isWanted: Bool { state.withLock { $0.isWanted } }

    /// Stands still while paused; false when the writer is to end.
    private func mayGoOn() -> Bool {
        while true {
            let (isWanted, isPaused) = state.withLock { state in
                state.isIdle = state.isPaused || !state.isWanted
                return (state.isWanted, state.isPaused)
            }
            guard isWanted else { return false }
            guard isPaused else { return true }
            letPass(milliseconds: 1)
        }
    }

    private func run() {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        while mayGoOn() {
            guard let connection = try? StreamClient(unix: socketPath) else {
                letPass(milliseconds: 1)
                continue
            }
            while mayGoOn() {
                let numbers = ledger.enter(writer: index, count: Int.random(in: batchSizes, using: &generator))
                bytes.removeAll(keepingCapacity: true)
                for number in numbers {
                    LedgerRecord(writer: index, number: number).appendLine(dialect, to: &bytes)
                }
                bytes.append(UInt8(ascii: "\n"))
                do {
                    try connection.send(bytes)
                    guard let line = try connection.readLine() else { break }
                    let answer = try Answer(line)
                    // A host that stops answers for what it has read so far, and closes.
                    let isLast = answer.stored + answer.rejected < numbers.count
                    if isLast, let more = try connection.readLine() {
                        ledger.surprise("writer \(index) was answered \(line) and then \(more)")
                    }
                    ledger.complete(
                        writer: index, stored: answer.stored, rejected: answer.rejected, error: answer.error,
                        isLast: isLast)
                    if isLast { break }
                } catch {
                    // The host is gone, or it hangs: then the test that waits for it says so.
                    break
                }
            }
        }
    }
}
