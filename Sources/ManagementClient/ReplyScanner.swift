import JSON

/// Tells a JSON-RPC response's result from the rest of it while the bytes pass by, in bounded memory.
///
/// The result's bytes are handed on as they come. Everything around them, the envelope, is kept with `null` in the result's
/// place and parsed at the end.
struct ReplyScanner {
    /// Most bytes that a response may have outside its result.
    private static let maximumEnvelope = 1 << 20

    private var envelope: [UInt8] = []
    private var depth = 0
    private var inString = false
    private var escaped = false
    private var expectsName = false
    private var inName = false
    private var name: [UInt8] = []
    private var inResult = false
    private(set) var hasResult = false
    private var isComplete = false
    private(set) var byteCount = 0

    /// Takes the next bytes and calls `result` with those that belong to the result.
    mutating func feed(
        _ bytes: UnsafeRawBufferPointer,
        result: (UnsafeRawBufferPointer) throws(ManagementClientError) -> Void
    ) throws(ManagementClientError) {
        byteCount += bytes.count
        var start = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let wasInResult = inResult
            if !step(byte) {
                if wasInResult, index > start {
                    try result(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
                }
                start = index + 1
                try keep(byte, in: bytes)
            }
            index += 1
        }
        if inResult, start < bytes.count { try result(UnsafeRawBufferPointer(rebasing: bytes[start...])) }
    }

    /// The response's outcome, once the host has closed the reply.
    func finish(id: Int64) throws(ManagementClientError) -> Outcome {
        if byteCount == 0 { throw .emptyReply }
        if !isComplete { throw .truncatedReply(bytes: byteCount) }
        let response: JSONValue
        do { response = try JSONValue.parse(envelope) } catch {
            throw .notJSONRPC(what: error.description)
        }
        if let error = response["error"], !error.isNull {
            guard let code = error["code"]?.integer, let message = error["message"]?.string else {
                throw .notJSONRPC(what: "its error has no integer code or no message string")
            }
            return .failure(code: code, message: message)
        }
        guard hasResult else { throw .notJSONRPC(what: "it has neither a result nor an error") }
        guard response["id"]?.integer == id else {
            let found = response["id"].map { String(decoding: $0.encoded(), as: UTF8.self) } ?? "missing"
            throw .notJSONRPC(what: "its id is \(found), expected \(id)")
        }
        return .success
    }

    /// Advances over one byte; true if it is part of the result value.
    private mutating func step(_ byte: UInt8) -> Bool {
        if inString {
            if inName, byte != UInt8(ascii: "\""), name.count < 64 { name.append(byte) }
            if escaped {
                escaped = false
            } else if byte == UInt8(ascii: "\\") {
                escaped = true
            } else if byte == UInt8(ascii: "\"") {
                inString = false
                inName = false
            }
            return inResult
        }
        switch byte {
        case UInt8(ascii: "\""):
            inString = true
            if depth == 1, expectsName {
                inName = true
                expectsName = false
                name = []
            }
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            depth += 1
            expectsName = depth == 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            if depth == 0 {
                isComplete = true
                inResult = false
            }
        case UInt8(ascii: ","):
            if depth == 1 {
                expectsName = true
                inResult = false
            }
        case UInt8(ascii: ":"):
            if depth == 1, name == Array("result".utf8), !hasResult {
                hasResult = true
                inResult = true
                return false
            }
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
            // White space around the result belongs to the envelope's layout.
            return inResult && depth > 1
        default: break
        }
        return inResult
    }

    private mutating func keep(_ byte: UInt8, in bytes: UnsafeRawBufferPointer) throws(ManagementClientError) {
        envelope.append(byte)
        if byte == UInt8(ascii: ":"), inResult { envelope.append(contentsOf: "null".utf8) }
        if depth <= 0, !isComplete, !Self.isWhiteSpace(byte) {
            throw .notJSONRPC(what: "it begins \(Self.quoted(bytes))")
        }
        guard envelope.count <= Self.maximumEnvelope else {
            throw .notJSONRPC(what: "it has more than \(Self.maximumEnvelope) bytes outside its result")
        }
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (UInt8(ascii: "\t")...UInt8(ascii: "\r")).contains(byte)
    }

    private static func quoted(_ bytes: UnsafeRawBufferPointer) -> String {
        var quotation: [UInt8] = []
        JSONText.appendQuoted(UnsafeRawBufferPointer(rebasing: bytes.prefix(60)), to: &quotation)
        return String(decoding: quotation, as: UTF8.self)
    }
}
