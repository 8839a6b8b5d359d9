import JSON
import ModuleABI

/// Bytes on their way to a client. False: it is gone. `mayBlock`: the writer may wait here.
typealias ByteOutput = (_ bytes: UnsafeRawBufferPointer, _ mayBlock: Bool) -> Bool

/// Encodes replies as JSON text, streaming, in Kamailio's pretty layout or compact.
///
/// The pretty layout: a line feed and one tab per level before each member, a tab after the colon; lists open and close on the
/// line of their elements, and count as a level for what is in them.
struct JSONLayout: Sendable {
    var isCompact: Bool

    func member(_ name: mh_str, isFirst: Bool, depth: Int, to output: inout [UInt8]) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        newLine(depth, to: &output)
        JSONText.appendQuoted(name.bytes, to: &output)
        output.append(UInt8(ascii: ":"))
        if !isCompact { output.append(UInt8(ascii: "\t")) }
    }

    func element(isFirst: Bool, to output: inout [UInt8]) {
        if !isFirst { output.append(contentsOf: isCompact ? [0x2C] : [0x2C, 0x20]) }
    }

    func newLine(_ depth: Int, to output: inout [UInt8]) {
        guard !isCompact else { return }
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: "\t"), count: depth))
    }

    func scalar(_ value: mh_value, to output: inout [UInt8]) {
        switch value.type {
        case MH_INT, MH_TIME, MH_SIZE: JSONText.appendInteger(value.as.integer, to: &output)
        case MH_FLOAT: JSONText.appendDouble(value.as.real, to: &output)
        case MH_STRING, MH_BLOB: JSONText.appendQuoted(value.as.text.bytes, to: &output)
        case MH_BOOL: output.append(contentsOf: (value.as.integer != 0 ? "true" : "false").utf8)
        case MH_DURATION: JSONText.appendDouble(Double(value.as.integer) / 1e9, to: &output)
        default: output.append(contentsOf: "null".utf8)
        }
    }
}

/// Encodes one reply as a JSON-RPC 2.0 response object.
///
/// Nothing goes out before the reply is complete or 64 KiB are there (slow commands only), so that a fault found before that
/// becomes an error object. A fault after that closes what is open and adds an "error" member beside "result".
final class JSONReply: ReplyConsumer, @unchecked Sendable {
    // @unchecked: one thread at a time, as the reply itself.
    private struct Level {
        var isMap: Bool
        var count = 0
    }

    /// Bytes at which a slow command's reply is passed on.
    static let chunk = 64 * 1024

    private let layout: JSONLayout
    /// Levels around the response object: 0 alone, 1 in a batch.
    private let base: Int
    private let id: JSONValue
    private let output: ByteOutput
    private let completed: () -> Void
    private var buffer: [UInt8]
    private var levels: [Level] = []
    private var hasStarted = false
    private var hasGoneOut = false
    private var isGone = false

    /// `prefix` goes out before the response: the `[` or `, ` of a batch.
    init(
        layout: JSONLayout, base: Int, prefix: [UInt8], id: JSONValue, output: @escaping ByteOutput,
        completed: @escaping () -> Void
    ) {
        self.layout = layout
        self.base = base
        self.id = id
        self.output = output
        self.completed = completed
        buffer = prefix
        prefixSize = prefix.count
    }

    private let prefixSize: Int

    private func start() {
        hasStarted = true
        buffer.append(UInt8(ascii: "{"))
        member("jsonrpc", isFirst: true)
        buffer.append(contentsOf: "\"2.0\"".utf8)
    }

    private func member(_ name: StaticString, isFirst: Bool = false) {
        layout.member(mh_str(name), isFirst: isFirst, depth: base + 1, to: &buffer)
    }

    func event(_ event: ReplyEvent, mayBlock: Bool) -> Bool {
        guard !isGone else { return false }
        if !hasStarted {
            start()
            member("result")
        }
        switch event {
        case .map(let name, _):
            open(name)
            buffer.append(UInt8(ascii: "{"))
            levels.append(Level(isMap: true))
        case .list(let name):
            open(name)
            buffer.append(UInt8(ascii: "["))
            levels.append(Level(isMap: false))
        case .end: close()
        case .value(let name, let value):
            open(name)
            layout.scalar(value.pointee, to: &buffer)
        }
        if mayBlock, buffer.count >= Self.chunk { flush(mayBlock: true) }
        return !isGone
    }

    /// The comma, line and name before a value.
    private func open(_ name: mh_str) {
        guard let level = levels.last else { return }
        if level.isMap {
            layout.member(name, isFirst: level.count == 0, depth: base + 1 + levels.count, to: &buffer)
        } else {
            layout.element(isFirst: level.count == 0, to: &buffer)
        }
        levels[levels.count - 1].count += 1
    }

    private func close() {
        guard let level = levels.popLast() else { return }
        if level.isMap { layout.newLine(base + 1 + levels.count, to: &buffer) }
        buffer.append(UInt8(ascii: level.isMap ? "}" : "]"))
    }

    func done(_ fault: Fault?) {
        if let fault {
            if hasGoneOut {
                while !levels.isEmpty { close() }
            } else {
                buffer.removeSubrange(prefixSize...)
                start()
            }
            member("error")
            buffer.append(UInt8(ascii: "{"))
            layout.member(mh_str("code"), isFirst: true, depth: base + 2, to: &buffer)
            JSONText.appendInteger(Int64(fault.code), to: &buffer)
            layout.member(mh_str("message"), isFirst: false, depth: base + 2, to: &buffer)
            JSONText.appendQuoted(fault.text, to: &buffer)
            layout.newLine(base + 1, to: &buffer)
            buffer.append(UInt8(ascii: "}"))
        }
        member("id")
        buffer.append(contentsOf: id.encoded(.compact))
        layout.newLine(base, to: &buffer)
        buffer.append(UInt8(ascii: "}"))
        flush(mayBlock: false)
        completed()
    }

    private func flush(mayBlock: Bool) {
        guard !isGone else { return }
        hasGoneOut = true
        if !buffer.withUnsafeBytes({ output($0, mayBlock) }) { isGone = true }
        buffer.removeAll(keepingCapacity: true)
    }
}

/// Takes the reply of a notification, which nobody gets.
final class DiscardedReply: ReplyConsumer, Sendable {
    private let completed: @Sendable () -> Void

    init(completed: @escaping @Sendable () -> Void) { self.completed = completed }

    func event(_ event: ReplyEvent, mayBlock: Bool) -> Bool { true }
    func done(_ fault: Fault?) { completed() }
}
