import CHost
import Logging
import ModuleABI
import Synchronization

/// A piece of a reply, on its way from a command to a transport. Everything is borrowed for the call.
enum ReplyEvent {
    case map(name: mh_str, attributes: Bool)
    case list(name: mh_str)
    case end
    case value(name: mh_str, UnsafePointer<mh_value>)
}

/// Takes a reply: encodes it, or hands it to a transport module.
protocol ReplyConsumer: AnyObject {
    /// False: the client is gone.
    func event(_ event: ReplyEvent, mayBlock: Bool) -> Bool
    /// The reply is complete, exactly once and last.
    func done(_ fault: Fault?)
}

/// Checks what a command writes and passes it on. One thread at a time, as `mh_mi_reply` demands; `complete` runs once.
final class ReplyWriter: @unchecked Sendable {
    // @unchecked: a reply is written by one thread at a time; completion is guarded by `isComplete`.
    let isClassic: Bool
    private let mayBlock: Bool
    private let consumer: any ReplyConsumer
    // One thread at a time: these are not checked for overlapping accesses.
    /// Maps and lists that are open.
    @exclusivity(unchecked) private var depth = 0
    @exclusivity(unchecked) private var hasRoot = false
    @exclusivity(unchecked) private var isCancelled = false
    @exclusivity(unchecked) private var fault: Fault?
    private let isComplete = Mutex(false)
    /// Deepest nesting of maps and lists.
    static let maximumDepth = 64

    init(consumer: any ReplyConsumer, isClassic: Bool, mayBlock: Bool) {
        self.consumer = consumer
        self.isClassic = isClassic
        self.mayBlock = mayBlock
    }

    private func pass(_ event: ReplyEvent) -> Int32 {
        if consumer.event(event, mayBlock: mayBlock) { return MH_OK }
        isCancelled = true
        return MH_E_CANCELLED
    }

    /// Whether something may be written now: MH_OK, or why not.
    private func admit() -> Int32 {
        if isCancelled { return MH_E_CANCELLED }
        if fault != nil { return MH_E_STATE }
        if depth == 0 {
            guard !hasRoot else {
                fault = Fault(500, "the command wrote a second value after its reply was complete")
                return MH_E_STATE
            }
            hasRoot = true
        }
        return MH_OK
    }

    func begin(isMap: Bool, name: mh_str, attributes: Bool) -> Int32 {
        let admitted = admit()
        guard admitted >= 0 else { return admitted }
        guard depth < Self.maximumDepth else {
            fault = Fault(500, "the command nests its reply deeper than \(Self.maximumDepth) levels")
            return MH_E_LIMIT
        }
        depth += 1
        return pass(isMap ? .map(name: name, attributes: attributes) : .list(name: name))
    }

    func endLevel() -> Int32 {
        if isCancelled { return MH_E_CANCELLED }
        if fault != nil { return MH_E_STATE }
        guard depth > 0 else {
            fault = Fault(500, "the command closed more maps and lists than it opened")
            return MH_E_STATE
        }
        depth -= 1
        return pass(.end)
    }

    func write(name: mh_str, _ value: UnsafePointer<mh_value>) -> Int32 {
        // A list is no scalar; refused, it does not count as the reply's value.
        guard value.pointee.type <= MH_SIZE else { return MH_E_INVALID }
        let admitted = admit()
        guard admitted >= 0 else { return admitted }
        return pass(.value(name: name, value))
    }

    func fail(_ fault: Fault) { self.fault = fault }
    var hasFailed: Bool { fault != nil }

    /// Completes the reply; the second call does nothing. Command thread.
    func complete() {
        let isFirst = isComplete.withLock { done in
            defer { done = true }
            return !done
        }
        guard isFirst else { return }
        if fault == nil, !isCancelled {
            if !hasRoot {
                _ = begin(isMap: true, name: mh_str(), attributes: false)
            } else if depth > 0 {
                log.warning("a command left \(depth) maps or lists of its reply open; they are closed for it")
            }
            while depth > 0, !isCancelled { _ = endLevel() }
        }
        consumer.done(fault)
    }

