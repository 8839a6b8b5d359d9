import CHost
import ModuleABI

/// A call of one of the host's own commands.
struct CoreCall: Sendable {
    var command: String
    var isClassic: Bool
    /// The module that carries the request.
    var transport: String
    var arguments: [ArgumentValue]
    /// As the client sent them.
    var sent: [SentArgument] = []

    func text(_ index: Int) -> String? { index < arguments.count ? arguments[index].text : nil }
    func integer(_ index: Int) -> Int64? { index < arguments.count ? arguments[index].integer : nil }
}

/// Finds, checks and runs commands. `execute` is for any thread; handlers run on the management thread, slow ones in the pool.
final class Management: @unchecked Sendable {
    // @unchecked: everything is set in init.
    let registry = CommandRegistry()
    private let thread: ManagementThread
    private let pool: Pool
    /// Finds the module that owns a command.
    private let module: @Sendable (String) -> LoadedModule?

    init(thread: ManagementThread, pool: Pool, module: @escaping @Sendable (String) -> LoadedModule?) {
        self.thread = thread
        self.pool = pool
        self.module = module
    }

    struct Request: Sendable {
        var command: String
        var arguments: [SentArgument]
        var isClassic: Bool
        var transport: String
    }

    /// Runs a request when its turn comes, which may be now; the consumer hears of everything that comes of it.
    func execute(_ request: Request, consumer: any ReplyConsumer & Sendable) {
        if thread.runAtOnce({ start(request, consumer: consumer) }) { return }
        let isQueued = thread.run { [self] in start(request, consumer: consumer) }
        if !isQueued { consumer.done(Fault(503, "the host is stopping")) }
    }

    /// Management thread.
    private func start(_ request: Request, consumer: any ReplyConsumer & Sendable) {
        guard let command = registry.find(request.command) else {
            let near = registry.nearest(to: request.command).map { " (did you mean \($0)?)" } ?? ""
            let name = String(request.command.prefix(128))
            consumer.done(
                request.isClassic
                    ? Fault(500, "command '\(name)' not available\(near)")
                    : Fault(Fault.methodNotFound, "Method not found: \(name)\(near)"))
            return
        }
        let arguments: [ArgumentValue]
        do throws(ArgumentBinding.Failure) {
            arguments = command.takesAny ? [] : try ArgumentBinding.bind(request.arguments, to: command)
        } catch {
            let prefix = error.kind == .count ? "Too few or too many arguments" : "Bad parameter"
            consumer.done(
                request.isClassic
                    ? Fault(400, "\(prefix): \(error.text)") : Fault(Fault.invalidParams, error.text))
            return
        }
        let writer = ReplyWriter(consumer: consumer, isClassic: request.isClassic, mayBlock: command.isSlow)
        if command.isSlow {
            let isQueued = pool.run { [self] in run(command, arguments, request, writer) }
            if !isQueued {
                writer.fail(Fault(503, "the host is stopping"))
                writer.complete()
            }
        } else {
            run(command, arguments, request, writer)
        }
    }

    /// Management or pool thread.
    private func run(_ command: Command, _ arguments: [ArgumentValue], _ request: Request, _ writer: ReplyWriter) {
        let call = CoreCall(
            command: request.command, isClassic: request.isClassic, transport: request.transport, arguments: arguments,
            sent: request.arguments)
        switch command.action {
        case .host(let body):
            do throws(Fault) { try body(call, writer) } catch { writer.fail(error) }
            writer.complete()
        case .deferred(let body):
            let answer: Command.DeferredReply = { [thread] write in
                thread.complete {
                    do throws(Fault) { try write(writer) } catch { writer.fail(error) }
                    writer.complete()
                }
            }
            do throws(Fault) { try body(call, answer) } catch {
                writer.fail(error)
                writer.complete()
            }
        case .module(let handler, let context):
            guard let handler, let name = command.module, let module = module(name) else {
                writer.fail(Fault(503, "the module of \(command.name) is gone"))
                writer.complete()
                return
            }
            ModuleCall(module: module, arguments: arguments, request: request, writer: writer, thread: thread)
                .run(command, handler, context)
        }
    }
}

/// One call of a module's command; keeps what the module borrows alive until its reply is complete.
private final class ModuleCall: @unchecked Sendable {
    // @unchecked: `end` runs once, by the writer's own guard against a second completion.
    private let module: LoadedModule
    private let arguments: RawArguments
    private let writer: ReplyWriter
    private let thread: ManagementThread
    private let call: UnsafeMutablePointer<mh_mi_call>
    private let command: mh_str
    private let transport: mh_str
    private var table: UnsafePointer<mh_mi_reply>?

    init(
        module: LoadedModule, arguments: [ArgumentValue], request: Management.Request, writer: ReplyWriter,
        thread: ManagementThread
    ) {
        self.module = module
        self.arguments = RawArguments(arguments)
        self.writer = writer
        self.thread = thread
        command = request.command.leaked()
        transport = request.transport.leaked()
        call = .allocate(capacity: 1)
        var raw = mh_mi_call()
        raw.struct_size = UInt32(MemoryLayout<mh_mi_call>.size)
        raw.classic = request.isClassic ? 1 : 0
        raw.command = command
        raw.transport = transport
        raw.args = self.arguments.array
        call.initialize(to: raw)
    }

    deinit {
        call.deallocate()
        command.ptr?.deallocate()
        transport.ptr?.deallocate()
    }

    func run(
        _ command: Command,
        _ handler:
            @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<mh_mi_call>?, UnsafePointer<mh_mi_reply>?)
            -> Int32,
        _ context: UnsafeMutableRawPointer?
    ) {
        guard module.hold() else {
            writer.fail(Fault(503, "module \(module.name) is stopping"))
            writer.complete()
            return
        }
        // `finish` keeps this object alive until the reply is complete; a reply that is not deferred ends below.
        let table = writer.makeTable { [self] in thread.complete { [self] in end() } }
        self.table = table
        let code = module.enter("command handler") { handler(context, call, table) }
        if code == MH_DEFERRED { return }
        if code < 0 { writer.failUnlessFailed(Fault(500, "\(command.name) failed: \(errorName(code))")) }
        end()
    }

    private func end() {
        guard let table else { return }
        self.table = nil
        writer.complete()
        ReplyWriter.release(table)
        module.release()
    }
}

extension ReplyWriter {
    /// Sets a fault when the handler has not said itself what went wrong.
    func failUnlessFailed(_ fault: Fault) {
        if !hasFailed { fail(fault) }
    }
}
