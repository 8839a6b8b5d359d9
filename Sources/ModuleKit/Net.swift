public import ModuleABI

/// What a module does with one stream; every function runs on the stream's worker.
public protocol StreamConsumer: AnyObject {
    /// The stream stands (after `connect` and `adopt`).
    func connected(_ stream: Stream)
    /// Bytes came in; they are borrowed for the call and all are taken.
    func received(_ bytes: UnsafeRawBufferPointer, on stream: Stream)
    /// The peer will send no more; writing goes on until `close`.
    func inputEnded(_ stream: Stream)
    /// Writing may go on after `write` had answered `.full`.
    func drained(_ stream: Stream)
    /// The stream is closed and void; `failure` is nil after an ordinary close. Arrives exactly once, last.
    func gone(_ failure: ModuleFailure?)
}

extension StreamConsumer {
    public func connected(_ stream: Stream) {}
    public func drained(_ stream: Stream) {}
    public func inputEnded(_ stream: Stream) { stream.close() }
}

/// A stream on a worker; all its functions are for that worker only.
public struct Stream: @unchecked Sendable {
    let raw: OpaquePointer
    let table: UnsafePointer<mh_net_service>

    public enum WriteOutcome: Sendable { case written, full, closed }

    /// Writes bytes (copied by the host). `.full`: taken, but wait for `drained` before writing more.
    @discardableResult
    public func write(_ bytes: UnsafeRawBufferPointer) -> WriteOutcome {
        let code = table.pointee.write(raw, mh_str(borrowing: bytes))
        return code < 0 ? .closed : code == MH_FULL ? .full : .written
    }

    @discardableResult
    public func write(_ bytes: [UInt8]) -> WriteOutcome { bytes.withUnsafeBytes { write($0) } }

    /// Writes a region of a file in its turn, in bounded memory; the descriptor may be closed at once.
    @discardableResult
    public func writeFile(_ descriptor: Int32, offset: Int64, length: Int64) -> WriteOutcome {
        let code = table.pointee.write_file(raw, descriptor, offset, length)
        return code < 0 ? .closed : code == MH_FULL ? .full : .written
    }

    public func pause() { table.pointee.pause(raw) }
    public func resume() { table.pointee.resume(raw) }
    /// Closes after what was written has gone out.
    public func close() { table.pointee.close(raw) }
    /// Closes at once.
    public func abort() { table.pointee.abort(raw) }
}

/// Who is at the other end.
public struct Peer: Sendable {
    public var worker: UInt32
    public var address: String
    /// UNIX sockets only.
    public var userID: Int64?
    public var processID: Int64?
}

/// Service mh.net/1.
public struct Net: @unchecked Sendable {
    let module: OpaquePointer
    public let table: UnsafePointer<mh_net_service>

    private final class Acceptor {
        let table: UnsafePointer<mh_net_service>
        let accept: (Stream, Peer) -> (any StreamConsumer)?
        init(
            _ table: UnsafePointer<mh_net_service>,
            _ accept: @escaping (Stream, Peer) -> (any StreamConsumer)?
        ) {
            self.table = table
            self.accept = accept
        }
    }

    /// A consumer and the service it writes through, behind the ctx of a stream.
    private final class Link {
        let table: UnsafePointer<mh_net_service>
        let consumer: any StreamConsumer
        init(_ table: UnsafePointer<mh_net_service>, _ consumer: any StreamConsumer) {
            self.table = table
            self.consumer = consumer
        }

        static func from(_ context: UnsafeMutableRawPointer?) -> Link? {
            context.map { Unmanaged<Link>.fromOpaque($0).takeUnretainedValue() }
        }
    }

