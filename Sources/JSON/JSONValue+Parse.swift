// Reading JSON with jansson. All of jansson's memory lives and ends in this file: the tree is copied into Swift values
// and freed before `parse` returns.

import CJansson

extension JSONValue {
    /// How deep arrays and objects may nest. Values are walked by recursion, on threads with small stacks too.
    public static let maximumDepth = 256

    /// Reads one JSON value that fills `bytes` but for white space around it.
    ///
    /// Any value may stand at the top. Integers must fit 64 bits, strings must be UTF-8 (`\u0000` is allowed in values, not
    /// in member names), members of an object must differ in name. Takes time and memory in proportion to the text.
    ///
    /// - Throws: ``JSONParseError`` with the place of the first fault.
    public static func parse(bytes: UnsafeRawBufferPointer) throws(JSONParseError) -> JSONValue {
        if let tooDeep = depthError(in: bytes) { throw tooDeep }
        var error = json_error_t()
        let flags = Int(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL)
        // An empty buffer has no address, but jansson wants one.
        let root: UnsafeMutablePointer<json_t>? =
            if let base = bytes.baseAddress {
                json_loadb(base.assumingMemoryBound(to: CChar.self), bytes.count, flags, &error)
            } else {
                json_loadb("", 0, flags, &error)
            }
        guard let root else { throw JSONParseError(error, text: bytes) }
        defer { json_decref(root) }
        return JSONValue(copying: root)
    }

    /// Reads one JSON value that fills `bytes`; see ``parse(bytes:)-(UnsafeRawBufferPointer)``.
    public static func parse(bytes: UnsafeBufferPointer<UInt8>) throws(JSONParseError) -> JSONValue {
        try parse(bytes: UnsafeRawBufferPointer(bytes))
    }

    /// Reads one JSON value that fills `bytes`; see ``parse(bytes:)-(UnsafeRawBufferPointer)``.
    public static func parse(_ bytes: [UInt8]) throws(JSONParseError) -> JSONValue {
        // withUnsafeBytes forgets the type of a thrown error; a Result carries it across.
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(JSONParseError) in try parse(bytes: buffer) }
        }.get()
    }

    /// Reads one JSON value that fills `text`; see ``parse(bytes:)-(UnsafeRawBufferPointer)``.
    public static func parse(_ text: String) throws(JSONParseError) -> JSONValue {
        try parse(Array(text.utf8))
    }

    /// Copies a tree that the caller still owns. Its depth is known to be within ``maximumDepth``.
    private init(copying node: UnsafeMutablePointer<json_t>) {
        switch node.pointee.type {
        case JSON_TRUE: self = .bool(true)
        case JSON_FALSE: self = .bool(false)
        case JSON_INTEGER: self = .integer(Int64(json_integer_value(node)))
        case JSON_REAL: self = .double(json_real_value(node))
        case JSON_STRING:
            self = .string(Self.text(json_string_value(node), count: json_string_length(node)))
        case JSON_ARRAY:
            var elements: [JSONValue] = []
            let count = json_array_size(node)
            elements.reserveCapacity(count)
            for index in 0..<count {
                guard let element = json_array_get(node, index) else { continue }
                elements.append(JSONValue(copying: element))
            }
            self = .array(elements)
        case JSON_OBJECT:
            var members: [Member] = []
            members.reserveCapacity(json_object_size(node))
            var position = json_object_iter(node)
            while let current = position {
                if let value = json_object_iter_value(current) {
                    let name = Self.text(
                        json_object_iter_key(current), count: json_object_iter_key_len(current))
                    members.append(Member(name, JSONValue(copying: value)))
                }
                position = json_object_iter_next(node, current)
            }
            self = .object(members)
        default: self = .null
        }
    }

    private static func text(_ start: UnsafePointer<CChar>?, count: Int) -> String {
        guard let start, count > 0 else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// The fault of the first bracket that nests too deep, or nil. Other faults are left to the parser.
    private static func depthError(in bytes: UnsafeRawBufferPointer) -> JSONParseError? {
        guard bytes.count > maximumDepth else { return nil }
        var depth = 0
        var inString = false
        var escaped = false
        for (offset, byte) in bytes.enumerated() {
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                if depth > maximumDepth {
                    let (line, column) = place(of: offset, in: bytes)
                    return JSONParseError(
                        kind: .tooDeep, line: line, column: column, offset: offset,
                        message: "arrays and objects nest more than \(maximumDepth) deep"
                    )
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        return nil
    }

    /// Line and column, both from 1, of the byte at `offset`; columns count characters, not bytes.
    fileprivate static func place(of offset: Int, in bytes: UnsafeRawBufferPointer) -> (
        line: Int, column: Int
    ) {
        var line = 1
        var column = 1
        for byte in bytes.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return (line, column)
    }
}

extension JSONParseError {
    fileprivate init(_ error: json_error_t, text bytes: UnsafeRawBufferPointer) {
        var error = error
        var message = withUnsafeBytes(of: &error.text) { text in
            String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        }
        if message.hasSuffix("near end of file") {
            message = message.dropLast("near end of file".count) + "near the end of the text"
        } else if message.hasPrefix("end of file expected") {
            message = "the end of the text expected" + message.dropFirst("end of file expected".count)
        }
        let kind: Kind
        switch json_error_code(rawValue: UInt32(modhost_json_error_kind(&error))) {
        case json_error_premature_end_of_input:
            kind = .incomplete
            message = bytes.isEmpty ? "the text is empty, expected a JSON value" : message
        case json_error_invalid_utf8:
            kind = .invalidUTF8
        case json_error_duplicate_key:
            kind = .duplicateMember
            message = "an object has two members of one name: \(message)"
        case json_error_numeric_overflow:
            kind = .numberOutOfRange
            message = message.hasPrefix("real") ? message : "integer does not fit in 64 bits: \(message)"
        case json_error_null_byte_in_key:
            kind = .syntax
            message = "a member name holds \\u0000, which only values may: \(message)"
        case json_error_stack_overflow:
            kind = .tooDeep
        default:
            kind = .syntax
        }
        let offset = max(0, min(Int(error.position), bytes.count))
        let line: Int
        let column: Int
        if error.line > 0 {
            // jansson's column is that of the last character it read, 0 before the first one of a line.
            (line, column) = (Int(error.line), max(1, Int(error.column)))
        } else {
            (line, column) = JSONValue.place(of: offset, in: bytes)
        }
        self.init(kind: kind, line: line, column: column, offset: offset, message: message)
    }
}
