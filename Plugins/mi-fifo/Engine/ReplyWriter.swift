// Delivers the replies that could not be written at once: their reader is not there yet, or its pipe is full.
// One poll loop on one pool thread serves all of them, and ends when none is left.

import Glibc
import ModuleABI
import ModuleKit
import Synchronization

/// A reply on its way: the bytes that are left, and where they go.
struct PendingReply {
    var name: ReplyName
    /// Open, or nil while nobody reads the FIFO yet. Owned.
    var descriptor: Int32?
    var bytes: [UInt8]
    var sent = 0
    /// When it is given up unless there is progress, monotonic nanoseconds; 0: set by the writer.
    var deadline: Int64 = 0
    /// When the next try to open is due, and how long to wait after that, nanoseconds.
    var nextTry: Int64 = 0
    var pause: Int64 = ReplyWriter.firstPause
}

/// What became of a reply.
enum ReplyOutcome {
    case delivered
    case dropped(String)
}

/// The loop. `add` may be called from any thread.
final class ReplyWriter: Sendable {
    /// How many replies are polled at once; more wait in line.
    static let activeLimit = 256
    /// How many replies and bytes wait in all; beyond that a reply is dropped.
    static let pendingLimit = 4096
    static let byteLimit = 64 << 20
    /// A reader that opens after it has written is looked for after 50 µs, then at growing intervals of up to
    /// 5 ms.
    static let firstPause: Int64 = 50_000
    static let longestPause: Int64 = 5_000_000

    private struct Shared {
        var incoming: [PendingReply] = []
        var isRunning = false
        var count = 0
        var bytes = 0
        /// After it nothing is waited for any more.
        var closing: Int64?
    }

    private let shared = Mutex(Shared())
    private let directory: ReplyDirectory
    private let timeout: Int64
    /// Runs the loop on a thread that may block; false when there is none any more.
    private let offload: @Sendable (@escaping @Sendable () -> Void) -> Bool
    private let report: @Sendable (ReplyName, ReplyOutcome) -> Void
    /// A byte written into the second ends the loop's wait on the first.
    private let wakeUp: (read: Int32, write: Int32)

    /// - timeout: nanoseconds without progress after which a reply is dropped.
    /// - report: what became of each reply; called on the loop's thread, or on that of `add`.
    init(
        directory: ReplyDirectory, timeout: Int64,
        offload: @escaping @Sendable (@escaping @Sendable () -> Void) -> Bool,
        report: @escaping @Sendable (ReplyName, ReplyOutcome) -> Void
    ) throws(ModuleFailure) {
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else {
            throw systemFailure("cannot make a socket pair", errno)
        }
        wakeUp = (pair[0], pair[1])
        self.directory = directory
        self.timeout = timeout
        self.offload = offload
        self.report = report
    }

    deinit {
        close(wakeUp.read)
        close(wakeUp.write)
    }

    /// Whether nothing is under way.
    var isIdle: Bool { shared.withLock { $0.count == 0 && !$0.isRunning } }

    /// Takes a reply over, its descriptor included.
    func add(_ reply: PendingReply) {
        enum Next { case start, wake, refuse }
        let size = reply.bytes.count
        let next: Next = shared.withLock {
            guard $0.count < Self.pendingLimit, $0.bytes + size <= Self.byteLimit || $0.count == 0 else {
                return .refuse
            }
            $0.incoming.append(reply)
            $0.count += 1
            $0.bytes += size
            guard !$0.isRunning else { return .wake }
            $0.isRunning = true
            return .start
        }
        switch next {
        case .wake: signal()
        case .refuse: drop(reply, "too many replies wait for their readers")
        case .start:
            guard !offload({ self.run() }) else { return }
            let orphans = shared.withLock { state -> [PendingReply] in
                state.isRunning = false
                defer { state.incoming = [] }
                state.count = 0
                state.bytes = 0
                return state.incoming
            }
            for orphan in orphans { drop(orphan, "the host is going down") }
        }
    }

    /// Nothing is waited for after `deadline` (monotonic nanoseconds): what is left then is dropped.
    func finish(by deadline: Int64) {
        shared.withLock { $0.closing = deadline }
        signal()
    }

    private func signal() {
        // A full buffer will do: the loop is going to wake anyway.
        var byte: UInt8 = 1
        _ = send(wakeUp.write, &byte, 1, Int32(MSG_NOSIGNAL))
    }

