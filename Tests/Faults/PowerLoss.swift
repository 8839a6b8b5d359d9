import Foundation
import TestSupport

extension Sweep {
    /// Takes the power away behind every system call of a workload that changes the disk: the folder is rebuilt as the disk may hold it then, in
    /// several ways that a file system may choose, and a host is started on it. It must have what the mode promises, and nothing else.
    ///
    /// The calls are those of a run under strace; throws when nothing can be traced here. Staging files (`ring`) are written through memory, which
    /// no trace shows.
    public static func powerLosses(of subject: Subject) throws -> Sweep {
        if let refusal = SystemCallTrace.refusal { throw TestFailure(refusal) }
        let workload = try subject.workload()
        let recording = try PowerRecording(of: workload, try workload.recordInPeace())
        let losses = recording.losses
        return Sweep(name: "power loss behind every call, \(subject)", count: losses.count) { index in
            try Self.lose(losses[index], recording)
        }
    }

    /// The modes that promise something against a loss of power.
    public static let safeSubjects: [Subject] = [
        .rows(durability: "disk"), .series(sync: "interval"), .series(sync: "always"),
    ]

    /// Kills a host at each of its syncs and lets another one go on, or makes a sync fail and goes on, and takes the power away behind several of the
    /// operations that follow: what came before the fault is as safe as promised when the answers behind it are.
    public static func powerLossesAfterFaults(of subject: Subject) throws -> Sweep {
        if let refusal = SystemCallTrace.refusal { throw TestFailure(refusal) }
        let syncs = try Self.calls(of: subject).enumerated().filter { $0.element == "s" }.map { $0.offset + 1 }
        // Between two commits nobody is told of a failure, so nobody knows what the interval promises behind one.
        let faults: [CallFaults.Fault] = subject == .series(sync: "interval") ? [.kill] : [.kill, .error(EIO)]
        let cases = syncs.flatMap { number in faults.map { ($0, number) } }
        return Sweep(name: "power loss after a crash, \(subject)", count: cases.count) { index in
            let (fault, number) = cases[index]
            let workload = try subject.workload()
            let faults = try CallFaults(below: workload.root, fault, at: number)
            var history = History()
            let before = workload.stepCount - 1
            try workload.record(into: &history, upTo: before, faults)
            if fault == .kill { try workload.record(into: &history, upTo: before) }
            // Behind some of the operations of the last life, other ones for each case, and always behind the last.
            let ends = history.ended.suffix(before)
            let lines = ends.enumerated().filter { $0.offset % 4 == index % 4 || $0.offset == ends.count - 1 }.map {
                $0.element - 1
            }
            let recording = try PowerRecording(of: workload, history, behind: lines)
            var tally = FaultTally()
            for loss in recording.losses {
                tally.add(try Self.lose(loss, recording, after: "\(fault.description) at call \(number), "))
            }
            if faults.fired == 0 { tally.undisturbed = tally.cycles }
            return tally
        }
    }

    /// Builds the disk, and starts a host on it.
    private static func lose(_ loss: PowerLoss, _ recording: PowerRecording, after what: String = "") throws -> FaultTally {
        var cycle = Cycle(try recording.workload.twin(), "\(what)power lost \(loss.description)")
        try write(loss.content(recording.image), to: cycle.workload.root)
        cycle.examine(.power(answered: loss.answered))
        return cycle.closed()
    }

    private static func write(_ content: DiskImage.Content, to root: String) throws {
        for (path, bytes) in content.sorted(by: { $0.key < $1.key }) {
            if let bytes {
                guard FileManager.default.createFile(atPath: "\(root)/\(path)", contents: Data(bytes)) else {
                    throw TestFailure("cannot write \(root)/\(path)")
                }
            } else {
                try FileManager.default.createDirectory(atPath: "\(root)/\(path)", withIntermediateDirectories: true)
            }
        }
    }
}

/// One moment and one choice of the file system.
private struct PowerLoss: Sendable {
    /// The line of the trace behind which the power went.
    var line: Int
    /// How many operations had been answered.
    var answered: Int
    var data: DiskImage.UnsyncedData
    var keepsNames: Bool

    static let choices: [(DiskImage.UnsyncedData, keepsNames: Bool)] = [
        (.dropped, false), (.dropped, true), (.kept, false), (.kept, true), (.zeros, true),
    ]

    func content(_ image: DiskImage) -> DiskImage.Content { image.content(behind: line, data, keepsNames: keepsNames) }

    var description: String {
        "behind line \(line + 1) of the trace, \(answered) operations answered, unsynced data \(data), unsynced names "
            + (keepsNames ? "kept" : "dropped")
    }
}

/// A run under strace and all that a loss of power can make of it; each outcome once.
private struct PowerRecording: @unchecked Sendable {
    // @unchecked: constant.
    let workload: any Workload
    let image: DiskImage
    private(set) var losses: [PowerLoss] = []

    /// - Parameter lines: Where the power may go; nil: behind every call that changes the disk, and every answer.
    init(of workload: any Workload, _ history: History, behind lines: [Int]? = nil) throws {
        self.workload = workload
        image = try DiskImage(
            history.calls, root: workload.root,
            moves: workload.moves.map { (line: history.begun[$0.operation], from: $0.from, to: $0.to) })
        struct Outcome: Hashable {
            var content: DiskImage.Content
            var answered: Int
        }
        var known: Set<Outcome> = []
        for line in Set(lines ?? image.lines + history.ended.map { $0 - 1 }).sorted() {
            for (data, keepsNames) in PowerLoss.choices {
                let loss = PowerLoss(
                    line: line, answered: history.answered(at: line + 1), data: data, keepsNames: keepsNames)
                if known.insert(Outcome(content: loss.content(image), answered: loss.answered)).inserted {
                    losses.append(loss)
                }
            }
        }
    }
}
