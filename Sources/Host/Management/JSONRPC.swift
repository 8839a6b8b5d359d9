import JSON
import ModuleABI

/// JSON-RPC 2.0 over any transport: one request or a batch in, response bytes out. Source: the JSON-RPC 2.0 specification,
/// sections 4 to 6.
struct JSONRPC: Sendable {
    let management: Management

    /// Where the bytes of an answer go; the closures are called on command threads, `done` once and last.
    struct Sink: @unchecked Sendable {
        // @unchecked: wraps a module's C sink, which the contract lets any thread call, one at a time.
        /// The routing member's text, nil when it is absent; false drops the request.
        var route: ((String?) -> Bool)?
        var write: ByteOutput
        var done: (_ isCut: Bool) -> Void
    }

    /// Most requests in one batch.
    static let maximumBatch = 1000

    /// Handles a text. Parses on the calling thread; commands run where commands run.
    func handle(
        _ text: UnsafeRawBufferPointer, routeMember: String?, transport: String, isCompact: Bool, sink: Sink
    ) {
        let layout = JSONLayout(isCompact: isCompact)
        let parsed: JSONValue
        do {
            parsed = try JSONValue.parse(bytes: text)
        } catch {
            let name = routeMember.flatMap { Self.salvage($0, from: text) }
            guard routeMember == nil || sink.route?(name) ?? true else { return sink.done(true) }
            respond(Fault(Fault.parseError, "Parse error: \(error)"), id: .null, layout: layout, sink: sink)
            return
        }
        if let routeMember, let route = sink.route {
            let member: JSONValue? =
                if case .array(let elements) = parsed {
                    elements.lazy.compactMap { $0[routeMember] }.first
                } else {
                    parsed[routeMember]
                }
            guard route(member?.string) else { return sink.done(true) }
        }
        switch parsed {
        case .object:
            run(parsed, base: 0, prefix: [], transport: transport, layout: layout, sink: sink) { isAnswered, isCut in
                _ = isAnswered
                sink.done(isCut)
            }
        case .array(let requests):
            guard !requests.isEmpty, requests.count <= Self.maximumBatch else {
                let what = requests.isEmpty ? "an empty batch" : "a batch of \(requests.count), at most \(Self.maximumBatch)"
                respond(
                    Fault(Fault.invalidRequest, "Invalid Request: \(what)"), id: .null, layout: layout, sink: sink)
                return
            }
            Batch(requests: requests, rpc: self, transport: transport, layout: layout, sink: sink).next()
        default:
            respond(
                Fault(Fault.invalidRequest, "Invalid Request: found \(parsed.kindName), expected an object or an array"),
                id: .null, layout: layout, sink: sink)
        }
    }

    private func respond(_ fault: Fault, id: JSONValue, layout: JSONLayout, sink: Sink) {
        let gone = Flag()
        JSONReply(
            layout: layout, base: 0, prefix: [], id: id,
            output: { bytes, mayBlock in
                let isTaken = sink.write(bytes, mayBlock)
                if !isTaken { gone.isSet = true }
                return isTaken
            }, completed: {}
        ).done(fault)
        sink.done(gone.isSet)
    }

    fileprivate final class Flag: @unchecked Sendable {
        // @unchecked: one reply, one thread at a time.
        var isSet = false
    }

    /// Runs one request object; `completed` says whether it got an answer and whether the client is gone.
    fileprivate func run(
        _ request: JSONValue, base: Int, prefix: [UInt8], transport: String, layout: JSONLayout, sink: Sink,
        completed: @escaping @Sendable (_ isAnswered: Bool, _ isCut: Bool) -> Void
    ) {
        let gone = Flag()
        let output: ByteOutput = { bytes, mayBlock in
            let isTaken = sink.write(bytes, mayBlock)
            if !isTaken { gone.isSet = true }
            return isTaken
        }
        func reply(to id: JSONValue) -> JSONReply {
            JSONReply(
                layout: layout, base: base, prefix: prefix, id: id, output: output,
                completed: { completed(true, gone.isSet) })
        }
        let parsed: (method: String, arguments: [SentArgument], id: JSONValue?)
        do throws(Fault) {
            parsed = try Self.read(request)
        } catch {
            let id = request["id"] ?? .null
            let isScalar = id.array == nil && id.object == nil
            reply(to: isScalar ? id : .null).done(error)
            return
        }
        let command = Management.Request(
            command: parsed.method, arguments: parsed.arguments, isClassic: false, transport: transport)
        if let id = parsed.id {
            management.execute(command, consumer: reply(to: id))
        } else {
            management.execute(command, consumer: DiscardedReply { completed(false, gone.isSet) })
        }
    }

