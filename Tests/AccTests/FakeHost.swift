/// A host in one object: it lends the acc module the services that it asks for, runs posted and offloaded work only when the test says
/// so, and keeps a clock that only the test moves.

import AccIntake
import Foundation
import ModuleABI
import ModuleKit
import Synchronization

final class FakeHost: @unchecked Sendable {
    final class Counter { var value: Int64 = 0 }

    final class Timer {
        var options: mh_timer_options
        var due: Int64
        var isCancelled = false
        init(_ options: mh_timer_options, due: Int64) {
            self.options = options
            self.due = due
        }
    }

    final class Listener {
        var options: mh_listen_options
        let url: String
        /// Static until the host is gone, as the contract wants.
        let address: mh_str
        init(_ options: mh_listen_options) {
            self.options = options
            url = options.url.string
            address = mh_str(leaking: url.hasSuffix(":0") ? url.dropLast(1) + "40123" : url)
        }
    }

    let database = FakeDatabase()
    var log: [String] = []
    var counters: [String: Counter] = [:]
    var now: Int64 = 0
    /// Time that passes with each look at the clock, for code that waits.
    var tickPerRead: Int64 = 0
    var timers: [Timer] = []
    /// Every timer there was: a cancelled task may still be named.
    var pastTimers: [Timer] = []
    var listeners: [Listener] = []
    var streams: [FakeStream] = []
    var posted: [() -> Void] = []
    var offloaded: [() -> Void] = []
    /// Posted work runs at once, as if the worker were quick; for the drain, which waits for the workers.
    var runsPostsAtOnce = false
    var refusesOffload = false

    let descriptor: mh_module
    private var host = mh_host()

    init() {
        let builder = ModuleBuilder(name: "acc", version: "0.1.0", summary: "Under test.")
        AccountingModule().declare(in: builder)
        var published: UnsafePointer<mh_module>?
        _ = builder.publish(to: &published)
        guard let published else { preconditionFailure("publish stores a descriptor") }
        descriptor = published.pointee
        host.struct_size = UInt32(MemoryLayout<mh_host>.size)
        host.`self` = OpaquePointer(Unmanaged.passUnretained(self).toOpaque())
        host.query = { _, id, _ in FakeServices.table(id.string) }
        FakeHost.all.withLock { $0.append(UncheckedBox(self)) }
    }

    /// A real host outlives its modules, so these live as long as the process.
    private static let all = Mutex<[UncheckedBox<FakeHost>]>([])

    static func from(_ pointer: OpaquePointer?) -> FakeHost {
        guard let pointer else { preconditionFailure("services are called with the module's handle") }
        return Unmanaged<FakeHost>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
    }

    // MARK: What a config does

    /// Sets a parameter as the host would; answers the error text, nil when it was taken.
    @discardableResult
    func set(_ name: String, _ value: mh_value) -> String? {
        let parameters = descriptor.params.map(as: mh_param.self) { $0 }
        guard let parameter = parameters.first(where: { $0.name.string == name }), let set = parameter.set
        else {
            return "no parameter \(name)"
        }
        var value = value
        return failure { set(parameter.ctx, &value, $0) }
    }

    @discardableResult
    func set(_ name: String, _ text: String) -> String? {
        if name == "columns" {
            let elements = text.split(separator: ",", omittingEmptySubsequences: false).map {
                mh_text(mh_str(leaking: String($0)))
            }
            return elements.withUnsafeBufferPointer { elements in
                var list = mh_null()
                list.type = MH_LIST
                list.as.list = mh_array(
                    items: UnsafeRawPointer(elements.baseAddress), count: UInt32(elements.count),
                    stride: UInt32(MemoryLayout<mh_value>.stride))
                return set(name, list)
            }
        }
        return text.withMHString { set(name, mh_text($0)) }
    }

    @discardableResult
    func set(_ name: String, type: UInt32, _ number: Int64) -> String? {
        var value = mh_int(number)
        value.type = type
        return set(name, value)
    }

