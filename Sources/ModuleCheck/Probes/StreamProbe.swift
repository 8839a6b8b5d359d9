import ModuleABI

/// Peers that nobody can trust, on every listener, socket and stream of the module.
enum StreamProbe {
    static func run(_ cases: StageCase) {
        for round in 0..<4 {
            let seed = cases.request.seed &+ UInt64(round) &* 1000
            let result = cases.run("with peers of seed \(seed)", dies: .streamDies, peers: true) { stage in
                stage.seed = seed
                guard cases.start(stage) == nil, let subject = stage.subject else { return }
                CaseProcess.step("letting peers connect and send")
                var random = SeededRandom(seed: seed)
                var hasPlace = false
                for visit in 0..<20 {
                    for object in stage.handles.all(of: subject) {
                        if let listener = object as? StageListener {
                            hasPlace = true
                            let peer = StagePeer(seed: random.next())
                            peer.visit(listener, worker: stage.workers[visit % stage.workers.count])
                        } else if let socket = object as? StageSocket {
                            hasPlace = true
                            let bytes = OddValues.bytes(&random)
                            socket.loop.post { socket.deliver(bytes) }
                        } else if object is StageStream {
                            hasPlace = true
                        }
                    }
                }
                CaseProcess.setNumber(hasPlace ? 1 : 0)
                stage.main.run(until: { false }, within: hasPlace ? 30_000_000 : 1_000_000)
                stage.stop()
                LifeProbe.lateCalls(stage)
            }
            // Nothing listens: the other seeds would see the same.
            if result.end == .finished, CaseProcess.number == 0 { return }
        }
    }
}
