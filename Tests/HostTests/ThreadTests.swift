import CHost
import Glibc
import ModuleABI
import Synchronization
import TestSupport
import Testing

@testable import Host

/// Runs bodies on threads of their own and waits for all.
private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> Bool {
    let ended = Collected()
    for number in 0..<count {
        HostThread.spawn {
            body(number)
            ended.add(number)
        }
    }
    return eventually { ended.all.count == count }
}

/// Names for the guard, which keeps their addresses.
private enum GuardNames {
    private static let module: StaticString = "probe"
    private static let callback: StaticString = "timer"

    static func enter() -> chost_frame {
        func text(_ name: StaticString) -> UnsafePointer<CChar> {
            UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        }
        return chost_enter(text(module), text(callback))
    }
}

/// Numbers that threads add to.
private final class Collected: Sendable {
    private let numbers = Mutex<[Int]>([])
    func add(_ number: Int) { numbers.withLock { $0.append(number) } }
    var all: [Int] { numbers.withLock { $0 } }
}

@Suite("Queues and threads of the host")
struct ThreadTests {
    @Test("One thread takes jobs in the order in which they came")
    func order() {
        let queue = JobQueue()
        let seen = Collected()
        for number in 0..<5000 { _ = queue.add { seen.add(number) } }
        queue.close()
        while let job = queue.next() { job() }
        #expect(seen.all == Array(0..<5000))
    }

    @Test("Four threads add, four take: each job runs once")
    func manyThreads() {
        let queue = JobQueue()
        let shared = SharedSeen()
        let takers = Collected()
        for _ in 0..<4 {
            HostThread.spawn {
                while let job = queue.next() { job() }
                takers.add(1)
            }
        }
        #expect(
            onThreads(4) { adder in
                for number in 0..<2000 { _ = queue.add { shared.add(adder, number) } }
            })
        queue.close()
        #expect(eventually { takers.all.count == 4 })
        for adder in 0..<4 { #expect(shared.numbers(of: adder).sorted() == Array(0..<2000)) }
    }

    private final class SharedSeen: Sendable {
        private let seen = Mutex<[Int: [Int]]>([:])
        func add(_ adder: Int, _ number: Int) { seen.withLock { $0[adder, default: []].append(number) } }
        func numbers(of adder: Int) -> [Int] { seen.withLock { $0[adder] ?? [] } }
    }

    @Test("A closed queue takes nothing more, and gives what it has")
    func closed() {
        let queue = JobQueue()
        let seen = Collected()
        #expect(queue.add { seen.add(1) } != .closed)
        #expect(queue.count == 1)
        queue.close()
        #expect(queue.add { seen.add(2) } == .closed)
        queue.next()?()
        #expect(queue.next() == nil)
        #expect(seen.all == [1])
    }

    @Test("A pool grows while its threads are busy, up to its limit, and no further")
    func poolLimit() {
        let threads = ThreadTable(workers: 1, poolLimit: 3)
        let pool = Pool(threads: threads)
        let gate = Gate<Bool>()
        let started = Collected()
        for number in 0..<5 {
            pool.run {
                started.add(number)
                _ = gate.wait()
            }
        }
        #expect(eventually { started.all.count == 3 })
        #expect(threads.all.map(\.index) == [3, 4, 5])
        #expect(threads.all.allSatisfy { $0.entry.kind == .pool })
        letPass(milliseconds: 20)
        #expect(started.all.count == 3, "the fourth waits for a thread")
        gate.open(true)
        #expect(eventually { started.all.count == 5 })
        pool.close()
        #expect(eventually { threads.all.isEmpty })
        #expect(!pool.run {})
    }

    @Test("A gate lets everybody through with the first value")
    func gate() {
        let gate = Gate<Int>()
        let seen = Collected()
        let waiting = Collected()
        for _ in 0..<3 {
            HostThread.spawn {
                waiting.add(0)
                seen.add(gate.wait())
            }
        }
        #expect(eventually { waiting.all.count == 3 })
        gate.open(7)
        gate.open(8)
        #expect(eventually { seen.all == [7, 7, 7] })
        #expect(gate.wait() == 7)
    }

