import CHost
import Glibc
import ModuleABI

/// Script functions and pseudo-variables, with values of their declared kinds that routes could feed them.
enum ScriptProbe {
    static func run(_ cases: StageCase) {
        ErrorSink.mayEcho = true
        for (index, function) in cases.subject.functions.enumerated() {
            var random = SeededRandom(seed: cases.request.seed &+ UInt64(index))
            let lists = argumentLists(function, &random)
            let probe = FunctionSites(function)
            cases.run("", dies: .scriptDies, hangs: .scriptDies, peers: true) { stage in
                let fault = cases.start(stage) { if let subject = stage.subject { probe.prepare(lists, subject) } }
                guard fault == nil, let subject = stage.subject else { return }
                onWorker(stage, subject) { probe.call(subject) }
                stage.beforeStop = { probe.release(subject) }
                stage.stop()
            }
        }
        for variable in cases.subject.variables {
            let probe = VariableSites(variable)
            cases.run("", dies: .scriptDies, hangs: .scriptDies, peers: true) { stage in
                let fault = cases.start(stage) { if let subject = stage.subject { probe.prepare(subject) } }
                guard fault == nil, let subject = stage.subject else { return }
                onWorker(stage, subject) { probe.use(subject) }
                stage.beforeStop = { probe.release(subject) }
                stage.stop()
            }
        }
    }

    private static func onWorker(_ stage: Stage, _ subject: StagedModule, _ body: @escaping () -> Void) {
        let isDone = SharedNumber()
        stage.workers[0].post {
            body()
            stage.routeHasEnded()
            isDone.add(1)
        }
        stage.main.run(until: { isDone.value > 0 }, within: .max / 4)
    }

    private static func argumentLists(_ function: ModuleView.Function, _ random: inout SeededRandom) -> [[TypedValue]] {
        let choices = function.arguments.map { OddValues.values(forScript: $0, &random) }
        let ordinary = zip(function.arguments, choices).map { argument, values in
            argument.kind == MH_SCRIPT_ARG_TEXT || argument.kind == MH_SCRIPT_ARG_LITERAL
                ? TypedValue.text(Array("x".utf8)) : values[0]
        }
        var lists = [ordinary]
        // Optional arguments are left out from the end.
        for count in stride(from: ordinary.count - 1, through: 0, by: -1) {
            guard function.arguments[count].flags & MH_SCRIPT_ARG_OPTIONAL != 0 else { break }
            lists.append(Array(ordinary.prefix(count)))
        }
        for (place, values) in choices.enumerated() {
            for value in values {
                var list = ordinary
                list[place] = value
                lists.append(list)
            }
        }
        return lists
    }
}

/// A number that stands for the run of a script: modules only pass it on.
nonisolated(unsafe) private let scriptRun = OpaquePointer(bitPattern: 0x4D4A_0000_0000_0010)

/// The places of a config that call one function.
private final class FunctionSites: @unchecked Sendable {
    // @unchecked: main and one worker use it in turn.
    private let function: ModuleView.Function
    private let name: String
    private var sites: [(list: [TypedValue], site: UnsafeMutableRawPointer?)] = []

    init(_ function: ModuleView.Function) {
        self.function = function
        name = function.raw.name.string
    }

    func prepare(_ lists: [[TypedValue]], _ subject: StagedModule) {
        for list in lists {
            var site: UnsafeMutableRawPointer?
            if let prepare = function.raw.prepare {
                let known = zip(function.arguments, list).map { argument, value in
                    argument.kind == MH_SCRIPT_ARG_LITERAL || argument.kind == MH_SCRIPT_ARG_REGEX ? value : .null
                }
                CaseProcess.step("preparing \(name) with \(list)")
                let sink = ErrorSink()
                let loan = Loan(known)
                var raw = loan.array
                let code = subject.enter("prepare of the function \(name)", .initialising) {
                    sink.collect { prepare(function.raw.ctx, &raw, &site, $0) }
                }
                loan.end()
                if code < 0 {
                    if !sink.isReported {
                        FindingPipe.add(
                            .scriptSilentRefusal, "prepare of the function \(name) refuses \(list) without a text")
                    }
                    continue
                }
            }
            sites.append((list, site))
        }
    }

