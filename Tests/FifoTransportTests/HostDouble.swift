// A small host for the tests of the transport: the service tables of the ABI over one worker thread, one
// management queue and as many pool threads as are asked for. It runs a handful of commands.

import Foundation
import Glibc
import ModuleABI
import ModuleKit
import Synchronization

/// Stands in for the host. All its threads end with `shutDown`.
final class HostDouble: @unchecked Sendable {
    let runDirectory: String
    let worker = WorkerDouble()
    let management = DispatchQueue(label: "management")
    let logged = Mutex<[String]>([])
    let counters = Mutex<[String: CounterDouble]>([:])
    let executed = Mutex<[String]>([])
    /// What the slow command has handed over so far, bytes.
    let streamed = Atomic<Int>(0)
    let streamedUntilRefused = Atomic<Bool>(false)

    init(runDirectory: String) {
        self.runDirectory = runDirectory
    }

    func shutDown() { worker.stop() }

    func counter(_ name: String) -> Int64 {
        counters.withLock { $0[name] }?.value.load(ordering: .sequentiallyConsistent) ?? 0
    }

    /// Goes through `init` of a module made for the purpose, as the public way to get at the services.
    func services() throws -> HostServices {
        var captured: HostServices?
        let builder = ModuleBuilder(name: "test", version: "0", summary: "")
        builder.onInit { captured = $0 }
        var module: UnsafePointer<mh_module>?
        _ = builder.publish(to: &module)
        var host = mh_host()
        host.struct_size = UInt32(MemoryLayout<mh_host>.size)
        host.`self` = OpaquePointer(Unmanaged.passRetained(self).toOpaque())
        host.query = { _, id, _ in Tables.shared.find(id.string) }
        guard let module, module.pointee.`init`?(module.pointee.ctx, &host, nil) == MH_OK, let captured else {
            throw ModuleFailure(MH_E_INTERNAL, "the host double is incomplete")
        }
        return captured
    }

    static func from(_ handle: OpaquePointer?) -> HostDouble {
        guard let handle else { preconditionFailure("services are called with the module's handle") }
        return Unmanaged<HostDouble>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    // MARK: Commands

    func execute(_ command: String, _ arguments: [(name: [UInt8], text: [UInt8])], _ sink: mh_mi_sink) {
        executed.withLock { $0.append(command) }
        let number = arguments.first.flatMap { Int(String(decoding: $0.text, as: UTF8.self)) } ?? 0
        switch command {
        case "echo":
            send(sink, MH_MI_EVENT_LIST)
            for argument in arguments { sendText(sink, argument.text) }
            send(sink, MH_MI_EVENT_END)
            finish(sink)
        case "big":
            sendText(sink, [UInt8](repeating: UInt8(ascii: "x"), count: number))
            finish(sink)
        case "slow":
            nonisolated(unsafe) let sink = sink
            Thread.detachNewThread { [self] in
                send(sink, MH_MI_EVENT_LIST)
                let line = [UInt8](repeating: UInt8(ascii: "y"), count: 999)
                for _ in 0..<number {
                    guard sendText(sink, line, mayBlock: true) >= 0 else {
                        streamedUntilRefused.store(true, ordering: .sequentiallyConsistent)
                        break
                    }
                    streamed.add(1000, ordering: .relaxed)
                }
                send(sink, MH_MI_EVENT_END)
                finish(sink)
            }
        case "late-failure":
            sendText(sink, Array("half of it".utf8))
            finish(sink, 503, "no more")
        default: finish(sink, 500, "command '\(command)' not available")
        }
    }

    private func send(_ sink: mh_mi_sink, _ kind: UInt32) {
        var event = mh_mi_event()
        event.struct_size = UInt32(MemoryLayout<mh_mi_event>.size)
        event.kind = kind
        _ = sink.event?(sink.ctx, &event)
    }

    @discardableResult
    private func sendText(_ sink: mh_mi_sink, _ text: [UInt8], mayBlock: Bool = false) -> Int32 {
        text.withUnsafeBytes { bytes in
            var event = mh_mi_event()
            event.struct_size = UInt32(MemoryLayout<mh_mi_event>.size)
            event.kind = MH_MI_EVENT_VALUE
            event.may_block = mayBlock ? 1 : 0
            event.value = mh_text(mh_str(borrowing: bytes))
            return sink.event?(sink.ctx, &event) ?? MH_E_ABI
        }
    }

    private func finish(_ sink: mh_mi_sink, _ code: Int32 = 0, _ text: String = "") {
        text.withMHString { sink.done?(sink.ctx, code, $0) }
    }

    /// Answers `{"ok":id}` to JSON that parses, a parse error to other text, and nothing to a notification.
    func answerJSON(_ text: [UInt8], _ member: String, _ sink: mh_jsonrpc_sink) {
        let object = try? JSONSerialization.jsonObject(with: Data(text)) as? [String: Any]
        if !member.isEmpty {
            let name = object?[member] as? String
            let code = (name ?? "").withMHString { sink.route?(sink.ctx, name == nil ? 0 : 1, $0) ?? 0 }
            guard code >= 0 else {
                sink.done?(sink.ctx, MH_E_CANCELLED)
                return
            }
        }
        executed.withLock { $0.append("json") }
        if object == nil || object?["id"] != nil {
            let answer = object == nil ? #"{"code":-32700}"# : #"{"ok":\#(object?["id"] ?? "")}"#
            _ = answer.withMHString { sink.write?(sink.ctx, $0, 0) }
        }
        sink.done?(sink.ctx, 0)
    }
}

final class CounterDouble: Sendable {
    let value = Atomic<Int64>(0)
}

/// An adopted descriptor.
final class StreamDouble: @unchecked Sendable {
    let descriptor: Int32
    let handler: mh_stream_handler
    var isClosed = false
    var isPaused = false
    init(_ descriptor: Int32, _ handler: mh_stream_handler) {
        self.descriptor = descriptor
        self.handler = handler
    }
    var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }
    static func from(_ handle: OpaquePointer?) -> StreamDouble? {
        handle.map { Unmanaged<StreamDouble>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }
}

final class TimerDouble: @unchecked Sendable {
    let options: mh_timer_options
    var due: Int64
    let isCancelled = Atomic<Bool>(false)
    init(_ options: mh_timer_options, now: Int64) {
        self.options = options
        due = now + options.first
    }
}

/// Worker 1: descriptors, timers and posted work on one thread.
final class WorkerDouble: @unchecked Sendable {
    private struct Inbox {
        var work: [() -> Void] = []
        var isStopping = false
    }
    private let inbox = Mutex(Inbox())
    private var pipe: [Int32] = [-1, -1]
    private let ended = DispatchSemaphore(value: 0)
    // Of the thread only.
    private var streams: [StreamDouble] = []
    private var timers: [TimerDouble] = []

