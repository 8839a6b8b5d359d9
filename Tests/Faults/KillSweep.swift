import Foundation
import TestSupport

extension Sweep {
    /// Kills at every system call of a workload that can change a file of the store, one cycle for each, and between any two operations.
    /// The start that follows is killed too, at one of its own calls; the one behind that must have everything.
    ///
    /// The calls are those of a run under strace. Throws when nothing can be traced here; see `tracingRefusal`.
    public static func kills(of subject: Subject) throws -> Sweep {
        let points = try Self.points(of: subject)
        let steps = try subject.workload().stepCount
        return Sweep(name: "kill at every call, \(subject)", count: points.count + steps) { index in
            index < points.count
                ? try Self.kill(subject, at: points[index], index) : try Self.kill(subject, behind: index - points.count)
        }
    }

    /// Why `kills` cannot work on this machine; nil when it can.
    public static var tracingRefusal: String? { SystemCallTrace.refusal }

    /// Kills inside of every write that reaches over a page, where the kernel lets a kill through; needs no strace.
    public static func tears(of subject: Subject) throws -> Sweep {
        let calls = try Self.calls(of: subject)
        let writes = calls.enumerated().filter { $0.element == "w" }.map { $0.offset + 1 }
        return Sweep(name: "kill inside of every write, \(subject)", count: writes.count) { index in
            let workload = try subject.workload()
            let faults = try CallFaults(below: workload.root, .tear, at: writes[index])
            var cycle = Cycle(workload, "torn at call \(writes[index])")
            cycle.live(until: { try workload.start([], faults) })
            cycle.examine(.process)
            return cycle.closed()
        }
    }

    /// Runs the workload under strace; the moments at which a thread of it can be killed.
    private static func points(of subject: Subject) throws -> [KillPoint] {
        if let refusal = SystemCallTrace.refusal { throw TestFailure(refusal) }
        let workload = try subject.workload()
        let history = try workload.recordInPeace()
        struct Key: Hashable {
            var thread: Int
            var point: KillPoint
        }
        var counts: [Key: Int] = [:]
        var points: [KillPoint] = []
        var known: Set<KillPoint> = []
        for call in history.calls {
            guard let path = call.subject, path == workload.root || path.hasPrefix(workload.root + "/") else { continue }
            var point = KillPoint(
                call: call.name, path: String(path.dropFirst(workload.directory.path.count + 1)), ordinal: 0)
            let key = Key(thread: call.thread, point: point)
            counts[key, default: 0] += 1
            point.ordinal = counts[key, default: 0]
            // strace counts for each thread: where two do the same, the first to come is the one that dies.
            if known.insert(point).inserted { points.append(point) }
        }
        return points
    }

    private static func kill(_ subject: Subject, at point: KillPoint, _ index: Int) throws -> FaultTally {
        let workload = try subject.workload()
        var cycle = Cycle(workload, "killed at \(point)")
        let trace = workload.directory.file("kill.trace")
        cycle.live(until: { try workload.start(SystemCallTrace.killing(at: point, in: workload.directory.path, to: trace)) })
        // Not every repair has as many calls; then the host is killed when it is ready.
        let faults = try CallFaults(below: workload.root, .kill, at: 1 + index % 7)
        _ = cycle.attempt("the start after the kill") { _ in try workload.start([], faults)?.kill() }
        cycle.examine(.process)
        return cycle.closed()
    }

    private static func kill(_ subject: Subject, behind step: Int) throws -> FaultTally {
        let workload = try subject.workload()
        var cycle = Cycle(workload, "killed behind operation \(step)")
        cycle.live(upTo: step + 1, until: { try workload.start() })
        cycle.examine(.process)
        return cycle.closed()
    }

    /// The kinds of all calls of a run on which nothing happens, in their order.
    static func calls(of subject: Subject) throws -> [Character] {
        let workload = try subject.workload()
        let faults = try CallFaults(below: workload.root)
        guard let host = try workload.start([], faults) else { throw TestFailure("a host that nobody killed died") }
        try workload.connect(to: host)
        for step in 0..<workload.stepCount {
            if case .refused(let reason) = try workload.perform(step, on: host) {
                throw TestFailure("\(subject), operation \(step): refused though nothing is wrong: \(reason)")
            }
        }
        return faults.kinds
    }
}

extension Cycle {
    /// Lives with a host that is to die of SIGKILL at some moment, or not at all, and does the operations until it does.
    mutating func live(upTo count: Int? = nil, until start: () throws -> RunningHost?) {
        _ = attempt("the run") { cycle in
            guard let host = try start() else { return }
            let workload = cycle.workload
            do {
                try workload.connect(to: host)
                for step in 0..<(count ?? workload.stepCount) {
                    if case .refused(let reason) = try workload.perform(step, on: host) {
                        cycle.surprise("operation \(step) is refused: \(reason)")
                    }
                }
            } catch {
                let status = try? host.wait(within: .seconds(10))
                guard status == -9 else {
                    host.kill()
                    throw TestFailure("\(error), and the host \(status.map { "ended with \($0)" } ?? "lives on")")
                }
                return
            }
            host.kill()
            if count == nil, host.ended != -9 { cycle.tally.undisturbed = 1 }
        }
    }
}
