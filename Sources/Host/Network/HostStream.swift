import CHost
import Glibc
import ModuleABI
import NIOCore
import NIOPosix

/// A stream of a module's on a worker: bridges a channel and the module's handler. Everything but `end` runs on its loop.
final class HostStream: ChannelInboundHandler, ModuleResource, @unchecked Sendable {
    // @unchecked: all state belongs to the channel's event loop; `end` hops there.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What waits to be written behind a file region.
    private enum Outbound {
        case bytes(ByteBuffer)
        case file(FileRegionSource)
    }

    private let module: LoadedModule
    private let loop: any EventLoop
    // Here and below: one loop's alone, each access over at once. Checking that was a tenth of a short answer's way.
    @exclusivity(unchecked) private var handler = mh_stream_handler()
    private var context: UnsafeMutableRawPointer?
    private var channel: (any Channel)?
    /// Asks the module for its handler when an accepted connection is active.
    private let accept: ((HostStream, any Channel) -> Bool)?
    /// Runs when the stream has ended, for the listener's count.
    private var ended: () -> Void
    private var isLinked = false
    private var isGone = false
    private var isPaused = false
    private var heldBack: [ByteBuffer] = []
    private var hasInputEnded = false
    private var isReading = false
    private var needsFlush = false
    private var wasFull = false
    private var isClosing = false
    @exclusivity(unchecked) private var output = StreamOutput()
    /// Writes that wait in the channel's queue. What is gathered goes behind them.
    @exclusivity(unchecked) private var queued = 0
    private var highMark = 64 * 1024
    /// What waits for files to go out; while there is any, nothing is gathered but the next step of a file.
    @exclusivity(unchecked) private var outbound: [Outbound] = []
    private var isPumping = false
    private var failure: (any Error)?

    /// False for a pipe that was adopted for reading only: SwiftNIO takes a write to one for a broken invariant.
    private let canWrite: Bool
    /// False for a pipe that was adopted for writing only: it has no input that could end.
    private let canRead: Bool
    /// The channel is closed, but a paused module has not had everything that came in.
    private var isOver = false

    /// A stream whose handler is known (connect, adopt).
    init(module: LoadedModule, loop: any EventLoop, handler: mh_stream_handler, canRead: Bool = true, canWrite: Bool = true)
    {
        self.canRead = canRead
        self.module = module
        self.loop = loop
        self.handler = handler
        context = handler.ctx
        self.canWrite = canWrite
        accept = nil
        ended = {}
        isLinked = true
    }

    /// A stream that a listener accepted; the module gives its handler when it is active.
    init(
        module: LoadedModule, loop: any EventLoop, accept: @escaping (HostStream, any Channel) -> Bool,
        ended: @escaping () -> Void
    ) {
        self.module = module
        self.loop = loop
        canRead = true
        canWrite = true
        self.accept = accept
        self.ended = ended
    }

    func link(handler: mh_stream_handler, context: UnsafeMutableRawPointer?) {
        self.handler = handler
        self.context = context
        isLinked = true
    }

