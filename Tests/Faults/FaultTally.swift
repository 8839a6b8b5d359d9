public import TestSupport

/// What so many cycles of faults found; clean when every promise was kept.
public struct FaultTally: Sendable {
    /// Lives of a host that were ended or disturbed, each followed by an audit.
    public var cycles = 0
    /// Those among them to which the fault did not come, because that run made fewer calls than the one before it.
    public var undisturbed = 0
    /// Rows and records that somebody was told are stored.
    public var acknowledged = 0
    public var audit = LedgerAudit()
    /// What no host should do: a death that nobody caused, a refusal without a reason, a start that fails. The first ones.
    public private(set) var surprises: [String] = []
    /// Their number.
    public private(set) var surpriseCount = 0
    /// Folders that hold what is left of cycles that were not clean, with their logs.
    public var evidence: [String] = []

    public init() {}

    public var isClean: Bool { audit.isClean && surpriseCount == 0 }

    public mutating func surprise(_ text: String) {
        surpriseCount += 1
        if surprises.count < 8 { surprises.append(text) }
    }

    public mutating func add(_ other: FaultTally) {
        cycles += other.cycles
        undisturbed += other.undisturbed
        acknowledged += other.acknowledged
        audit.add(other.audit)
        surpriseCount += other.surpriseCount
        surprises = Array((surprises + other.surprises).prefix(8))
        evidence += other.evidence
    }

    /// One line; its form is for scripts.
    public var description: String {
        "cycles \(cycles), acknowledged \(acknowledged), lost \(audit.lost), doubled \(audit.doubled), "
            + "invented \(audit.invented), torn \(audit.torn), disordered \(audit.disordered)"
            + (surpriseCount == 0 ? "" : ", surprises \(surpriseCount)")
            + (undisturbed == 0 ? "" : " (\(undisturbed) cycles undisturbed)")
    }

    /// What was found, and where, for the reader of a failure.
    public var details: [String] {
        audit.findings.prefix(8) + surprises + evidence.map { "what is left of it, with the log: \($0)" }
    }
}
