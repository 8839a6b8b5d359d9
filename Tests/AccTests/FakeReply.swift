/// Runs a management command of the module under test and collects its reply as flat text.

import ModuleABI
import ModuleKit

final class FakeReply: @unchecked Sendable {
    /// Members and elements in the order written: "stored=1", "listen[", "]".
    var events: [String] = []
    var fault: (code: Int32, text: String)?

    private static func from(_ context: UnsafeMutableRawPointer?) -> FakeReply {
        guard let context else { preconditionFailure("the reply's ctx is handed back") }
        return Unmanaged<FakeReply>.fromOpaque(context).takeUnretainedValue()
    }

    /// Calls a command by name or alias with string arguments, as the host would after its checks.
    static func call(_ host: FakeHost, _ name: String, _ arguments: [String]) -> FakeReply {
        let collector = FakeReply()
        let commands = host.descriptor.commands.map(as: mh_mi_command.self) { $0 }
        guard
            let command = commands.first(where: { command in
                command.name.string == name
                    || command.aliases.map(as: mh_str.self) { $0.string }.contains(name)
            })
        else { return collector }
        var reply = mh_mi_reply()
        reply.struct_size = UInt32(MemoryLayout<mh_mi_reply>.size)
        reply.ctx = Unmanaged.passUnretained(collector).toOpaque()
        reply.begin_map = { FakeReply.from($0).open($1, "{", $2) }
        reply.begin_list = { FakeReply.from($0).open($1, "[", $2) }
        reply.end = { context in
            FakeReply.from(context).events.append("end")
            return MH_OK
        }
        reply.value = { context, name, value in
            guard let value else { return MH_E_INVALID }
            FakeReply.from(context).events.append("\(name.string)=\(FakeReply.shown(Value(value.pointee)))")
            return MH_OK
        }
        reply.fail = { context, code, text in
            FakeReply.from(context).fault = (code, text.string)
            return MH_OK
        }
        let values = arguments.map { mh_text(mh_str(leaking: $0)) }
        values.withUnsafeBufferPointer { values in
            var list = mh_null()
            list.type = values.isEmpty ? MH_NULL : MH_LIST
            list.as.list = mh_array(
                items: UnsafeRawPointer(values.baseAddress), count: UInt32(values.count),
                stride: UInt32(MemoryLayout<mh_value>.stride))
            withUnsafePointer(to: list) { list in
                var call = mh_mi_call()
                call.struct_size = UInt32(MemoryLayout<mh_mi_call>.size)
                call.args = mh_array(
                    items: UnsafeRawPointer(list), count: command.args.count,
                    stride: UInt32(MemoryLayout<mh_value>.stride))
                _ = command.handler?(command.ctx, &call, &reply)
            }
        }
        return collector
    }

    private func open(_ name: mh_str, _ bracket: String, _ flags: UInt32) -> Int32 {
        events.append(name.string + bracket)
        return MH_OK
    }

    private static func shown(_ value: Value) -> String {
        switch value {
        case .integer(let number): "\(number)"
        case .string(let text): text
        default: "\(value)"
        }
    }
}
