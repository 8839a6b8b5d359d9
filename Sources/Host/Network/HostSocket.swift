import Glibc
import Logging
import ModuleABI
import NIOCore
import NIOPosix

/// A datagram socket of a module's, on one worker.
final class HostSocket: ChannelInboundHandler, ModuleResource, @unchecked Sendable {
    // @unchecked: state belongs to the channel's event loop; `channel` is set there before `open` returns.
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let module: LoadedModule
    private let options: mh_datagram_options
    private var channel: (any Channel)?
    private var isGone = false

    init(module: LoadedModule, options: mh_datagram_options) {
        self.module = module
        self.options = options
    }

    var raw: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func from(_ raw: OpaquePointer?) -> HostSocket? {
        raw.map { Unmanaged<HostSocket>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }

    /// Binds. Main thread.
    func open(on loop: any EventLoop) throws(StartFailure) {
        let url = options.url.string
        do {
            guard case .udp(let host, let port) = try NetworkAddress(url) else {
                throw NetworkAddress.Fault(text: "'\(url)' is not for datagrams; expected udp://HOST:PORT")
            }
            // Bound at once, read when every module has started on the workers.
            let channel = try DatagramBootstrap(group: loop)
                .channelOption(.socketOption(.so_reuseaddr), value: 1)
                .channelOption(.autoRead, value: false)
                .channelInitializer { [self] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(self)
                    }
                }
                .bind(host: host, port: port).wait()
            module.add(self)
            module.host.whenServing { channel.setOption(.autoRead, value: true).whenFailure { _ in } }
        } catch let fault as NetworkAddress.Fault {
            throw StartFailure(fault.text)
        } catch {
            throw StartFailure("cannot open \(url): \(describe(error))")
        }
    }

    func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let datagram = options.datagram, module.isCallable else { return }
        NetworkAddress.text(envelope.remoteAddress).withMHString { peer in
            envelope.data.withUnsafeReadableBytes { bytes in
                let content = mh_str(ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: bytes.count)
                module.enter("datagram") { datagram(options.ctx, raw, peer, content) }
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A refused datagram to one peer (ICMP) says nothing about the others.
        log.debug("datagram socket of \(module.name): \(describe(error))")
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard !isGone else { return }
        isGone = true
        if let gone = options.gone, module.isServed { module.enter("datagram socket gone") { gone(options.ctx) } }
        module.remove(self)
    }

    func send(to peer: String, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        guard let channel, !isGone else { return MH_E_CLOSED }
        guard case .udp(let host, let port)? = try? NetworkAddress("udp://\(peer)"),
            let address = try? SocketAddress(ipAddress: host, port: port)
        else { return MH_E_INVALID }
        let buffer = channel.allocator.buffer(bytes: bytes)
        channel.writeAndFlush(AddressedEnvelope(remoteAddress: address, data: buffer), promise: nil)
        return MH_OK
    }

    func end() { channel?.close(promise: nil) }
}
