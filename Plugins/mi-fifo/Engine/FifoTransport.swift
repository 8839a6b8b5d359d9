// The module as a whole: it takes requests from the FIFO to the host and replies from the host to the reply
// FIFOs, and keeps the FIFO in its place.

import Glibc
import ModuleABI
public import ModuleKit
import Synchronization

/// The FIFO transport of management commands. `start`, `drain` and `stop` are for the main thread.
public final class FifoTransport: @unchecked Sendable {
    /// The loop on which everything that has to do with the FIFO happens: the management thread's own, so that an ordinary
    /// command is read, run and answered without a change of thread.
    private static let worker = MH_WORKER_MANAGEMENT
    /// How often the FIFO's place is looked at, nanoseconds.
    private static let checkInterval: Int64 = 1_000_000_000
    /// How long a FIFO that was replaced is still read, nanoseconds.
    private static let retirement: Int64 = 2_000_000_000

    private let settings: FifoSettings
    private let host: HostServices
    private let log: FifoLog
    private let path: String
    private let indent: [UInt8]
    private let access: RequestFIFO.Access
    private let channel: ReplyChannel
    private var checkTimer: Loop.Task?

    private struct Place: Sendable {
        var lock: LockFile
        var fifo: RequestFIFO
        var isClosed = false
    }
    /// Changed by the worker while running and by main at both ends.
    private let place: Mutex<Place>

    // Of the worker only.
    private var current: FifoConnection?
    private var retired: [FifoConnection] = []
    private var lastProblem = ""

    /// Makes the FIFO and begins to read it.
    public init(_ settings: FifoSettings, host: HostServices) throws(ModuleFailure) {
        self.settings = settings
        self.host = host
        indent = Array(settings.replyIndent.utf8)
        let log = try FifoLog(host)
        self.log = log
        guard case .string(let runDirectory)? = host.coreSetting("run_dir") else {
            throw ModuleFailure(MH_E_ABI, "the host has no core setting run_dir; give an absolute fifo_name")
        }
        guard !settings.fifoName.isEmpty, !settings.fifoName.hasSuffix("/") else {
            throw ModuleFailure(
                MH_E_INVALID, "found fifo_name \"\(settings.fifoName)\", expected the name of a file")
        }
        path = FifoSettings.absolute(settings.fifoName, runDirectory: runDirectory)
        access = try Self.access(settings)
        let replyDirectory = try Self.replyDirectory(settings, fifo: path, runDirectory: runDirectory)
        for warning in settings.warnings { log.log.warning(warning) }
        if let warning = RequestFIFO.directoryWarning(path) { log.log.warning(warning) }

        let lock = try LockFile(fifo: path)
        let fifo: RequestFIFO
        do throws(ModuleFailure) {
            fifo = try RequestFIFO(path: path, access: access)
        } catch {
            lock.remove()
            throw error
        }
        let directory = ReplyDirectory(path: replyDirectory, requestFIFO: fifo.descriptor)
        let report: @Sendable (ReplyName, ReplyOutcome) -> Void = {
            log.settled($0, $1, in: replyDirectory)
        }
        place = Mutex(Place(lock: lock, fifo: fifo))
        do throws(ModuleFailure) {
            let writer = try ReplyWriter(
                directory: directory, timeout: settings.replyTimeout,
                offload: { work in
                    do throws(ModuleFailure) {
                        try host.loop.offload(work)
                        return true
                    } catch {
                        return false
                    }
                }, report: report)
            let resumption = Resumption()
            channel = ReplyChannel(
                directory: directory, writer: writer, timeout: settings.replyTimeout, report: report,
                release: { host.loop.post(to: Self.worker) { resumption.transport?.resume() } })
            resumption.transport = self
        } catch {
            fifo.remove()
            lock.remove()
            throw error
        }
        do throws(ModuleFailure) {
            current = try open(fifo)
            checkTimer = try host.loop.timer(
                on: Self.worker, first: Self.checkInterval, every: Self.checkInterval
            ) { [weak self] in self?.check() }
        } catch {
            stop()
            throw error
        }
        log.log.info("commands are read from \(path), replies go to \(replyDirectory)")
    }