    private static func read(
        _ request: JSONValue
    ) throws(Fault) -> (method: String, arguments: [SentArgument], id: JSONValue?) {
        func invalid(_ text: String) -> Fault { Fault(Fault.invalidRequest, "Invalid Request: \(text)") }
        guard case .object = request else {
            throw invalid("found \(request.kindName), expected an object")
        }
        guard let version = request["jsonrpc"] else { throw invalid("the member \"jsonrpc\" is missing, expected \"2.0\"") }
        guard version.string == "2.0" else { throw invalid("the member \"jsonrpc\" is not \"2.0\"") }
        guard let method = request["method"] else { throw invalid("the member \"method\" is missing") }
        guard let name = method.string else {
            throw invalid("the member \"method\" is \(method.kindName), expected a string")
        }
        let id = request["id"]
        if let id, id.array != nil || id.object != nil || id.bool != nil {
            throw invalid("the member \"id\" is \(id.kindName), expected a string or a number")
        }
        var arguments: [SentArgument] = []
        switch request["params"] {
        case nil: break
        case .array(let values):
            arguments = values.map { SentArgument(name: nil, value: ArgumentValue($0), text: nil) }
        case .object(let members):
            arguments = members.map { SentArgument(name: $0.name, value: ArgumentValue($0.value), text: nil) }
        case .some(let other):
            throw Fault(
                Fault.invalidParams, "Invalid params: \"params\" is \(other.kindName), expected an array or an object")
        }
        return (name, arguments, id)
    }

    /// Finds `"member": "text"` in text that is no JSON, so that even its sender can be told.
    static func salvage(_ member: String, from text: UnsafeRawBufferPointer) -> String? {
        let pattern = Array("\"\(member)\"".utf8)
        var index = 0
        while index + pattern.count < text.count {
            guard text[index] == pattern[0], text[index..<index + pattern.count].elementsEqual(pattern) else {
                index += 1
                continue
            }
            var position = index + pattern.count
            func skipBlanks() {
                while position < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) { position += 1 }
            }
            skipBlanks()
            guard position < text.count, text[position] == UInt8(ascii: ":") else { return nil }
            position += 1
            skipBlanks()
            guard position < text.count, text[position] == UInt8(ascii: "\"") else { return nil }
            let start = position + 1
            var end = start
            while end < text.count, text[end] != UInt8(ascii: "\""), text[end] != UInt8(ascii: "\\") { end += 1 }
            guard end < text.count, text[end] == UInt8(ascii: "\"") else { return nil }
            return String(decoding: text[start..<end], as: UTF8.self)
        }
        return nil
    }
}

/// A batch under way: its requests run one after another, and their answers make one list.
private final class Batch: @unchecked Sendable {
    // @unchecked: one request at a time; the next starts when the last has completed.
    private let requests: [JSONValue]
    private let rpc: JSONRPC
    private let transport: String
    private let layout: JSONLayout
    private let sink: JSONRPC.Sink
    private var index = 0
    private var answers = 0

    init(requests: [JSONValue], rpc: JSONRPC, transport: String, layout: JSONLayout, sink: JSONRPC.Sink) {
        self.requests = requests
        self.rpc = rpc
        self.transport = transport
        self.layout = layout
        self.sink = sink
    }

    func next() {
        guard index < requests.count else {
            var isCut = false
            if answers > 0 { isCut = ![UInt8(ascii: "]")].withUnsafeBytes { sink.write($0, false) } }
            return sink.done(isCut)
        }
        let request = requests[index]
        index += 1
        let prefix: [UInt8] = answers == 0 ? [UInt8(ascii: "[")] : layout.isCompact ? [0x2C] : [0x2C, 0x20]
        rpc.run(request, base: 1, prefix: prefix, transport: transport, layout: layout, sink: sink) {
            [self] isAnswered, isCut in
            if isAnswered { answers += 1 }
            if isCut { return sink.done(true) }
            next()
        }
    }
}