    private func drop(_ reply: PendingReply, _ why: String) {
        if let descriptor = reply.descriptor { close(descriptor) }
        report(reply.name, .dropped(why))
    }

    // MARK: The loop

    private func run() {
        var active: [PendingReply] = []
        var waiting: [PendingReply] = []
        while true {
            let now = monotonicNow()
            let closing = shared.withLock { state -> Int64? in
                waiting += state.incoming
                state.incoming = []
                return state.closing
            }
            admit(&waiting, to: &active, now)
            for index in active.indices.reversed() {
                guard let outcome = advance(&active[index], now, closing) else { continue }
                settle(active.remove(at: index), outcome)
            }
            if let closing, now >= closing {
                for reply in active + waiting { settle(reply, .dropped("the host is going down")) }
                active = []
                waiting = []
            }
            if active.isEmpty, waiting.isEmpty {
                let isDone = shared.withLock { state -> Bool in
                    guard state.incoming.isEmpty else { return false }
                    state.isRunning = false
                    return true
                }
                if isDone { return }
                continue
            }
            guard waiting.isEmpty || active.count == Self.activeLimit else { continue }
            wait(active, now, closing)
        }
    }

    private func admit(_ waiting: inout [PendingReply], to active: inout [PendingReply], _ now: Int64) {
        let count = min(waiting.count, Self.activeLimit - active.count)
        guard count > 0 else { return }
        for var reply in waiting.prefix(count) {
            if reply.deadline == 0 { reply.deadline = now + timeout }
            active.append(reply)
        }
        waiting.removeFirst(count)
    }

    /// Opens and writes as far as it goes; nil: it has to wait.
    private func advance(_ reply: inout PendingReply, _ now: Int64, _ closing: Int64?) -> ReplyOutcome? {
        if reply.descriptor == nil, now >= reply.nextTry {
            switch directory.open(reply.name) {
            case .open(let descriptor): reply.descriptor = descriptor
            case .refused(let why): return .dropped(why)
            case .noReader:
                reply.nextTry = now + reply.pause
                reply.pause = min(reply.pause * 2, Self.longestPause)
            }
        }
        if let descriptor = reply.descriptor {
            switch PipeOutput.write(reply.bytes[reply.sent...], to: descriptor) {
            case .all: return .delivered
            case .some(let count):
                reply.sent += count
                if count > 0 { reply.deadline = now + timeout }
            case .failed(let why): return .dropped(why)
            }
        }
        if now >= reply.deadline {
            return .dropped(
                reply.descriptor == nil
                    ? "nobody has opened it for reading in time (reply_timeout)"
                    : "its reader has taken nothing for too long (reply_timeout)")
        }
        return nil
    }

    private func settle(_ reply: PendingReply, _ outcome: ReplyOutcome) {
        if let descriptor = reply.descriptor { close(descriptor) }
        // Reported before it stops counting: whoever sees the writer idle sees the counters complete.
        report(reply.name, outcome)
        shared.withLock {
            $0.count -= 1
            $0.bytes -= reply.bytes.count
        }
    }

    private func wait(_ active: [PendingReply], _ now: Int64, _ closing: Int64?) {
        var next = closing ?? Int64.max
        var entries = [pollfd(fd: wakeUp.read, events: Int16(POLLIN), revents: 0)]
        for reply in active {
            next = min(next, reply.deadline)
            if let descriptor = reply.descriptor {
                entries.append(pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0))
            } else {
                next = min(next, reply.nextTry)
            }
        }
        entries.withUnsafeMutableBufferPointer { pollOnce($0, timeout: max(0, next - now)) }
        guard entries[0].revents != 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { bytes in
            while read(wakeUp.read, bytes.baseAddress, bytes.count) == bytes.count {}
        }
    }
}

/// Writing to an open reply FIFO without waiting.
enum PipeOutput {
    enum Outcome {
        case all
        /// So many bytes; the pipe is full.
        case some(Int)
        case failed(String)
    }

    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Outcome {
        bytes.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count {
                let count = writeToPipe(descriptor, UnsafeRawBufferPointer(rebasing: buffer[sent...]))
                if count >= 0 {
                    sent += count
                } else if errno == EAGAIN {
                    return .some(sent)
                } else {
                    return .failed(
                        errno == EPIPE ? "its reader went away" : "cannot be written: \(reason(errno))")
                }
            }
            return .all
        }
    }
}
