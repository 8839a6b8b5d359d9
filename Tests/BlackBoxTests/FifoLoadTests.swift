import Foundation
import JSON
import ManagementClient
import Synchronization
import TestSupport
import Testing

/// Many clients at once.
@Suite("Clients side by side")
struct FifoLoadTests {
    @Test("16 clients with 200 requests each are all answered, each with its own reply")
    func sideBySide() throws {
        let host = try RunningHost(RunningHost.configuration("loadmodule \"mi-fifo.so\""))
        let wrong = Mutex<[String]>([])
        let threads = (0..<16).map { client in
            Thread {
                let manager = ManagementClient(
                    location: FIFOLocation(requestPath: host.fifo), timeout: .seconds(60))
                for request in 0..<200 {
                    let mark = JSONValue.string("client \(client) request \(request)")
                    do {
                        let reply = try manager.call("core.echo", [mark])
                        if reply != .success([mark]) { wrong.withLock { $0.append("\(mark): \(reply)") } }
                    } catch {
                        wrong.withLock { $0.append("\(mark): \(error)") }
                    }
                }
            }
        }
        for thread in threads { thread.start() }
        #expect(eventually(within: .seconds(120)) { threads.allSatisfy(\.isFinished) })
        #expect(wrong.withLock { $0 } == [])
        #expect(try host.command("get_statistics", ["mi-fifo:dropped_replies"]) == ["mi-fifo:dropped_replies = 0"])
        // Nothing is left of them.
        #expect(host.directory.names(in: "run") == ["modhost.fifo", "modhost.fifo.lock"])
    }

    @Test("modctl answers from the same host: status 0, 1 for a failed command, 3 without a host")
    func modctl() throws {
        let host = try RunningHost(RunningHost.configuration("loadmodule \"mi-fifo.so\""))
        func modctl(_ words: String...) throws -> ProgramResult {
            try runToEnd(
                BuiltProducts.modctl, ["-f", "modules.conf"] + words, directory: host.directory.path)
        }
        let good = try modctl("core.echo", "hello")
        #expect(good.status == 0)
        #expect(good.output == "hello\n")
        let bad = try modctl("module.info", "nobody")
        #expect(bad.status == 1)
        #expect(bad.errors.contains("no module nobody is loaded"))
        #expect(try host.terminate() == 0)
        #expect(try modctl("which").status == 3)
    }
}
