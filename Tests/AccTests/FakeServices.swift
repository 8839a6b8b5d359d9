/// The service tables of `FakeHost`; each function finds its host in the handle that it is given.

import Foundation
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
        case "mh.mi/1": UnsafeRawPointer(management)
        case "mh.interface/1": UnsafeRawPointer(interface)
        case "mh.param/1": UnsafeRawPointer(parameter)
        case "mh.script/1": UnsafeRawPointer(script)
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
        table.cancel = { task in
            guard let task else { return }
            let timer = Unmanaged<FakeHost.Timer>.fromOpaque(UnsafeRawPointer(task)).takeUnretainedValue()
            guard !timer.isCancelled else { return }
            timer.isCancelled = true
            timer.options.gone?(timer.options.ctx)
        }
        table.post = { host, _, run, context in
            let host = FakeHost.from(host)
            let box = UncheckedBox((run, context))
            if host.runsPostsAtOnce {
                run?(context)
            } else {
                host.posted.append { box.value.0?(box.value.1) }
            }
            return MH_OK
        }
        table.offload = { host, options, error in
            guard let options else { return MH_E_INVALID }
            let host = FakeHost.from(host)
            if host.refusesOffload { return mh_fail(error, MH_E_STATE, "the workers have ended") }
            let copy = options.pointee
            host.offloaded.append {
                copy.work?(copy.ctx)
                copy.done?(copy.ctx)
            }
            return MH_OK
        }
    }

    nonisolated(unsafe) private static let net = make(mh_net_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_net_service>.size)
        table.listen = { host, options, out, error in
            guard let options else { return MH_E_INVALID }
            let host = FakeHost.from(host)
            guard !options.pointee.url.string.hasPrefix("bad:") else {
                return mh_fail(error, MH_E_INVALID, "expected tcp:// or unix:")
            }
            let listener = FakeHost.Listener(options.pointee)
            host.listeners.append(listener)
            out?.pointee = OpaquePointer(Unmanaged.passUnretained(listener).toOpaque())
            return MH_OK
        }
        table.address = { listener in
            guard let listener else { return mh_str() }
            return Unmanaged<FakeHost.Listener>.fromOpaque(UnsafeRawPointer(listener)).takeUnretainedValue()
                .address
        }
        table.write = { stream, bytes in
            let stream = FakeStream.from(stream)
            stream.written += bytes.string
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

    nonisolated(unsafe) private static let management = make(mh_mi_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_mi_service>.size)
    }

    nonisolated(unsafe) private static let interface = make(mh_interface_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_interface_service>.size)
        table.acquire = { host, id, selector, _, reference, error in
            guard id.string == "mh.db/1", selector.string == "fake" else {
                return mh_fail(error, MH_E_NOT_FOUND, "nobody provides it")
            }
            let host = FakeHost.from(host)
            reference?.pointee.table = UnsafeRawPointer(FakeDatabase.provider)
            reference?.pointee.ctx = Unmanaged.passUnretained(host.database).toOpaque()
            return MH_OK
        }
    }

    /// Texts are one pseudo-variable, "$name", which is the argument of that name, or no pseudo-variable at all.
    nonisolated(unsafe) private static let script = make(mh_script_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_script_service>.size)
        table.format = { _, text, format, error in
            guard !text.string.hasPrefix("$bad") else {
                return mh_fail(error, MH_E_INVALID, "unknown pseudo-variable $bad")
            }
            let copy = UnsafeMutablePointer<mh_str>.allocate(capacity: 1)
            copy.initialize(to: mh_str(leaking: text.string))
            format?.pointee = OpaquePointer(copy)
            return MH_OK
        }
        table.expand = { _, format, run, value, error in
            guard let format, let run = FakeRun.from(run) else { return MH_E_INVALID }
            let text = UnsafeMutablePointer<mh_str>(format).pointee.string
            guard text != "$failing" else { return mh_fail(error, MH_E_LIMIT, "$failing gave more than it may") }
            let found = text.hasPrefix("$") ? run.arguments[String(text.dropFirst())] : mh_text(mh_str(leaking: text))
            value?.pointee = found.map(run.lend) ?? mh_null()
            return MH_OK
        }
        table.argument = { run, name, value in
            guard let found = FakeRun.from(run)?.arguments[name.string] else { return MH_E_NOT_FOUND }
            value?.pointee = found
            return MH_OK
        }
    }

    nonisolated(unsafe) private static let parameter = make(mh_param_service()) { table in
        table.struct_size = UInt32(MemoryLayout<mh_param_service>.size)
        table.core = { _, _, _ in MH_E_NOT_FOUND }
        table.get = { _, _, _ in MH_E_NOT_FOUND }
    }
}

/// One run of a route: its arguments.
final class FakeRun {
    var arguments: [String: mh_value]
    private var lent: [UnsafeMutableRawBufferPointer] = []

    init(_ arguments: [String: mh_value]) { self.arguments = arguments }

    deinit { for text in lent { text.deallocate() } }

    /// A value whose text is valid until the next one is lent: it is spoilt then.
    func lend(_ value: mh_value) -> mh_value {
        for text in lent { _ = text.initializeMemory(as: UInt8.self, repeating: 0x58) }
        guard value.type == MH_STRING, value.as.text.len > 0 else { return value }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: value.as.text.bytes.count, alignment: 1)
        copy.copyMemory(from: value.as.text.bytes)
        lent.append(copy)
        return mh_text(mh_str(borrowing: UnsafeRawBufferPointer(copy)))
    }

    static func from(_ raw: OpaquePointer?) -> FakeRun? {
        raw.map { Unmanaged<FakeRun>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }
}

/// Carries a value past the checker where the test itself keeps to one thread.
struct UncheckedBox<Contents>: @unchecked Sendable {
    let value: Contents
    init(_ value: Contents) { self.value = value }
}
