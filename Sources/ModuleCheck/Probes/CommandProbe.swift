import CHost
import CModuleCheck
import Glibc
import ModuleABI

/// Every command with every kind of argument that the host would pass on, with clients that go away; then again and again, for what
/// it leaks.
enum CommandProbe {
    static func run(_ cases: StageCase) {
        ErrorSink.mayEcho = true
        for (index, command) in cases.subject.commands.enumerated() {
            var random = SeededRandom(seed: cases.request.seed &+ UInt64(index))
            let lists = argumentLists(command, &random)
            cases.run("", dies: .commandDies, hangs: .commandDies) { stage in
                guard cases.start(stage) == nil, let subject = stage.subject else { return }
                call(command, of: subject, with: lists, stage)
            }
            cases.run("", dies: .commandDies, hangs: .commandDies) { stage in
                guard cases.start(stage) == nil, let subject = stage.subject else { return }
                if let ordinary = lists.first { LeakWatch(stage, subject, command, ordinary).run() }
                stage.stop()
            }
        }
    }

    /// Ordinary arguments first; then each odd value in each place; then some at random.
    private static func argumentLists(_ command: ModuleView.Command, _ random: inout SeededRandom) -> [[TypedValue]] {
        let choices = command.arguments.map { OddValues.values(for: $0, &random) }
        let ordinary = choices.map { $0.first ?? .null }
        var lists = [ordinary]
        let least = zip(command.arguments, ordinary).map { argument, value in
            argument.flags & MH_MI_ARG_OPTIONAL != 0
                ? (argument.flags & MH_MI_ARG_REST != 0 ? TypedValue.list([]) : .null) : value
        }
        if least != ordinary { lists.append(least) }
        for (place, values) in choices.enumerated() {
            for value in values.dropFirst() {
                var list = ordinary
                list[place] = value
                lists.append(list)
            }
        }
        if choices.count > 1 {
            for _ in 0..<20 { lists.append(choices.map { $0[random.below($0.count)] }) }
        }
        return lists
    }

    private static func call(
        _ command: ModuleView.Command, of subject: StagedModule, with lists: [[TypedValue]], _ stage: Stage
    ) {
        var replies: [CommandReply] = []
        let transport = "modcheck".leaked()
        func one(_ list: [TypedValue], classic: Bool, patience: Int?) {
            let shown = list.isEmpty ? "no arguments" : list.map(\.description).joined(separator: ", ")
            CaseProcess.step("calling \(command.name) with \(shown)\(patience == nil ? "" : " for a client that is gone")")
            let reply = stage.execute(
                command, of: subject, arguments: Loan(list), isClassic: classic, patience: patience,
                transport: transport)
            stage.main.run(until: { reply.hasReturned }, within: .max / 4)
            if !reply.isDone { stage.main.run(until: { reply.isDone }, within: 2_000_000) }
            replies.append(reply)
        }
        for (number, list) in lists.enumerated() { one(list, classic: number % 2 == 1, patience: nil) }
        if let ordinary = lists.first {
            for patience in [0, 1, 3] { one(ordinary, classic: false, patience: patience) }
        }
        stage.hastenTimers()
        stage.run(milliseconds: 10)
        stage.stop()
        LifeProbe.lateCalls(stage)
        let owed = replies.count(where: \.isOwed)
        if owed > 0 {
            FindingPipe.add(
                .replyFinish,
                "the command \(command.name) leaves \(owed == 1 ? "a deferred reply" : "\(owed) deferred replies") unfinished after stop"
            )
        }
    }
}

/// Repeats one command and looks at memory, descriptors and threads.
struct LeakWatch {
    private let stage: Stage
    private let subject: StagedModule
    private let command: ModuleView.Command
    private let arguments: Loan
    private let transport = "modcheck".leaked()

    init(_ stage: Stage, _ subject: StagedModule, _ command: ModuleView.Command, _ arguments: [TypedValue]) {
        self.stage = stage
        self.subject = subject
        self.command = command
        self.arguments = Loan(arguments)
    }

    /// False: it did not complete, so it is not repeated.
    private func call() -> Bool {
        let reply = stage.execute(command, of: subject, arguments: arguments, transport: transport)
        stage.main.run(until: { reply.hasReturned }, within: .max / 4)
        return reply.isDone || stage.main.run(until: { reply.isDone }, within: 5_000_000)
    }

    func run() {
        CaseProcess.step("calling \(command.name) again and again")
        let start = chost_clock()
        for _ in 0..<60 {
            // One that takes long is not worth the wait.
            guard call(), chost_clock() - start < 600_000_000 else { return }
        }
        let each = max(1, (chost_clock() - start) / 60)
        // As many rounds as fit into a third of a second.
        let rounds = max(20, min(300, Int(100_000_000 / each)))
        let descriptors = ProcessState.openDescriptors()
        let threads = ProcessState.threadNames().count
        var growth: [Int] = []
        for _ in 0..<3 {
            let before = Int(cmodulecheck_heap_in_use())
            for _ in 0..<rounds where !call() { return }
            growth.append(Int(cmodulecheck_heap_in_use()) - before)
        }
        judge(growth, rounds)
        let opened = ProcessState.openDescriptors().subtracting(descriptors)
        if opened.count >= rounds {
            let target = opened.first.map { ProcessState.target(of: $0) } ?? "?"
            FindingPipe.add(
                .descriptorsGrow,
                "\(rounds * 3) calls of the command \(command.name) have opened \(opened.count) descriptors, such as \(target)"
            )
        }
        let started = ProcessState.threadNames().count - threads
        if started >= rounds {
            FindingPipe.add(
                .threadsGrow, "\(rounds * 3) calls of the command \(command.name) have left \(started) threads running")
        }
    }

    /// Memory that is never given back grows by the same amount in each part; a cache or a buffer does not.
    private func judge(_ growth: [Int], _ rounds: Int) {
        guard command.raw.flags & MH_MI_READ != 0, let least = growth.min(), let most = growth.max() else { return }
        guard least >= rounds * 8, least * 2 >= most else { return }
        FindingPipe.add(
            .memoryGrows,
            "\(rounds * 3) calls of the command \(command.name) have taken \(growth.reduce(0, +)) bytes and given none back")
    }
}