    /// Runs a hook-like call with an error sink; answers its text when it failed.
    func failure(_ call: (UnsafePointer<mh_error>) -> Int32) -> String? {
        do {
            try ErrorCollector.check(call)
            return nil
        } catch {
            return error.text
        }
    }

    // MARK: Life

    /// Starts the module with one `listen` and the given columns; answers the error of `init`.
    @discardableResult
    func start(columns: String? = nil) -> String? {
        set("db_url", "fake://user:secret@place/x")
        set("listen", "tcp://127.0.0.1:0")
        if let columns { set("columns", columns) }
        return startAsSet()
    }

    func startAsSet() -> String? {
        failure { error in descriptor.`init`?(descriptor.ctx, &host, error) ?? MH_E_INTERNAL }
    }

    func drain() { descriptor.drain?(descriptor.ctx) }
    func stop() { descriptor.stop?(descriptor.ctx) }

    // MARK: What workers do

    /// Connects a sender on worker 1; nil when the module closed it.
    func connect(peer address: String = "127.0.0.1:40000") -> FakeStream? {
        guard let listener = listeners.first, let accept = listener.options.accept else { return nil }
        let stream = FakeStream()
        var handler: UnsafePointer<mh_stream_handler>?
        var context: UnsafeMutableRawPointer?
        let code = address.withMHString { address in
            var peer = mh_peer()
            peer.struct_size = UInt32(MemoryLayout<mh_peer>.size)
            peer.worker = 1
            peer.address = address
            peer.user_id = -1
            return accept(listener.options.ctx, stream.handle, &peer, &handler, &context)
        }
        guard code >= 0, let handler else { return nil }
        stream.handler = handler.pointee
        stream.context = context
        streams.append(stream)
        return stream
    }

    /// Runs what was posted and offloaded until nothing is left.
    func run() {
        while !posted.isEmpty || !offloaded.isEmpty {
            let work = posted + offloaded
            posted = []
            offloaded = []
            for item in work { item() }
        }
    }

    /// Moves the clock and fires the timers that come due, once each.
    func advance(seconds: Double) {
        now += Int64(seconds * 1e9)
        for timer in timers where !timer.isCancelled && timer.due <= now {
            timer.options.fire?(timer.options.ctx)
            if timer.options.interval > 0 {
                timer.due = now + timer.options.interval
            } else if !timer.isCancelled {
                timer.isCancelled = true
                timer.options.gone?(timer.options.ctx)
            }
        }
        pastTimers += timers.filter(\.isCancelled)
        timers.removeAll { $0.isCancelled }
    }

    func counter(_ name: String) -> Int64 { counters[name]?.value ?? -1 }
}

/// The far end of a connection under test.
final class FakeStream: @unchecked Sendable {
    var handler = mh_stream_handler()
    var context: UnsafeMutableRawPointer?
    var written = ""
    var isPaused = false
    var isClosed = false
    var isAborted = false
    /// `gone` comes from within `close`, as early as a host may send it.
    var isGoneAtClose = false
    /// What `write` answers: `MH_OK`, or `MH_FULL` for a sender that does not read.
    var writeOutcome = MH_OK

    var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    /// The answers so far, one JSON line each.
    var answers: [String] { written.split(separator: "\n").map(String.init) }

    static func from(_ pointer: OpaquePointer?) -> FakeStream {
        guard let pointer else { preconditionFailure("a stream is never null") }
        return Unmanaged<FakeStream>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
    }

    /// Delivers bytes in memory that is void right after the call, as a host's read buffer is.
    func send(_ bytes: [UInt8]) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
        buffer.copyBytes(from: bytes)
        handler.data?(
            context, handle, mh_str(borrowing: UnsafeRawBufferPointer(rebasing: buffer[..<bytes.count])))
        buffer.initializeMemory(as: UInt8.self, repeating: 0xEE)
        buffer.deallocate()
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func halfClose() { handler.end?(context, handle) }

    func drained() {
        writeOutcome = MH_OK
        handler.drained?(context, handle)
    }

    /// The stream's end; a negative code is a lost connection.
    func gone(_ code: Int32 = MH_OK) {
        "connection reset by peer".withMHString { handler.gone?(context, code, $0) }
        context = nil
    }
}
