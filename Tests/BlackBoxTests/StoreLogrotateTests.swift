import Foundation
import TestSupport
import Testing

private let searchPath = "PATH=\"$PATH:/usr/sbin:/sbin\""
private let isInstalled = (try? runToEnd("sh", ["-c", "\(searchPath) command -v logrotate"]))?.status == 0

@Suite(
    "The shipped logrotate snippet, run by the real logrotate",
    .enabled(if: isInstalled, "SKIPPED: logrotate is not installed (Debian package logrotate)"))
struct StoreLogrotateTests {
    @Test("Rotations while four writers run lose and double no row", arguments: ["kernel", "buffered"])
    func rotations(durability: String) throws {
        let accounting = try AccountingHost(durability: durability)
        let files = accounting.host.directory
        let shipped = try String(
            contentsOfFile: "\(BuiltProducts.repository)/Packaging/logrotate/modhost", encoding: .utf8)
        let snippet = shipped.replacing("/var/log/acc", with: accounting.folder)
        try #require(snippet != shipped)
        try files.write(snippet, to: "snippet")
        try #require(chmod(files.file("snippet"), 0o644) == 0)

        let ledger = Ledger()
        let writers = LedgerWriter.start(4, ledger, socket: accounting.socket)
        for _ in 1...4 {
            let before = ledger.acknowledged
            try #require(eventually { ledger.acknowledged > before + 1000 })
            let result = try runToEnd(
                "sh",
                [
                    "-c",
                    "\(searchPath):\"\(BuiltProducts.directory)\" exec logrotate --force --state state snippet",
                ],
                directory: files.path, environment: ["MODHOST_FIFO": accounting.host.fifo])
            try #require(result.status == 0, "\(result.output)\(result.errors)")
        }
        for writer in writers { writer.stop() }
        for writer in writers { #expect(writer.join()) }
        #expect(try accounting.host.terminate() == 0)

        let compressed = accounting.files.filter { $0.hasSuffix(".gz") }
        #expect(compressed.count >= 4, "logrotate compresses what flat_rotate let go of: \(accounting.files)")
        let unpacked = try runToEnd("gzip", ["-d"] + compressed)
        try #require(unpacked.status == 0, "\(unpacked.errors)")
        let audit = LedgerAudit(ledger, files: accounting.files)
        #expect(audit.isClean && audit.rows == ledger.acknowledged, "\(audit)")
        #expect(ledger.refused == 0 && ledger.surprises.isEmpty)
    }
}
