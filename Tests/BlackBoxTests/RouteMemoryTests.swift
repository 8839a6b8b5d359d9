import Foundation
import JSON
import TestSupport
import Testing

/// What routes hold of memory. A suite of its own, since a sanitizer answers in its own way here.
@Suite("The memory of routes")
struct RouteMemoryTests {
    private func host(_ routes: String) throws -> RunningHost {
        let parts = try ScriptedModule.configuration(routes, [])
        return try RunningHost(parts.text, in: parts.directory)
    }

    @Test("A hundred thousand runs with arguments, texts and replies do not grow the memory")
    func memory() throws {
        let host = try host(
            """
            event_route[scripted:loop] {
                $var(t) = "$arg(name)" + $arg(index);
                $avp(a) = $arg(index);
                $avp(a) = $(var(t){s.len});
                $scripted(a) = $arg(index);
                scripted_assign("$var(y)", "$arg(name) of $var(t)");
                reply("200", "$var(y) $avp(a)");
                return 1;
            }
            """)
        func resident() throws -> Int {
            let status = try String(contentsOfFile: "/proc/\(host.processID)/statm", encoding: .utf8)
            return (Int(status.split(separator: " ")[1]) ?? 0) * 4096
        }
        #expect(try host.command("scripted.loop", [20_000]) == 20_000)
        let before = try resident()
        #expect(try host.command("scripted.loop", [100_000]) == 100_000)
        let grown = try resident() - before
        #expect(grown < 1 << 20, "\(grown) bytes more")
    }
}