    @Test("Threads get the lowest free index of their range and give it back")
    func indexes() {
        let threads = ThreadTable(workers: 2, poolLimit: 3)
        #expect(threads.managementIndex == 3)
        #expect(threads.limit == 2 + 2 + 3 + ThreadTable.foreignLimit)
        let seen = Collected()
        #expect(
            onThreads(1) { _ in
                seen.add(Int(chost_thread_index() == MH_THREAD_NONE ? 1000 : 0))
                seen.add(threads.enter(.pool) ?? -1)
                seen.add(Int(chost_thread_index()))
                seen.add(Int(chost_thread_kind()))
            })
        #expect(seen.all == [1000, 4, 4, Int(ThreadKind.pool.rawValue)])
        let gate = Gate<Bool>()
        let indexes = Collected()
        for _ in 0..<4 {
            HostThread.spawn {
                indexes.add(threads.enter(.pool) ?? -1)
                _ = gate.wait()
            }
        }
        #expect(eventually { indexes.all.count == 4 })
        #expect(indexes.all.sorted() == [-1, -1, 5, 6], "one of the three places was never given back")
        gate.open(true)
    }

    @Test("What a thread is in can be looked at from outside")
    func frames() {
        let table = ThreadTable(workers: 1, poolLimit: 100)
        let index = Collected()
        let gate = Gate<Bool>()
        HostThread.spawn {
            // An index that no other test uses: frames are shared by the whole process.
            index.add(table.enter(.pool, index: 97) ?? -1)
            let before = GuardNames.enter()
            index.add(1)
            _ = gate.wait()
            chost_leave(before)
            index.add(2)
        }
        #expect(eventually { index.all.count == 2 })
        #expect(chost_frame_of(97).module.map { String(cString: $0) } == "probe")
        #expect(chost_frame_of(97).callback.map { String(cString: $0) } == "timer")
        gate.open(true)
        #expect(eventually { index.all.count == 3 })
        #expect(chost_frame_of(97).module == nil)
        #expect(chost_frame_of(.max).module == nil)
    }
}

@Suite("The loop of the main thread")
struct MainLoopTests {
    /// Runs a body with a loop on a thread that stands for the main one.
    private func withLoop(_ body: @escaping @Sendable (MainLoop) -> Void) throws {
        let ended = Gate<Bool>()
        HostThread.spawn {
            if let loop = try? MainLoop() { body(loop) }
            ended.open(true)
        }
        #expect(ended.wait())
    }

    @Test("Jobs of one poster run in order, whoever else posts")
    func order() throws {
        let seen = Collected()
        try withLoop { loop in
            for poster in 0..<4 {
                HostThread.spawn { for number in 0..<500 { loop.post { seen.add(poster * 1000 + number) } } }
            }
            loop.run(until: { seen.all.count == 2000 }, deadline: chost_clock() + 30_000_000_000)
        }
        for poster in 0..<4 { #expect(seen.all.filter { $0 / 1000 == poster } == (0..<500).map { poster * 1000 + $0 }) }
    }

    @Test("A job that runs the loop itself finds those behind it, in order")
    func nested() throws {
        let seen = Collected()
        try withLoop { loop in
            loop.post {
                seen.add(0)
                loop.post { seen.add(3) }
                loop.run(until: { seen.all.count == 4 }, deadline: chost_clock() + 30_000_000_000, takingSignals: false)
                seen.add(4)
            }
            loop.post { seen.add(1) }
            loop.post { seen.add(2) }
            loop.run(until: { seen.all.count == 5 }, deadline: chost_clock() + 30_000_000_000)
        }
        #expect(seen.all == [0, 1, 2, 3, 4])
    }

    @Test("A deadline ends it undone; closed it takes nothing")
    func deadline() throws {
        let seen = Collected()
        try withLoop { loop in
            let start = chost_clock()
            seen.add(loop.run(until: { false }, deadline: start + 20_000_000) ? 1 : 0)
            seen.add(chost_clock() - start >= 20_000_000 ? 1 : 0)
            loop.close()
            seen.add(loop.post {} ? 1 : 0)
        }
        #expect(seen.all == [0, 1, 0])
    }

    @Test("It ticks about as often as it is told")
    func ticks() throws {
        let seen = Collected()
        try withLoop { loop in
            loop.tickInterval = 2
            loop.onTick = { seen.add(1) }
            loop.run(until: { seen.all.count >= 3 }, deadline: chost_clock() + 30_000_000_000)
        }
        #expect(seen.all.count >= 3)
    }
}
