import CHost
import Glibc
import ModuleABI

/// The reply of one call of a command: looks at how it is written, and tells when it is complete.
final class CommandReply: StageObject {
    let command: String
    /// After how many pieces the client is gone; nil: it stays.
    private let patience: Int?
    private let lock = Lock()
    private var levels: [Bool] = []
    private var hasRoot = false
    private var hasFailed = false
    private var isRunning = true
    private var isDeferred = false
    private var isFinished = false
    private var isComplete = false
    private var pieces = 0
    private var piecesForNobody = 0
    private var runner = MH_THREAD_NONE
    private let sink: ((ReplyPiece) -> Void)?
    /// Held until the reply is complete.
    private var arguments: Loan?

    /// What reaches a transport.
    enum ReplyPiece {
        case event(kind: UInt32, flags: UInt32, name: mh_str, value: mh_value)
        case done(code: Int32, text: String)
    }

    init(
        module: StagedModule, loop: StageLoop, command: String, patience: Int?, arguments: Loan,
        sink: ((ReplyPiece) -> Void)? = nil
    ) {
        self.command = command
        self.patience = patience
        self.sink = sink
        self.arguments = arguments
        super.init(module: module, loop: loop)
    }

    var isDone: Bool { lock.with { isComplete } }
    /// Whether the handler has returned; a deferred reply may still be open.
    var hasReturned: Bool { lock.with { !isRunning } }
    /// What is owed still, for texts.
    var isOwed: Bool { lock.with { isDeferred && !isComplete } }

    private func finding(_ check: Check, _ text: String) {
        if module.isSubject { FindingPipe.add(check, "the command \(command) \(text)\(Stage.place)") }
    }

    func begins() { lock.with { runner = chost_thread_index() } }

    /// Whether a piece may come now: MH_OK or why not.
    private func admit() -> Int32 {
        if lock.with({ isComplete || isFinished }) {
            finding(.replyAfterEnd, "writes to its reply after it is complete")
            return MH_E_STATE
        }
        if lock.with({ isRunning && runner != chost_thread_index() && !isDeferred }) {
            // Until the handler has returned, nobody knows that it will be deferred: another thread may come early by right.
            return MH_OK
        }
        return MH_OK
    }

    /// Counts a piece; the client's patience may be over.
    private func pass() -> Int32 {
        pieces += 1
        if pieces > 10_000_000 { return MH_E_CANCELLED }
        guard let patience, pieces > patience else { return MH_OK }
        piecesForNobody += 1
        if piecesForNobody == 1000 {
            finding(.replyGoesOn, "has written 1000 more pieces of its reply after the first MH_E_CANCELLED")
        }
        return MH_E_CANCELLED
    }

    private func name(_ name: mh_str) {
        TextReader.touch(name)
        if levels.last == true, name.len == 0 { finding(.replyNesting, "writes a member of a map without a name") }
    }

    /// False: it would be a second outermost value.
    private func root() -> Bool {
        guard levels.isEmpty else { return true }
        if hasRoot {
            finding(.replyNesting, "writes a second value after its reply's outermost one")
            return false
        }
        hasRoot = true
        return true
    }

    func begin(isMap: Bool, _ text: mh_str, _ flags: UInt32) -> Int32 {
        let admitted = admit()
        guard admitted >= 0 else { return admitted }
        name(text)
        guard root() else { return MH_E_STATE }
        if levels.count >= 64 {
            if levels.count == 64 { finding(.replyNesting, "nests its reply deeper than 64 levels") }
            return MH_E_LIMIT
        }
        levels.append(isMap)
        let code = pass()
        if code >= 0 {
            sink?(.event(kind: isMap ? MH_MI_EVENT_MAP : MH_MI_EVENT_LIST, flags: flags, name: text, value: mh_null()))
        }
        return code
    }

    func end_() -> Int32 {
        let admitted = admit()
        guard admitted >= 0 else { return admitted }
        guard levels.popLast() != nil else {
            finding(.replyNesting, "closes more maps and lists than it has opened")
            return MH_E_STATE
        }
        let code = pass()
        if code >= 0 { sink?(.event(kind: MH_MI_EVENT_END, flags: 0, name: mh_str(), value: mh_null())) }
        return code
    }

    func value(_ text: mh_str, _ value: UnsafePointer<mh_value>?) -> Int32 {
        let admitted = admit()
        guard admitted >= 0 else { return admitted }
        guard let value, value.pointee.type <= MH_SIZE else {
            finding(
                .replyValue,
                value.map { "writes a value of type \($0.pointee.type), expected a scalar" } ?? "writes NULL as a value")
            return MH_E_INVALID
        }
        name(text)
        if value.pointee.type == MH_STRING || value.pointee.type == MH_BLOB {
            if value.pointee.as.text.ptr == nil, value.pointee.as.text.len > 0 {
                finding(.replyValue, "writes a text of \(value.pointee.as.text.len) bytes at NULL")
                return MH_E_INVALID
            }
            TextReader.touch(value.pointee.as.text)
        } else if value.pointee.type == MH_BOOL, value.pointee.as.integer & ~1 != 0 {
            finding(.replyValue, "writes the boolean \(value.pointee.as.integer), expected 0 or 1")
        }
        guard root() else { return MH_E_STATE }
        let code = pass()
        if code >= 0 { sink?(.event(kind: MH_MI_EVENT_VALUE, flags: 0, name: text, value: value.pointee)) }
        return code
    }

