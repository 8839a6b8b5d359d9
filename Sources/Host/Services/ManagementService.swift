import CHost
import Glibc
import JSON
import ModuleABI
import Synchronization

/// mh.mi/1
func makeManagementService() -> mh_mi_service {
    var table = mh_mi_service()
    table.struct_size = UInt32(MemoryLayout<mh_mi_service>.size)
    table.execute = { handle, request, sink, error in
        let module = LoadedModule.from(handle)
        guard let request = ABIReader.read(request), let sink = ABIReader.read(sink), let event = sink.event,
            let done = sink.done
        else { return report(error, MH_E_INVALID, "mh_mi_request or mh_mi_sink is not valid") }
        let arguments: [SentArgument]
        do throws(DescriptorFault) {
            arguments = try ABIReader.read(request.args, of: mh_mi_argument.self, "the arguments").map { item in
                SentArgument(
                    name: item.name.len == 0 ? nil : item.name.string, value: ArgumentValue(item.value),
                    // The whole text counts only for a name that the command lacks; without a name it would keep its quotes.
                    text: item.name.len == 0 || item.text.len == 0 ? nil : Array(item.text.bytes))
            }
        } catch let fault { return report(error, MH_E_INVALID, fault.text) }
        guard module.hold() else { return stopping(module, error) }
        module.carriesCommands.store(true, ordering: .relaxed)
        let consumer = ModuleSink(module: module, context: sink.ctx, event: event, done: done)
        let transport = request.transport.len == 0 ? module.name : request.transport.string(or: module.name)
        module.host.management.execute(
            Management.Request(
                command: request.command.string, arguments: arguments, isClassic: request.classic != 0,
                transport: transport), consumer: consumer)
        return MH_OK
    }
    table.jsonrpc = { handle, request, sink, error in
        let module = LoadedModule.from(handle)
        guard let request = ABIReader.read(request), let sink = ABIReader.read(sink), let write = sink.write,
            let done = sink.done
        else { return report(error, MH_E_INVALID, "mh_jsonrpc_request or mh_jsonrpc_sink is not valid") }
        guard module.hold() else { return stopping(module, error) }
        module.carriesCommands.store(true, ordering: .relaxed)
        let out = ModuleAnswerSink(module: module, raw: sink, write: write, done: done)
        let member: String? =
            request.route_member.len == 0 || sink.route == nil ? nil : request.route_member.string(or: "reply_name")
        let transport = request.transport.len == 0 ? module.name : request.transport.string(or: module.name)
        module.host.rpc.handle(
            request.text.bytes, routeMember: member, transport: transport,
            isCompact: request.flags & MH_JSONRPC_COMPACT != 0, sink: out)
        return MH_OK
    }
    return table
}

extension mh_str {
    /// As `string`; a text that is most likely the one is not made anew.
    fileprivate func string(or likely: String) -> String {
        var copy = likely
        let isIt = copy.withUTF8 { utf8 in
            guard utf8.count == len, let ptr, let start = utf8.baseAddress else { return false }
            return memcmp(ptr, start, len) == 0
        }
        return isIt ? likely : string
    }
}

/// Hands the bytes of an answer to a transport module; gives back the module's hold at the end.
private final class ModuleAnswerSink: AnswerSink, @unchecked Sendable {
    // @unchecked: one answer, one thread at a time; the contract lends the context until done.
    private let module: LoadedModule
    private let raw: mh_jsonrpc_sink
    private let writeFunction: @convention(c) (UnsafeMutableRawPointer?, mh_str, Int32) -> Int32
    private let doneFunction: @convention(c) (UnsafeMutableRawPointer?, Int32) -> Void

    init(
        module: LoadedModule, raw: mh_jsonrpc_sink,
        write: @escaping @convention(c) (UnsafeMutableRawPointer?, mh_str, Int32) -> Int32,
        done: @escaping @convention(c) (UnsafeMutableRawPointer?, Int32) -> Void
    ) {
        self.module = module
        self.raw = raw
        writeFunction = write
        doneFunction = done
    }

    func route(_ name: UnsafeRawBufferPointer?) -> Bool {
        guard let route = raw.route else { return true }
        return module.enter("reply sink route") { route(raw.ctx, name == nil ? 0 : 1, name.map(mh_str.init) ?? mh_str()) }
            >= 0
    }

    func write(_ bytes: UnsafeRawBufferPointer, mayBlock: Bool) -> Bool {
        guard module.isServed else { return false }
        return module.enter("reply sink write") { writeFunction(raw.ctx, mh_str(bytes), mayBlock ? 1 : 0) } >= 0
    }

    func done(isCut: Bool) {
        if module.isServed {
            module.enter("reply sink done") { doneFunction(raw.ctx, isCut ? MH_E_CANCELLED : MH_OK) }
        }
        module.release()
    }
}

/// Hands a reply to a transport module, event by event.
private final class ModuleSink: ReplyConsumer, @unchecked Sendable {
    // @unchecked: one reply, one thread at a time; the contract lends the context until done.
    private let module: LoadedModule
    private let context: UnsafeMutableRawPointer?
    private let eventFunction: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<mh_mi_event>?) -> Int32
    private let doneFunction: @convention(c) (UnsafeMutableRawPointer?, Int32, mh_str) -> Void

    init(
        module: LoadedModule, context: UnsafeMutableRawPointer?,
        event: @escaping @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<mh_mi_event>?) -> Int32,
        done: @escaping @convention(c) (UnsafeMutableRawPointer?, Int32, mh_str) -> Void
    ) {
        self.module = module
        self.context = context
        eventFunction = event
        doneFunction = done
    }

    func event(_ event: ReplyEvent, mayBlock: Bool) -> Bool {
        guard module.isServed else { return false }
        var raw = mh_mi_event()
        raw.struct_size = UInt32(MemoryLayout<mh_mi_event>.size)
        raw.may_block = mayBlock ? 1 : 0
        raw.value = mh_null()
        switch event {
        case .map(let name, let attributes):
            raw.kind = MH_MI_EVENT_MAP
            raw.flags = attributes ? MH_MI_ATTRIBUTES : 0
            raw.name = name
        case .list(let name):
            raw.kind = MH_MI_EVENT_LIST
            raw.name = name
        case .end: raw.kind = MH_MI_EVENT_END
        case .value(let name, let value):
            raw.kind = MH_MI_EVENT_VALUE
            raw.name = name
            raw.value = value.pointee
        }
        return module.enter("reply sink event") { eventFunction(context, &raw) } >= 0
    }

    func done(_ fault: Fault?) {
        if module.isServed {
            (fault?.text ?? "").withMHString { text in
                module.enter("reply sink done") { doneFunction(context, fault?.code ?? 0, text) }
            }
        }
        module.release()
    }
}
