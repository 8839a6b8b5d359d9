import Foundation
import TestSupport
import Testing

@testable import Faults

/// A part of what `make torture` does as a whole: some cycles of every sweep, other ones at each run.
@Suite("Faults at any system call")
struct TortureTests {
    private func run(_ sweep: Sweep, parts: Int) {
        let (found, isWhole) = sweep.run(stride: parts, lanes: 1)
        #expect(found.isClean, "\(sweep.name): \(found.description)\n\(found.details.joined(separator: "\n"))")
        #expect(isWhole && found.cycles > 0)
        // A few fall to calls that another run does not make, or into an end at which nothing is done.
        #expect(found.cycles < 5 || found.undisturbed * 2 <= found.cycles, "\(sweep.name): the faults do not come")
    }

    private static let tracing = Sweep.tracingRefusal == nil
    private static let skipped: Comment = "SKIPPED: strace is not installed, or may not trace here"

    @Test(
        "Killed before any of its calls, and once more while it starts again: all that was acknowledged is there, once, in order",
        .enabled(if: tracing, skipped), arguments: Subject.allCases)
    func kills(subject: Subject) throws { run(try .kills(of: subject), parts: 36) }

    @Test("Killed inside of a write: no torn row, no torn record", arguments: Subject.allCases)
    func tears(subject: Subject) throws { run(try .tears(of: subject), parts: 20) }

    @Test(
        "The power is lost behind any call: what the mode promises is there, and nothing that nobody sent",
        .enabled(if: tracing, skipped), arguments: Subject.onDisk)
    func powerLosses(subject: Subject) throws { run(try .powerLosses(of: subject), parts: 60) }

    @Test(
        "The power is lost after a host was killed at a sync, or a sync failed: what was answered since is there, with all before it",
        .enabled(if: tracing, skipped), arguments: Sweep.safeSubjects)
    func powerLossesAfterFaults(subject: Subject) throws { run(try .powerLossesAfterFaults(of: subject), parts: 100) }

    @Test(
        "Any call fails, is interrupted or cut short: the sender is told, or the work is done, and it goes on afterwards",
        arguments: Subject.allCases)
    func errors(subject: Subject) throws { run(try .errors(in: subject), parts: 140) }
}

@Suite("The instruments by which faults are made and judged")
struct TortureInstrumentTests {
    private static let traced = """
        7 openat(AT_FDCWD<\\x2f>, "\\x2f\\x64\\x2f\\x61", O_RDWR|O_CREAT|O_APPEND, 0644) = 5<\\x2f\\x64\\x2f\\x61>
        7 write(5<\\x2f\\x64\\x2f\\x61>, "\\x6f\\x6e\\x65", 3) = 3
        7 fdatasync(5<\\x2f\\x64\\x2f\\x61>) = 0
        7 openat(AT_FDCWD<\\x2f>, "\\x2f\\x64", O_RDONLY|O_DIRECTORY) = 6<\\x2f\\x64>
        7 fsync(6<\\x2f\\x64> <unfinished ...>
        8 rename("\\x2f\\x64\\x2f\\x61", "\\x2f\\x64\\x2f\\x62") = 0
        7 <... fsync resumed>) = 0
        7 write(5<\\x2f\\x64\\x2f\\x62>, "\\x74\\x77\\x6f", 3) = 3
        7 ftruncate(5<\\x2f\\x64\\x2f\\x62>, 5 <unfinished ...>
        8 openat(AT_FDCWD<\\x2f>, "\\x2f\\x64\\x2f\\x63", O_RDWR|O_CREAT, 0644) = -1 ENOSPC (No space left on device)
        7 <... ftruncate resumed>) = 0
        7 +++ exited with 0 +++

        """

    private func image() throws -> DiskImage {
        let directory = try TemporaryDirectory()
        let file = try directory.write(Self.traced, to: "trace")
        return try DiskImage(try SystemCallTrace(of: file, host: 7).calls, root: "/d", moves: [])
    }

