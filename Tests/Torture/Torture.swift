// `torture [SECONDS] [WORD …]`: the real daemon under every fault that can be arranged, for as long as wanted. Sweeps go through short workloads call
// by call; rounds kill, fill and rotate under writers at full speed. Each ends with an audit against a ledger that no host has touched.
import Faults
import Foundation
import TestSupport

@main
enum Torture {
    private static let usage = """
        usage: torture [SECONDS] [WORD ...]
        SECONDS: how long in all; without it every sweep once, and rounds of \(roundLength) seconds.
        WORD: only sweeps and rounds in whose names all of the words are, such as: kill timestore.
        The last line counts cycles, acknowledged records, and those that are lost, doubled, invented, torn or out of order: all 0 is clean.
        Exit status: 0 clean, 1 not clean (what is left is kept, and named), 2 usage.
        """
    private static let roundLength = 5

    static func main() {
        var words = Array(CommandLine.arguments.dropFirst())
        if words.contains("--help") || words.contains("-h") {
            print(usage)
            exit(0)
        }
        var seconds: Int?
        if let first = words.first, let number = Int(first) {
            seconds = number
            words.removeFirst()
        }
        guard seconds ?? 1 > 0, !words.contains(where: { $0.hasPrefix("-") }) else {
            print(usage)
            exit(2)
        }
        let stages = Stage.all.filter { stage in words.allSatisfy { stage.name.contains($0) } }
        guard !stages.isEmpty else {
            print("no sweep and no round has a name with \(words.joined(separator: " and ")); there are:")
            for stage in Stage.all { print("  \(stage.name)") }
            exit(2)
        }
        exit(run(stages, seconds: seconds) ? 0 : 1)
    }

    /// Goes through the stages, once or until the time is over; whether all was clean.
    private static func run(_ stages: [Stage], seconds: Int?) -> Bool {
        let end = seconds.map { ContinuousClock.now + .seconds($0) }
        var total = FaultTally()
        var skipped: [String: [String]] = [:]
        var isCutShort = false
        repeat {
            for (number, stage) in stages.enumerated() {
                if let reason = stage.refusal {
                    if skipped[reason] == nil { print("SKIPPED: \(stage.name) and the like: \(reason)") }
                    skipped[reason, default: []].append(stage.name)
                    continue
                }
                // What is left is shared by those that are to come, so that each has its turn.
                let now = ContinuousClock.now
                guard now < end ?? now + .seconds(1) else { break }
                let share = end.map { ($0 - now) / (stages.count - number) }
                let progress = Progress(stage.name, before: total)
                let (found, isWhole) = stage.run(share, Self.roundLength, progress)
                progress.end()
                total.add(found)
                if !isWhole { isCutShort = true }
                print(
                    "\(stage.name): \(found.description)\(isWhole ? "" : " (some of its cycles only: more SECONDS do all)")")
                for detail in found.details { print("  \(detail)") }
                fflush(nil)
            }
        } while end.map { ContinuousClock.now < $0 } ?? false && skipped.values.joined().count < stages.count
        let left = Set(skipped.values.joined()).count
        if left > 0 { print("SKIPPED in all: \(left) of \(stages.count) sweeps and rounds, for the reasons above") }
        if isCutShort { print("not every cycle of every sweep was run in this time") }
        print(total.description)
        return total.isClean
    }
}
