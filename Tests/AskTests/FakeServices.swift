/// The service tables of `FakeHost`; each function finds its host in the handle that it is given.

import ModuleABI
import ModuleKit

enum FakeServices {
    static func table(_ id: String) -> UnsafeRawPointer? {
        switch id {
        case "mh.log/1": UnsafeRawPointer(log)
        case "mh.counter/1": UnsafeRawPointer(counter)
        case "mh.thread/1": UnsafeRawPointer(thread)
        case "mh.loop/1": UnsafeRawPointer(loop)
        case "mh.net/1": UnsafeRawPointer(net)
        case "mh.script/1": UnsafeRawPointer(script)
        case "mh.mi/1": UnsafeRawPointer(management)
        case "mh.interface/1": UnsafeRawPointer(interface)
        case "mh.param/1": UnsafeRawPointer(parameter)
        default: nil
        }
    }

    private static func make<Table>(_ empty: Table, _ fill: (inout Table) -> Void) -> UnsafePointer<Table> {
        let table = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        table.initialize(to: empty)
        fill(&table.pointee)
        return UnsafePointer(table)
    }

    nonisolated(unsafe) private static let level: UnsafePointer<Int32> = make(MH_LOG_DEBUG) { _ in }

    nonisolated(unsafe) private static let log = make(mh_log_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_log_service>.size)
        table.level = { _ in UnsafePointer(FakeServices.level) }
        table.write = { host, _, text, _ in FakeHost.from(host).log.append(text.string) }
    }

    nonisolated(unsafe) private static let counter = make(mh_counter_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_counter_service>.size)
        table.create = { host, _, name, _, out, _ in
            let host = FakeHost.from(host)
            let counter = host.counters[name.string] ?? FakeHost.Counter()
            host.counters[name.string] = counter
            out?.pointee = OpaquePointer(Unmanaged.passUnretained(counter).toOpaque())
            return MH_OK
        }
        table.add = { counter, amount in FakeServices.counter(counter)?.value += amount }
        table.set = { counter, value in FakeServices.counter(counter)?.value = value }
        table.get = { counter in FakeServices.counter(counter)?.value ?? 0 }
    }

    private static func counter(_ raw: OpaquePointer?) -> FakeHost.Counter? {
        raw.map { Unmanaged<FakeHost.Counter>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }

    nonisolated(unsafe) private static let thread = make(mh_thread_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_thread_service>.size)
        table.index = { _ in 1 }
        table.kind = { _ in MH_THREAD_WORKER }
        table.workers = { _ in 2 }
        table.limit = { _ in 16 }
    }

    nonisolated(unsafe) private static let loop = make(mh_loop_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_loop_service>.size)
        table.now = {
            let host = FakeHost.from($0)
            host.now += host.tickPerRead
            return host.now
        }
        table.timer = { host, options, task, _ in
            guard let options else { return MH_E_INVALID }
            let host = FakeHost.from(host)
            let timer = FakeHost.Timer(options.pointee, due: host.now + options.pointee.first)
            host.timers.append(timer)
            task?.pointee = OpaquePointer(Unmanaged.passUnretained(timer).toOpaque())
            return MH_OK
        }
        table.cancel = { _ in }
        table.post = { host, _, run, context in
            let host = FakeHost.from(host)
            let box = UncheckedBox((run, context))
            if host.runsPostsAtOnce {
                box.value.0?(box.value.1)
                host.afterPosts()
            } else {
                host.posted.append { box.value.0?(box.value.1) }
            }
            return MH_OK
        }
    }

    nonisolated(unsafe) private static let net = make(mh_net_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_net_service>.size)
        table.listen = { host, options, out, error in
            guard let options else { return MH_E_INVALID }
            guard !options.pointee.url.string.hasPrefix("bad:") else {
                return mh_fail(error, MH_E_INVALID, "expected tcp:// or unix:")
            }
            FakeHost.from(host).listening = options.pointee
            out?.pointee = host
            return MH_OK
        }
        table.address = { _ in mh_str("tcp://127.0.0.1:40123") }
        table.write = { stream, bytes in
            let stream = FakeStream.from(stream)
            stream.written += bytes.string
            stream.writes += 1
            return stream.writeOutcome
        }
        table.pause = { FakeStream.from($0).isPaused = true }
        table.resume = { FakeStream.from($0).isPaused = false }
        table.close = {
            let stream = FakeStream.from($0)
            stream.isClosed = true
            if stream.isGoneAtClose { stream.gone() }
        }
        table.abort = { FakeStream.from($0).isAborted = true }
    }

    nonisolated(unsafe) private static let script = make(mh_script_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_script_service>.size)
        table.find = { host, name, route in
            guard FakeHost.from(host).hasRoute, name.string == "request" else { return MH_E_NOT_FOUND }
            route?.pointee = 7
            return MH_OK
        }
        table.run = { host, route, arguments, outcome, error in
            let host = FakeHost.from(host)
            if let failure = host.runFailure { return failure.withCString { mh_fail(error, MH_E_TIMEOUT, $0) } }
            let run = FakeRun(arguments?.pointee.map(as: mh_log_field.self) { $0 } ?? [])
            host.route(run)
            outcome?.pointee.code = 1
            if let reply = run.reply {
                host.replyText = mh_str(leaking: reply.text)
                outcome?.pointee.flags = MH_SCRIPT_REPLIED
                outcome?.pointee.reply_code = reply.code
                outcome?.pointee.reply_text = host.replyText
            }
            return MH_OK
        }
        table.argument = { run, name, value in
            let field = FakeServices.run(run)?.arguments.first { $0.name.bytes.elementsEqual(name.bytes) }
            guard let field else { return MH_E_NOT_FOUND }
            value?.pointee = field.value
            return MH_OK
        }
        table.reply = { run, code, text, _ in
            FakeServices.run(run)?.reply = (code, text.string)
            return MH_OK
        }
    }

    private static func run(_ raw: OpaquePointer?) -> FakeRun? {
        raw.map { Unmanaged<FakeRun>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }

    nonisolated(unsafe) private static let management = make(mh_mi_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_mi_service>.size)
    }

    nonisolated(unsafe) private static let interface = make(mh_interface_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_interface_service>.size)
    }

    nonisolated(unsafe) private static let parameter = make(mh_param_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_param_service>.size)
        table.core = { _, _, _ in MH_E_NOT_FOUND }
        table.get = { _, _, _ in MH_E_NOT_FOUND }
    }
}
