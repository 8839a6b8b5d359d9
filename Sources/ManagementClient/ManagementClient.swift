public import JSON

/// How a command ended, once the host has answered.
public enum Outcome: Sendable, Equatable {
    case success
    /// The command's own failure, or the host's refusal to run it: a code such as 404 or −32601 and a text.
    case failure(code: Int64, message: String)
}

/// A host's answer with its result read into memory.
public enum Reply: Sendable, Equatable {
    case success(JSONValue)
    case failure(code: Int64, message: String)
}

/// Sends commands to a modhost over its FIFO and reads the answers.
///
/// A request is JSON-RPC 2.0 in one line with a `reply_name` beside its members, the framing of Kamailio's jsonrpcs
/// (`management.md`, mi-fifo, framing 2). Each call makes a reply FIFO of its own, so calls may run at once on any threads
/// and in any number of processes; each blocks its thread until it is answered or has timed out.
public struct ManagementClient: Sendable {
    /// Where the host is.
    public var location: FIFOLocation
    /// How long to wait for the host to take the request, and for each next piece of the reply; nil waits for ever.
    public var timeout: Duration?

    public init(location: FIFOLocation, timeout: Duration? = .seconds(10)) {
        self.location = location
        self.timeout = timeout
    }

    /// Which bytes of a reply a caller is handed.
    public enum Passage: Sendable {
        /// Only the JSON text of the result; nothing if the command failed.
        case result
        /// The whole response as the host wrote it.
        case response
    }

    /// Runs a command and passes its reply on in pieces, in bounded memory however large the reply is.
    ///
    /// - Parameters:
    ///   - method: The command's name, such as `flat_rotate`.
    ///   - parameters: An array (by position) or an object (by name); nil where the command takes none.
    ///   - passage: Which bytes `receive` gets.
    ///   - receive: Called with each piece as it comes. What it throws ends the call.
    /// - Throws: ``ManagementClientError`` if no complete answer came; pieces may have been handed over before.
    public func call(
        _ method: String, _ parameters: JSONValue? = nil, passing passage: Passage,
        to receive: (UnsafeRawBufferPointer) throws(ManagementClientError) -> Void
    ) throws(ManagementClientError) -> Outcome {
        let request = try RequestFIFO(path: location.requestPath)
        let reply = try ReplyFIFO(directory: location.replyDirectory, for: request)
        let id: Int64 = 1
        var deadline = Deadline(patience: timeout)
        let line = Self.requestLine(method, parameters, replyName: reply.name, id: id)
        try request.send(line, deadline: &deadline)
        deadline.progress()
        var scanner = ReplyScanner()
        try reply.read(from: request, deadline: &deadline) { piece throws(ManagementClientError) in
            switch passage {
            case .result:
                try scanner.feed(piece, result: receive)
            case .response:
                try scanner.feed(piece) { _ in }
                try receive(piece)
            }
        }
        return try scanner.finish(id: id)
    }

    /// Runs a command and reads its result into memory; see ``call(_:_:passing:to:)``.
    public func call(_ method: String, _ parameters: JSONValue? = nil) throws(ManagementClientError) -> Reply {
        var text: [UInt8] = []
        let outcome = try call(method, parameters, passing: .result) { text.append(contentsOf: $0) }
        switch outcome {
        case .failure(let code, let message): return .failure(code: code, message: message)
        case .success:
            do { return .success(try JSONValue.parse(text)) } catch {
                throw .notJSONRPC(what: "in its result, \(error.description)")
            }
        }
    }

    /// The request as one line with its newline; JSON escapes every newline inside.
    static func requestLine(
        _ method: String, _ parameters: JSONValue?, replyName: String, id: Int64
    ) -> [UInt8] {
        var members: [JSONValue.Member] = [
            .init("jsonrpc", "2.0"), .init("id", .integer(id)), .init("reply_name", .string(replyName)),
            .init("method", .string(method)),
        ]
        if let parameters { members.append(.init("params", parameters)) }
        var line = JSONValue.object(members).encoded()
        line.append(UInt8(ascii: "\n"))
        return line
    }
}
