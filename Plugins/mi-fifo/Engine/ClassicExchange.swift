import ModuleABI
import ModuleKit

/// Runs one classic request through the host and encodes its reply.
final class ClassicExchange {
    private let stream: ReplyStream
    private let channel: ReplyChannel
    private var encoder: ClassicEncoder

    private init(stream: ReplyStream, channel: ReplyChannel, indent: [UInt8]) {
        self.stream = stream
        self.channel = channel
        encoder = ClassicEncoder(indent: indent)
    }

    /// Queues the request. Worker thread; the reply is written from the command's.
    static func start(
        _ request: ClassicRequest, replyTo name: ReplyName?, channel: ReplyChannel, indent: [UInt8],
        host: HostServices
    ) throws(ModuleFailure) {
        let stream = ReplyStream(name: name, channel: channel)
        let exchange = Unmanaged.passRetained(
            ClassicExchange(stream: stream, channel: channel, indent: indent))
        channel.requestBegan()
        do throws(ModuleFailure) {
            try ErrorCollector.check { error in
                execute(request, sink(exchange.toOpaque()), host, error)
            }
        } catch {
            channel.requestEnded()
            exchange.release()
            throw error
        }
    }

    private static func execute(
        _ request: ClassicRequest, _ sink: mh_mi_sink, _ host: HostServices, _ error: UnsafePointer<mh_error>
    ) -> Int32 {
        var raw = mh_mi_request()
        raw.struct_size = UInt32(MemoryLayout<mh_mi_request>.size)
        raw.classic = 1
        raw.transport = mh_str("mi-fifo")
        return withUnsafePointer(to: sink) { sink in
            request.command.withUnsafeBytes { command in
                raw.command = mh_str(borrowing: command)
                return request.arguments.withMHArguments { arguments in
                    raw.args = arguments
                    return host.management.pointee.execute(host.module, &raw, sink, error)
                }
            }
        }
    }

    private static func sink(_ context: UnsafeMutableRawPointer) -> mh_mi_sink {
        var sink = mh_mi_sink()
        sink.struct_size = UInt32(MemoryLayout<mh_mi_sink>.size)
        sink.ctx = context
        sink.event = { context, event in
            guard let context, let event else { return MH_E_INVALID }
            let exchange = Unmanaged<ClassicExchange>.fromOpaque(context).takeUnretainedValue()
            return exchange.take(event.pointee)
        }
        sink.done = { context, code, text in
            guard let context else { return }
            Unmanaged<ClassicExchange>.fromOpaque(context).takeRetainedValue().done(code, text.string)
        }
        return sink
    }

    private func take(_ event: mh_mi_event) -> Int32 {
        guard stream.name != nil else { return MH_OK }
        encoder.take(event)
        guard event.may_block != 0, encoder.output.count >= ReplyStream.pieceSize else { return MH_OK }
        return stream.write(encoder.takeOutput(), mayBlock: true) ? MH_OK : MH_E_CANCELLED
    }

    private func done(_ code: Int32, _ text: String) {
        defer { channel.requestEnded() }
        if code == 0 {
            encoder.finish()
            _ = stream.write(encoder.takeOutput(), mayBlock: false)
        } else {
            // A negative code is one of the ABI's, which clients do not know.
            let shown = code < 0 ? 500 : code
            if stream.hasStarted {
                encoder.cut(code: shown, text: text)
                _ = stream.write(encoder.takeOutput(), mayBlock: false)
            } else {
                stream.discard()
                _ = stream.write(ClassicEncoder.error(code: shown, text: text), mayBlock: false)
            }
        }
        stream.complete()
    }
}

extension [ClassicArgument] {
    /// Lends the arguments as an array of `mh_mi_argument` for the length of a call; their texts lie in one
    /// block.
    func withMHArguments<Result>(_ body: (mh_array) -> Result) -> Result {
        let size = reduce(0) { $0 + $1.name.count + $1.value.count + $1.text.count }
        return withUnsafeTemporaryAllocation(byteCount: Swift.max(size, 1), alignment: 1) { block in
            withUnsafeTemporaryAllocation(of: mh_mi_argument.self, capacity: Swift.max(count, 1)) { raw in
                var used = 0
                func lend(_ bytes: [UInt8]) -> mh_str {
                    let place = UnsafeMutableRawBufferPointer(rebasing: block[used..<used + bytes.count])
                    place.copyBytes(from: bytes)
                    used += bytes.count
                    return mh_str(borrowing: UnsafeRawBufferPointer(place))
                }
                for (index, argument) in enumerated() {
                    var element = mh_mi_argument()
                    element.struct_size = UInt32(MemoryLayout<mh_mi_argument>.size)
                    element.name = lend(argument.name)
                    element.value = mh_text(lend(argument.value))
                    element.text = lend(argument.text)
                    raw.initializeElement(at: index, to: element)
                }
                return body(
                    mh_array(
                        items: UnsafeRawPointer(raw.baseAddress), count: UInt32(count),
                        stride: UInt32(MemoryLayout<mh_mi_argument>.stride)))
            }
        }
    }
}
