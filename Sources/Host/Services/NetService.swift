import CHost
import Glibc
import Logging
import ModuleABI
import NIOCore
import NIOPosix

/// mh.net/1
func makeNetService() -> mh_net_service {
    var table = mh_net_service()
    table.struct_size = UInt32(MemoryLayout<mh_net_service>.size)
    table.listen = { handle, options, listener, error in
        let module = LoadedModule.from(handle)
        guard chost_thread_kind() == ThreadKind.main.rawValue else {
            return report(error, MH_E_STATE, "listen is for the main thread; use mh.loop/1 post with worker 0")
        }
        guard let options = ABIReader.read(options), options.accept != nil else {
            return report(error, MH_E_INVALID, "mh_listen_options has no valid struct_size or no accept")
        }
        guard module.mayStart else { return stopping(module, error) }
        do {
            let new = try HostListener(module: module, options: options)
            module.add(new)
            if module.phase == .running {
                do {
                    try new.open()
                } catch {
                    module.remove(new)
                    throw error
                }
            }
            listener?.pointee = new.raw
            return MH_OK
        } catch let fault as NetworkAddress.Fault {
            return report(error, MH_E_INVALID, fault.text)
        } catch let failure as StartFailure {
            return report(error, MH_E_IO, failure.text)
        } catch let other {
            return report(error, MH_E_INTERNAL, "\(other)")
        }
    }
    table.unlisten = { listener in HostListener.from(listener)?.close() }
    table.connect = { handle, options, error in
        let module = LoadedModule.from(handle)
        guard let options = ABIReader.read(options), let handler = ABIReader.read(options.handler) else {
            return report(error, MH_E_INVALID, "mh_connect_options or its handler has no valid struct_size")
        }
        guard module.mayStart else { return stopping(module, error) }
        guard let loop = module.host.workers.loop(options.worker) else {
            return report(error, MH_E_INVALID, "there is no worker \(options.worker)")
        }
        let address: NetworkAddress
        do throws(NetworkAddress.Fault) { address = try NetworkAddress(options.url.string) } catch let fault {
            return report(error, MH_E_INVALID, fault.text)
        }
        let stream = HostStream(module: module, loop: loop, handler: handler)
        let timeout = options.timeout > 0 ? options.timeout : 10_000_000_000
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(timeout))
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(stream) }
            }
        let connection: UncheckedAttempt
        switch address {
        case .tcp(let host, let port): connection = UncheckedAttempt { bootstrap.connect(host: host, port: port) }
        case .unix(let path): connection = UncheckedAttempt { bootstrap.connect(unixDomainSocketPath: path) }
        case .udp:
            return report(error, MH_E_INVALID, "connect is for tcp:// and unix: addresses")
        }
        // It is the module's from here on: a stop ends it even before it stands.
        module.add(stream)
        module.host.whenServing { connection.run().whenFailure { failure in loop.execute { stream.finish(failure) } } }
        return MH_OK
    }
    table.adopt = { handle, options, error in
        let module = LoadedModule.from(handle)
        guard let options = ABIReader.read(options), let handler = ABIReader.read(options.handler) else {
            return report(error, MH_E_INVALID, "mh_adopt_options or its handler has no valid struct_size")
        }
        guard module.mayStart else { return stopping(module, error) }
        guard let loop = module.host.workers.loop(options.worker) else {
            return report(error, MH_E_INVALID, "there is no worker \(options.worker)")
        }
        return adopt(options, handler, module, loop, error)
    }
    table.write = { stream, bytes in
        guard let stream = HostStream.from(stream) else { return MH_E_CLOSED }
        guard stream.isOnItsWorker else { return MH_E_STATE }
        return stream.write({ $0.writeBytes(bytes.bytes) }, capacity: bytes.len)
    }
    table.write_parts = { stream, parts in
        guard let parts else { return MH_E_INVALID }
        guard let stream = HostStream.from(stream) else { return MH_E_CLOSED }
        guard stream.isOnItsWorker else { return MH_E_STATE }
        let list = parts.pointee
        guard list.count == 0 || list.items != nil && Int(list.stride) >= MemoryLayout<mh_str>.size else {
            return MH_E_INVALID
        }
        func part(_ index: Int) -> mh_str {
            list.items?.load(fromByteOffset: index * Int(list.stride), as: mh_str.self) ?? mh_str()
        }
        let total = (0..<Int(list.count)).reduce(0) { $0 + part($1).len }
        return stream.write(
            { buffer in for index in 0..<Int(list.count) { buffer.writeBytes(part(index).bytes) } }, capacity: total)
    }
    table.write_file = { stream, descriptor, offset, length in
        guard let stream = HostStream.from(stream) else { return MH_E_CLOSED }
        guard stream.isOnItsWorker else { return MH_E_STATE }
        return stream.writeFile(descriptor: descriptor, offset: offset, length: length)
    }
    table.pause = { stream in onItsWorker(stream, "pause")?.pause() }
    table.resume = { stream in onItsWorker(stream, "resume")?.resume() }
    table.water_marks = { stream, low, high in
        guard let stream = HostStream.from(stream) else { return MH_E_CLOSED }
        guard stream.isOnItsWorker else { return MH_E_STATE }
        return stream.waterMarks(low: Int(low), high: Int(high))
    }
    table.close = { stream in onItsWorker(stream, "close")?.close() }
    table.abort = { stream in onItsWorker(stream, "abort")?.abort() }
    table.datagrams = { handle, options, socket, error in
        let module = LoadedModule.from(handle)
        guard chost_thread_kind() == ThreadKind.main.rawValue else {
            return report(error, MH_E_STATE, "datagrams is for the main thread; use mh.loop/1 post with worker 0")
        }
        guard let options = ABIReader.read(options), options.datagram != nil else {
            return report(error, MH_E_INVALID, "mh_datagram_options has no valid struct_size or no datagram")
        }
        guard module.mayStart else { return stopping(module, error) }
        guard let loop = module.host.workers.loop(options.worker) else {
            return report(error, MH_E_INVALID, "there is no worker \(options.worker)")
        }
        let new = HostSocket(module: module, options: options)
        do throws(StartFailure) { try new.open(on: loop) } catch let failure { return report(error, MH_E_IO, failure.text) }
        socket?.pointee = new.raw
        return MH_OK
    }
    table.send = { socket, peer, bytes in
        HostSocket.from(socket)?.send(to: peer.string, bytes.bytes) ?? MH_E_CLOSED
    }
    table.close_socket = { socket in HostSocket.from(socket)?.end() }
    table.address = { listener in HostListener.from(listener)?.boundAddress ?? mh_str() }
    return table
}

