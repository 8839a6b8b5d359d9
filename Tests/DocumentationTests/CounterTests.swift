// Counters are made while a module runs, so no descriptor has them: here the real ones are looked for in the pages of the modules.

import JSON
import TestSupport
import Testing

@Suite struct `Counters` {
    @Test("Each counter of a host with all modules is on its module's page")
    func pages() throws {
        let host = try RunningHost(
            RunningHost.configuration(
                "loadmodule \"mi-fifo.so\"", "loadmodule \"flatstore.so\"", "loadmodule \"acc.so\"",
                "loadmodule \"htable.so\"",
                "loadmodule \"timestore.so\"", "loadmodule \"rtimer.so\"", "loadmodule \"ask.so\"",
                "modparam(\"acc\", \"db_url\", \"flatstore:rows\")", "modparam(\"acc\", \"db_table\", \"TABLE\")",
                "modparam(\"htable\", \"htable\", \"TABLE=>size=4;\")",
                "modparam(\"timestore\", \"data_directory\", \"series\")",
                "modparam(\"timestore\", \"listen\", \"unix:timestore.sock\")",
                "modparam(\"ask\", \"listen\", \"unix:ask.sock\")",
                "modparam(\"rtimer\", \"timer\", \"name=TIMER;interval=60;mode=1;\")",
                "modparam(\"rtimer\", \"exec\", \"timer=TIMER;route=TICK\")", "route[TICK] { exit; }",
                "request_route { exit; }"),
            folders: ["rows"])
        // flatstore counts a table from its first row.
        try host.command("acc.record", ["method=INVITE"])
        guard case .object(let counters) = try host.command("stats.fetch", ["all"]) else {
            throw TestFailure("stats.fetch answers no map")
        }
        #expect(counters.count > 40)
        var unknown: [String] = []
        for counter in counters.map(\.name) {
            let module = String(counter.prefix { $0 != "." })
            // The name of a table or timer, which differs from config to config, ends it.
            let name = counter.dropFirst(module.count + 1).replacing("TABLE", with: "").replacing("TIMER", with: "")
            let page = repositoryText("Documentation/\(module == "core" ? "management" : "modules/\(module)").md")
            if !page.contains("`\(name)"), !page.contains("`\(module):\(name)") { unknown.append(counter) }
        }
        #expect(unknown.isEmpty, "\(unknown)")
    }
}