    init() {
        _ = Glibc.pipe(&pipe)
        Thread.detachNewThread { self.run() }
    }

    func post(_ work: @escaping @Sendable () -> Void) {
        inbox.withLock { $0.work.append(work) }
        _ = write(pipe[1], "x", 1)
    }

    func stop() {
        inbox.withLock { $0.isStopping = true }
        _ = write(pipe[1], "x", 1)
        ended.wait()
        close(pipe[0])
        close(pipe[1])
    }

    func add(_ stream: StreamDouble) {
        post { [self] in
            streams.append(stream)
            stream.handler.connected?(stream.handler.ctx, stream.handle)
        }
    }

    func add(_ timer: TimerDouble) {
        post { [self] in timers.append(timer) }
    }

    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private func run() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let (work, isStopping) = inbox.withLock { state in
                defer { state.work = [] }
                return (state.work, state.isStopping)
            }
            for run in work { run() }
            fireTimers()
            for stream in streams where stream.isClosed { gone(stream) }
            streams.removeAll(where: \.isClosed)
            if isStopping { break }
            let next = timers.map(\.due).min() ?? Int64.max
            var entries = [pollfd(fd: pipe[0], events: Int16(POLLIN), revents: 0)]
            entries += streams.map {
                pollfd(fd: $0.isPaused ? -1 : $0.descriptor, events: Int16(POLLIN), revents: 0)
            }
            let wait = min(max(next - Self.now(), 0) / 1_000_000 + 1, 50)
            _ = poll(&entries, nfds_t(entries.count), Int32(wait))
            if entries[0].revents != 0 { _ = read(pipe[0], &buffer, 64) }
            for (stream, entry) in zip(streams, entries.dropFirst()) where entry.revents != 0 {
                let count = read(stream.descriptor, &buffer, buffer.count)
                guard count > 0 else { continue }
                buffer.withUnsafeBytes {
                    stream.handler.data?(
                        stream.handler.ctx, stream.handle,
                        mh_str(borrowing: UnsafeRawBufferPointer(rebasing: $0[..<count])))
                }
            }
        }
        for stream in streams { gone(stream) }
        for timer in timers { timer.options.gone?(timer.options.ctx) }
        ended.signal()
    }

    private func fireTimers() {
        let now = Self.now()
        for timer in timers {
            if timer.isCancelled.load(ordering: .acquiring) {
                timer.due = -1
            } else if timer.due <= now {
                timer.options.fire?(timer.options.ctx)
                timer.due = timer.options.interval > 0 ? now + timer.options.interval : -1
            }
            if timer.due < 0 { timer.options.gone?(timer.options.ctx) }
        }
        timers.removeAll { $0.due < 0 }
    }

    private func gone(_ stream: StreamDouble) {
        close(stream.descriptor)
        stream.handler.gone?(stream.handler.ctx, MH_OK, mh_str())
    }
}