    /// Never freed: one handler table serves all streams of the module.
    nonisolated(unsafe) private static let handler: UnsafePointer<mh_stream_handler> = {
        var handler = mh_stream_handler()
        handler.struct_size = UInt32(MemoryLayout<mh_stream_handler>.size)
        handler.data = { context, stream, bytes in
            guard let link = Link.from(context), let stream else { return }
            link.consumer.received(bytes.bytes, on: Stream(raw: stream, table: link.table))
        }
        handler.end = { context, stream in
            guard let link = Link.from(context), let stream else { return }
            link.consumer.inputEnded(Stream(raw: stream, table: link.table))
        }
        handler.drained = { context, stream in
            guard let link = Link.from(context), let stream else { return }
            link.consumer.drained(Stream(raw: stream, table: link.table))
        }
        handler.connected = { context, stream in
            guard let link = Link.from(context), let stream else { return }
            link.consumer.connected(Stream(raw: stream, table: link.table))
        }
        handler.gone = { context, code, text in
            guard let context else { return }
            let link = Unmanaged<Link>.fromOpaque(context).takeRetainedValue()
            link.consumer.gone(code < 0 ? ModuleFailure(code, text.string) : nil)
        }
        let copy = UnsafeMutablePointer<mh_stream_handler>.allocate(capacity: 1)
        copy.initialize(to: handler)
        return UnsafePointer(copy)
    }()

    /// A listening address.
    public struct Listener: @unchecked Sendable {
        let raw: OpaquePointer?
        let table: UnsafePointer<mh_net_service>
        /// The address that it got, as a URL; empty until the host listens.
        public var address: String { table.pointee.address(raw).string }
        public func close() { table.pointee.unlisten(raw) }
    }

    /// Listens on `tcp://HOST:PORT` or `unix:/PATH`. `accept` runs on the connection's worker; nil closes the connection.
    public func listen(
        _ url: String, mode: UInt32 = 0, backlog: UInt32 = 0, maxConnections: UInt32 = 0,
        accept: @escaping (Stream, Peer) -> (any StreamConsumer)?
    ) throws(ModuleFailure) -> Listener {
        _ = Net.handler
        var options = mh_listen_options()
        options.struct_size = UInt32(MemoryLayout<mh_listen_options>.size)
        options.mode = mode
        options.backlog = backlog
        options.max_connections = maxConnections
        let acceptor = Unmanaged.passRetained(Acceptor(table, accept))
        options.ctx = acceptor.toOpaque()
        options.accept = { context, stream, peer, handler, streamContext in
            guard let context, let stream, let peer, let handler, let streamContext else {
                return MH_E_INVALID
            }
            let acceptor = Unmanaged<Acceptor>.fromOpaque(context).takeUnretainedValue()
            let isUNIX = peer.pointee.user_id >= 0
            let who = Peer(
                worker: peer.pointee.worker, address: peer.pointee.address.string,
                userID: isUNIX ? peer.pointee.user_id : nil, processID: isUNIX ? peer.pointee.process_id : nil
            )
            guard let consumer = acceptor.accept(Stream(raw: stream, table: acceptor.table), who) else {
                return MH_E_DENIED
            }
            handler.pointee = Net.handler
            streamContext.pointee = Unmanaged.passRetained(Link(acceptor.table, consumer)).toOpaque()
            return MH_OK
        }
        var raw: OpaquePointer?
        do throws(ModuleFailure) {
            try ErrorCollector.check { error in
                url.withMHString {
                    options.url = $0
                    return table.pointee.listen(module, &options, &raw, error)
                }
            }
        } catch {
            acceptor.release()
            throw error
        }
        return Listener(raw: raw, table: table)
    }

    /// Takes over a descriptor (pipe, FIFO, terminal, connected socket) as a stream; on failure it stays the caller's.
    public func adopt(
        _ descriptor: Int32, on worker: UInt32 = MH_WORKER_ANY, flags: UInt32, consumer: any StreamConsumer
    ) throws(ModuleFailure) {
        var handler = Net.handler.pointee
        let link = Unmanaged.passRetained(Link(table, consumer))
        handler.ctx = link.toOpaque()
        var options = mh_adopt_options()
        options.struct_size = UInt32(MemoryLayout<mh_adopt_options>.size)
        options.worker = worker
        options.descriptor = descriptor
        options.flags = flags
        do throws(ModuleFailure) {
            try ErrorCollector.check { error in
                withUnsafePointer(to: &handler) {
                    options.handler = $0
                    return table.pointee.adopt(module, &options, error)
                }
            }
        } catch {
            link.release()
            throw error
        }
    }
}
