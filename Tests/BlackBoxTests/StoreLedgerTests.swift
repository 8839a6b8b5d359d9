import TestSupport
import Testing

@Suite("The ledger by which the store tests judge finds every kind of fault")
struct StoreLedgerTests {
    /// Ten records of writer 0, acknowledged; five of writer 1, of which three are; two of writer 2 without an answer.
    private func ledger() -> Ledger {
        let ledger = Ledger()
        _ = ledger.enter(writer: 0, count: 10)
        ledger.complete(writer: 0, stored: 10, rejected: 0, error: nil)
        _ = ledger.enter(writer: 1, count: 5)
        ledger.complete(writer: 1, stored: 3, rejected: 2, error: "line 4: the disk is full")
        _ = ledger.enter(writer: 2, count: 2)
        return ledger
    }

    /// The rows of a writer's numbers, as flatstore writes them: the same bytes as a delimited line.
    private func rows(_ writer: Int, _ numbers: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        for number in numbers {
            LedgerRecord(writer: writer, number: number).appendLine(.delimited, to: &bytes)
        }
        return bytes
    }

    private func audit(_ content: [UInt8]) throws -> LedgerAudit {
        let files = try TemporaryDirectory()
        var audit = LedgerAudit(ledger(), files: [try files.write(content, to: "acc_1.log")])
        audit.findings = []
        return audit
    }

    private var right: [UInt8] { rows(0, 0..<10) + rows(1, 0..<3) }

    @Test("Files that agree are clean, with or without the rows that nobody was told about")
    func clean() throws {
        #expect(try audit(right).isClean)
        #expect(try audit(right + rows(2, 0..<1)).isClean)
        #expect(ledger().surprises.isEmpty)
    }

    @Test("A missing, a doubled, an unknown, a refused row and a torn line are each counted")
    func faults() throws {
        #expect(try audit(rows(0, 1..<10) + rows(1, 0..<3)).lost == 1)
        #expect(try audit(right + rows(0, 4..<5)).doubled == 1)
        #expect(try audit(right + rows(0, 10..<11)).invented == 1)
        #expect(try audit(right + rows(7, 0..<1)).invented == 1)
        #expect(try audit(right + rows(1, 3..<4)).invented == 1)
        #expect(try audit(right + Array("0|3|zzz\n".utf8)).torn == 1)
        #expect(try audit(right + rows(2, 0..<1).dropLast()).torn == 1)
        #expect(try audit(Array(right.dropFirst())).torn == 1)
        #expect(try audit(rows(1, 0..<3) + rows(0, 5..<10) + rows(0, 0..<5)).disordered == 5)
        #expect(try audit(Array(rows(0, 0..<1).dropLast()) + rows(0, 1..<10) + rows(1, 0..<3)).torn == 1)
    }

    @Test("An answer that does not add up is a surprise; the last answer of a host that stops may cover less")
    func answers() {
        let ledger = Ledger()
        _ = ledger.enter(writer: 0, count: 10)
        ledger.complete(writer: 0, stored: 4, rejected: 0, error: nil, isLast: true)
        #expect(ledger.surprises.isEmpty)
        _ = ledger.enter(writer: 0, count: 10)
        ledger.complete(writer: 0, stored: 4, rejected: 0, error: nil)
        #expect(ledger.surprises.count == 1)
        _ = ledger.enter(writer: 0, count: 10)
        ledger.complete(writer: 0, stored: 4, rejected: 6, error: nil)
        #expect(ledger.surprises.count == 2)
    }
}
