public import TestSupport

/// Records that were sent to series, and what was said about them: the store's answers must agree with it afterwards.
///
/// Every record has a value of its own, so each one found can be told. One thread at a time.
public struct SeriesLedger: Sendable {
    /// One record.
    public struct Entry: Sendable {
        public var series: String
        public var record: TimedRecord
        /// Records with one number were sent together.
        public var request: Int
        /// Whether the sender was told that it is stored; nil: told nothing.
        public var isStored: Bool?
        /// The operation behind whose answer it is as safe as the mode promises; nil: never.
        public var safeAfter: Int?
    }

    public private(set) var entries: [Entry] = []
    private var requests = 0
    private var latest = 0..<0

    public init() {}

    /// Records that were acknowledged.
    public private(set) var acknowledged = 0
    /// The series that records were sent to.
    public var series: Set<String> { Set(entries.map(\.series)) }

    /// Enters records of these times, which are about to be sent.
    public mutating func enter(_ series: String, times: [UInt32]) -> [TimedRecord] {
        requests += 1
        latest = entries.count..<(entries.count + times.count)
        return times.map { time in
            // Whole numbers up to 2^24 are exact in a single.
            let record = TimedRecord(time, Float(entries.count + 1))
            entries.append(Entry(series: series, record: record, request: requests))
            return record
        }
    }

    /// Completes the latest request with its answer.
    public mutating func complete(stored: Bool) {
        for index in latest { entries[index].isStored = stored }
        if stored { acknowledged += latest.count }
    }

    /// Says that what was acknowledged so far, but for the last requests, survives a loss of power once operation `step` was answered.
    mutating func markSafe(after step: Int, butLast count: Int = 0) {
        let limit = requests - count
        for index in entries.indices
        where entries[index].isStored == true && entries[index].safeAfter == nil && entries[index].request <= limit {
            entries[index].safeAfter = step
        }
    }

    /// Compares what a series has.
    ///
    /// - Parameters:
    ///   - isPromised: Whether an acknowledged record must be there.
    ///   - isExact: Whether a request that was not acknowledged must have left its first records or none, and records of equal time
    ///     stand as they were sent. A power loss takes what it takes.
    public func audit(
        _ found: [TimedRecord], of series: String, isExact: Bool = true, _ isPromised: (Entry) -> Bool,
        into audit: inout LedgerAudit
    ) {
        var seen = [Bool](repeating: false, count: entries.count)
        var last: (time: UInt32, index: Int) = (0, -1)
        for record in found {
            audit.rows += 1
            let index = record.value >= 1 && record.value <= Float(entries.count) ? Int(record.value) - 1 : -1
            guard index >= 0, entries[index].series == series, entries[index].record == record else {
                audit.invented += 1
                audit.find("\(series): nobody sent \(record)")
                continue
            }
            if seen[index] {
                audit.doubled += 1
                audit.find("\(series): \(record) is there again")
            }
            seen[index] = true
            if record.time < last.time || (isExact && record.time == last.time && index < last.index) {
                audit.disordered += 1
                audit.find("\(series): \(record) stands behind \(entries[last.index].record)")
            }
            last = (record.time, index)
        }
        var missing: (request: Int, record: TimedRecord)?
        for (index, entry) in entries.enumerated() where entry.series == series {
            if !seen[index] {
                missing = (entry.request, entry.record)
                if entry.isStored == true, isPromised(entry) {
                    audit.lost += 1
                    audit.find("\(series): \(entry.record) was acknowledged and is not there")
                }
            } else if isExact, entry.isStored != true, let missing, missing.request == entry.request {
                audit.torn += 1
                audit.find("\(series): \(entry.record) is there, \(missing.record), sent before it, is not")
            }
        }
    }
}
