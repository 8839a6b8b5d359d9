import CHost
import Foundation
import Testing

@testable import Host

@Suite("Counters and gauges")
struct CounterRegistryTests {
    private let registry = CounterRegistry()

    private func make(_ group: String, _ name: String, gauge: Bool = false) throws -> OpaquePointer {
        try #require(registry.make(group: group, name: name, help: "", isGauge: gauge))
    }

    private func selected(_ word: String) -> [String] { registry.select(word).map { "\($0.group):\($0.name)=\($0.value)" } }

    @Test("The same name is the same counter; another kind of it is refused")
    func sameName() throws {
        let first = try make("acc", "rows")
        chost_counter_add(first, 2)
        chost_counter_add(try make("acc", "rows"), 3)
        #expect(chost_counter_get(first) == 5)
        #expect(registry.make(group: "acc", name: "rows", help: "", isGauge: true) == nil)
        let isMade = registry.makeComputed(group: "acc", name: "rows", help: "", read: { 1 })
        #expect(!isMade)
        #expect(try make("flat", "rows") != first)
    }

    @Test("Words select all, a group, one, or one of every group")
    func selection() throws {
        for (group, name, amount) in [("b", "x", 1), ("a", "y", 2), ("a", "x", 3)] as [(String, String, Int64)] {
            chost_counter_add(try make(group, name), amount)
        }
        #expect(selected("all") == ["a:y=2", "a:x=3", "b:x=1"])
        #expect(selected("a:") == ["a:y=2", "a:x=3"])
        #expect(selected("b:x") == ["b:x=1"])
        #expect(selected("x") == ["a:x=3", "b:x=1"])
        for none in ["", "z", "z:", "a:z", ":", "a:x:y"] { #expect(selected(none).isEmpty, "\(none)") }
    }

    @Test("Names may hold a colon themselves")
    func colonNames() throws {
        chost_counter_add(try make("acc", "tcp:accepted"), 4)
        #expect(selected("acc:tcp:accepted") == ["acc:tcp:accepted=4"])
        #expect(selected("tcp:accepted") == ["acc:tcp:accepted=4"])
    }

    @Test("A computed gauge is asked each time, and nothing resets a gauge")
    func computed() throws {
        let isMade = registry.makeComputed(group: "g", name: "seven", help: "", read: { 7 })
        #expect(isMade)
        _ = try make("g", "level", gauge: true)
        _ = try make("g", "count")
        #expect(selected("g:seven") == ["g:seven=7"])
        #expect(registry.select("g:").map(\.canReset) == [false, false, true])
    }

    @Test("A group goes with its module; its cells can still be added to")
    func removal() throws {
        let cell = try make("g", "x")
        registry.remove(group: "g")
        chost_counter_add(cell, 1)
        #expect(selected("all").isEmpty)
    }

    @Test("Threads that add at once lose nothing")
    func concurrent() throws {
        let registry = registry
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            for _ in 0..<10_000 {
                let cell = registry.make(group: "g", name: "n", help: "", isGauge: false)
                chost_counter_add(cell, 1)
            }
        }
        #expect(selected("g:n") == ["g:n=40000"])
    }
}