    // MARK: For the host's own commands

    @discardableResult func beginMap(_ name: String = "", attributes: Bool = false) -> Bool {
        name.withMHString { begin(isMap: true, name: $0, attributes: attributes) } >= 0
    }

    @discardableResult func beginList(_ name: String = "") -> Bool {
        name.withMHString { begin(isMap: false, name: $0, attributes: false) } >= 0
    }

    @discardableResult func end() -> Bool { endLevel() >= 0 }

    @discardableResult func text(_ name: String = "", _ text: String) -> Bool {
        name.withMHString { name in
            text.withMHString { text in
                var value = mh_text(text)
                return write(name: name, &value)
            }
        } >= 0
    }

    @discardableResult func integer(_ name: String = "", _ number: some BinaryInteger) -> Bool {
        name.withMHString { name in
            var value = mh_int(Int64(clamping: number))
            return write(name: name, &value)
        } >= 0
    }

    @discardableResult func number(_ name: String = "", _ number: Double) -> Bool {
        name.withMHString { name in
            var value = mh_float(number)
            return write(name: name, &value)
        } >= 0
    }

    @discardableResult func bool(_ name: String = "", _ truth: Bool) -> Bool {
        name.withMHString { name in
            var value = mh_bool(truth ? 1 : 0)
            return write(name: name, &value)
        } >= 0
    }

    @discardableResult func null(_ name: String = "") -> Bool {
        name.withMHString { name in
            var value = mh_null()
            return write(name: name, &value)
        } >= 0
    }

    func map(_ name: String = "", attributes: Bool = false, _ body: () -> Void) {
        beginMap(name, attributes: attributes)
        body()
        end()
    }

    func list(_ name: String = "", _ body: () -> Void) {
        beginList(name)
        body()
        end()
    }

    // MARK: For modules

    /// Makes the table that a module writes through; `finish` runs when it calls finish. The table keeps the writer alive until
    /// `release(_:)`.
    func makeTable(finish: @escaping @Sendable () -> Void) -> UnsafePointer<mh_mi_reply> {
        let link = ReplyLink(writer: self, finish: finish)
        let table = UnsafeMutablePointer<mh_mi_reply>.allocate(capacity: 1)
        table.initialize(to: mh_mi_reply())
        table.pointee.struct_size = UInt32(MemoryLayout<mh_mi_reply>.size)
        table.pointee.classic = isClassic ? 1 : 0
        table.pointee.ctx = Unmanaged.passRetained(link).toOpaque()
        table.pointee.begin_map = { context, name, flags in
            ReplyLink.from(context).writer.begin(isMap: true, name: name, attributes: flags & 0x01 != 0)
        }
        table.pointee.begin_list = { context, name, _ in
            ReplyLink.from(context).writer.begin(isMap: false, name: name, attributes: false)
        }
        table.pointee.end = { context in ReplyLink.from(context).writer.endLevel() }
        table.pointee.value = { context, name, value in
            guard let value else { return MH_E_INVALID }
            return ReplyLink.from(context).writer.write(name: name, value)
        }
        table.pointee.fail = { context, code, text in
            ReplyLink.from(context).writer.fail(Fault(code == 0 ? 500 : code, text.string))
            return MH_OK
        }
        table.pointee.finish = { context in ReplyLink.from(context).finish() }
        return UnsafePointer(table)
    }

    static func release(_ table: UnsafePointer<mh_mi_reply>) {
        if let context = table.pointee.ctx { Unmanaged<ReplyLink>.fromOpaque(context).release() }
        UnsafeMutablePointer(mutating: table).deallocate()
    }
}

private final class ReplyLink: Sendable {
    let writer: ReplyWriter
    let finish: @Sendable () -> Void

    init(writer: ReplyWriter, finish: @escaping @Sendable () -> Void) {
        self.writer = writer
        self.finish = finish
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> ReplyLink {
        guard let context else { preconditionFailure("a module passes mh_mi_reply.ctx back as it got it") }
        return Unmanaged<ReplyLink>.fromOpaque(context).takeUnretainedValue()
    }
}
