// The C tables of the host double: each function finds its object behind the handle and calls it.

import Foundation
import ModuleABI
import ModuleKit
import Synchronization

/// Allocated once, never freed, as the contract says.
struct Tables: @unchecked Sendable {
    static let shared = Tables()
    private var found: [String: UnsafeRawPointer] = [:]

    func find(_ id: String) -> UnsafeRawPointer? { found[id] }

    private init() {
        add("mh.log/1", Self.log)
        add("mh.counter/1", Self.counter)
        add("mh.thread/1", Self.thread)
        add("mh.loop/1", Self.loop)
        add("mh.net/1", Self.net)
        add("mh.mi/1", Self.management)
        add("mh.interface/1", Self.interface)
        add("mh.param/1", Self.parameter)
    }

    private mutating func add<Table>(_ id: String, _ fill: () -> Table) {
        let copy = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        copy.initialize(to: fill())
        found[id] = UnsafeRawPointer(copy)
    }

    private static func log() -> mh_log_service {
        var table = mh_log_service()
        table.struct_size = UInt32(MemoryLayout<mh_log_service>.size)
        table.level = { _ in nil }
        table.write = { host, _, text, _ in
            let line = text.string
            HostDouble.from(host).logged.withLock { $0.append(line) }
        }
        return table
    }

    private static func counter() -> mh_counter_service {
        var table = mh_counter_service()
        table.struct_size = UInt32(MemoryLayout<mh_counter_service>.size)
        table.create = { host, _, name, _, counter, _ in
            let made = CounterDouble()
            HostDouble.from(host).counters.withLock { $0[name.string] = made }
            counter?.pointee = OpaquePointer(Unmanaged.passRetained(made).toOpaque())
            return MH_OK
        }
        table.add = { counter, amount in
            guard let counter else { return }
            Unmanaged<CounterDouble>.fromOpaque(UnsafeRawPointer(counter)).takeUnretainedValue().value.add(
                amount, ordering: .sequentiallyConsistent)
        }
        return table
    }

    private static func thread() -> mh_thread_service {
        var table = mh_thread_service()
        table.struct_size = UInt32(MemoryLayout<mh_thread_service>.size)
        return table
    }

    private static func loop() -> mh_loop_service {
        var table = mh_loop_service()
        table.struct_size = UInt32(MemoryLayout<mh_loop_service>.size)
        table.now = { _ in WorkerDouble.now() }
        table.timer = { host, options, task, _ in
            guard let options else { return MH_E_INVALID }
            let timer = TimerDouble(options.pointee, now: WorkerDouble.now())
            task?.pointee = OpaquePointer(Unmanaged.passRetained(timer).toOpaque())
            HostDouble.from(host).worker.add(timer)
            return MH_OK
        }
        table.cancel = { task in
            guard let task else { return }
            Unmanaged<TimerDouble>.fromOpaque(UnsafeRawPointer(task)).takeUnretainedValue()
                .isCancelled.store(true, ordering: .releasing)
        }
        table.post = { host, _, run, context in
            nonisolated(unsafe) let context = context
            HostDouble.from(host).worker.post { run?(context) }
            return MH_OK
        }
        table.offload = { host, options, _ in
            guard let options else { return MH_E_INVALID }
            nonisolated(unsafe) let copy = options.pointee
            Thread.detachNewThread {
                copy.work?(copy.ctx)
                copy.done?(copy.ctx)
            }
            return MH_OK
        }
        return table
    }

    private static func net() -> mh_net_service {
        var table = mh_net_service()
        table.struct_size = UInt32(MemoryLayout<mh_net_service>.size)
        table.adopt = { host, options, _ in
            guard let options, let handler = options.pointee.handler else { return MH_E_INVALID }
            HostDouble.from(host).worker.add(StreamDouble(options.pointee.descriptor, handler.pointee))
            return MH_OK
        }
        table.pause = { StreamDouble.from($0)?.isPaused = true }
        table.resume = { StreamDouble.from($0)?.isPaused = false }
        table.close = { StreamDouble.from($0)?.isClosed = true }
        return table
    }

    private static func management() -> mh_mi_service {
        var table = mh_mi_service()
        table.struct_size = UInt32(MemoryLayout<mh_mi_service>.size)
        table.execute = { host, request, sink, _ in
            guard let request, let sink else { return MH_E_INVALID }
            let host = HostDouble.from(host)
            let command = request.pointee.command.string
            let arguments = request.pointee.args.map(as: mh_mi_argument.self) {
                (Array($0.name.bytes), Array($0.text.bytes))
            }
            nonisolated(unsafe) let copy = sink.pointee
            host.management.async { host.execute(command, arguments, copy) }
            return MH_OK
        }
        table.jsonrpc = { host, request, sink, _ in
            guard let request, let sink else { return MH_E_INVALID }
            let host = HostDouble.from(host)
            let text = Array(request.pointee.text.bytes)
            let member = request.pointee.route_member.string
            nonisolated(unsafe) let copy = sink.pointee
            host.management.async { host.answerJSON(text, member, copy) }
            return MH_OK
        }
        return table
    }

    private static func interface() -> mh_interface_service {
        var table = mh_interface_service()
        table.struct_size = UInt32(MemoryLayout<mh_interface_service>.size)
        return table
    }

    private static func parameter() -> mh_param_service {
        var table = mh_param_service()
        table.struct_size = UInt32(MemoryLayout<mh_param_service>.size)
        table.core = { host, name, value in
            guard name.string == "run_dir" else { return MH_E_NOT_FOUND }
            value?.pointee = mh_text(mh_str(leaking: HostDouble.from(host).runDirectory))
            return MH_OK
        }
        return table
    }
}
