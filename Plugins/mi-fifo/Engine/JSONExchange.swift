import ModuleABI
import ModuleKit

/// Runs JSON-RPC text through the host and passes its answer on.
final class JSONExchange {
    private let request: JSONRequest
    private let channel: ReplyChannel
    private let log: FifoLog
    /// Nil until it is known where the answer goes.
    @exclusivity(unchecked) private var stream: ReplyStream?
    @exclusivity(unchecked) private var isRefused = false

    private init(_ request: JSONRequest, channel: ReplyChannel, log: FifoLog) {
        self.request = request
        self.channel = channel
        self.log = log
    }

    /// Queues the request. `name`: where the line's prefix wants the answer. Worker thread.
    static func start(
        _ request: JSONRequest, replyTo name: ReplyName?, channel: ReplyChannel, isCompact: Bool,
        host: HostServices, log: FifoLog
    ) throws(ModuleFailure) {
        let new = JSONExchange(request, channel: channel, log: log)
        if request.route != .member { new.stream = ReplyStream(name: name, channel: channel) }
        let exchange = Unmanaged.passRetained(new)
        channel.requestBegan()
        var raw = mh_jsonrpc_request()
        raw.struct_size = UInt32(MemoryLayout<mh_jsonrpc_request>.size)
        raw.flags = isCompact ? MH_JSONRPC_COMPACT : 0
        raw.transport = mh_str("mi-fifo")
        if request.route == .member { raw.route_member = mh_str("reply_name") }
        var sink = Self.sink(exchange.toOpaque())
        do throws(ModuleFailure) {
            try ErrorCollector.check { error in
                request.text.withUnsafeBytes { text in
                    raw.text = mh_str(borrowing: text)
                    return host.management.pointee.jsonrpc(host.module, &raw, &sink, error)
                }
            }
        } catch {
            channel.requestEnded()
            exchange.release()
            throw error
        }
    }

    private static func sink(_ context: UnsafeMutableRawPointer) -> mh_jsonrpc_sink {
        var sink = mh_jsonrpc_sink()
        sink.struct_size = UInt32(MemoryLayout<mh_jsonrpc_sink>.size)
        sink.ctx = context
        sink.route = { context, found, value in
            guard let exchange = JSONExchange.from(context) else { return MH_E_INVALID }
            return exchange.route(found != 0 ? Array(value.bytes) : nil)
        }
        sink.write = { context, bytes, mayBlock in
            guard let exchange = JSONExchange.from(context) else { return MH_E_INVALID }
            return exchange.write(bytes.bytes, mayBlock: mayBlock != 0)
        }
        sink.done = { context, _ in
            guard let context else { return }
            Unmanaged<JSONExchange>.fromOpaque(context).takeRetainedValue().done()
        }
        return sink
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> JSONExchange? {
        context.map { Unmanaged<JSONExchange>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The host has looked for `reply_name`. Text that does not parse has none for it, but its sender still
    /// wants to hear so.
    private func route(_ member: [UInt8]?) -> Int32 {
        let name = member ?? ReplyNameScanner.find(in: request.text)
        guard let name, !name.isEmpty else {
            stream = ReplyStream(name: nil, channel: channel)
            return MH_OK
        }
        do throws(ReplyName.Invalid) {
            stream = ReplyStream(name: try ReplyName(name), channel: channel)
            return MH_OK
        } catch {
            isRefused = true
            log.malformed("request not run: \(error)")
            return MH_E_INVALID
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, mayBlock: Bool) -> Int32 {
        if stream == nil, !isRefused { _ = route(nil) }
        guard let stream else { return MH_E_CANCELLED }
        return stream.write(bytes, mayBlock: mayBlock) ? MH_OK : MH_E_CANCELLED
    }

    private func done() {
        stream?.complete()
        channel.requestEnded()
    }
}
