import JSON
import TestSupport
import Testing

@Suite("mh.loop/1 and mh.thread/1, as a module meets them in the real host")
struct ProbeLoopTests {
    private let probe: ProbeHost

    init() throws { probe = try ProbeHost() }

    private func timer(_ name: String, worker: Int64, first: String, interval: String, cancel: String) throws {
        try probe.host.command(
            "probe.timer", [.string(name), .integer(worker), .string(first), .string(interval), .string(cancel)])
    }

    @Test("A single timer ticks once and is gone, on its worker")
    func singleTimer() throws {
        try timer("once", worker: 2, first: "1ms", interval: "0", cancel: "never")
        #expect(probe.missing(["timer once gone on worker 2 after one tick"]) == [])
        #expect(probe.lines("timer once tick*") == ["timer once tick 1 on worker 2"])
        #expect(probe.lines("timer once gone*").count == 1)
    }

    @Test("A repeating timer ticks until it is cancelled, here twice in its third tick")
    func repeatingTimer() throws {
        try timer("thrice", worker: 1, first: "0", interval: "1ms", cancel: "tick")
        #expect(probe.missing(["timer thrice gone on worker 1 after three ticks"]) == [])
        letPass(milliseconds: 10)
        #expect(probe.lines("timer thrice tick*").count == 3)
        #expect(probe.lines("timer thrice gone*").count == 1)
        #expect(probe.faults == [])
    }

    @Test("Cancelled before its first tick it is gone without one")
    func cancelledTimer() throws {
        try timer("never", worker: 1, first: "1h", interval: "1s", cancel: "now")
        #expect(probe.missing(["timer never gone on worker 1 after no tick"]) == [])
    }

    @Test("A thread of the module's own may cancel; gone still comes on the worker")
    func cancelFromThread() throws {
        try timer("far", worker: 2, first: "1ms", interval: "1ms", cancel: "thread")
        #expect(probe.missing(["timer far cancelled by foreign*", "timer far gone on worker 2 after*"]) == [])
        #expect(probe.lines("timer far gone*").count == 1)
    }

    @Test("A worker that is not there is refused with its number")
    func wrongWorker() throws {
        #expect(
            try probe.host.fault("probe.timer", .array(["x", 7, "1s", "0", "never"]))
                == "-1 there is no worker 7, workers are 1 to 2")
    }

    @Test("A watch fires as long as there is something to read, pauses, resumes and goes once")
    func watch() throws {
        try probe.host.command("probe.watch")
        #expect(probe.missing(["watch gone on worker 1"]) == [])
        #expect(
            probe.lines("watch*") == [
                "watch ready a on worker 1", "watch ready b on worker 1", "watch ready p on worker 1",
                "watch resumed, called 0 times while paused", "watch ready c on worker 1", "watch ready q on worker 1",
                "watch gone on worker 1",
            ])
    }

    @Test("A paused watch sleeps through a hang-up, and hears of it when it goes on")
    func hangUp() throws {
        try probe.host.command("probe.hangup")
        #expect(probe.missing(["watch gone on worker 1"]) == [])
        #expect(
            probe.lines("watch*") == [
                "watch ready p on worker 1", "watch resumed, called 0 times while paused", "watch end of file, hung up",
                "watch gone on worker 1",
            ])
    }

    @Test("Posts reach every worker and main in order")
    func posts() throws {
        try probe.host.command("probe.post", [1000])
        #expect(
            probe.missing([
                "post 1000 to 0 in order on main 0", "post 1000 to 1 in order on worker 1",
                "post 1000 to 2 in order on worker 2",
            ]) == [])
    }

    @Test("Blocking work runs in the pool, and its end is told where it was asked for")
    func offloads() throws {
        try probe.host.command("probe.offload")
        #expect(
            probe.missing([
                "offload for 0 worked in the pool, done on main 0", "offload for 1 worked in the pool, done on worker 1",
                "offload for 2 worked in the pool, done on worker 2",
            ]) == [])
    }

    @Test("Threads know their place; one that the module made gets an index and gives it back")
    func threads() throws {
        let reply = try probe.host.command("probe.threads")
        #expect(reply["here"] == "management 3")
        #expect(reply["workers"] == "2")
        #expect(reply["limit"] == "above every index")
        #expect(reply["index"] == "given back")
        // 1 main, 2 workers, 1 management and 32 places of the pool come before.
        #expect(probe.lines("own thread*") == ["own thread is foreign 36", "own thread is foreign 36"])
    }

    @Test("The hooks run in order and on the threads that the contract names")
    func hooks() throws {
        probe.host.hangUp()
        #expect(probe.missing(["reopen on main 0"]) == [])
        #expect(try probe.host.terminate() == 0)
        let hooks = probe.journal.filter { line in
            ["init ", "worker_", "reopen", "drain", "stop"].contains { line.hasPrefix($0) }
        }
        #expect(
            hooks == [
                "init main 0", "worker_start 1 on worker 1", "worker_start 2 on worker 2", "reopen on main 0",
                "drain on main 0",
                "worker_stop 1 on worker 1", "worker_stop 2 on worker 2",
                "stop on main 0: outstanding 0, twice 0, services answer",
            ])
        #expect(probe.lines("unknown service*") == ["unknown service null"])
        #expect(probe.lines("larger service*") == ["larger service null"])
    }
}
