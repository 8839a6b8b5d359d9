import CHost
import Glibc
import ModuleABI

/// Running a command of a module on the stage, as the host would: on the management thread, or on a pool thread when it is slow.
extension Stage {
    /// Runs a command; the reply tells when it is complete. Any thread. The loan of its arguments ends with the reply, or, if its
    /// caller keeps it, with the caller's.
    @discardableResult
    func execute(
        _ command: ModuleView.Command, of module: StagedModule, arguments: Loan, isClassic: Bool = false,
        patience: Int? = nil, transport: mh_str, sink: ((CommandReply.ReplyPiece) -> Void)? = nil
    ) -> CommandReply {
        let reply = CommandReply(
            module: module, loop: management, command: command.name, patience: patience, arguments: arguments, sink: sink)
        let isSlow = command.raw.flags & MH_MI_SLOW != 0
        let label = "handler of the command \(command.name)"
        module.holds.add(1)
        let work = { [replies] in
            defer { module.holds.add(-1) }
            guard let handler = command.raw.handler, module.isServed else { return reply.returned(MH_OK) }
            reply.begins()
            var filled = mh_mi_call()
            filled.struct_size = UInt32(MemoryLayout<mh_mi_call>.size)
            filled.command = command.raw.name
            filled.transport = transport
            filled.args = arguments.array
            guard let (call, table) = replies.lay(filled, for: reply, isClassic: isClassic) else {
                return reply.returned(MH_OK)
            }
            let start = chost_clock()
            let code = module.enter(label, .running) { handler(command.raw.ctx, call, table) }
            let took = chost_clock() - start
            if !isSlow, took > 1_000_000_000, module.isSubject {
                FindingPipe.add(
                    .commandSlow, "the command \(command.name) took \(took / 1_000_000) ms and is not marked MH_MI_SLOW")
            }
            reply.returned(code)
        }
        if isSlow {
            if !runOnPool(work) { work() }
        } else {
            management.post(work)
        }
        return reply
    }

    func command(_ name: String) -> (StagedModule, ModuleView.Command)? {
        for module in modules where module.isServed {
            if let found = module.view.commands.first(where: { $0.names.contains(name) }) { return (module, found) }
        }
        return nil
    }
}

/// mh.mi/1
func makeManagementService() -> mh_mi_service {
    var table = mh_mi_service()
    table.struct_size = UInt32(MemoryLayout<mh_mi_service>.size)
    table.execute = { handle, request, sink, error in
        let stage = Stage.shared
        guard let module = stage.admit(.miExecute, handle) else { return report(error, MH_E_STATE, "not while it runs") }
        guard let request = OptionReader.read(request, mh_mi_request(), "mh_mi_request", error),
            let sink = OptionReader.read(sink, mh_mi_sink(), "mh_mi_sink", error)
        else { return MH_E_INVALID }
        guard let event = sink.event, let done = sink.done else {
            return OptionReader.refuse("an mh_mi_sink without event or done", error)
        }
        if stage.lets(.miExecute, module, fail: error) { return MH_E_NO_MEMORY }
        module.holds.add(1)
        let finish = { (code: Int32, text: String) in
            var text = text
            text.withUTF8 { utf8 in
                let lent = mh_str(
                    ptr: UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self), len: utf8.count)
                module.enter("done of a reply's sink", .running, isQuick: true) { done(sink.ctx, code, lent) }
            }
            module.holds.add(-1)
        }
        let name = request.command.string
        var arguments: [TypedValue] = []
        for argument in elements(request.args, mh_mi_argument()) {
            TextReader.touch(argument.name)
            arguments.append(.text(argument.value.type == MH_STRING ? argument.value.as.text.array : argument.text.array))
        }
        guard let (owner, command) = stage.command(name),
            let converted = convert(arguments, for: command.arguments)
        else {
            stage.management.post { finish(404, "no such command, or wrong arguments") }
            return MH_OK
        }
        stage.execute(command, of: owner, arguments: Loan(converted), transport: mh_str()) { piece in
            switch piece {
            case .event(let kind, let flags, let name, let value):
                var filled = mh_mi_event()
                filled.struct_size = UInt32(MemoryLayout<mh_mi_event>.size)
                (filled.kind, filled.flags, filled.name, filled.value) = (kind, flags, name, value)
                module.enter("event of a reply's sink", .running) { _ = event(sink.ctx, &filled) }
            case .done(let code, let text): finish(code, text)
            }
        }
        return MH_OK
    }
    table.jsonrpc = { handle, request, sink, error in
        let stage = Stage.shared
        guard let module = stage.admit(.miJSONRPC, handle) else { return report(error, MH_E_STATE, "not while it runs") }
        guard let request = OptionReader.read(request, mh_jsonrpc_request(), "mh_jsonrpc_request", error),
            let sink = OptionReader.read(sink, mh_jsonrpc_sink(), "mh_jsonrpc_sink", error)
        else { return MH_E_INVALID }
        guard let write = sink.write, let done = sink.done else {
            return OptionReader.refuse("an mh_jsonrpc_sink without write or done", error)
        }
        TextReader.touch(request.text)
        if stage.lets(.miJSONRPC, module, fail: error) { return MH_E_NO_MEMORY }
        module.holds.add(1)
        let wantsRoute = request.route_member.len > 0
        stage.management.post(forModule: true) {
            var code = MH_OK
            if wantsRoute, let route = sink.route {
                code = module.enter("route of a JSON-RPC sink", .running, isQuick: true) { route(sink.ctx, 0, mh_str()) }
            }
            if code >= 0 {
                var answer = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32601,\"message\":\"Method not found\"},\"id\":1}"
                answer.withUTF8 { utf8 in
                    let lent = mh_str(
                        ptr: UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self), len: utf8.count)
                    module.enter("write of a JSON-RPC sink", .running) { _ = write(sink.ctx, lent, 0) }
                }
            }
            module.enter("done of a JSON-RPC sink", .running, isQuick: true) {
                done(sink.ctx, code < 0 ? MH_E_CANCELLED : MH_OK)
            }
            module.holds.add(-1)
        }
        return MH_OK
    }
    return table
}

/// Converts what a transport sent to what a command declares; nil when it does not fit.
private func convert(_ sent: [TypedValue], for declared: [mh_mi_arg]) -> [TypedValue]? {
    var result: [TypedValue] = []
    for (index, argument) in declared.enumerated() {
        if argument.flags & MH_MI_ARG_REST != 0 {
            return result + [.list(Array(sent.dropFirst(index)))]
        }
        guard index < sent.count, case .text(let bytes) = sent[index] else {
            if argument.flags & MH_MI_ARG_OPTIONAL != 0 {
                result.append(.null)
                continue
            }
            return nil
        }
        guard let value = TypedValue(text: bytes, type: argument.type == MH_NULL ? MH_STRING : argument.type) else {
            return nil
        }
        result.append(value)
    }
    return sent.count > declared.count ? nil : result
}
