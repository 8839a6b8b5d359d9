import Foundation

/// The ledger against the files: what is missing, there twice, sent by nobody, no whole row, or out of order.
public struct LedgerAudit: Equatable, Sendable {
    /// Whole rows in the files.
    public var rows = 0
    /// Acknowledged rows that are in no file.
    public var lost = 0
    /// Rows that are there more than once, each extra copy counted.
    public var doubled = 0
    /// Rows that nobody sent, or that acc said are not stored.
    public var invented = 0
    /// Lines that are no record's row, and files that do not end with a line feed.
    public var torn = 0
    /// Rows of a writer that stand behind a later one of theirs in the same file.
    public var disordered = 0
    /// Where the first faults are, for the reader of a failed test.
    public var findings: [String] = []

    public init() {}

    public var isClean: Bool { lost == 0 && doubled == 0 && invented == 0 && torn == 0 && disordered == 0 }

    /// Sums up with what another audit found.
    public mutating func add(_ other: LedgerAudit) {
        rows += other.rows
        lost += other.lost
        doubled += other.doubled
        invented += other.invented
        torn += other.torn
        disordered += other.disordered
        findings += other.findings
    }

    /// What acknowledged rows must be in the files.
    public enum Promise: Sendable {
        /// All.
        case every
        /// Those of batches marked by `Ledger.markSafe`; a host that was killed may have lost the others.
        case safeOnly
    }

    /// Reads all files and compares; numbers below the ledger's first batches are not expected.
    public init(_ ledger: Ledger, files: [String], promise: Promise = .every) {
        let batches = ledger.batches
        var seen: [Int: Seen] = [:]
        for (writer, list) in batches {
            if let first = list.first, let last = list.last {
                seen[writer] = Seen(first.numbers.lowerBound..<last.numbers.upperBound)
            }
        }
        for file in files { read(file, into: seen) }
        for (writer, list) in batches.sorted(by: { $0.key < $1.key }) {
            for batch in list {
                let present = batch.numbers.count { seen[writer]?[$0] ?? 0 > 0 }
                compare(batch, present: present, writer: writer, promise)
            }
        }
    }

    private mutating func compare(_ batch: Ledger.Batch, present: Int, writer: Int, _ promise: Promise) {
        guard let stored = batch.stored else { return }
        let isPromised = promise == .every || batch.isSafe
        if isPromised, present < stored {
            lost += stored - present
            find("writer \(writer), records \(batch.numbers): acknowledged \(stored), in the files \(present)")
        }
        if present > stored {
            invented += present - stored
            find("writer \(writer), records \(batch.numbers): \(present) in the files, but stored \(stored) was answered")
        }
    }

    /// Notes where a fault is; the first few are kept.
    public mutating func find(_ text: String) {
        if findings.count < 8 { findings.append(text) }
    }

    private mutating func read(_ file: String, into seen: [Int: Seen]) {
        for writer in seen.values { writer.latest = -1 }
        let data: Data
        do { data = try Data(contentsOf: URL(filePath: file)) } catch {
            torn += 1
            find("\(file) cannot be read: \(error)")
            return
        }
        data.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var position = 0
            while position < bytes.count {
                guard let end = memchr(base + position, 0x0A, bytes.count - position) else {
                    torn += 1
                    find("\(file), offset \(position): \(bytes.count - position) bytes without a line feed")
                    return
                }
                let length = UnsafeRawPointer(end) - (base + position)
                enter(UnsafeRawBufferPointer(start: base + position, count: length), file, position, seen)
                position += length + 1
            }
        }
    }

    private mutating func enter(
        _ row: UnsafeRawBufferPointer, _ file: String, _ position: Int, _ seen: [Int: Seen]
    ) {
        guard let record = LedgerRecord(row: row) else {
            torn += 1
            find("\(file), offset \(position): no row of a record: \(String(decoding: row.prefix(80), as: UTF8.self))")
            return
        }
        rows += 1
        guard let before = seen[record.writer]?.add(record.number) else {
            invented += 1
            find("\(file), offset \(position): writer \(record.writer) never sent number \(record.number)")
            return
        }
        if before > 0 {
            doubled += 1
            find("\(file), offset \(position): writer \(record.writer), number \(record.number) is there again")
        } else if let writer = seen[record.writer] {
            if record.number < writer.latest {
                disordered += 1
                find(
                    "\(file), offset \(position): writer \(record.writer), number \(record.number) stands behind "
                        + "\(writer.latest)")
            }
            writer.latest = max(writer.latest, record.number)
        }
    }

    /// How often each number of one writer was seen. A class, so that counting never copies.
    private final class Seen {
        private let numbers: Range<Int>
        private var counts: [UInt8]
        /// The highest number in the file that is being read; -1: none yet.
        var latest = -1

        init(_ numbers: Range<Int>) {
            self.numbers = numbers
            counts = [UInt8](repeating: 0, count: numbers.count)
        }

        subscript(_ number: Int) -> Int { Int(counts[number - numbers.lowerBound]) }

        /// Counts a number; how often it was seen before, nil when it is not expected.
        func add(_ number: Int) -> Int? {
            guard numbers.contains(number) else { return nil }
            let index = number - numbers.lowerBound
            defer { counts[index] = counts[index] &+ 1 }
            return Int(counts[index])
        }
    }
}