    func fail(_ code: Int32, _ text: mh_str) -> Int32 {
        let admitted = admit()
        guard admitted >= 0 else { return admitted }
        TextReader.touch(text)
        hasFailed = true
        failure = (code, text.string)
        return MH_OK
    }

    private var failure: (code: Int32, text: String) = (0, "")

    func finish() {
        let isAgain = lock.with {
            defer { isFinished = true }
            return isFinished || isComplete
        }
        if isAgain { return finding(.replyFinish, "calls finish for a reply that is complete already") }
        if lock.with({ isDeferred }) { complete() }
    }

    /// The handler has returned.
    func returned(_ code: Int32) {
        let isFinished = lock.with {
            isRunning = false
            isDeferred = code == MH_DEFERRED
            return self.isFinished
        }
        if code == MH_DEFERRED {
            if isFinished { complete() }
            return
        }
        if isFinished { finding(.replyFinish, "calls finish but returns \(code), not MH_DEFERRED") }
        if code > MH_DEFERRED { finding(.oddReturn, "returns \(code), expected 0, MH_DEFERRED or a negative code") }
        if code < 0, !hasFailed, code != MH_E_CANCELLED, patience == nil {
            finding(.replyWithoutText, "returns \(code) without a call of fail")
            failure = (500, "the command failed")
        }
        complete()
    }

    private func complete() {
        let isFirst = lock.with {
            defer { isComplete = true }
            return !isComplete
        }
        guard isFirst else { return }
        if !hasFailed, patience == nil, failure.code == 0, !levels.isEmpty {
            finding(.replyNesting, "leaves \(plural(levels.count, "level")) of its reply open")
        }
        sink?(.done(code: failure.code, text: failure.text))
        arguments = nil
        Stage.shared.handles.remove(self)
    }
}

/// The tables that commands write through: a ring, so that calling a command often takes no more memory.
final class ReplyTables: @unchecked Sendable {
    // @unchecked: guarded by `lock`; a table is written before a handler sees it.
    private let lock = Lock()
    private let tables: UnsafeMutableBufferPointer<mh_mi_reply>
    private let calls: UnsafeMutableBufferPointer<mh_mi_call>
    private var next = 0
    private static let count = 512

    init() {
        tables = .allocate(capacity: Self.count)
        tables.initialize(repeating: Self.empty)
        calls = .allocate(capacity: Self.count)
        calls.initialize(repeating: mh_mi_call())
    }

    deinit {
        tables.deallocate()
        calls.deallocate()
    }

    /// Lays out a call and its reply for a handler.
    func lay(
        _ call: mh_mi_call, for reply: CommandReply, isClassic: Bool
    ) -> (call: UnsafePointer<mh_mi_call>, reply: UnsafePointer<mh_mi_reply>)? {
        var call = call
        return lock.with {
            next = (next + 1) % Self.count
            tables[next].ctx = Stage.shared.handles.add(reply).map { UnsafeMutableRawPointer($0) }
            tables[next].classic = isClassic ? 1 : 0
            call.classic = tables[next].classic
            calls[next] = call
            guard let table = tables.baseAddress, let place = calls.baseAddress else { return nil }
            return (UnsafePointer(place + next), UnsafePointer(table + next))
        }
    }

    private static var empty: mh_mi_reply {
        var table = mh_mi_reply()
        table.struct_size = UInt32(MemoryLayout<mh_mi_reply>.size)
        table.begin_map = { context, name, flags in find(context)?.begin(isMap: true, name, flags) ?? MH_E_STATE }
        table.begin_list = { context, name, flags in find(context)?.begin(isMap: false, name, flags) ?? MH_E_STATE }
        table.end = { context in find(context)?.end_() ?? MH_E_STATE }
        table.value = { context, name, value in find(context)?.value(name, value) ?? MH_E_STATE }
        table.fail = { context, code, text in find(context)?.fail(code, text) ?? MH_E_STATE }
        table.finish = { context in find(context, finishing: true)?.finish() }
        return table
    }
}

private func find(_ context: UnsafeMutableRawPointer?, finishing: Bool = false) -> CommandReply? {
    if let reply = Stage.shared.handles.object(OpaquePointer(context)) as? CommandReply { return reply }
    FindingPipe.add(
        finishing ? .replyFinish : .replyAfterEnd,
        finishing
            ? "it calls finish for a reply that is complete already\(Stage.place)"
            : "it writes to a reply that is complete already\(Stage.place)")
    return nil
}
