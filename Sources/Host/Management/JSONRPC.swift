import JSON
import ModuleABI

/// Where the bytes of an answer go. Called on command threads, one call at a time; `done` comes once and last.
protocol AnswerSink: AnyObject {
    /// Gets the routing member's text, borrowed, nil when it is absent; false drops the request.
    func route(_ name: UnsafeRawBufferPointer?) -> Bool
    /// False: the client is gone.
    func write(_ bytes: UnsafeRawBufferPointer, mayBlock: Bool) -> Bool
    func done(isCut: Bool)
}

extension AnswerSink {
    /// As `route`, with text.
    fileprivate func route(text: String?) -> Bool {
        guard var text else { return route(nil) }
        return text.withUTF8 { route(UnsafeRawBufferPointer($0)) }
    }
}

/// JSON-RPC 2.0 over any transport: one request or a batch in, response bytes out. Source: the JSON-RPC 2.0 specification,
/// sections 4 to 6.
struct JSONRPC: Sendable {
    let management: Management

    /// Most requests in one batch.
    static let maximumBatch = 1000

    /// Handles a text. Parses on the calling thread; commands run where commands run.
    ///
    /// - routeMember: the member whose text says where the answer goes; nil: the sink knows already.
    func handle(
        _ text: UnsafeRawBufferPointer, routeMember: String?, transport: String, isCompact: Bool, sink: any AnswerSink
    ) {
        let layout = JSONLayout(isCompact: isCompact)
        if let (request, route) = PlainRequest.read(text, routeMember: routeMember) {
            guard routeMember == nil || sink.route(route) else { return sink.done(isCut: true) }
            return run(request, transport: transport, layout: layout, sink: sink, batch: nil)
        }
        let parsed: JSONValue
        do {
            parsed = try JSONValue.parse(bytes: text)
        } catch {
            let name = routeMember.flatMap { Self.salvage($0, from: text) }
            guard routeMember == nil || sink.route(text: name) else { return sink.done(isCut: true) }
            JSONReply(layout: layout, id: .null, sink: sink).done(Fault(Fault.parseError, "Parse error: \(error)"))
            return
        }
        if let routeMember {
            let member: JSONValue? =
                if case .array(let elements) = parsed {
                    elements.lazy.compactMap { $0[routeMember] }.first
                } else {
                    parsed[routeMember]
                }
            guard sink.route(text: member?.string) else { return sink.done(isCut: true) }
        }
        switch parsed {
        case .object: run(parsed, transport: transport, layout: layout, sink: sink, batch: nil)
        case .array(let requests):
            guard !requests.isEmpty, requests.count <= Self.maximumBatch else {
                let what = requests.isEmpty ? "an empty batch" : "a batch of \(requests.count), at most \(Self.maximumBatch)"
                JSONReply(layout: layout, id: .null, sink: sink)
                    .done(Fault(Fault.invalidRequest, "Invalid Request: \(what)"))
                return
            }
            JSONBatch(requests: requests, rpc: self, transport: transport, layout: layout, sink: sink).next()
        default:
            JSONReply(layout: layout, id: .null, sink: sink).done(
                Fault(Fault.invalidRequest, "Invalid Request: found \(parsed.kindName), expected an object or an array"))
        }
    }

    /// Runs one request object; the batch that it belongs to, or else the sink, hears of its end.
    fileprivate func run(
        _ request: JSONValue, transport: String, layout: JSONLayout, sink: any AnswerSink, batch: JSONBatch?
    ) {
        let parsed: RPCRequest
        do throws(Fault) {
            parsed = try Self.read(request)
        } catch {
            let id = request["id"] ?? .null
            let isScalar = id.array == nil && id.object == nil
            JSONReply(layout: layout, id: isScalar ? id : .null, sink: sink, batch: batch).done(error)
            return
        }
        run(parsed, transport: transport, layout: layout, sink: sink, batch: batch)
    }

    private func run(
        _ request: RPCRequest, transport: String, layout: JSONLayout, sink: any AnswerSink, batch: JSONBatch?
    ) {
        let consumer: any ReplyConsumer & Sendable =
            if let id = request.id {
                JSONReply(layout: layout, id: id, sink: sink, batch: batch)
            } else {
                DiscardedReply(sink: sink, batch: batch)
            }
        management.execute(
            Management.Request(
                command: request.method, arguments: request.arguments, isClassic: false, transport: transport),
            consumer: consumer)
    }

    /// What a request object asks for. Visible for the tests, which compare `PlainRequest` with it.
    static func read(_ request: JSONValue) throws(Fault) -> RPCRequest {
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
        let arguments: [SentArgument]
        switch request["params"] {
        case nil: arguments = []
        case .array(let values):
            arguments = values.map { SentArgument(name: nil, value: ArgumentValue($0), text: nil) }
        case .object(let members):
            arguments = members.map { SentArgument(name: $0.name, value: ArgumentValue($0.value), text: nil) }
        case .some(let other):
            throw Fault(
                Fault.invalidParams, "Invalid params: \"params\" is \(other.kindName), expected an array or an object")
        }
        return RPCRequest(method: name, arguments: arguments, id: id)
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
final class JSONBatch: @unchecked Sendable {
    // @unchecked: one request at a time; the next starts when the last has completed.
    private let requests: [JSONValue]
    private let rpc: JSONRPC
    private let transport: String
    private let layout: JSONLayout
    private let sink: any AnswerSink
    private var index = 0
    private var answers = 0

    fileprivate init(
        requests: [JSONValue], rpc: JSONRPC, transport: String, layout: JSONLayout, sink: any AnswerSink
    ) {
        self.requests = requests
        self.rpc = rpc
        self.transport = transport
        self.layout = layout
        self.sink = sink
    }

    /// What goes out before the next answer.
    var prefix: [UInt8] { answers == 0 ? [UInt8(ascii: "[")] : layout.isCompact ? [0x2C] : [0x2C, 0x20] }

    fileprivate func next() {
        guard index < requests.count else {
            var isCut = false
            if answers > 0 { isCut = ![UInt8(ascii: "]")].withUnsafeBytes { sink.write($0, mayBlock: false) } }
            return sink.done(isCut: isCut)
        }
        let request = requests[index]
        index += 1
        rpc.run(request, transport: transport, layout: layout, sink: sink, batch: self)
    }

    /// One request has ended: whether it got an answer, and whether the client is gone.
    func ended(isAnswered: Bool, isCut: Bool) {
        if isAnswered { answers += 1 }
        if isCut { return sink.done(isCut: true) }
        next()
    }
}
