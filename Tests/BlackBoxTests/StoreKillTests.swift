import Foundation
import TestSupport
import Testing

@Suite("A host killed with SIGKILL")
struct StoreKillTests {
    /// Kills for each durability; `make torture` does hundreds.
    private static let kills = 10

    @Test(
        "Every acknowledged row is in the files after ten kills at any moment, none is doubled, no line is torn",
        arguments: ["kernel", "disk", "ring"])
    func acknowledgedRowsSurvive(durability: String) throws {
        let accounting = try AccountingHost(durability: durability)
        let ledger = Ledger()
        let writers = LedgerWriter.start(4, ledger, socket: accounting.socket)
        for kill in 1...Self.kills {
            let before = ledger.acknowledged
            try #require(eventually { ledger.acknowledged > before + 200 }, "writers go on after kill \(kill - 1)")
            letPass(milliseconds: .random(in: 0...60))
            if kill % 3 == 0 {
                _ = try accounting.moveAside(kill)
                try accounting.rotate()
                letPass(milliseconds: .random(in: 0...20))
            }
            accounting.host.kill()
            // The repairs of a start may be cut short as well.
            if kill % 2 == 0 { try accounting.startAndKill(afterMilliseconds: .random(in: 0...40)) }
            try accounting.host.restart()
        }
        for writer in writers { writer.stop() }
        for writer in writers { #expect(writer.join()) }
        #expect(try accounting.host.terminate() == 0)

        #expect(ledger.refused == 0 && ledger.surprises.isEmpty, "\(ledger.refusals) \(ledger.surprises)")
        let audit = LedgerAudit(ledger, files: accounting.files)
        #expect(audit.isClean, "\(audit)\n\(accounting.host.log)")
        #expect(stagingFiles(of: accounting).isEmpty, "a clean stop leaves no staging file")
    }

    @Test(
        "With durability=buffered, what was acknowledged before flat_flush or flat_rotate survives",
        arguments: ["flat_flush", "flat_rotate"])
    func flushedRowsSurvive(command: String) throws {
        let accounting = try AccountingHost(durability: "buffered")
        let ledger = Ledger()
        let writers = LedgerWriter.start(4, ledger, socket: accounting.socket)
        var start = Ledger.Moment()
        for kill in 1...Self.kills / 2 {
            let before = ledger.acknowledged
            try #require(eventually { ledger.acknowledged > before + 200 }, "writers go on after kill \(kill - 1)")
            letPass(milliseconds: .random(in: 0...40))
            let moment = ledger.answeredSoFar
            try accounting.host.command(command)
            ledger.markSafe(from: start, to: moment)
            accounting.host.kill()
            start = ledger.enteredSoFar
            try accounting.host.restart()
        }
        for writer in writers { writer.stop() }
        for writer in writers { #expect(writer.join()) }
        try accounting.host.terminate()
        let audit = LedgerAudit(ledger, files: accounting.files, promise: .safeOnly)
        #expect(audit.isClean, "\(audit)\n\(accounting.host.log)")
        #expect(ledger.batches.values.joined().contains { $0.isSafe })
    }

    @Test("A torn last line, as a power loss leaves it, is cut at the next start and the cut is reported")
    func tornTail() throws {
        let accounting = try AccountingHost()
        #expect(try accounting.send("0|1|a\n0|2|b\n").stored == 2)
        let file = try #require(accounting.files.first)
        accounting.host.kill()
        for file in [file, "\(accounting.folder)/acc_63.log"] {
            try Data("0|1|a\n0|2|b\n0|17|abcd".utf8).write(to: URL(filePath: file))
        }
        try accounting.host.restart()
        // Before any thread writes a row.
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "0|1|a\n0|2|b\n")
        #expect(accounting.host.log.contains("\(file): it ended in a torn row: cut 9 bytes"))
        #expect(accounting.host.log.contains("acc_63.log: it ended in a torn row"), "no thread has that index now")
    }

    private func stagingFiles(of accounting: AccountingHost) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: accounting.folder)) ?? []).filter {
            $0.hasSuffix(".ring")
        }
    }
}