    @Test("A disk after a loss of power has what was synced, and of the rest what it is said to have")
    func disk() throws {
        let image = try image()
        let (one, both) = (Array("one".utf8), Array("onetwo".utf8))
        #expect(image.content(behind: 1, .dropped, keepsNames: false) == [:])
        #expect(image.content(behind: 1, .dropped, keepsNames: true) == ["a": []])
        #expect(image.content(behind: 1, .kept, keepsNames: true) == ["a": one])
        #expect(image.content(behind: 1, .zeros, keepsNames: true) == ["a": [0, 0, 0]])
        #expect(image.content(behind: 2, .dropped, keepsNames: true) == ["a": one])
        #expect(image.content(behind: 2, .kept, keepsNames: false) == [:])
        // The rename came while the directory was being synced, so nobody knows whether it was.
        #expect(image.content(behind: 9, .dropped, keepsNames: false) == ["a": one])
        #expect(image.content(behind: 9, .dropped, keepsNames: true) == ["b": one])
        #expect(image.content(behind: 9, .kept, keepsNames: true) == ["b": both])
        #expect(image.content(behind: 11, .kept, keepsNames: true) == ["b": Array("onetw".utf8)])
        #expect(image.content(behind: 9, .zeros, keepsNames: true) == ["b": one + [0, 0, 0]])
    }

    @Test("The ledger of series finds what is lost, doubled, invented, out of order, and stored in part")
    func ledger() {
        var ledger = SeriesLedger()
        let first = ledger.enter("s", times: [10, 20, 20])
        ledger.complete(stored: true)
        let second = ledger.enter("s", times: [30, 40])
        ledger.complete(stored: false)
        func audit(_ found: [TimedRecord]) -> [Int] {
            var audit = LedgerAudit()
            ledger.audit(found, of: "s", { _ in true }, into: &audit)
            return [audit.lost, audit.doubled, audit.invented, audit.disordered, audit.torn]
        }
        #expect(ledger.acknowledged == 3)
        #expect(audit(first) == [0, 0, 0, 0, 0])
        #expect(audit(first + second.prefix(1)) == [0, 0, 0, 0, 0])
        #expect(audit(first + second.suffix(1)) == [0, 0, 0, 0, 1])
        #expect(audit([first[1], first[2]]) == [1, 0, 0, 0, 0])
        #expect(audit([first[0], first[2], first[1]]) == [0, 0, 0, 1, 0])
        #expect(audit(first + [first[2]]) == [0, 1, 0, 0, 0])
        #expect(audit(first + [TimedRecord(30, 99)]) == [0, 0, 1, 0, 0])
        #expect(audit([TimedRecord(0, 0)] + first) == [0, 0, 1, 0, 0])
    }

    @Test("Calls are counted for one folder only, and the chosen one fails")
    func calls() throws {
        let script = "echo a > in/a; echo b > out; echo c > in/c; cat in/a in/c"
        for (number, output) in [(0, "a\nc\n"), (3, "a\n")] {
            let directory = try TemporaryDirectory()
            try directory.makeDirectory("in")
            let faults = try CallFaults(below: directory.file("in"), .error(ENOSPC), at: number)
            let result = try runToEnd("sh", ["-c", script], directory: directory.path, environment: faults.environment)
            #expect(result.output == output, "\(result.errors)")
            #expect(faults.fired == (number == 0 ? 0 : 1))
            #expect(String(faults.kinds.prefix(2)) == "cw")
            #expect(result.errors.contains("No space left on device") == (number != 0))
        }
    }

    @Test(
        "strace kills a process before the call that it is told to, and not at the one before",
        .enabled(if: Sweep.tracingRefusal == nil, "SKIPPED: strace is not installed, or may not trace here"))
    func kill() throws {
        let directory = try TemporaryDirectory()
        let point = KillPoint(call: "unlinkat", path: "two", ordinal: 1)
        for name in ["one", "two"] { try directory.write("", to: name) }
        let words = SystemCallTrace.killing(at: point, in: directory.path, to: directory.file("trace"))
        let result = try runToEnd(words[0], words.dropFirst() + ["rm", directory.file("one"), directory.file("two")])
        #expect(result.status == -9)
        #expect(directory.names(in: "") == ["trace", "two"])
    }
}
