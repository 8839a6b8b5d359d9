import CHost
import Glibc
import ModuleABI

/// Loading and the entry function: pure, quick, and fair to older and newer hosts. Then the texts of the descriptor.
enum EntryProbe {
    static func run(_ request: ProbeRequest) {
        let result = CaseProcess.run(limit: request.limit) { plainly(request) }
        switch result.end {
        case .died(let text), .keptLoan(let text): return FindingPipe.add(.entryDies, text)
        case .hung(let text): return FindingPipe.add(.entryDies, "it does not come back within \(request.limit) s (\(text))")
        case .finished: break
        }
        let output = CaseProcess.ownOutput(result.output)
        if !output.isEmpty { FindingPipe.add(.entryWrites, "it writes '\(output)'") }
        offer(request, "the offer of another major version", .entryDies) { entry in
            var offer = ModuleView.ordinaryOffer()
            offer.abi_major = UInt16(MH_ABI_MAJOR) + 1
            if accepts(entry, &offer) {
                FindingPipe.add(.otherMajorTaken, "it takes an offer of ABI \(offer.abi_major).\(offer.abi_minor)")
            }
        }
        offer(request, "the offer of an older host", .entryDies) { entry in
            var offer = ModuleView.ordinaryOffer()
            guard let needed = minorNeeded(entry), needed > 0 else { return }
            offer.abi_minor = needed - 1
            if accepts(entry, &offer) {
                FindingPipe.add(
                    .olderHostTaken,
                    "it needs ABI \(MH_ABI_MAJOR).\(needed) and takes an offer of \(MH_ABI_MAJOR).\(needed - 1)")
            }
        }
        offer(request, "the offer of the oldest host that will do", .entryDies) { entry in
            var offer = ModuleView.ordinaryOffer()
            guard let needed = minorNeeded(entry) else { return }
            offer.abi_minor = needed
            if !accepts(entry, &offer) {
                FindingPipe.add(
                    .neededHostRefused,
                    "it needs ABI \(MH_ABI_MAJOR).\(needed) and refuses an offer of \(MH_ABI_MAJOR).\(needed)")
            }
        }
        offer(request, "the offer of a newer host", .entryDies, newer)
        for size in [8, 24] {
            offer(request, "an offer of \(size) bytes", .offerOverread) { entry in
                let whole = ModuleView.ordinaryOffer()
                let start = withUnsafeBytes(of: whole) { EdgeMemory.copy($0, first: size) }
                guard let start else { return }
                _ = accepts(entry, start.assumingMemoryBound(to: mh_offer.self))
            }
        }
    }

    /// The ordinary call, with a look at everything that it must not touch.
    private static func plainly(_ request: ProbeRequest) {
        let before = ProcessState.take()
        CaseProcess.step("loading the file")
        let entry: ModuleView.Entry
        do throws(ModuleView.Fault) { entry = try ModuleView.open(request.module) } catch {
            return FindingPipe.add(Finding(id: "MH-R108", severity: .error, text: error.text))
        }
        CaseProcess.step("calling the entry function")
        var offer = ModuleView.ordinaryOffer()
        var quickest = Int64.max
        var first: UnsafePointer<mh_module>?
        var after = before
        for round in 0..<3 {
            var module: UnsafePointer<mh_module>?
            let sink = ErrorSink()
            let start = chost_clock()
            let code = sink.collect { entry(&offer, &module, $0) }
            quickest = min(quickest, chost_clock() - start)
            if round == 0 {
                first = module
                after = ProcessState.take()
            }
            if code < 0 || module != first {
                FindingPipe.add(
                    .entryUnsteady,
                    code < 0
                        ? "call \(round + 1) of it answers \(code): \(sink.text)"
                        : "call \(round + 1) of it gives another descriptor")
                return
            }
        }
        if quickest >= 100_000_000 {
            FindingPipe.add(.entrySlow, "the quickest of three calls took \(quickest / 1_000_000) ms")
        }
        let opened = after.descriptors.subtracting(before.descriptors).sorted()
        if !opened.isEmpty {
            let targets = opened.map { "\($0) on \(ProcessState.target(of: $0))" }.joined(separator: ", ")
            FindingPipe.add(.entryOpens, "it leaves \(targets) open")
        }
        if after.threads.count > before.threads.count {
            FindingPipe.add(.entryThreads, "it starts \(plural(after.threads.count - before.threads.count, "thread"))")
        }
        if let change = before.change(to: after) { FindingPipe.add(.entryChangesProcess, "it changes \(change)") }
        if let first { texts(ModuleView(path: request.module, first)) }
    }

