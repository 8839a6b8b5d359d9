/// A host in one object: it lends the ask module the services that it asks for, runs the test's own route, and keeps a clock that only
/// the test moves.

import AskIntake
import ModuleABI
import ModuleKit
import Synchronization

/// One run of the test's route: what it was given, and the reply that it sets.
final class FakeRun {
    let arguments: [mh_log_field]
    var reply: (code: Int32, text: String)?

    init(_ arguments: [mh_log_field]) { self.arguments = arguments }

    func argument(_ name: String) -> Value? {
        arguments.first { $0.name.string == name }.map { Value($0.value) }
    }
}

final class FakeHost: @unchecked Sendable {
    final class Counter { var value: Int64 = 0 }

    final class Timer {
        var options: mh_timer_options
        var due: Int64
        init(_ options: mh_timer_options, due: Int64) {
            self.options = options
            self.due = due
        }
    }

    var log: [String] = []
    var counters: [String: Counter] = [:]
    var now: Int64 = 0
    /// Time that passes with each look at the clock.
    var tickPerRead: Int64 = 0
    var timers: [Timer] = []
    var posted: [() -> Void] = []
    /// Posted work runs at once, as if the worker were quick; for the drain, which waits for the workers.
    var runsPostsAtOnce = false
    /// Runs after a post that ran at once.
    var afterPosts: () -> Void = {}
    var listening: mh_listen_options?
    var hasRoute = true
    /// The route: what request_route does.
    var route: (FakeRun) -> Void = { _ in }
    /// What a run answers instead of running: an error's text.
    var runFailure: String?
    /// The reply's text, valid until the next run.
    var replyText = mh_str()

    let descriptor: mh_module
    private var host = mh_host()

    init() {
        let builder = ModuleBuilder(name: "ask", version: "0.1.0", summary: "Under test.")
        AskModule().declare(in: builder)
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
        guard let parameter = parameters.first(where: { $0.name.string == name }), let set = parameter.set else {
            return "no parameter \(name)"
        }
        var value = value
        return failure { set(parameter.ctx, &value, $0) }
    }

    @discardableResult
    func set(_ name: String, _ text: String) -> String? { text.withMHString { set(name, mh_text($0)) } }

    @discardableResult
    func set(_ name: String, type: UInt32, _ number: Int64) -> String? {
        var value = mh_int(number)
        value.type = type
        return set(name, value)
    }

    private func failure(_ call: (UnsafePointer<mh_error>) -> Int32) -> String? {
        do {
            try ErrorCollector.check(call)
            return nil
        } catch {
            return error.text
        }
    }

    /// Starts the module with one `listen`; answers the error of `init`.
    @discardableResult
    func start() -> String? {
        set("listen", "tcp://127.0.0.1:0")
        return startAsSet()
    }

    func startAsSet() -> String? {
        failure { error in descriptor.`init`?(descriptor.ctx, &host, error) ?? MH_E_INTERNAL }
    }

    func drain() { descriptor.drain?(descriptor.ctx) }

    // MARK: What workers do

    /// Connects an asker on worker 1; nil when the module closed it.
    func connect() -> FakeStream? {
        guard let listening, let accept = listening.accept else { return nil }
        let stream = FakeStream()
        var handler: UnsafePointer<mh_stream_handler>?
        var context: UnsafeMutableRawPointer?
        let code = "127.0.0.1:40000".withMHString { address in
            var peer = mh_peer()
            peer.struct_size = UInt32(MemoryLayout<mh_peer>.size)
            peer.worker = 1
            peer.address = address
            peer.user_id = -1
            return accept(listening.ctx, stream.handle, &peer, &handler, &context)
        }
        guard code >= 0, let handler else { return nil }
        stream.handler = handler.pointee
        stream.context = context
        return stream
    }

    /// Runs what was posted until nothing is left.
    func run() {
        while !posted.isEmpty {
            let work = posted
            posted = []
            for item in work { item() }
        }
    }

    /// Moves the clock and fires the timers that come due, once each.
    func advance(seconds: Double) {
        now += Int64(seconds * 1e9)
        for timer in timers where timer.due <= now {
            timer.due = now + timer.options.interval
            timer.options.fire?(timer.options.ctx)
        }
    }

    func counter(_ name: String) -> Int64 { counters[name]?.value ?? -1 }

    // MARK: What routes do

    /// Calls a script function as a route would.
    func call(_ name: String, _ arguments: [mh_value], in run: FakeRun) -> Int32 {
        let functions = descriptor.functions.map(as: mh_script_function.self) { $0 }
        guard let function = functions.first(where: { $0.name.string == name }) else { return .min }
        return arguments.withUnsafeBufferPointer { arguments in
            var array = mh_array(
                items: UnsafeRawPointer(arguments.baseAddress), count: UInt32(arguments.count),
                stride: UInt32(MemoryLayout<mh_value>.stride))
            let script = OpaquePointer(Unmanaged.passUnretained(run).toOpaque())
            return function.call?(function.ctx, nil, script, &array) ?? .min
        }
    }

    /// Calls a script function with texts.
    func call(_ name: String, _ texts: String..., in run: FakeRun) -> Int32 {
        call(name, texts.map { mh_text(mh_str(leaking: $0)) }, in: run)
    }

    /// Reads a pseudo-variable as a route would.
    func read(_ name: String, _ key: String = "", in run: FakeRun) -> Value? {
        let variables = descriptor.variables.map(as: mh_script_variable.self) { $0 }
        guard let variable = variables.first(where: { $0.name.string == name }) else { return nil }
        var value = mh_null()
        let script = OpaquePointer(Unmanaged.passUnretained(run).toOpaque())
        let code = key.withMHString { variable.get?(variable.ctx, nil, script, $0, &value) ?? MH_E_INVALID }
        return code < 0 ? nil : Value(value)
    }
}

/// The far end of a connection under test.
final class FakeStream: @unchecked Sendable {
    var handler = mh_stream_handler()
    var context: UnsafeMutableRawPointer?
    var written = ""
    var writes = 0
    var isPaused = false
    var isClosed = false
    var isAborted = false
    /// `gone` comes from within `close`, as early as a host may send it.
    var isGoneAtClose = false
    /// What `write` answers: `MH_OK`, or `MH_FULL` for an asker that does not read.
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
        handler.data?(context, handle, mh_str(borrowing: UnsafeRawBufferPointer(rebasing: buffer[..<bytes.count])))
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
    func gone(_ code: Int32 = MH_OK) { "connection reset by peer".withMHString { handler.gone?(context, code, $0) } }
}

/// Carries a value past the checker where the test itself keeps to one thread.
struct UncheckedBox<Contents>: @unchecked Sendable {
    let value: Contents
    init(_ value: Contents) { self.value = value }
}
