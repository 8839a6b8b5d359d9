// What the module tells the operator: log lines, so many a second and no more, and counters.

import ModuleABI
import ModuleKit
import Synchronization

/// Log and counters of the module; any thread.
final class FifoLog: Sendable {
    /// Lines about clients' mistakes that are written per second; the rest is counted and summed up.
    static let linesPerSecond = 10

    let log: Log
    let requests: Counters.Counter
    let replies: Counters.Counter
    private let malformedCount: Counters.Counter
    private let timeouts: Counters.Counter
    private let droppedReplies: Counters.Counter
    private let oversize: Counters.Counter

    private struct Window {
        var start: Int64 = 0
        var written = 0
        var suppressed = 0
    }
    private let window = Mutex(Window())

    init(_ host: HostServices) throws(ModuleFailure) {
        log = host.log
        requests = try host.counters.make("requests", help: "Requests handed to the host")
        replies = try host.counters.make("replies", help: "Replies that were written completely")
        malformedCount = try host.counters.make(
            "malformed", help: "Requests that could not be read, or named no usable reply FIFO")
        timeouts = try host.counters.make("timeouts", help: "Requests that their senders left unfinished")
        droppedReplies = try host.counters.make(
            "dropped_replies", help: "Replies that could not be delivered")
        oversize = try host.counters.make("oversize", help: "Requests larger than max_request")
    }

    /// A request that is not run, or a stray piece of one.
    func malformed(_ text: String) {
        malformedCount.add(1)
        client(text)
    }

    func refused(_ refusal: Refusal) {
        switch refusal.code {
        case 408: timeouts.add(1)
        case 413: oversize.add(1)
        default: malformedCount.add(1)
        }
        client(refusal.text)
    }

    func settled(_ name: ReplyName, _ outcome: ReplyOutcome, in directory: String) {
        switch outcome {
        case .delivered: replies.add(1)
        case .dropped(let why):
            droppedReplies.add(1)
            client("reply dropped: the reply FIFO \(quoted(name.bytes, limit: 100)) in \(directory) \(why)")
        }
    }

    /// A warning caused by a client, unless there have been too many just now.
    private func client(_ text: String) {
        let now = monotonicNow()
        let (isWanted, suppressed) = window.withLock { window -> (Bool, Int) in
            var before = 0
            if now - window.start >= 1_000_000_000 {
                before = window.suppressed
                window = Window(start: now)
            }
            guard window.written < Self.linesPerSecond else {
                window.suppressed += 1
                return (false, 0)
            }
            window.written += 1
            return (true, before)
        }
        if suppressed > 0 { log.warning("\(suppressed) more lines like these were left out") }
        if isWanted { log.warning(text) }
    }
}