    /// The stream as modules know it: valid until `gone` has returned.
    var raw: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func from(_ raw: OpaquePointer?) -> HostStream? {
        raw.map { Unmanaged<HostStream>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        guard !isGone else { return }
        channel = context.channel
        if context.channel.isActive { started(context.channel) }
    }

    func channelActive(context: ChannelHandlerContext) {
        started(context.channel)
    }

    private var hasStarted = false
    /// `end` came before there was a channel.
    private var isEndWanted = false

    private func started(_ channel: any Channel) {
        guard !hasStarted else { return }
        hasStarted = true
        if canWrite { output.open(channel) }
        guard !isGone, !isEndWanted else {
            channel.close(mode: .all, promise: nil)
            return
        }
        module.add(self)
        if let accept {
            guard module.isCallable, accept(self, channel) else {
                channel.close(mode: .all, promise: nil)
                return
            }
        } else {
            // Not in the midst of SwiftNIO's own set-up of a pipe, which a close from the module would pull from under it.
            loop.execute { self.tellConnected() }
        }
        flushSoon()
    }

    private func tellConnected() {
        guard !isGone, !isOver, let connected = handler.connected, module.isCallable else { return }
        module.enter("stream connected") { connected(self.context, raw) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        isReading = true
        if isPaused {
            heldBack.append(buffer)
        } else {
            deliver(buffer)
        }
    }

    private func deliver(_ buffer: ByteBuffer) {
        guard isLinked, !isGone, let data = handler.data, module.isCallable else { return }
        buffer.withUnsafeReadableBytes { bytes in
            let string = mh_str(ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: bytes.count)
            module.enter("stream data") { data(self.context, raw, string) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            guard canRead else { return }
            hasInputEnded = true
            if !isPaused { inputEnded() }
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func inputEnded() {
        guard isLinked, !isGone else { return }
        if let end = handler.end, module.isCallable {
            module.enter("stream end") { end(self.context, raw) }
        } else {
            close()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        pump()
        tellDrained()
    }

    /// Tells the module, once for each time that a write answered MH_FULL, that it may go on.
    private func tellDrained() {
        guard wasFull, outbound.isEmpty, let channel, channel.isWritable else { return }
        wasFull = false
        guard isLinked, !isGone, let drained = handler.drained, module.isCallable else { return }
        module.enter("stream drained") { drained(self.context, raw) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if failure == nil { failure = error }
        output.clear()
        context.close(mode: .all, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { closed() }
    func handlerRemoved(context: ChannelHandlerContext) { closed() }

    private func closed() {
        // A connection that never stood: whoever tried tells why.
        guard hasStarted || accept != nil else { return }
        guard !isGone, !isOver else { return }
        let isOrdinary = failure == nil && !isClosing && !isEndWanted
        guard isOrdinary, isLinked, canRead, !hasInputEnded || isPaused else { return finish() }
        // The end of a pipe closes its channel at once; the module hears of it as of any other end, after all bytes.
        isOver = true
        hasInputEnded = true
        if !isPaused { endAndFinish() }
    }

    private func endAndFinish() {
        if let end = handler.end, module.isCallable { module.enter("stream end") { end(self.context, raw) } }
        finish()
    }

    /// Tells the module, once, that the stream is over.
    func finish(_ error: (any Error)? = nil) {
        guard !isGone else { return }
        isGone = true
        outbound.removeAll()
        output.clear()
        heldBack.removeAll()
        channel = nil
        let failure = error ?? failure
        if isLinked, let gone = handler.gone, module.isServed {
            let code: Int32 =
                switch failure {
                case nil: MH_OK
                case is NeverBegan: MH_E_CANCELLED
                case is ChannelError: MH_E_CLOSED
                default: MH_E_IO
                }
            let text = failure.map(describe) ?? ""
            text.withMHString { text in
                module.enter("stream gone") { gone(self.context, code, text) }
            }
        }
        ended()
        ended = {}
        module.remove(self)
    }

    // MARK: What modules call; on the stream's worker

    var isOnItsWorker: Bool { loop.inEventLoop }

    func write(_ fill: (inout ByteBuffer) -> Void, capacity: Int) -> Int32 {
        guard canWrite else { return MH_E_UNSUPPORTED }
        guard let channel, !isGone, !isClosing, !isOver else { return MH_E_CLOSED }
        guard outbound.isEmpty else {
            var buffer = channel.allocator.buffer(capacity: capacity)
            fill(&buffer)
            if buffer.readableBytes > 0 { outbound.append(.bytes(buffer)) }
            return fullness(channel)
        }
        output.add(fill)
        if output.count >= highMark { send(channel) }
        flushSoon()
        return fullness(channel)
    }

    func writeFile(descriptor: Int32, offset: Int64, length: Int64) -> Int32 {
        guard canWrite else { return MH_E_UNSUPPORTED }
        guard let channel, !isGone, !isClosing, !isOver else { return MH_E_CLOSED }
        guard length > 0 else { return MH_OK }
        guard offset >= 0, let region = FileRegionSource(descriptor, offset: offset, length: length) else {
            return MH_E_INVALID
        }
        outbound.append(.file(region))
        pump()
        return fullness(channel)
    }

    private func fullness(_ channel: any Channel) -> Int32 {
        if outbound.isEmpty, channel.isWritable { return MH_OK }
        wasFull = true
        return MH_FULL
    }

    func pause() {
        guard !isPaused else { return }
        isPaused = true
        try? channel?.syncOptions?.setOption(.autoRead, value: false)
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        // What was read before the pause took hold comes first, each piece after the one before it.
        while !isPaused, !heldBack.isEmpty { deliver(heldBack.removeFirst()) }
        guard !isPaused, !isGone else { return }
        if isOver { return endAndFinish() }
        if hasInputEnded { return inputEnded() }
        try? channel?.syncOptions?.setOption(.autoRead, value: true)
    }

    func waterMarks(low: Int, high: Int) -> Int32 {
        guard low >= 1, low <= high else { return MH_E_INVALID }
        guard let options = channel?.syncOptions else { return MH_E_CLOSED }
        do {
            try options.setOption(.writeBufferWaterMark, value: .init(low: low, high: high))
            highMark = high
            return MH_OK
        } catch { return MH_E_INVALID }
    }

    /// Closes after what was written has gone out.
    func close() {
        guard let channel, !isGone, !isClosing else { return }
        isClosing = true
        if isOver { return finishLater() }
        if outbound.isEmpty { closeWhenWritten(channel) }
    }

    /// Ends a stream whose channel is closed already, not in the midst of the module's own call.
    private func finishLater() { loop.execute { self.finish() } }

    private func closeWhenWritten(_ channel: any Channel) {
        guard canWrite else { return channel.close(mode: .all, promise: nil) }
        send(channel)
        // The promise of an empty write is kept when all before it is written.
        channel.writeAndFlush(channel.allocator.buffer(capacity: 0)).whenComplete { _ in
            channel.close(mode: .all, promise: nil)
        }
    }

    func abort() {
        isClosing = true
        output.clear()
        if isOver { return finishLater() }
        channel?.close(mode: .all, promise: nil)
    }

    /// The stream ended before there was a connection or a descriptor was taken over.
    fileprivate struct NeverBegan: Error {}

    /// Ends the stream from any thread: what was written goes out. One that has not begun ends at once.
    func end() {
        loop.execute {
            self.isEndWanted = true
            if self.hasStarted { self.close() } else { self.finishUnbegun() }
        }
    }

    func endAtOnce() {
        loop.execute {
            self.isEndWanted = true
            if self.hasStarted { self.abort() } else { self.finishUnbegun() }
        }
    }

    private func finishUnbegun() {
        let channel = channel
        finish(NeverBegan())
        channel?.close(mode: .all, promise: nil)
    }

    // MARK: Writing

    /// Sends at the end of this read, or of this turn of the loop: several writes make one system call.
    private func flushSoon() {
        guard !needsFlush, channel != nil else { return }
        needsFlush = true
        guard !isReading else { return }
        loop.execute { self.flush() }
    }

    private func flush() {
        guard needsFlush else { return }
        needsFlush = false
        guard let channel, !isGone else { return }
        send(channel)
        if queued > 0 { channel.flush() }
    }

    /// Sends what is gathered: past the channel, or into its queue, from which it goes with the next flush.
    private func send(_ channel: any Channel) {
        guard output.count > 0, let rest = queued > 0 ? output.take() : output.send(past: channel) else { return }
        queued += 1
        channel.write(rest).whenComplete { _ in self.queued -= 1 }
    }

    /// Bytes of files that go out before others on the loop have their turn.
    private static let turn = 4 << 20

    /// Moves files and what waits behind them to the socket, as fast as the peer takes them.
    private func pump() {
        guard !isPumping, let channel, !isGone else { return }
        isPumping = true
        defer { isPumping = false }
        var sent = 0
        while !outbound.isEmpty, channel.isWritable {
            guard sent < Self.turn else { return goOnLater() }
            switch outbound[0] {
            case .bytes(let bytes):
                outbound.removeFirst()
                output.add { $0.writeImmutableBuffer(bytes) }
            case .file(let region):
                var step = FileRegionSource.Step.loading
                output.add { step = region.next(to: &$0) }
                switch step {
                case .bytes: if region.isDone { outbound.removeFirst() }
                case .notCached:
                    region.load(with: module.host.pool) { self.goOnLater() }
                    return sendAll(channel)
                case .loading: return sendAll(channel)
                case .failed(let error):
                    failure = error
                    channel.close(mode: .all, promise: nil)
                    return
                }
            }
            sent += output.count
            sendAll(channel)
        }
        if outbound.isEmpty, isClosing { closeWhenWritten(channel) }
    }

    private func sendAll(_ channel: any Channel) {
        send(channel)
        if queued > 0 { channel.flush() }
    }

    private func goOnLater() {
        loop.execute {
            self.pump()
            // The channel may have been writable all along and then has nothing to report.
            self.tellDrained()
        }
    }
}

/// What NIO's errors say to a person.
func describe(_ error: any Error) -> String {
    switch error {
    case let error as IOError: "\(systemText(error.errnoCode)) (errno \(error.errnoCode))"
    case ChannelError.connectTimeout(let time): "no answer within \(Quantity.text(duration: time.nanoseconds))"
    case let error as NIOConnectionError:
        error.connectionErrors.first.map { describe($0.error) }
            ?? (error.dnsAError ?? error.dnsAAAAError).map { "cannot resolve \(error.host): \($0)" } ?? "\(error)"
    case ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed: "the stream is closed"
    case is HostStream.NeverBegan: "the module is stopping"
    default: "\(error)"
    }
}
