import Foundation
import JSON
import TestSupport
import Testing

@Suite("Rotation under load")
struct StoreRotationTests {
    /// How often and how many: about three seconds in all; `make torture` runs the long form.
    private static let rotations = 10
    private static let pause: Int32 = 100

    @Test(
        "A rotation every 100 ms while four writers run at full speed loses and doubles no row",
        arguments: ["kernel", "buffered", "ring", "disk"])
    func rotationsUnderLoad(durability: String) throws {
        let accounting = try AccountingHost(durability: durability)
        let ledger = Ledger()
        let writers = LedgerWriter.start(4, ledger, socket: accounting.socket)
        var closed: [String] = []
        var marks: [String] = []
        for number in 1...Self.rotations {
            letPass(milliseconds: Self.pause)
            let moved = try accounting.moveAside(number)
            try accounting.rotate()
            // After the answer no byte is added to what was moved: neither now nor later.
            closed += moved
            marks += try AccountingHost.marks(of: moved)
        }
        for writer in writers { writer.stop() }
        for writer in writers { #expect(writer.join()) }
        #expect(try AccountingHost.marks(of: closed) == marks)
        #expect(try accounting.host.terminate() == 0)

        #expect(closed.count > Self.rotations, "both workers had rows for most rotations")
        #expect(ledger.refused == 0 && ledger.surprises.isEmpty, "\(ledger.refusals) \(ledger.surprises)")
        let audit = LedgerAudit(ledger, files: accounting.files)
        #expect(audit.isClean, "\(audit)")
        #expect(audit.rows == ledger.acknowledged)
        for writer in 0..<4 { #expect(ledger.acknowledged(writer: writer) > 0) }
    }

    @Test("flat_rotate alone, without mv, goes on in the same files")
    func rotationWithoutRenaming() throws {
        let accounting = try AccountingHost()
        let ledger = Ledger()
        let writers = LedgerWriter.start(2, ledger, socket: accounting.socket)
        for _ in 1...20 {
            letPass(milliseconds: 10)
            try accounting.rotate()
        }
        for writer in writers { writer.stop() }
        for writer in writers { #expect(writer.join()) }
        let audit = LedgerAudit(ledger, files: accounting.files)
        #expect(audit.isClean && audit.rows == ledger.acknowledged, "\(audit)")
        let rotations = try accounting.host.command("get_statistics", ["flatstore:rotations"])
        #expect("\(rotations)".contains("20"), "each of the rotations within one second counts: \(rotations)")
    }

    @Test("SIGHUP rotates: rows after it are in new files, and none is lost")
    func hangUp() throws {
        let accounting = try AccountingHost(durability: "buffered")
        let ledger = Ledger()
        let writers = LedgerWriter.start(4, ledger, socket: accounting.socket)
        var closed: [String] = []
        for number in 1...5 {
            try #require(eventually { accounting.currentFiles.count == 2 }, "both workers write")
            closed += try accounting.moveAside(number)
            accounting.host.hangUp()
            try #require(eventually { accounting.currentFiles.count == 2 }, "new files appear after SIGHUP")
        }
        for writer in writers { writer.stop() }
        for writer in writers { #expect(writer.join()) }
        try accounting.host.terminate()
        let audit = LedgerAudit(ledger, files: accounting.files)
        #expect(audit.isClean && audit.rows == ledger.acknowledged, "\(audit)")
        #expect(closed.count == 10)
    }

    @Test("Rows inserted before flat_rotate are in the moved file when it answers, also buffered ones")
    func completeWhenAnswered() throws {
        let accounting = try AccountingHost(
            durability: "buffered", lines: ["modparam(\"flatstore\", \"flush_interval\", \"1h\")"])
        #expect(try accounting.send("1|1|x\n1|2|y\n").stored == 2)
        // Nothing is written before somebody asks: the file may be empty.
        let moved = try #require(try accounting.moveAside(1).first)
        try accounting.rotate()
        #expect(try String(contentsOfFile: moved, encoding: .utf8) == "1|1|x\n1|2|y\n")
    }
}
