import Faults
import TestSupport

/// One line of the plan: a sweep, or rounds of one kind.
struct Stage {
    let name: String
    /// Why it cannot be done on this machine; nil when it can.
    var refusal: String?
    /// Runs it for at most so long; what it found, and whether it did all that belongs to it.
    let run: (_ time: Duration?, _ roundLength: Int, Progress) -> (FaultTally, isWhole: Bool)

    static var all: [Stage] { sweeps + rounds }

    // MARK: Sweeps

    private static var sweeps: [Stage] {
        Subject.allCases.map { subject in
            sweep("kill at every call, \(subject)", Sweep.tracingRefusal) { try .kills(of: subject) }
        }
            + Subject.allCases.map { subject in
                sweep("kill inside of every write, \(subject)") { try .tears(of: subject) }
            }
            + Subject.onDisk.map { subject in
                sweep("power loss behind every call, \(subject)", Sweep.tracingRefusal) { try .powerLosses(of: subject) }
            }
            + Sweep.safeSubjects.map { subject in
                sweep("power loss after a crash, \(subject)", Sweep.tracingRefusal) {
                    try .powerLossesAfterFaults(of: subject)
                }
            }
            + Subject.allCases.map { subject in
                sweep("error at every call, \(subject)") { try .errors(in: subject) }
            }
    }

    private static func sweep(
        _ name: String, _ refusal: String? = nil, _ make: @escaping () throws -> Sweep
    ) -> Stage {
        Stage(name: name, refusal: refusal) { time, _, progress in
            let end = time.map { ContinuousClock.now + $0 }
            do {
                let sweep = try make()
                return sweep.run(until: end) { found, done in progress.show(found, done, of: sweep.count) }
            } catch {
                return (failure("\(name): cannot begin: \(error)"), true)
            }
        }
    }

    // MARK: Rounds

    private static var rounds: [Stage] {
        Subject.durabilities.flatMap { durability in
            RowsRound.Kind.allCases.map { kind in
                var refusal: String?
                if kind == .fullDisk, !AccountingHost.canMount {
                    refusal = "this machine lets nobody mount a tmpfs (unshare -rm, mount)"
                }
                return round("under load: \(kind.rawValue), flatstore \(durability)", refusal) { end, progress in
                    try RowsRound(kind, durability).run(until: end, progress)
                }
            }
        }
            + Subject.syncModes.map { sync in
                round("under load: SIGKILL, timestore \(sync)") { end, progress in
                    try SeriesRound(sync).run(until: end, progress)
                }
            }
    }

    private static func round(
        _ name: String, _ refusal: String? = nil,
        _ body: @escaping (ContinuousClock.Instant, Progress) throws -> FaultTally
    ) -> Stage {
        Stage(name: name, refusal: refusal) { time, length, progress in
            do { return (try body(ContinuousClock.now + (time ?? .seconds(length)), progress), true) } catch {
                return (failure("\(name): cannot go on: \(error)"), true)
            }
        }
    }

    private static func failure(_ text: String) -> FaultTally {
        var tally = FaultTally()
        tally.surprise(text)
        return tally
    }
}