    /// Takes no new request, reads what had been written before, and waits for the replies under way: at most
    /// `reply_timeout`, and 2 seconds.
    public func drain() {
        checkTimer?.cancel()
        checkTimer = nil
        let deadline = monotonicNow() + min(settings.replyTimeout, 2_000_000_000)
        let fifo = place.withLock { place in
            place.isClosed = true
            place.fifo.remove()
            return place.fifo
        }
        Self.wait(until: deadline) { fifo.pendingBytes == 0 }
        let isClosed = Flag()
        let posted = host.loop.post(to: Self.worker) { [self] in
            current?.close()
            for connection in retired { connection.close() }
            isClosed.set()
        }
        if posted { Self.wait(until: deadline) { isClosed.isSet } }
        channel.closing.store(deadline, ordering: .relaxed)
        channel.writer.finish(by: deadline)
        Self.wait(until: deadline) {
            channel.underWay == 0 && channel.writer.isIdle
        }
    }

    /// Removes the FIFO and its lock, if they are still this host's.
    public func stop() {
        checkTimer?.cancel()
        checkTimer = nil
        place.withLock { place in
            place.isClosed = true
            place.fifo.remove()
            place.lock.remove()
        }
    }

    private func resume() {
        current?.resume()
        for connection in retired { connection.resume() }
    }

    /// Leads from a command's thread to the transport. Set before the first request; read on the worker.
    private final class Resumption: @unchecked Sendable {
        weak var transport: FifoTransport?
    }

    private final class Flag: Sendable {
        private let value = Atomic<Bool>(false)
        var isSet: Bool { value.load(ordering: .acquiring) }
        func set() { value.store(true, ordering: .releasing) }
    }

    /// Looks every half millisecond, on the main thread during the drain: commands end on other threads, which owe it no signal.
    private static func wait(until deadline: Int64, _ condition: () -> Bool) {
        while !condition(), monotonicNow() < deadline { usleep(500) }
    }

    // MARK: Requests

    private func open(_ fifo: RequestFIFO) throws(ModuleFailure) -> FifoConnection {
        let connection = FifoConnection(
            fifo: fifo, maximumRequest: settings.maximumRequest, timeout: settings.requestTimeout,
            loop: host.loop,
            handle: { [weak self] in self?.handle($0) },
            isFull: { [channel] in channel.holdIfFull() },
            lost: { [weak self] in self?.lost($0, $1) })
        let descriptor = try fifo.duplicate()
        do throws(ModuleFailure) {
            try host.net.adopt(descriptor, on: Self.worker, flags: MH_ADOPT_READ, consumer: connection)
        } catch {
            close(descriptor)
            throw error
        }
        return connection
    }

    private func handle(_ request: FifoRequest) {
        switch request {
        case .classic(let request): run(request)
        case .json(let request): run(request)
        case .refused(let refusal): refuse(refusal)
        }
    }

    private func run(_ request: ClassicRequest) {
        guard let name = checked(request.replyName) else { return }
        log.requests.add(1)
        do throws(ModuleFailure) {
            try ClassicExchange.start(
                request, replyTo: name.name, channel: channel, indent: indent,
                host: host)
        } catch {
            log.log.error("command \(quoted(request.command)) not run: \(error.text)")
            guard let name = name.name else { return }
            channel.deliver(ClassicEncoder.error(code: 500, text: error.text), to: name)
        }
    }

    private func run(_ request: JSONRequest) {
        var name: ReplyName?
        if case .prefix(let bytes) = request.route {
            guard let checked = checked(bytes) else { return }
            name = checked.name
        }
        if request.isBroken {
            log.malformed("JSON cut short: \(quoted(request.text)) is no complete JSON")
        } else {
            log.requests.add(1)
        }
        do throws(ModuleFailure) {
            try JSONExchange.start(
                request, replyTo: name, channel: channel, isCompact: !settings.isPretty, host: host, log: log)
        } catch {
            log.log.error("JSON-RPC request not run: \(error.text)")
            let member = request.route == .member ? ReplyNameScanner.find(in: request.text) : nil
            guard let name = name ?? member.flatMap({ try? ReplyName($0) }) else { return }
            channel.deliver(
                JSONFault.encoded(code: -32603, text: error.text, isCompact: !settings.isPretty), to: name)
        }
    }

