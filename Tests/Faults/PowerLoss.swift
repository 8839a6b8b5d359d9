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
        let recording = try PowerRecording(of: subject)
        let losses = recording.losses
        return Sweep(name: "power loss behind every call, \(subject)", count: losses.count) { index in
            let loss = losses[index]
            var cycle = Cycle(try recording.workload.twin(), "power lost \(loss.description)")
            try Self.write(loss.content(recording.image), to: cycle.workload.root)
            cycle.examine(.power(answered: loss.answered))
            return cycle.closed()
        }
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

    init(of subject: Subject) throws {
        workload = try subject.workload()
        let (trace, answered) = try workload.record()
        image = try DiskImage(
            trace, root: workload.root,
            moves: workload.moves.map { (line: answered[$0.step], from: $0.from, to: $0.to) })
        struct Outcome: Hashable {
            var content: DiskImage.Content
            var answered: Int
        }
        var known: Set<Outcome> = []
        for line in Set(image.lines + answered.map { $0 - 1 }).sorted() {
            for (data, keepsNames) in PowerLoss.choices {
                let loss = PowerLoss(
                    line: line, answered: answered.dropFirst().count { $0 <= line + 1 }, data: data, keepsNames: keepsNames)
                if known.insert(Outcome(content: loss.content(image), answered: loss.answered)).inserted {
                    losses.append(loss)
                }
            }
        }
    }
}
