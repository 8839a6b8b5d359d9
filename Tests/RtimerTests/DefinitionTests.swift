import ModuleKit
import Testing

@testable import RouteTimers

@Suite("Timers of routes: what the config says")
struct DefinitionTests {
    @Test(
        "An interval is a number of seconds, or one with a unit",
        arguments: [
            ("10", 10_000_000_000), ("1s", 1_000_000_000), ("250ms", 250_000_000), ("100000u", 100_000_000),
            ("2000us", 2_000_000), ("2m", 120_000_000_000), ("1h", 3_600_000_000_000),
        ] as [(String, Int64)])
    func intervals(text: String, nanoseconds: Int64) throws {
        #expect(try TimerDefinition("name=t1;interval=\(text);").interval == nanoseconds)
    }

    @Test("The whole of a definition, with blanks and without a last semicolon")
    func whole() throws {
        let definition = try TimerDefinition(" name = t-1.a ; mode=2; interval= 5 ")
        #expect(definition.name == "t-1.a")
        #expect(definition.mode == 2)
        #expect(definition.interval == 5_000_000_000)
        #expect(try TimerExecution("timer=t1; route=PURGE;").route == "PURGE")
    }

    @Test(
        "What is wrong is named, with what was expected",
        arguments: [
            ("interval=10", "the timer has no name"), ("name=t1", "timer t1 has no interval: add interval=SECONDS"),
            ("name=t1;intervall=5", "did you mean interval?"), ("name=t1;interval=x", "interval is \"x\""),
            ("name=t1;interval=-1", "interval is \"-1\""), ("name=t1;interval=0", "expected 1ms to 366 days"),
            ("name=t1;interval=10u", "expected 1ms to 366 days"),
            ("name=t1;interval=9999999999h", "expected 1ms to 366 days"),
            ("name=t1;interval=1;mode=many", "mode is \"many\""), ("name=a b;interval=1", "the timer's name is \"a b\""),
            ("name=t1;name=t2;interval=1", "name is given twice"), ("t1", "found \"t1\", expected name=value pairs"),
            ("name=;interval=1", "name has no value"),
        ])
    func mistakes(text: String, part: String) {
        let failure = #expect(throws: ModuleFailure.self) { try TimerDefinition(text) }
        #expect(failure?.text.contains(part) == true, "\(failure?.text ?? "")")
    }

    @Test("An exec line must name a timer that is defined before it, and a second timer of one name is refused")
    func order() throws {
        let module = RouteTimersModule()
        try module.define("name=cleanup;interval=10")
        let unknown = #expect(throws: ModuleFailure.self) { try module.execute("timer=cleanupp;route=A") }
        #expect(unknown?.text.contains("did you mean cleanup?") == true)
        let twice = #expect(throws: ModuleFailure.self) { try module.define("name=cleanup;interval=20") }
        #expect(twice?.text.contains("timer cleanup is defined already") == true)
        try module.execute("timer=cleanup;route=A")
        try module.execute("timer=cleanup;route=B")
        #expect(module.definitions.first?.routes == ["A", "B"])
        #expect(throws: ModuleFailure.self) { try module.execute("timer=cleanup") }
        #expect(throws: ModuleFailure.self) { try module.execute("route=A") }
    }

    @Test("Mode 0 is worker 1, others take workers in turn, never more than there are")
    func workers() throws {
        var next: UInt32 = 0
        func workers(_ mode: Int) throws -> [UInt32] {
            RouteTimersModule.workers(for: try TimerDefinition("name=t;interval=1;mode=\(mode)"), of: 3, next: &next)
        }
        #expect(try workers(0) == [1])
        #expect(try workers(1) == [1])
        #expect(try workers(1) == [2])
        #expect(try workers(2) == [3, 1])
        #expect(try workers(9).sorted() == [1, 2, 3])
    }

    @Test("A late tick stands for those that were missed, and a steady drift loses one tick for each interval")
    func schedule() {
        var schedule = TickSchedule(interval: 10, now: 0)
        #expect(schedule.tick(at: 10) == 0)
        #expect(schedule.tick(at: 21) == 0)
        #expect(schedule.tick(at: 65) == 3)
        #expect(schedule.tick(at: 70) == 0)
        var slow = TickSchedule(interval: 10, now: 0)
        #expect((1...100).reduce(0) { $0 + slow.tick(at: Int64($1) * 15) } == 50)
    }
}
