import Faults
import Foundation
import TestSupport

/// One host that stores rows, four writers, one kind of ill treatment; then the audit.
struct RowsRound {
    enum Kind: String, CaseIterable {
        /// mv and flat_rotate every 100 ms.
        case rotation
        /// SIGKILL at any moment, some during the next start too, some after a rotation; each twentieth followed by an audit.
        case kill = "SIGKILL"
        /// A disk of 1 MiB that is filled, and given space again.
        case fullDisk = "full disk"
    }

    private let kind: Kind
    private let durability: String
    private let accounting: AccountingHost
    private let ledger = Ledger()
    private static let diskSize = 1024

    init(_ kind: Kind, _ durability: String) throws {
        self.kind = kind
        self.durability = durability
        accounting = try AccountingHost(
            durability: durability, lines: ["modparam(\"flatstore\", \"flush_interval\", \"50ms\")"],
            diskSize: kind == .fullDisk ? Self.diskSize : nil)
    }

    func run(until end: ContinuousClock.Instant, _ progress: Progress) throws -> FaultTally {
        let writers = LedgerWriter.start(4, ledger, socket: accounting.socket)
        defer {
            for writer in writers { writer.stop() }
            for writer in writers { _ = writer.join() }
        }
        var totals = FaultTally()
        switch kind {
        case .rotation: try rotate(until: end, writers, &totals, progress)
        case .kill: try kill(until: end, writers, &totals, progress)
        case .fullDisk: try fillDisk(until: end, writers, &totals, progress)
        }
        totals.acknowledged = ledger.acknowledged
        for surprise in ledger.surprises { totals.surprise(surprise) }
        if kind != .fullDisk, let refusal = ledger.refusals.first {
            totals.surprise("refused though nothing was in the way: \(refusal)")
        }
        if !totals.isClean { totals.evidence = [try keep()] }
        return totals
    }

    // MARK: The kinds

    private func rotate(
        until end: ContinuousClock.Instant, _ writers: [LedgerWriter], _ totals: inout FaultTally, _ progress: Progress
    ) throws {
        var closed: [String] = []
        var marks: [String] = []
        while ContinuousClock.now < end {
            letPass(milliseconds: 100)
            let moved = try accounting.moveAside(totals.cycles)
            try accounting.rotate()
            closed += moved
            marks += try AccountingHost.marks(of: moved)
            totals.cycles += 1
            show(totals, progress)
        }
        try stop(writers)
        if try AccountingHost.marks(of: closed) != marks {
            totals.surprise("a file was written to after the flat_rotate that let go of it")
        }
        try accounting.host.terminate()
        check(.every, &totals)
    }

    private func kill(
        until end: ContinuousClock.Instant, _ writers: [LedgerWriter], _ totals: inout FaultTally, _ progress: Progress
    ) throws {
        var start = Ledger.Moment()
        while ContinuousClock.now < end {
            let before = ledger.acknowledged
            guard eventually({ ledger.acknowledged > before }) else {
                throw TestFailure("nothing is stored after kill \(totals.cycles)")
            }
            letPass(milliseconds: .random(in: 0...40))
            let moment = ledger.answeredSoFar
            if totals.cycles % 3 == 0 {
                _ = try accounting.moveAside(totals.cycles)
                try accounting.rotate()
            } else {
                try accounting.host.command("flat_flush")
            }
            ledger.markSafe(from: start, to: moment)
            letPass(milliseconds: .random(in: 0...10))
            accounting.host.kill()
            if Bool.random() { try accounting.startAndKill(afterMilliseconds: .random(in: 0...40)) }
            start = ledger.enteredSoFar
            totals.cycles += 1
            show(totals, progress)
            try accounting.host.restart()
            if totals.cycles % 20 == 0 {
                for writer in writers where !writer.pause() { throw TestFailure("writer \(writer.index) hangs") }
                try accounting.host.terminate()
                check(durability == "buffered" ? .safeOnly : .every, &totals)
                for file in accounting.files { try FileManager.default.removeItem(atPath: file) }
                ledger.forget()
                start = Ledger.Moment()
                try accounting.host.restart()
                for writer in writers { writer.resume() }
            }
        }
        try stop(writers)
        try accounting.host.terminate()
        check(durability == "buffered" ? .safeOnly : .every, &totals)
    }

    private func fillDisk(
        until end: ContinuousClock.Instant, _ writers: [LedgerWriter], _ totals: inout FaultTally, _ progress: Progress
    ) throws {
        while ContinuousClock.now < end {
            let refused = ledger.refused
            guard eventually({ ledger.refused > refused + 500 }) else { throw TestFailure("the disk never fills") }
            for writer in writers where !writer.pause() { throw TestFailure("writer \(writer.index) hangs") }
            // Rows that wait (buffered, ring) need room before everything can be counted.
            try resizeDisk(Self.diskSize * 2)
            try accounting.rotate()
            check(.every, &totals)
            for file in accounting.files { try FileManager.default.removeItem(atPath: file) }
            ledger.forget()
            try resizeDisk(Self.diskSize)
            for writer in writers { writer.resume() }
            let acknowledged = ledger.acknowledged
            guard eventually({ ledger.acknowledged > acknowledged }) else {
                throw TestFailure("nothing is stored though there is space again")
            }
            totals.cycles += 1
            show(totals, progress)
        }
        for refusal in Set(ledger.refusals) where !refusal.contains("No space left on device") {
            totals.surprise("refused for another reason than the disk: \(refusal)")
        }
        try stop(writers)
    }

    // MARK: Parts of them

    private func show(_ totals: FaultTally, _ progress: Progress) {
        var totals = totals
        totals.acknowledged = ledger.acknowledged
        progress.show(totals, totals.cycles, of: nil)
    }

    private func stop(_ writers: [LedgerWriter]) throws {
        for writer in writers { writer.stop() }
        for writer in writers where !writer.join() { throw TestFailure("writer \(writer.index) hangs") }
    }

    private func check(_ promise: LedgerAudit.Promise, _ totals: inout FaultTally) {
        totals.audit.add(LedgerAudit(ledger, files: accounting.files, promise: promise))
    }

    private func resizeDisk(_ kibibytes: Int) throws {
        let result = try accounting.runBesideDisk(
            "mount", "-o", "remount,size=\(kibibytes)k", accounting.folderName)
        guard result.status == 0 else { throw TestFailure("cannot resize the disk: \(result.errors)") }
    }

    /// Leaves the evidence of a round that found something.
    private func keep() throws -> String {
        let place = "\(accounting.host.directory.path).kept"
        // cp copies FIFOs and sockets too, and does not open them.
        _ = try runToEnd("cp", ["-a", accounting.host.directory.path, place])
        if kind == .fullDisk { _ = try runToEnd("cp", ["-a", accounting.folder, "\(place)/disk"]) }
        return place
    }
}