/// The stream, when this is the worker that it lives on; a call from elsewhere has no answer that could say so, so it is logged.
private func onItsWorker(_ raw: OpaquePointer?, _ function: StaticString) -> HostStream? {
    guard let stream = HostStream.from(raw) else { return nil }
    guard stream.isOnItsWorker else {
        log.error("mh.net/1 \(function) was called on another thread than the stream's worker; it does nothing")
        return nil
    }
    return stream
}

/// A bootstrap ready to run, once, on whichever thread gets there when the workers serve.
private struct UncheckedAttempt: @unchecked Sendable {
    // @unchecked: bootstraps are not Sendable since they can be changed; this one no longer is.
    let run: () -> EventLoopFuture<any Channel>
    init(_ run: @escaping () -> EventLoopFuture<any Channel>) { self.run = run }
}

/// Makes a stream of a descriptor; checks its type first, so that a refusal leaves it with the module.
private func adopt(
    _ options: mh_adopt_options, _ handler: mh_stream_handler, _ module: LoadedModule, _ loop: any EventLoop,
    _ error: UnsafePointer<mh_error>?
) -> Int32 {
    let descriptor = options.descriptor
    let reads = options.flags & MH_ADOPT_READ != 0
    let writes = options.flags & MH_ADOPT_WRITE != 0
    guard reads || writes, options.flags & ~(MH_ADOPT_READ | MH_ADOPT_WRITE) == 0 else {
        return report(error, MH_E_INVALID, "adopt needs MH_ADOPT_READ, MH_ADOPT_WRITE or both")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
        return report(error, MH_E_INVALID, "descriptor \(descriptor): \(systemText(errno))")
    }
    let stream = HostStream(module: module, loop: loop, handler: handler, canRead: reads, canWrite: writes)
    let adoption: UncheckedAttempt
    switch status.st_mode & S_IFMT {
    case S_IFSOCK:
        let bootstrap = ClientBootstrap(group: loop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(stream) }
            }
        adoption = UncheckedAttempt { bootstrap.withConnectedSocket(descriptor) }
    case S_IFIFO, S_IFCHR:
        let bootstrap = NIOPipeBootstrap(group: loop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 65536, maximum: 262_144)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(stream) }
            }
        if reads, writes {
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else { return report(error, MH_E_IO, "cannot duplicate: \(systemText(errno))") }
            adoption = UncheckedAttempt { bootstrap.takingOwnershipOfDescriptors(input: descriptor, output: copy) }
        } else if reads {
            adoption = UncheckedAttempt { bootstrap.takingOwnershipOfDescriptor(input: descriptor) }
        } else {
            adoption = UncheckedAttempt { bootstrap.takingOwnershipOfDescriptor(output: descriptor) }
        }
    default:
        return report(
            error, MH_E_INVALID, "descriptor \(descriptor) is a file or directory; adopt takes pipes, terminals and sockets")
    }
    // The worker serves it when every module has started there.
    module.add(stream)
    module.host.whenServing { adoption.run().whenFailure { failure in loop.execute { stream.finish(failure) } } }
    return MH_OK
}
