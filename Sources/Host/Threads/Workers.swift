import CHost
import ModuleABI
import NIOCore
import NIOPosix
import Synchronization

/// The workers: one event loop each, with thread indexes 1…N.
final class Workers: Sendable {
    let group: MultiThreadedEventLoopGroup
    private let loops: [any EventLoop]
    private let management: any EventLoop
    private let turn = Atomic<UInt32>(0)

    /// Starts `threads.workers` event loops and gives each its thread index.
    init(threads: ThreadTable, management: any EventLoop) throws(StartFailure) {
        self.management = management
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads.workers)
        loops = Array(group.makeIterator())
        for (offset, loop) in loops.enumerated() {
            do {
                try loop.submit { _ = threads.enter(.worker, index: offset + 1) }.wait()
            } catch {
                throw StartFailure("cannot start worker \(offset + 1): \(error)", status: 71)
            }
        }
    }

    var count: Int { loops.count }

    /// The loop of a worker index 1…N, or of `MH_WORKER_ANY`, `MH_WORKER_CURRENT` and `MH_WORKER_MANAGEMENT`; nil when there is
    /// none.
    func loop(_ worker: UInt32) -> (any EventLoop)? {
        switch worker {
        case MH_WORKER_ANY:
            return loops[Int(turn.wrappingAdd(1, ordering: .relaxed).oldValue) % loops.count]
        case MH_WORKER_MANAGEMENT: return management
        case MH_WORKER_CURRENT:
            if management.inEventLoop { return management }
            guard chost_thread_kind() == ThreadKind.worker.rawValue else { return nil }
            return loops[Int(chost_thread_index()) - 1]
        default:
            return worker >= 1 && Int(worker) <= loops.count ? loops[Int(worker) - 1] : nil
        }
    }

    /// The index of the worker that a loop is.
    func index(of loop: any EventLoop) -> UInt32 {
        loop === management ? UInt32(loops.count + 1) : UInt32((loops.firstIndex { $0 === loop } ?? -1) + 1)
    }

    /// Runs a body on each worker and waits for all. Main thread.
    func onEach<Failure: Error>(_ body: @escaping @Sendable (UInt32) throws(Failure) -> Void) throws(Failure) {
        for (offset, loop) in loops.enumerated() {
            let outcome = try? loop.submit { () -> Result<Void, Failure> in
                do throws(Failure) { return .success(try body(UInt32(offset + 1))) } catch { return .failure(error) }
            }.wait()
            if case .failure(let failure) = outcome { throw failure }
        }
    }

    /// Runs a body while no worker runs anything. Main thread.
    func whilePaused<Result>(_ body: () -> Result) -> Result {
        let resume = Gate<Bool>()
        for loop in loops {
            let pause = Gate<Bool>()
            loop.execute {
                pause.open(true)
                _ = resume.wait()
            }
            _ = pause.wait()
        }
        defer { resume.open(true) }
        return body()
    }

    func stop() { try? group.syncShutdownGracefully() }
}
