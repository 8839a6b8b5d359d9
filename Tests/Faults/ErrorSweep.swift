import Foundation
import TestSupport

extension Sweep {
    /// What can be refused: each of them once, a full disk also for good until there is space.
    private static let faults: [(fault: CallFaults.Fault, isLasting: Bool)] = [
        (.error(ENOSPC), false), (.error(EIO), false), (.error(EINTR), false), (.error(EMFILE), false), (.short, false),
        (.fills, false), (.error(ENOSPC), true), (.fills, true), (.error(EIO), true),
    ]

    /// Makes every call of a workload that can change a file of the store go wrong, one cycle for each call and error: the caller is told, or
    /// the work is done; the log says so; later work succeeds, and nothing that was acknowledged disappears.
    public static func errors(in subject: Subject) throws -> Sweep {
        let calls = try Self.calls(of: subject)
        let cases = Self.faults.flatMap { fault in
            calls.indices.filter { fault.fault.kinds.contains(calls[$0]) }.map { (fault, $0 + 1) }
        }
        return Sweep(name: "error at every call, \(subject)", count: cases.count) { index in
            let ((fault, isLasting), number) = cases[index]
            let workload = try subject.workload()
            var cycle = Cycle(
                workload, "\(fault.description) at \(isLasting ? "all calls from" : "call") \(number) (\(calls[number - 1]))"
            )
            let faults = try CallFaults(below: workload.root, fault, at: number, lasting: isLasting)
            cycle.suffer(faults, fault)
            if faults.fired == 0 { cycle.tally.undisturbed = 1 }
            return cycle.closed()
        }
    }
}

extension Cycle {
    fileprivate mutating func suffer(_ faults: CallFaults, _ fault: CallFaults.Fault) {
        let workload = workload
        _ = attempt("the run") { cycle in
            let host: RunningHost
            do {
                guard let started = try workload.start([], faults) else { throw TestFailure("it died of SIGKILL") }
                host = started
            } catch {
                // It may refuse to start, with the reason; it must not crash.
                let text = "\(error)"
                guard fault.mayRefuse, faults.fired > 0, text.contains(fault.reason), text.hasPrefix("modhost ended with "),
                    !text.hasPrefix("modhost ended with -")
                else { throw error }
                return
            }
            try workload.connect(to: host)
            var refusals: [String] = []
            for step in 0..<(workload.stepCount - 1) {
                guard case .refused(let reason) = try workload.perform(step, on: host) else { continue }
                guard faults.fired > 0, fault.mayRefuse else {
                    throw TestFailure("operation \(step) is refused: \(reason)")
                }
                refusals.append(reason)
            }
            for reason in refusals
            where reason != SeriesWorkload.refusal && reason != TableWorkload.cutShort && !reason.contains(fault.reason)
                && !reason.hasSuffix("the log says why")
            {
                cycle.surprise("a refusal does not say \"\(fault.reason)\": \(reason)")
            }
            if !refusals.isEmpty, !host.log.contains(fault.reason) {
                cycle.surprise("the log does not say \"\(fault.reason)\"")
            }
            if faults.fired > 0 {
                faults.lift()
                try workload.goOn(with: host)
            } else if workload.losesAtEnd {
                // Rows that wait in memory have nowhere to go when the disk refuses the very last write.
                faults.lift()
            }
            try workload.end(host)
        }
        examine(.process)
    }
}
