import ModuleABI

/// A peer that nobody can trust: sends bytes of all kinds, in pieces, and goes away in every way. Repeatable by its seed.
struct StagePeer {
    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// Connects to a listener of a module's, on a worker.
    func visit(_ listener: StageListener, worker loop: StageLoop) {
        let module = listener.module
        module.holds.add(1)
        loop.post {
            defer { module.holds.add(-1) }
            guard module.isServed, let accept = listener.options.accept else { return }
            let stream = StageStream(module: module, loop: loop, handler: mh_stream_handler(), context: nil)
            let handle = Stage.shared.handles.add(stream)
            let isUnix = listener.url.hasPrefix("unix:")
            var peer = mh_peer()
            peer.struct_size = UInt32(MemoryLayout<mh_peer>.size)
            peer.worker = loop.index
            peer.address = (isUnix ? "unix:4711" : "192.0.2.7:40000").leaked()
            (peer.user_id, peer.group_id, peer.process_id) = isUnix ? (65534, 65534, 4711) : (-1, -1, -1)
            var handler: UnsafePointer<mh_stream_handler>?
            var context: UnsafeMutableRawPointer?
            let code = module.enter("accept of a listener", .running, isQuick: true) {
                accept(listener.options.ctx, handle, &peer, &handler, &context)
            }
            guard code >= 0 else { return Stage.shared.handles.remove(stream) }
            guard let handler, let copy = OptionReader.read(handler, mh_stream_handler(), "mh_stream_handler", nil) else {
                Stage.shared.handles.remove(stream)
                return FindingPipe.add(.badOptions, "accept of \(listener.url) answers \(code) but gives no handler")
            }
            stream.take(copy, context)
            self.speak(to: stream)
        }
    }

    /// Queues what this peer says on the stream's loop.
    func speak(to stream: StageStream) {
        var random = random
        for _ in 0..<(1 + random.below(6)) {
            let bytes = OddValues.bytes(&random)
            stream.loop.post { stream.deliver(bytes) }
        }
        switch random.below(3) {
        case 0: stream.loop.post { stream.peerEnds() }
        case 1: stream.loop.post { stream.vanish() }
        default: break
        }
    }
}
