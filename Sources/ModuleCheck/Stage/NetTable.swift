import Glibc
import ModuleABI

/// mh.net/1, with simulated peers.
func makeNetService() -> mh_net_service {
    var table = mh_net_service()
    table.struct_size = UInt32(MemoryLayout<mh_net_service>.size)
    addStarting(to: &table)
    addWriting(to: &table)
    addDatagrams(to: &table)
    return table
}

private func addStarting(to table: inout mh_net_service) {
    table.listen = { handle, options, listener, error in
        let stage = Stage.shared
        guard let module = stage.admit(.netListen, handle) else { return report(error, MH_E_STATE, "main thread only") }
        guard let options = OptionReader.read(options, mh_listen_options(), "mh_listen_options", error) else {
            return MH_E_INVALID
        }
        guard options.accept != nil else { return OptionReader.refuse("a listener without accept", error) }
        if stage.lets(.netListen, module, fail: error) { return MH_E_IO }
        let made = StageListener(module: module, options: options)
        if module.phase == .running, let fault = made.open() { return report(error, MH_E_IO, fault) }
        let known = stage.handles.add(made)
        listener?.pointee = known
        return MH_OK
    }
    table.unlisten = { listener in
        let stage = Stage.shared
        guard let listener = stage.handles.find(listener, StageListener.self, .netUnlisten),
            stage.admit(.netUnlisten, of: listener.module)
        else { return }
        listener.close()
    }
    table.address = { listener in
        let stage = Stage.shared
        guard let listener = stage.handles.find(listener, StageListener.self, .netAddress),
            stage.admit(.netAddress, of: listener.module)
        else { return mh_str() }
        return listener.address
    }
    table.connect = { handle, options, error in
        let stage = Stage.shared
        guard let module = stage.admit(.netConnect, handle) else { return report(error, MH_E_STATE, "not while it runs") }
        guard let options = OptionReader.read(options, mh_connect_options(), "mh_connect_options", error),
            let handler = OptionReader.read(options.handler, mh_stream_handler(), "mh_stream_handler", error)
        else { return MH_E_INVALID }
        let url = options.url.string
        guard StageAddress.unixPath(url) != nil || StageAddress.isHostAndPort(url, scheme: "tcp://") else {
            return report(error, MH_E_INVALID, "\(url) is no tcp:// or unix: address")
        }
        guard let loop = stage.loop(options.worker) else { return OptionReader.noWorker(options.worker, error) }
        if stage.lets(.netConnect, module, fail: error) { return MH_E_IO }
        let stream = StageStream(module: module, loop: loop, handler: handler, context: handler.ctx)
        _ = stage.handles.add(stream)
        loop.post(forModule: true) {
            guard stage.hasPeers else { return stream.vanish() }
            stream.connect()
            StagePeer(seed: stage.seed).speak(to: stream)
        }
        return MH_OK
    }
    table.adopt = { handle, options, error in
        let stage = Stage.shared
        guard let module = stage.admit(.netAdopt, handle) else { return report(error, MH_E_STATE, "not in this phase") }
        guard let options = OptionReader.read(options, mh_adopt_options(), "mh_adopt_options", error),
            let handler = OptionReader.read(options.handler, mh_stream_handler(), "mh_stream_handler", error)
        else { return MH_E_INVALID }
        guard fcntl(options.descriptor, F_GETFD) >= 0 else {
            return OptionReader.refuse("\(options.descriptor) to adopt, which is no open descriptor", error)
        }
        guard let loop = stage.loop(options.worker) else { return OptionReader.noWorker(options.worker, error) }
        if stage.lets(.netAdopt, module, fail: error) { return MH_E_IO }
        let stream = StageStream(
            module: module, loop: loop, handler: handler, context: handler.ctx, descriptor: options.descriptor)
        _ = stage.handles.add(stream)
        let isReading = options.flags & MH_ADOPT_READ != 0
        loop.post(forModule: true) {
            stream.connect()
            if stage.hasPeers, isReading { StagePeer(seed: stage.seed).speak(to: stream) }
        }
        return MH_OK
    }
}

/// The stream of a handle, when the call is on its thread and in its phase.
private func stream(_ handle: OpaquePointer?, _ call: ServiceCall) -> StageStream? {
    let stage = Stage.shared
    guard let stream = stage.handles.find(handle, StageStream.self, call),
        stage.admit(call, of: stream.module, on: stream.loop)
    else { return nil }
    return stream
}

private func addWriting(to table: inout mh_net_service) {
    table.write = { handle, bytes in
        guard let stream = stream(handle, .netWrite) else { return MH_E_STATE }
        TextReader.touch(bytes)
        return stream.write(bytes.len)
    }
    table.write_parts = { handle, parts in
        guard let stream = stream(handle, .netWriteParts), let parts else { return MH_E_STATE }
        var total = 0
        if let items = parts.pointee.items {
            for index in 0..<Int(parts.pointee.count) {
                let part = items.loadUnaligned(fromByteOffset: index * Int(parts.pointee.stride), as: mh_str.self)
                TextReader.touch(part)
                total += part.len
            }
        }
        return stream.write(total)
    }
    table.write_file = { handle, descriptor, offset, length in
        guard let stream = stream(handle, .netWriteFile) else { return MH_E_STATE }
        guard offset >= 0, length >= 0, fcntl(descriptor, F_GETFD) >= 0 else {
            return OptionReader.refuse("a region of a file that cannot be: offset \(offset), length \(length)", nil)
        }
        return stream.write(Int(length))
    }
    table.pause = { handle in stream(handle, .netPause)?.pause() }
    table.resume = { handle in stream(handle, .netResume)?.resume() }
    table.water_marks = { handle, low, high in
        guard stream(handle, .netWaterMarks) != nil else { return MH_E_STATE }
        return low <= high ? MH_OK : OptionReader.refuse("water marks with low \(low) above high \(high)", nil)
    }
    table.close = { handle in stream(handle, .netClose)?.close() }
    table.abort = { handle in stream(handle, .netAbort)?.abort() }
}

private func addDatagrams(to table: inout mh_net_service) {
    table.datagrams = { handle, options, socket, error in
        let stage = Stage.shared
        guard let module = stage.admit(.netDatagrams, handle) else { return report(error, MH_E_STATE, "main thread only") }
        guard let options = OptionReader.read(options, mh_datagram_options(), "mh_datagram_options", error) else {
            return MH_E_INVALID
        }
        let url = options.url.string
        guard StageAddress.isHostAndPort(url, scheme: "udp://") else {
            return report(error, MH_E_INVALID, "\(url) is no udp:// address")
        }
        guard let loop = stage.loop(options.worker) else { return OptionReader.noWorker(options.worker, error) }
        if stage.lets(.netDatagrams, module, fail: error) { return MH_E_IO }
        let made = StageSocket(module: module, loop: loop, options: options)
        let known = stage.handles.add(made)
        socket?.pointee = known
        return MH_OK
    }
    table.send = { handle, peer, bytes in
        let stage = Stage.shared
        guard let socket = stage.handles.find(handle, StageSocket.self, .netSend),
            stage.admit(.netSend, of: socket.module, on: socket.loop)
        else { return MH_E_STATE }
        TextReader.touch(peer)
        TextReader.touch(bytes)
        return MH_OK
    }
    table.close_socket = { handle in
        let stage = Stage.shared
        guard let socket = stage.handles.find(handle, StageSocket.self, .netCloseSocket),
            stage.admit(.netCloseSocket, of: socket.module)
        else { return }
        socket.end()
    }
}
