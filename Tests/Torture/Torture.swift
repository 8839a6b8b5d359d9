// `torture SECONDS [ROUND]`: the real daemon under writers at full speed, with rotations, SIGKILL and full disks, for as long as
// wanted. Each round starts a host of its own and ends with an audit of its files against a ledger that no host has touched.
import Foundation
import TestSupport

/// What all rounds so far found.
struct Totals {
    var cycles = 0
    var acknowledged = 0
    var audit = LedgerAudit()
    var surprises = 0

    var isClean: Bool { audit.isClean && surprises == 0 }

    mutating func add(_ round: Totals) {
        cycles += round.cycles
        acknowledged += round.acknowledged
        surprises += round.surprises
        audit.add(round.audit)
    }

    /// The last line of the output; its form is for scripts.
    var description: String {
        "cycles \(cycles), acknowledged \(acknowledged), lost \(audit.lost), doubled \(audit.doubled), "
            + "invented \(audit.invented), torn \(audit.torn)"
    }
}

@main
enum Torture {
    static let durabilities = ["kernel", "buffered", "ring", "disk"]

    static func main() {
        let words = CommandLine.arguments.dropFirst().map { Int($0) }
        guard words.count <= 2, words.allSatisfy({ $0 ?? 0 > 0 }) else {
            print("usage: torture [SECONDS [ROUND]]: how long in all (default 240), and each round (default 20 at most)")
            exit(2)
        }
        let seconds = (words.first ?? nil) ?? 240
        let kinds = Round.Kind.allCases.filter { $0 != .fullDisk || AccountingHost.canMount }
        if !AccountingHost.canMount {
            print("SKIPPED: no full disks, this machine lets nobody mount a tmpfs (unshare -rm, mount)")
        }
        let fair = max(2, min(20, seconds / (kinds.count * durabilities.count)))
        let length = Duration.seconds(words.count == 2 ? (words[1] ?? fair) : fair)

        var totals = Totals()
        let end = ContinuousClock.now + .seconds(seconds)
        var number = 0
        while ContinuousClock.now < end {
            let kind = kinds[number % kinds.count]
            let durability = durabilities[number / kinds.count % durabilities.count]
            number += 1
            do {
                let found = try Round(kind, durability).run(until: min(end, ContinuousClock.now + length))
                totals.add(found)
                print("\(kind.rawValue) \(durability): \(found.description)")
            } catch {
                print("\(kind.rawValue) \(durability): cannot go on: \(error)")
                totals.surprises += 1
            }
            fflush(nil)
        }
        print(totals.description)
        exit(totals.isClean ? 0 : 1)
    }
}
