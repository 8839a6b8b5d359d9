import Faults
import Foundation
import JSON
import Synchronization
import TestSupport

/// One host with timestore, four senders over sockets and one with commands, compactions, and SIGKILL at any moment; an audit after each.
struct SeriesRound {
    private let directory: TemporaryDirectory
    private let configuration: String

    private static let senders = 5
    /// Kills after which every sender begins a new series, so that audits stay short.
    private static let killsPerSeries = 8

    init(_ sync: String) throws {
        directory = try TemporaryDirectory()
        configuration = """
            mpath "\(BuiltProducts.directory)"
            run_dir = "run"
            workers = 2
            loadmodule "mi-fifo.so"
            loadmodule "timestore.so"
            modparam("timestore", "data_directory", "data")
            modparam("timestore", "listen", "unix:\(directory.file("store.sock"))")
            modparam("timestore", "sync", "\(sync)")
            modparam("timestore", "sync_interval", "20ms")
            modparam("timestore", "max_days_per_file", 5)
            modparam("timestore", "open_files", 8)

            """
    }

    func run(until end: ContinuousClock.Instant, _ progress: Progress) throws -> FaultTally {
        var tally = FaultTally()
        var generation = 0
        var senders: [SeriesSender] = []
        repeat {
            if tally.cycles % Self.killsPerSeries == 0 {
                senders = (0..<Self.senders).map { number in
                    SeriesSender(
                        series: String(format: "%04x%04x-ab12-4cde-8f01-0123456789ab", number, generation),
                        socket: directory.file("store.sock"), usesCommands: number == 0)
                }
                generation += 1
            }
            let host = try RunningHost(configuration, in: directory)
            let before = senders.reduce(0) { $0 + $1.acknowledged }
            for sender in senders { sender.start(with: host) }
            guard eventually({ senders.reduce(0) { $0 + $1.acknowledged } > before }) else {
                throw TestFailure("nothing is stored after kill \(tally.cycles)")
            }
            // A moment drawn by chance: the kill may fall anywhere.
            letPass(milliseconds: .random(in: 0...60))
            host.kill()
            for sender in senders where !sender.join() { throw TestFailure("the sender of \(sender.series) hangs") }
            if Bool.random() { try startAndKill() }
            try audit(senders, &tally)
            tally.acknowledged += senders.reduce(0) { $0 + $1.acknowledged } - before
            tally.cycles += 1
            progress.show(tally, tally.cycles, of: nil)
        } while tally.isClean && ContinuousClock.now < end
        if !tally.isClean {
            let place = "\(directory.path).kept"
            _ = try runToEnd("cp", ["-a", directory.path, place])
            tally.evidence = [place]
        }
        return tally
    }

    /// What a start repairs must survive that it is cut short.
    private func startAndKill() throws {
        let process = try ChildProcess(
            BuiltProducts.modhost, ["-f", "modules.conf"], directory: directory.path,
            output: directory.file("modhost.out"), errors: directory.file("modhost.log"))
        letPass(milliseconds: .random(in: 0...40))
        process.end()
    }

    private func audit(_ senders: [SeriesSender], _ tally: inout FaultTally) throws {
        let host = try RunningHost(configuration, in: directory)
        let client = try StoreClient(unix: directory.file("store.sock"))
        for sender in senders {
            sender.ledger.audit(try client.get(sender.series), of: sender.series, { _ in true }, into: &tally.audit)
        }
        let problems = try host.command("timestore.verify")["problems"]?.array ?? [.string("no list of problems")]
        for problem in problems {
            tally.audit.torn += 1
            tally.audit.find("timestore.verify: \(problem.string ?? "")")
        }
        guard try host.terminate() == 0 else { throw TestFailure("the host does not end in order") }
    }
}

/// Sends records of one series, request after request, until its host is gone; every request is in its ledger before it is sent.
private final class SeriesSender: @unchecked Sendable {
    // @unchecked: the ledger is the thread's own until `join`.
    let series: String
    private(set) var ledger = SeriesLedger()
    private let socket: String
    private let usesCommands: Bool
    private let count = Atomic<Int>(0)
    private let ended = DispatchSemaphore(value: 0)
    /// Where the next records are in time.
    private var now: UInt32 = 1_703_000_000

    init(series: String, socket: String, usesCommands: Bool) {
        self.series = series
        self.socket = socket
        self.usesCommands = usesCommands
    }

    /// Records acknowledged so far. Any thread.
    var acknowledged: Int { count.load(ordering: .relaxed) }

    func start(with host: RunningHost) {
        let thread = Thread { [self] in
            run(host)
            ended.signal()
        }
        thread.start()
    }

    /// Waits for the end of the thread; false when it does not come in 40 s.
    func join() -> Bool { ended.wait(timeout: .now() + 40) == .success }

    private func run(_ host: RunningHost) {
        guard let client = try? StoreClient(unix: socket) else { return }
        // Every request fails once the host is gone.
        while (try? usesCommands ? command(host) : request(client)) == true {}
    }

    private func request(_ client: StoreClient) throws -> Bool {
        let length = [1, 1, 2, 7, 60, 300].randomElement() ?? 1
        let times = (0..<length).map { _ in
            now += .random(in: 0...900)
            // Some go back in time.
            return UInt32.random(in: 0..<50) == 0 ? now - 40_000 : now
        }
        let records = ledger.enter(series, times: times)
        let answer = try client.put(series, records)
        ledger.complete(stored: answer != StoreWire.failure)
        count.store(ledger.acknowledged, ordering: .relaxed)
        return answer == UInt32(length)
    }

    /// A record by command now and then a compaction: a reply that came means that it happened.
    private func command(_ host: RunningHost) throws -> Bool {
        now += 500
        if Int.random(in: 0..<8) == 0 {
            return try Command(host)("timestore.compact", [.string(series)]) == .done
        }
        let time = UInt32.random(in: 0..<10) == 0 ? now - 3000 : now
        let record = ledger.enter(series, times: [time])[0]
        let outcome = try Command(host)(
            "timestore.put", [.string(series), .string("\(record.time)"), .double(Double(record.value))])
        ledger.complete(stored: outcome == .done)
        count.store(ledger.acknowledged, ordering: .relaxed)
        return outcome == .done
    }
}