    private static func newer(_ entry: ModuleView.Entry) {
        let whole = ModuleView.ordinaryOffer()
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 16)
        memset(memory, 0xA5, 128)
        withUnsafeBytes(of: whole) {
            memory.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(memory), byteCount: $0.count)
        }
        let offer = memory.assumingMemoryBound(to: mh_offer.self)
        offer.pointee.struct_size = 128
        offer.pointee.abi_minor = UInt16(MH_ABI_MINOR) + 7
        if !accepts(entry, offer) {
            FindingPipe.add(
                .newerHostRefused,
                "it refuses an offer of ABI \(MH_ABI_MAJOR).\(offer.pointee.abi_minor) in a struct of 128 bytes")
        }
    }

    private static func offer(
        _ request: ProbeRequest, _ what: String, _ check: Check, _ body: (ModuleView.Entry) -> Void
    ) {
        let result = CaseProcess.run(limit: request.limit) {
            guard let entry = try? ModuleView.open(request.module) else { return }
            CaseProcess.step("calling the entry function with \(what)")
            body(entry)
        }
        switch result.end {
        case .died(let text), .keptLoan(let text): FindingPipe.add(check, text)
        case .hung(let text): FindingPipe.add(.entryDies, "it does not come back within \(request.limit) s (\(text))")
        case .finished: break
        }
    }

    /// Whether the entry function takes an offer; a refusal without a text is a finding.
    private static func accepts(_ entry: ModuleView.Entry, _ offer: UnsafePointer<mh_offer>) -> Bool {
        var module: UnsafePointer<mh_module>?
        let sink = ErrorSink()
        let code = sink.collect { entry(offer, &module, $0) }
        if code < 0, !sink.isReported {
            FindingPipe.add(.entrySilentRefusal, "it answers \(code) to an offer that it does not take, without a text")
        }
        return code >= 0
    }

    private static func minorNeeded(_ entry: ModuleView.Entry) -> UInt16? {
        var offer = ModuleView.ordinaryOffer()
        var module: UnsafePointer<mh_module>?
        let sink = ErrorSink()
        guard sink.collect({ entry(&offer, &module, $0) }) >= 0, let module else { return nil }
        return copy(module, mh_module()).abi_minor
    }

    private static func texts(_ view: ModuleView) {
        if view.raw.summary.len == 0 { FindingPipe.add(.noSummary, "mh_module.summary is empty") }
        for parameter in view.parameters {
            let name = parameter.name.string
            if parameter.help.len == 0 { FindingPipe.add(.noParameterHelp, "the parameter \(name) has no help") }
            if parameter.flags & MH_PARAM_REQUIRED != 0, parameter.default_text.len > 0 {
                FindingPipe.add(
                    .requiredWithDefault,
                    "the parameter \(name) is required and has the default '\(parameter.default_text.string)'")
            }
        }
        for interface in view.provides {
            if let fault = KnownInterface.fault(of: interface) {
                FindingPipe.add(
                    .hollowInterface, "the table of \(interface.id.string):\(interface.selector.string) \(fault)")
            }
        }
        for command in view.commands {
            if command.raw.summary.len == 0 {
                FindingPipe.add(.noCommandSummary, "the command \(command.name) has no summary")
            }
            let example = command.raw.example.string
            let word = example.split(separator: " ").first.map(String.init) ?? ""
            if !example.isEmpty, !command.names.contains(word) {
                FindingPipe.add(.oddExample, "the example of the command \(command.name) is '\(example.prefix(80))'")
            }
        }
    }
}
