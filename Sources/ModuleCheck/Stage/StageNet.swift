import Glibc
import ModuleABI

/// A listener: its address is looked at but not bound, since peers are simulated.
final class StageListener: StageObject {
    let options: mh_listen_options
    let url: String
    private var isOpen = false
    private var shown = mh_str()

    init(module: StagedModule, options: mh_listen_options) {
        self.options = options
        url = options.url.string
        super.init(module: module, loop: Stage.shared.main)
    }

    /// Nil when it listens, else why not.
    func open() -> String? {
        if let path = StageAddress.unixPath(url) {
            let parent = path.split(separator: "/").dropLast().joined(separator: "/")
            let directory = path.hasPrefix("/") ? "/\(parent)" : (parent.isEmpty ? "." : parent)
            guard access(directory, W_OK | X_OK) == 0 else {
                return "\(url): \(String(cString: strerror(errno)))"
            }
        } else if !StageAddress.isHostAndPort(url, scheme: "tcp://") {
            return "\(url) is no tcp:// or unix: address"
        }
        shown = (url.hasSuffix(":0") ? String(url.dropLast()) + "40123" : url).leaked()
        isOpen = true
        return nil
    }

    var address: mh_str { isOpen ? shown : mh_str() }

    func close() { Stage.shared.handles.remove(self) }
    override func end() { close() }
}

/// The addresses that mh.net/1 takes.
enum StageAddress {
    static func unixPath(_ url: String) -> String? {
        guard url.hasPrefix("unix:") else { return nil }
        let rest = url.dropFirst(5)
        let path = rest.hasPrefix("//") ? rest.dropFirst(2) : rest
        return path.isEmpty ? nil : String(path)
    }

    static func isHostAndPort(_ url: String, scheme: String) -> Bool {
        guard url.hasPrefix(scheme), let colon = url.lastIndex(of: ":"), colon > url.index(url.startIndex, offsetBy: 4)
        else {
            return false
        }
        return UInt16(url[url.index(after: colon)...]) != nil
    }
}

/// A stream with a simulated peer. All but `init` runs on its loop.
final class StageStream: StageObject {
    private var handler: mh_stream_handler
    private var context: UnsafeMutableRawPointer?
    private var descriptor: Int32
    private var isPaused = false
    private var waiting: [() -> Void] = []
    private var writes = 0
    private var isGone = false
    private(set) var written = 0

    init(
        module: StagedModule, loop: StageLoop, handler: mh_stream_handler, context: UnsafeMutableRawPointer?,
        descriptor: Int32 = -1
    ) {
        self.handler = handler
        self.context = context
        self.descriptor = descriptor
        super.init(module: module, loop: loop)
    }

    /// What accept has decided.
    func take(_ handler: mh_stream_handler, _ context: UnsafeMutableRawPointer?) {
        (self.handler, self.context) = (handler, context)
    }

    private func call(_ callback: String, _ phase: Phase = .running, _ body: () -> Void) {
        guard !isGone, module.isServed else { return }
        module.enter(callback, phase, isQuick: true, body)
    }

    func connect() {
        guard let connected = handler.connected else { return }
        call("connected of a stream") { connected(context, handle) }
    }

    func deliver(_ bytes: [UInt8]) {
        if isPaused { return waiting.append { [self] in deliver(bytes) } }
        let loan = Loan(.text(bytes))
        call("data of a stream") { handler.data?(context, handle, loan.text) }
        loan.end()
    }

    func peerEnds() {
        if isPaused { return waiting.append { [self] in peerEnds() } }
        guard !isGone else { return }
        guard let end = handler.end else { return close() }
        call("end of a stream") { end(context, handle) }
    }

    /// The peer is gone from one moment to the next.
    func vanish() { finish(MH_E_IO, "connection reset by peer") }

    func pause() { isPaused = true }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        let late = waiting
        waiting = []
        for job in late { loop.post(job) }
    }

    /// Takes bytes; every tenth write is above the high water mark, and drained follows.
    func write(_ count: Int) -> Int32 {
        guard !isGone else { return MH_E_CLOSED }
        written += count
        writes += 1
        guard writes % 10 == 3 else { return MH_OK }
        module.holds.add(1)
        loop.post { [self] in
            if let drained = handler.drained { call("drained of a stream") { drained(context, handle) } }
            module.holds.add(-1)
        }
        return MH_FULL
    }

    func close() { finishSoon(MH_OK, "") }
    func abort() { finishSoon(MH_E_CANCELLED, "aborted") }
    override func end() { loop.post { [self] in finish(MH_E_CANCELLED, "the host is stopping") } }

    private func finishSoon(_ code: Int32, _ text: String) {
        module.holds.add(1)
        loop.post { [self] in
            finish(code, text)
            module.holds.add(-1)
        }
    }

    private func finish(_ code: Int32, _ text: String) {
        guard !isGone else { return }
        if let gone = handler.gone, module.isServed {
            var text = text
            module.enter("gone of a stream", .stopping, isQuick: true) {
                text.withUTF8 { utf8 in
                    gone(
                        context, code,
                        mh_str(ptr: UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self), len: utf8.count)
                    )
                }
            }
        }
        isGone = true
        Stage.shared.handles.remove(self)
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}

/// A datagram socket with simulated peers.
final class StageSocket: StageObject {
    private let options: mh_datagram_options
    private var isGone = false

    init(module: StagedModule, loop: StageLoop, options: mh_datagram_options) {
        self.options = options
        super.init(module: module, loop: loop)
    }

    /// Loop's thread.
    func deliver(_ bytes: [UInt8]) {
        guard !isGone, module.isServed, let datagram = options.datagram else { return }
        let peer = Loan(.text(Array("192.0.2.7:5060".utf8)))
        let loan = Loan(.text(bytes))
        module.enter("datagram of a socket", .running, isQuick: true) {
            datagram(options.ctx, handle, peer.text, loan.text)
        }
        peer.end()
        loan.end()
    }

    override func end() {
        module.holds.add(1)
        loop.post { [self] in
            if !isGone {
                isGone = true
                if let gone = options.gone, module.isServed {
                    module.enter("gone of a socket", .stopping, isQuick: true) { gone(options.ctx) }
                }
                Stage.shared.handles.remove(self)
            }
            module.holds.add(-1)
        }
    }
}
