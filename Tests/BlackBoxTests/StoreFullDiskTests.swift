import Foundation
import TestSupport
import Testing

@Suite(
    "A disk that takes no more",
    .enabled(if: AccountingHost.canMount, "SKIPPED: this machine lets nobody mount a tmpfs (unshare -rm, mount)"))
struct StoreFullDiskTests {
    @Test(
        "A full disk: senders are told, no partial line, nothing acknowledged is lost, and it goes on when there is space",
        arguments: ["kernel", "disk", "buffered", "ring"])
    func fullDisk(durability: String) throws {
        let accounting = try AccountingHost(
            durability: durability, lines: ["modparam(\"flatstore\", \"flush_interval\", \"50ms\")"],
            diskSize: 1024)
        let ballast = try (0..<3).map { number in
            let file = "\(accounting.folder)/.ballast\(number)"
            try Data(count: 160 << 10).write(to: URL(filePath: file))
            return file
        }
        let ledger = Ledger()
        let writers = LedgerWriter.start(4, ledger, socket: accounting.socket)
        for file in ballast {
            let refused = ledger.refused
            try #require(eventually { ledger.refused > refused + 1000 }, "the disk fills up")
            for writer in writers { try #require(writer.pause()) }
            let full = LedgerAudit(ledger, files: accounting.files, promise: .safeOnly)
            #expect(full.torn == 0 && full.doubled == 0, "\(full)")
            let acknowledged = ledger.acknowledged
            try FileManager.default.removeItem(atPath: file)
            for writer in writers { writer.resume() }
            #expect(eventually { ledger.acknowledged > acknowledged + 100 }, "it goes on by itself")
        }
        for writer in writers { writer.stop() }
        for writer in writers { #expect(writer.join()) }
        // Rows that wait (buffered, ring) need room once more.
        try makeRoom(accounting)
        try accounting.host.command("flat_flush")

        let audit = LedgerAudit(ledger, files: accounting.files)
        #expect(audit.isClean, "\(audit)")
        #expect(audit.rows == ledger.acknowledged, "stored never counts a refused row, and rejected no stored one")
        #expect(ledger.surprises.isEmpty, "\(ledger.surprises)")
        for refusal in ledger.refusals {
            #expect(refusal.contains("\(accounting.folderName)/") && refusal.contains("No space left on device"))
        }
        let log = accounting.host.log.split(separator: "\n")
        #expect(log.contains { $0.contains("works again") })
        #expect(log.count < 100, "thousands of refusals are a few lines a second:\n\(accounting.host.log)")
        #expect(try accounting.host.terminate() == 0)
    }

    @Test("A disk that became read-only and is writable again: senders are told, then it goes on")
    func readOnly() throws {
        let accounting = try AccountingHost(diskSize: 4096)
        #expect(try accounting.send("1|1|a\n") == Answer(stored: 1, rejected: 0))
        try accounting.rotate()
        try #require(try remount(accounting, "ro") == 0)
        let refusal = try accounting.send("1|2|b\n1|3|c\n")
        #expect(refusal.stored == 0 && refusal.rejected == 2)
        let error = try #require(refusal.error)
        #expect(error.contains(accounting.folderName) && error.contains("Read-only file system"), "\(error)")
        try #require(try remount(accounting, "rw") == 0)
        #expect(try accounting.send("1|2|b\n1|3|c\n") == Answer(stored: 2, rejected: 0))
        let texts = try accounting.files.map { try String(contentsOfFile: $0, encoding: .utf8) }
        #expect(Set(texts.joined().split(separator: "\n")) == ["1|1|a", "1|2|b", "1|3|c"])
    }

    private func remount(_ accounting: AccountingHost, _ mode: String) throws -> Int32 {
        try accounting.runBesideDisk("mount", "-o", "remount,\(mode)", accounting.folderName).status
    }

    private func makeRoom(_ accounting: AccountingHost) throws {
        let result = try accounting.runBesideDisk(
            "mount", "-o", "remount,size=4096k", accounting.folderName)
        try #require(result.status == 0, "\(result.errors)")
    }
}

@Suite("A directory that goes away")
struct StoreLostDirectoryTests {
    @Test(
        "Moved away, rotated, made again: senders are told what to do, nothing acknowledged is lost, it goes on",
        arguments: ["kernel", "ring"])
    func movedAway(durability: String) throws {
        let accounting = try AccountingHost(
            durability: durability, lines: ["modparam(\"flatstore\", \"flush_interval\", \"20ms\")"])
        let away = accounting.host.directory.file("acc.away")
        let ledger = Ledger()
        let writers = LedgerWriter.start(4, ledger, socket: accounting.socket)
        try #require(eventually { (0..<4).allSatisfy { ledger.acknowledged(writer: $0) > 100 } })
        try FileManager.default.moveItem(atPath: accounting.folder, toPath: away)
        _ = try accounting.host.reply(to: "flat_rotate")
        try #require(eventually { ledger.refused > 500 }, "rows are refused while there is no directory")
        let acknowledged = ledger.acknowledged
        try FileManager.default.createDirectory(
            atPath: accounting.folder, withIntermediateDirectories: false)
        #expect(eventually { ledger.acknowledged > acknowledged + 500 }, "it goes on by itself")
        for writer in writers { writer.stop() }
        for writer in writers { #expect(writer.join()) }
        #expect(try accounting.host.terminate() == 0)

        let old = try FileManager.default.contentsOfDirectory(atPath: away).filter { !$0.hasPrefix(".") }
        let audit = LedgerAudit(ledger, files: accounting.files + old.map { "\(away)/\($0)" })
        #expect(audit.isClean && audit.rows == ledger.acknowledged, "\(audit)\n\(accounting.host.log)")
        #expect(ledger.refusals.contains { $0.contains("does not exist") && $0.contains("mkdir -p \(accounting.folder)") })
    }

    @Test("A row file deleted while it is open is made anew within flush_interval, with a warning")
    func deletedFile() throws {
        let accounting = try AccountingHost(
            lines: ["workers = 1", "modparam(\"flatstore\", \"flush_interval\", \"20ms\")"])
        #expect(try accounting.send("1|1|a\n").stored == 1)
        let file = try #require(accounting.files.first)
        try FileManager.default.removeItem(atPath: file)
        #expect(accounting.host.logs("\(file) was deleted while it was open"))
        #expect(try accounting.send("1|2|b\n").stored == 1)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "1|2|b\n")
    }
}
