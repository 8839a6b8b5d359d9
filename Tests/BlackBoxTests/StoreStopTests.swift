import Foundation
import JSON
import TestSupport
import Testing

@Suite("Stopping under load")
struct StoreStopTests {
    static let durabilities = ["buffered", "ring", "kernel", "disk"]

    @Test("SIGTERM in the middle of four writers loses no acknowledged row", arguments: durabilities)
    func terminate(durability: String) throws {
        try stop(durability) { accounting in
            let status = try accounting.host.terminate()
            #expect(status == 0)
        }
    }

    @Test("core.shutdown in the middle of four writers loses no acknowledged row", arguments: ["buffered", "disk"])
    func shutdownCommand(durability: String) throws {
        try stop(durability) { accounting in
            _ = try accounting.host.reply(to: "kill")
            #expect(try accounting.host.wait() == 0)
        }
    }

    @Test("Disabling acc, then flatstore, in the middle of four writers loses no acknowledged row", arguments: durabilities)
    func disable(durability: String) throws {
        try stop(durability) { accounting in
            try accounting.host.command("module.disable", ["acc"])
            #expect(throws: TestFailure.self, "nobody listens any more") { try accounting.connect() }
            try accounting.host.command("module.disable", ["flatstore"])
            // Both are out of the files by now, though the host runs on.
            #expect(try accounting.host.command("which").array?.contains("flat_rotate") == false)
        }
    }

    /// Stops a host that four writers keep busy; afterwards the files must hold what was acknowledged, and nothing else is torn.
    private func stop(_ durability: String, _ end: (AccountingHost) throws -> Void) throws {
        let accounting = try AccountingHost(
            durability: durability, lines: ["modparam(\"flatstore\", \"flush_interval\", \"1h\")"])
        let ledger = Ledger()
        let writers = LedgerWriter.start(4, ledger, socket: accounting.socket)
        try #require(eventually { (0..<4).allSatisfy { ledger.acknowledged(writer: $0) > 200 } })
        try end(accounting)
        let audit = LedgerAudit(ledger, files: accounting.files)
        for writer in writers { writer.stop() }
        for writer in writers { #expect(writer.join()) }
        #expect(audit.isClean, "\(audit)\n\(accounting.host.log)")
        #expect(LedgerAudit(ledger, files: accounting.files).isClean)
        #expect(ledger.surprises.isEmpty, "\(ledger.surprises)")
    }

    @Test("A sender in the middle of its records gets the answer for those that were complete when the host stops")
    func lastAnswer() throws {
        let accounting = try AccountingHost()
        let client = try accounting.connect()
        try client.send("1|1|a\n1|2|b\n1|3|unfinish")
        try #require(
            eventually {
                accounting.files.first.map { file in
                    (try? String(contentsOfFile: file, encoding: .utf8)) == "1|1|a\n1|2|b\n"
                } ?? false
            })
        accounting.host.signal(SIGTERM)
        let line = try #require(try client.readLine())
        #expect(try Answer(line) == Answer(stored: 2, rejected: 0))
        #expect(try client.readLine() == nil)
        #expect(try accounting.host.wait() == 0)
        let file = try #require(accounting.files.first)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "1|1|a\n1|2|b\n")
    }
}