    private func refuse(_ refusal: Refusal) {
        log.refused(refusal)
        guard let bytes = refusal.replyName, !bytes.isEmpty, let name = checked(bytes)?.name else { return }
        switch refusal.framing {
        case .classic: channel.deliver(ClassicEncoder.error(code: refusal.code, text: refusal.text), to: name)
        case .json:
            channel.deliver(
                JSONFault.encoded(code: refusal.code, text: refusal.text, isCompact: !settings.isPretty),
                to: name)
        }
    }

    /// The reply name of a request, checked; nil when it is no such name, and then the request is not run:
    /// its sender could never learn what came of it.
    private func checked(_ bytes: [UInt8]?) -> (name: ReplyName?, Void)? {
        guard let bytes else { return (nil, ()) }
        do throws(ReplyName.Invalid) {
            return (try ReplyName(bytes), ())
        } catch {
            log.malformed("request not run: \(error)")
            return nil
        }
    }

    // MARK: The FIFO's place

    /// Looks whether the FIFO is still where it was put, and makes it anew if not.
    private func check() {
        let now = monotonicNow()
        retired.removeAll { connection in
            if connection.isSpent(at: now, grace: Self.retirement) { connection.close() }
            return connection.isGone
        }
        do throws(ModuleFailure) {
            try renew(now)
            lastProblem = ""
        } catch {
            // Tried again every second; said once.
            if error.text != lastProblem {
                log.log.error("the FIFO \(path) is gone and cannot be made again: \(error.text)")
            }
            lastProblem = error.text
        }
    }

    private func renew(_ now: Int64) throws(ModuleFailure) {
        let (isClosed, old, lock) = place.withLock { ($0.isClosed, $0.fifo, $0.lock) }
        guard !isClosed, !old.isInPlace || current?.isGone ?? true else { return }
        let newLock = lock.isInPlace ? lock : try LockFile(fifo: path)
        old.remove()
        let fifo = try RequestFIFO(path: path, access: access)
        let isLate = place.withLock { place in
            guard !place.isClosed else { return true }
            place.lock = newLock
            place.fifo = fifo
            return false
        }
        guard !isLate else {
            fifo.remove()
            return
        }
        channel.directory.requestFIFO.store(fifo.descriptor, ordering: .relaxed)
        if let current, !current.isGone {
            current.retire(at: now)
            retired.append(current)
        }
        current = nil
        current = try open(fifo)
        log.log.warning("somebody removed or replaced the FIFO \(path); it has been made again")
    }

    private func lost(_ connection: FifoConnection, _ failure: ModuleFailure?) {
        guard connection === current else { return }
        if let failure {
            log.log.error("reading the FIFO \(path) failed: \(failure.text); it will be made again")
        }
    }

    // MARK: Settings

    private static func access(_ settings: FifoSettings) throws(ModuleFailure) -> RequestFIFO.Access {
        var access = RequestFIFO.Access(mode: settings.mode)
        if !settings.user.isEmpty {
            guard let user = Accounts.user(settings.user) else {
                throw ModuleFailure(
                    MH_E_NOT_FOUND,
                    "found fifo_user \"\(settings.user)\", expected the name or number of a user of this system"
                )
            }
            access.user = user
        }
        if !settings.group.isEmpty {
            guard let group = Accounts.group(settings.group) else {
                throw ModuleFailure(
                    MH_E_NOT_FOUND,
                    "found fifo_group \"\(settings.group)\", expected the name or number of a group of this system"
                )
            }
            access.group = group
        }
        return access
    }

    private static func replyDirectory(
        _ settings: FifoSettings, fifo: String, runDirectory: String
    ) throws(ModuleFailure) -> String {
        guard !settings.replyDirectory.isEmpty else { return RequestFIFO.split(fifo).directory }
        var path = FifoSettings.absolute(settings.replyDirectory, runDirectory: runDirectory)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw systemFailure(
                "cannot use reply_dir \(path)", errno, "make the directory or correct reply_dir")
        }
        guard fileType(status) == S_IFDIR else {
            throw ModuleFailure(
                MH_E_INVALID,
                "found reply_dir \(path), which is no directory; expected the directory of the reply FIFOs")
        }
        return path
    }
}
