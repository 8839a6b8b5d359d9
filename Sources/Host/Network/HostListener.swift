import Glibc
import Logging
import ModuleABI
import NIOCore
import NIOPosix
import Synchronization

/// A listening address of a module's. Opened and closed on the main thread.
final class HostListener: ModuleResource, @unchecked Sendable {
    // @unchecked: `channel` and `path` belong to the main thread; the count is atomic; options are set once.
    let module: LoadedModule
    let url: String
    private let options: mh_listen_options
    private let address: NetworkAddress
    private var channel: (any Channel)?
    private var socketFile: (path: String, inode: UInt64)?
    private let connections = Atomic<Int>(0)
    /// The address that it got, as a URL; static text once set.
    private let bound = Mutex<(text: String, raw: UInt)>(("", 0))
    private var boundRaw = mh_str()

    init(module: LoadedModule, options: mh_listen_options) throws(NetworkAddress.Fault) {
        self.module = module
        self.options = options
        url = options.url.string
        address = try NetworkAddress(url)
        if case .udp = address { throw NetworkAddress.Fault(text: "'\(url)' is for datagrams; expected tcp:// or unix:") }
    }

    var raw: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func from(_ raw: OpaquePointer?) -> HostListener? {
        raw.map { Unmanaged<HostListener>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }

    /// Binds and listens. Main thread.
    func open() throws(StartFailure) {
        let limit = Int(options.max_connections)
        let bootstrap = ServerBootstrap(group: module.host.workers.group)
            .serverChannelOption(.backlog, value: Int32(clamping: options.backlog == 0 ? 512 : options.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 16384, maximum: 262_144)
            )
            .childChannelInitializer { [self] channel in
                if limit > 0, connections.load(ordering: .relaxed) >= limit {
                    module.host.countRefusedConnection()
                    return channel.close()
                }
                connections.wrappingAdd(1, ordering: .relaxed)
                let stream = HostStream(
                    module: module, loop: channel.eventLoop, accept: { self.accept($0, $1) },
                    ended: { self.connections.wrappingSubtract(1, ordering: .relaxed) })
                return channel.eventLoop.makeCompletedFuture {
                    if case .tcp = self.address {
                        try channel.syncOptions?.setOption(.tcpOption(.tcp_nodelay), value: 1)
                    }
                    try channel.pipeline.syncOperations.addHandler(stream)
                }
            }
        do {
            switch address {
            case .tcp(let host, let port):
                let channel = try bootstrap.bind(host: host, port: port).wait()
                self.channel = channel
                setBound("tcp://" + NetworkAddress.text(channel.localAddress))
            case .unix(let path):
                channel = try bind(bootstrap, path)
                setBound("unix:" + path)
            case .udp: break
            }
        } catch let failure as StartFailure {
            throw failure
        } catch {
            throw StartFailure("cannot listen on \(url): \(describe(error))")
        }
    }

    /// Binds under another name and renames: the socket appears with its mode, and replaces one that nobody serves.
    private func bind(_ bootstrap: ServerBootstrap, _ path: String) throws -> any Channel {
        var status = stat()
        if lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFSOCK else {
                throw StartFailure(
                    "cannot listen on \(url): the path exists and is not a socket; remove it or choose another")
            }
            guard !Self.isServed(path) else {
                throw StartFailure("cannot listen on \(url): another process listens there")
            }
        }
        let temporary = directory(of: path) + "/.mh\(String(UInt32.random(in: 0..<0xFFFF), radix: 36))"
        guard temporary.utf8.count <= 107 else {
            throw StartFailure(
                "cannot listen on \(url): the path leaves no room for a temporary name beside it; make it shorter")
        }
        unlink(temporary)
        let channel = try bootstrap.bind(unixDomainSocketPath: temporary).wait()
        let mode = options.mode == 0 ? 0o600 : options.mode
        guard chmod(temporary, mode_t(mode)) == 0, rename(temporary, path) == 0, lstat(path, &status) == 0 else {
            let reason = systemText(errno)
            unlink(temporary)
            try? channel.close().wait()
            throw StartFailure("cannot listen on \(url): \(reason)")
        }
        socketFile = (path, UInt64(status.st_ino))
        return channel
    }

    private static func isServed(_ path: String) -> Bool {
        guard let address = try? SocketAddress(unixDomainSocketPath: path) else { return false }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        return address.withSockAddr { connect(descriptor, $0, socklen_t($1)) == 0 }
    }

    private func setBound(_ text: String) {
        boundRaw = text.leaked()
        bound.withLock { $0 = (text, UInt(bitPattern: boundRaw.ptr)) }
    }

    /// As modules see it: static text.
    var boundAddress: mh_str {
        bound.withLock { bound in
            mh_str(ptr: UnsafePointer(bitPattern: bound.raw), len: bound.text.utf8.count)
        }
    }

    var boundText: String { bound.withLock { $0.text } }

    /// Hands a connection to the module. The stream's worker.
    private func accept(_ stream: HostStream, _ channel: any Channel) -> Bool {
        guard let accept = options.accept else { return false }
        var text = NetworkAddress.text(channel.remoteAddress)
        var peer = mh_peer()
        peer.struct_size = UInt32(MemoryLayout<mh_peer>.size)
        peer.worker = module.host.workers.index(of: channel.eventLoop)
        (peer.user_id, peer.group_id, peer.process_id) = (-1, -1, -1)
        if case .unix = address, let credentials = PeerCredentials.of(channel) {
            peer.user_id = Int64(credentials.user)
            peer.group_id = Int64(credentials.group)
            peer.process_id = Int64(credentials.process)
            text = "unix:\(credentials.process)"
        }
        return text.withMHString { text in
            peer.address = text
            var handler: UnsafePointer<mh_stream_handler>?
            var context: UnsafeMutableRawPointer?
            let code = module.enter("accept") { accept(options.ctx, stream.raw, &peer, &handler, &context) }
            guard code >= 0 else { return false }
            guard let copy = ABIReader.read(handler) else {
                log.error("module \(module.name) accepted a connection without a valid handler; it is closed")
                return false
            }
            stream.link(handler: copy, context: context)
            return true
        }
    }

    /// Stops listening; streams stay. Main thread.
    func close() {
        if let socketFile {
            var status = stat()
            if lstat(socketFile.path, &status) == 0, UInt64(status.st_ino) == socketFile.inode { unlink(socketFile.path) }
        }
        socketFile = nil
        try? channel?.close().wait()
        channel = nil
        module.remove(self)
    }

    func end() { close() }
}

/// Who is at the other end of a UNIX socket (SO_PEERCRED, unix(7)).
private struct PeerCredentials: Sendable {
    var process: Int32
    var user: UInt32
    var group: UInt32

    static func of(_ channel: any Channel) -> PeerCredentials? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        var found: PeerCredentials?
        // In the channel's own loop the future is complete at once.
        let future: EventLoopFuture<PeerCredentials> = provider.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: SO_PEERCRED))
        future.assumeIsolated().whenSuccess { found = $0 }
        return found
    }
}
