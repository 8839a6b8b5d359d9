// One reply from its first byte to its last: gathered in memory and written in one go where that is enough,
// streamed with back-pressure where the command may wait.

import Glibc
import ModuleABI
import Synchronization

/// What all replies share.
final class ReplyChannel: Sendable {
    let directory: ReplyDirectory
    let writer: ReplyWriter
    /// Nanoseconds without progress.
    let timeout: Int64
    let report: @Sendable (ReplyName, ReplyOutcome) -> Void
    /// After it (monotonic nanoseconds) nothing is waited for any more; the host is going down.
    let closing = Atomic<Int64>(Int64.max)
    /// How many requests have been handed to the host and are not answered yet.
    private let underWayCount = Atomic<Int>(0)
    /// Set while no more requests are read because too many are under way.
    private let isHeld = Atomic<Bool>(false)
    /// Reading stops at so many requests under way and goes on at half of that.
    static let requestLimit = 1024
    /// Makes reading go on; called from a command's thread.
    private let release: @Sendable () -> Void

    init(
        directory: ReplyDirectory, writer: ReplyWriter, timeout: Int64,
        report: @escaping @Sendable (ReplyName, ReplyOutcome) -> Void, release: @escaping @Sendable () -> Void
    ) {
        self.directory = directory
        self.writer = writer
        self.timeout = timeout
        self.report = report
        self.release = release
    }

    var underWay: Int { underWayCount.load(ordering: .acquiring) }

    func requestBegan() { underWayCount.add(1, ordering: .relaxed) }

    func requestEnded() {
        let left = underWayCount.subtract(1, ordering: .sequentiallyConsistent).newValue
        guard left <= Self.requestLimit / 2 else { return }
        if isHeld.load(ordering: .sequentiallyConsistent),
            isHeld.exchange(false, ordering: .sequentiallyConsistent)
        {
            release()
        }
    }

    /// Whether reading must stop now; then `release` follows.
    func holdIfFull() -> Bool {
        guard underWay >= Self.requestLimit else { return false }
        isHeld.store(true, ordering: .sequentiallyConsistent)
        // All may have ended in between: then nobody else would release.
        if underWayCount.load(ordering: .sequentiallyConsistent) <= Self.requestLimit / 2,
            isHeld.exchange(false, ordering: .sequentiallyConsistent)
        {
            return false
        }
        return true
    }

    /// Delivers a whole reply from the pool thread. Never waits and opens nothing itself.
    func deliver(_ bytes: [UInt8], to name: ReplyName) {
        writer.add(PendingReply(name: name, descriptor: nil, bytes: bytes))
    }
}

/// The reply to one request, used by one thread at a time.
final class ReplyStream {
    /// A slow command's reply goes out in pieces of this size, bytes.
    static let pieceSize = 64 << 10

    /// Nil: nobody wants the reply.
    let name: ReplyName?
    private let channel: ReplyChannel
    // One thread at a time: these are not checked for overlapping accesses.
    @exclusivity(unchecked) private var gathered: [UInt8] = []
    @exclusivity(unchecked) private var descriptor: Int32?
    @exclusivity(unchecked) private var isDropped = false
    /// Whether bytes have gone out.
    @exclusivity(unchecked) private(set) var hasStarted = false

    init(name: ReplyName?, channel: ReplyChannel) {
        self.name = name
        self.channel = channel
    }

    deinit {
        if let descriptor { close(descriptor) }
    }

    /// Takes bytes of the reply; false when its reader is gone, and then the command should stop.
    ///
    /// With `mayBlock` it waits for the reader whenever a piece has gathered; otherwise it only gathers.
    func write(_ bytes: some Collection<UInt8>, mayBlock: Bool) -> Bool {
        guard name != nil else { return true }
        guard !isDropped else { return false }
        gathered.append(contentsOf: bytes)
        guard mayBlock, gathered.count >= Self.pieceSize else { return true }
        return flush()
    }

    /// Forgets what has been gathered; only before anything has gone out.
    func discard() { gathered.removeAll() }

    /// Ends the reply: writes what is there without waiting, and leaves the rest to the writer.
    func complete() {
        guard let name, !isDropped else { return }
        if descriptor == nil {
            switch channel.directory.open(name) {
            case .open(let opened): descriptor = opened
            case .noReader:
                channel.writer.add(PendingReply(name: name, descriptor: nil, bytes: gathered))
                return
            case .refused(let why):
                drop(why)
                return
            }
        }
        guard let descriptor else { return }
        switch PipeOutput.write(gathered[...], to: descriptor) {
        case .all: channel.report(name, .delivered)
        case .failed(let why): channel.report(name, .dropped(why))
        case .some(let count):
            self.descriptor = nil
            channel.writer.add(PendingReply(name: name, descriptor: descriptor, bytes: gathered, sent: count))
        }
    }

    private func drop(_ why: String) {
        isDropped = true
        gathered = []
        if let name { channel.report(name, .dropped(why)) }
    }

    /// Writes everything that has gathered, waiting for the reader.
    private func flush() -> Bool {
        guard let descriptor = descriptor ?? openWaiting() else { return false }
        var sent = 0
        var deadline = monotonicNow() + channel.timeout
        while true {
            switch PipeOutput.write(gathered[sent...], to: descriptor) {
            case .all:
                hasStarted = true
                gathered.removeAll(keepingCapacity: true)
                return true
            case .failed(let why):
                drop(why)
                return false
            case .some(let count):
                sent += count
                let now = monotonicNow()
                if count > 0 {
                    hasStarted = true
                    deadline = now + channel.timeout
                }
                guard wait(for: descriptor, from: now, until: deadline) else { return false }
            }
        }
    }

    private func openWaiting() -> Int32? {
        guard let name else { return nil }
        let deadline = monotonicNow() + channel.timeout
        var pause = ReplyWriter.firstPause
        while true {
            switch channel.directory.open(name) {
            case .open(let opened):
                descriptor = opened
                return opened
            case .refused(let why):
                drop(why)
                return nil
            case .noReader:
                let now = monotonicNow()
                guard now < min(deadline, channel.closing.load(ordering: .relaxed)) else {
                    drop("nobody has opened it for reading in time (reply_timeout)")
                    return nil
                }
                pollOnce(UnsafeMutableBufferPointer(start: nil, count: 0), timeout: pause)
                pause = min(pause * 2, ReplyWriter.longestPause)
            }
        }
    }

    /// Waits for room, at most a tenth of a second at a time so that a host that goes down is noticed.
    private func wait(for descriptor: Int32, from now: Int64, until deadline: Int64) -> Bool {
        guard now < deadline else {
            drop("its reader has taken nothing for too long (reply_timeout)")
            return false
        }
        guard now < channel.closing.load(ordering: .relaxed) else {
            drop("the host is going down")
            return false
        }
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        withUnsafeMutablePointer(to: &entry) {
            pollOnce(
                UnsafeMutableBufferPointer(start: $0, count: 1), timeout: min(deadline - now, 100_000_000))
        }
        return true
    }
}