    func call(_ subject: StagedModule) {
        guard let call = function.raw.call else { return }
        for (list, site) in sites {
            CaseProcess.step("calling the function \(name) with \(list)")
            let loan = Loan(list)
            var lent = loan.array
            subject.enter("call of the function \(name)", .running, isQuick: true) {
                _ = call(function.raw.ctx, site, scriptRun, &lent)
            }
            loan.end()
        }
    }

    func release(_ subject: StagedModule) {
        guard let release = function.raw.release else { return }
        for (_, site) in sites {
            CaseProcess.step("releasing a site of \(name)")
            subject.enter("release of the function \(name)", .stopping) { release(function.raw.ctx, site) }
        }
    }
}

/// The places of a config that name one pseudo-variable.
private final class VariableSites: @unchecked Sendable {
    // @unchecked: main and one worker use it in turn.
    private let variable: mh_script_variable
    private let name: String
    private var sites: [(inner: [UInt8], site: UnsafeMutableRawPointer?)] = []

    init(_ variable: mh_script_variable) {
        self.variable = variable
        name = "$\(variable.name.string)"
    }

    func prepare(_ subject: StagedModule) {
        for inner in OddValues.texts {
            var site: UnsafeMutableRawPointer?
            if let prepare = variable.prepare {
                CaseProcess.step("preparing \(name) with \(TypedValue.text(inner))")
                let sink = ErrorSink()
                let loan = Loan(.text(inner))
                let code = subject.enter("prepare of the pseudo-variable \(name)", .initialising) {
                    sink.collect { prepare(variable.ctx, loan.text, &site, $0) }
                }
                loan.end()
                if code < 0 {
                    if !sink.isReported {
                        FindingPipe.add(
                            .scriptSilentRefusal,
                            "prepare of the pseudo-variable \(name) refuses \(TypedValue.text(inner)) without a text")
                    }
                    continue
                }
            }
            sites.append((inner, site))
        }
    }

    func use(_ subject: StagedModule) {
        for (inner, site) in sites {
            CaseProcess.step("using \(name) with \(TypedValue.text(inner))")
            get(inner, site, subject)
            guard let set = variable.set, variable.flags & MH_SCRIPT_VARIABLE_READ_ONLY == 0 else { continue }
            let values = [TypedValue.integer(1), .integer(.min)] + OddValues.texts.map { .text($0) } + [.null]
            for value in values {
                let (key, loan) = (Loan(.text(inner)), Loan(value))
                subject.enter("set of the pseudo-variable \(name)", .running, isQuick: true) {
                    _ = set(variable.ctx, site, scriptRun, key.text, loan.first)
                }
                key.end()
                loan.end()
            }
            get(inner, site, subject)
        }
    }

    private func get(_ inner: [UInt8], _ site: UnsafeMutableRawPointer?, _ subject: StagedModule) {
        guard let get = variable.get else { return }
        var value = mh_null()
        let key = Loan(.text(inner))
        defer { key.end() }
        let code = subject.enter("get of the pseudo-variable \(name)", .running, isQuick: true) {
            get(variable.ctx, site, scriptRun, key.text, &value)
        }
        guard code >= 0 else { return }
        switch value.type {
        case MH_NULL, MH_INT: break
        case MH_STRING:
            if value.as.text.ptr == nil, value.as.text.len > 0 {
                FindingPipe.add(.variableValue, "\(name) gives a text of \(value.as.text.len) bytes at NULL")
            } else {
                subject.enter("get of the pseudo-variable \(name)", .running) { _ = TextReader.touch(value.as.text) }
            }
        default: FindingPipe.add(.variableValue, "\(name) gives a value of type \(value.type)")
        }
    }

    func release(_ subject: StagedModule) {
        guard let release = variable.release else { return }
        for (_, site) in sites {
            CaseProcess.step("releasing a site of \(name)")
            subject.enter("release of the pseudo-variable \(name)", .stopping) { release(variable.ctx, site) }
        }
    }
}
