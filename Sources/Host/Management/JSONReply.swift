import JSON
import ModuleABI

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

    /// As `member`, for a name that needs no escapes.
    @inline(__always)
    func member(_ name: StaticString, isFirst: Bool, depth: Int, to output: inout [UInt8]) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        newLine(depth, to: &output)
        output.append(UInt8(ascii: "\""))
        append(name, to: &output)
        output.append(UInt8(ascii: "\""))
        output.append(UInt8(ascii: ":"))
        if !isCompact { output.append(UInt8(ascii: "\t")) }
    }

    @inline(__always)
    func append(_ text: StaticString, to output: inout [UInt8]) {
        output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    func newLine(_ depth: Int, to output: inout [UInt8]) {
        guard !isCompact else { return }
        output.append(UInt8(ascii: "\n"))
        for _ in 0..<depth { output.append(UInt8(ascii: "\t")) }
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

    /// The maps and lists that are open, a bit each, the innermost one lowest: a reply nests at most 64 deep
    /// (`ReplyWriter.maximumDepth`).
    private struct Levels {
        private var maps: UInt64 = 0
        private var started: UInt64 = 0
        private(set) var count = 0

        var isEmpty: Bool { count == 0 }
        /// Whether the innermost one is a map.
        var isMap: Bool { maps & 1 != 0 }

        mutating func open(isMap: Bool) {
            maps = maps << 1 | (isMap ? 1 : 0)
            started <<= 1
            count += 1
        }

        /// Whether what comes now is the first in the innermost one; from then on nothing is.
        mutating func isFirst() -> Bool {
            defer { started |= 1 }
            return started & 1 == 0
        }

        mutating func close() {
            maps >>= 1
            started >>= 1
            count -= 1
        }
    }

    /// Bytes at which a slow command's reply is passed on.
    static let chunk = 64 * 1024

    /// What an ordinary reply has room for from the start, bytes.
    private static let room = 240

    private let layout: JSONLayout
    private let id: JSONValue
    private let sink: any AnswerSink
    /// Nil: the reply is the whole answer.
    private let batch: JSONBatch?
    /// What goes out before the response: the `[` or `, ` of a batch.
    private let prefixSize: Int
    // One thread at a time: these are not checked for overlapping accesses.
    @exclusivity(unchecked) private var buffer: [UInt8]
    @exclusivity(unchecked) private var levels = Levels()
    @exclusivity(unchecked) private var hasStarted = false
    @exclusivity(unchecked) private var hasGoneOut = false
    @exclusivity(unchecked) private var isGone = false

    init(layout: JSONLayout, id: JSONValue, sink: any AnswerSink, batch: JSONBatch? = nil) {
        self.layout = layout
        self.id = id
        self.sink = sink
        self.batch = batch
        let prefix = batch?.prefix ?? []
        prefixSize = prefix.count
        buffer = prefix
        buffer.reserveCapacity(Self.room)
    }

    /// Levels around the response object: 0 alone, 1 in a batch.
    private var base: Int { batch == nil ? 0 : 1 }

    private func start() {
        hasStarted = true
        buffer.append(UInt8(ascii: "{"))
        member("jsonrpc", isFirst: true)
        layout.append("\"2.0\"", to: &buffer)
    }

    private func member(_ name: StaticString, isFirst: Bool = false) {
        layout.member(name, isFirst: isFirst, depth: base + 1, to: &buffer)
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
            levels.open(isMap: true)
        case .list(let name):
            open(name)
            buffer.append(UInt8(ascii: "["))
            levels.open(isMap: false)
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
        guard !levels.isEmpty else { return }
        let isFirst = levels.isFirst()
        if levels.isMap {
            layout.member(name, isFirst: isFirst, depth: base + 1 + levels.count, to: &buffer)
        } else {
            layout.element(isFirst: isFirst, to: &buffer)
        }
    }

    private func close() {
        guard !levels.isEmpty else { return }
        let isMap = levels.isMap
        levels.close()
        if isMap { layout.newLine(base + 1 + levels.count, to: &buffer) }
        buffer.append(UInt8(ascii: isMap ? "}" : "]"))
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
            layout.member("code", isFirst: true, depth: base + 2, to: &buffer)
            JSONText.appendInteger(Int64(fault.code), to: &buffer)
            layout.member("message", isFirst: false, depth: base + 2, to: &buffer)
            JSONText.appendQuoted(fault.text, to: &buffer)
            layout.newLine(base + 1, to: &buffer)
            buffer.append(UInt8(ascii: "}"))
        }
        member("id")
        id.append(to: &buffer)
        layout.newLine(base, to: &buffer)
        buffer.append(UInt8(ascii: "}"))
        flush(mayBlock: false)
        if let batch { batch.ended(isAnswered: true, isCut: isGone) } else { sink.done(isCut: isGone) }
    }

    private func flush(mayBlock: Bool) {
        guard !isGone else { return }
        hasGoneOut = true
        if !buffer.withUnsafeBytes({ sink.write($0, mayBlock: mayBlock) }) { isGone = true }
        buffer.removeAll(keepingCapacity: true)
    }
}

/// Takes the reply of a notification, which nobody gets.
final class DiscardedReply: ReplyConsumer, @unchecked Sendable {
    // @unchecked: the sink is called by one thread at a time, as a reply's.
    private let sink: any AnswerSink
    private let batch: JSONBatch?

    init(sink: any AnswerSink, batch: JSONBatch?) {
        self.sink = sink
        self.batch = batch
    }

    func event(_ event: ReplyEvent, mayBlock: Bool) -> Bool { true }

    func done(_ fault: Fault?) {
        if let batch { batch.ended(isAnswered: false, isCut: false) } else { sink.done(isCut: false) }
    }
}
