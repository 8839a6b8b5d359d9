// One JSON line read by jansson and turned into a row. All of jansson's memory lives and ends in this file: texts are copied
// into the batch's arena, and the tree is freed before the row is returned or refused.

import CJansson
import Glibc
import ModuleABI

/// A line that holds one JSON object (RFC 8259) whose members are columns. Values are plain: nothing nests.
struct JSONLine {
    private let line: Bytes
    private let layout: RowLayout
    private let arena: ByteArena
    private let arrival: Int64
    /// Where the next text goes: in the arena there is room for the whole line, and no text is longer than as JSON.
    private var room: UnsafeMutablePointer<UInt8>

    private typealias Node = UnsafeMutablePointer<json_t>

    private init(_ line: Bytes, layout: RowLayout, arena: ByteArena, arrival: Int64) {
        self.line = line
        self.layout = layout
        self.arena = arena
        self.arrival = arrival
        room = arena.allocate(line.count)
    }

    /// Parses a line that holds a brace; texts in the row last as long as the arena's. `arrival`: microseconds since 1970, for the
    /// time column.
    @inline(never)
    static func parse(
        _ line: Bytes, layout: RowLayout, arena: ByteArena, arrival: Int64,
        into row: UnsafeMutablePointer<mh_value>
    ) throws(Rejection) {
        guard let start = line.baseAddress else { preconditionFailure("a JSON line has at least its brace") }
        var json = JSONLine(line, layout: layout, arena: arena, arrival: arrival)
        try json.refuseNesting(start)
        try json.parse(start, into: row)
    }

    private mutating func parse(
        _ start: UnsafePointer<UInt8>, into row: UnsafeMutablePointer<mh_value>
    ) throws(Rejection) {
        var error = json_error_t()
        let flags = Int(JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)
        let text = UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self)
        guard let object = json_loadb(text, line.count, flags, &error) else {
            throw .json(&error, in: line, columns: layout.columns)
        }
        defer { json_decref(object) }
        for index in 0..<layout.count { row[index].type = RecordParser.absent }
        var hint = 0
        var member = json_object_iter(object)
        while let current = member {
            let name = Bytes(borrowing: json_object_iter_key(current), json_object_iter_key_len(current))
            guard let column = layout.index(of: name, hint: hint) else {
                throw .unknownColumn(name, among: layout.columns)
            }
            hint = column + 1
            if let value = json_object_iter_value(current) {
                row[column] = try self.value(value, for: column)
            }
            member = json_object_iter_next(object, current)
        }
        for index in 0..<layout.count where row[index].type == RecordParser.absent {
            row[index] = layout.absent(index, arrival: arrival)
        }
    }

    // MARK: Values

    @inline(__always)
    private mutating func value(_ node: Node, for column: Int) throws(Rejection) -> mh_value {
        switch node.pointee.type {
        case JSON_STRING:
            return try string(
                Bytes(borrowing: json_string_value(node), json_string_length(node)), for: column)
        case JSON_INTEGER: return try integer(Int64(json_integer_value(node)), for: column)
        case JSON_REAL: return try real(json_real_value(node), for: column)
        case JSON_NULL: return layout.absent(column, arrival: arrival)
        case JSON_TRUE: throw .kind("true", for: layout.columns[column])
        case JSON_FALSE: throw .kind("false", for: layout.columns[column])
        case JSON_OBJECT: throw .kind("an object", for: layout.columns[column])
        default: throw .kind("an array", for: layout.columns[column])
        }
    }

    @inline(__always)
    private mutating func string(_ text: Bytes, for column: Int) throws(Rejection) -> mh_value {
        switch layout.slots[column].type {
        case MH_STRING: return mh_value(text: keep(text), type: MH_STRING)
        case MH_BLOB:
            if let bytes = Base64Text.decode(text, arena: arena) {
                return mh_value(text: bytes, type: MH_BLOB)
            }
        default:
            if let value = layout.convert(text, column: column) { return value }
        }
        throw .value(text, for: layout.columns[column])
    }

    @inline(__always)
    private mutating func keep(_ text: Bytes) -> Bytes {
        guard let source = text.baseAddress else { return text }
        memcpy(room, source, text.count)
        defer { room += text.count }
        return Bytes(start: room, count: text.count)
    }

    private func integer(_ number: Int64, for column: Int) throws(Rejection) -> mh_value {
        switch layout.slots[column].type {
        case MH_INT: return mh_int(number)
        case MH_FLOAT: return mh_float(Double(number))
        case MH_TIME:
            let (micros, overflow) = number.multipliedReportingOverflow(by: 1_000_000)
            if !overflow { return mh_value(time: micros) }
        default: throw .unquoted("\(number)", for: layout.columns[column])
        }
        throw .kind("\(number)", for: layout.columns[column])
    }

    private func real(_ number: Double, for column: Int) throws(Rejection) -> mh_value {
        switch layout.slots[column].type {
        case MH_INT:
            // Above 2^53 a double may stand for another whole number than the one that was written.
            if number.magnitude <= 0x1p53, let whole = Int64(exactly: number) { return mh_int(whole) }
        case MH_FLOAT: return mh_float(number)
        case MH_TIME:
            // A double holds today's seconds to a quarter of a microsecond, so rounding gives back what was written.
            if let micros = Int64(exactly: (number * 1e6).rounded()) { return mh_value(time: micros) }
        default: throw .unquoted("\(number)", for: layout.columns[column])
        }
        throw .kind("\(number)", for: layout.columns[column])
    }

    // MARK: Nesting

    /// Refuses an array or object as a value before jansson builds it: it could be as deep and as wide as the line is long,
    /// and no column holds one.
    private func refuseNesting(_ start: UnsafePointer<UInt8>) throws(Rejection) {
        guard var index = line.firstIndex(of: UInt8(ascii: "{")) else { return }
        index += 1
        let left = line.count - index
        guard
            memchr(start + index, Int32(UInt8(ascii: "[")), left) != nil
                || memchr(start + index, Int32(UInt8(ascii: "{")), left) != nil
        else { return }
        var name = Bytes(start: nil, count: 0)
        var isValue = false
        while index < line.count {
            switch line[index] {
            case UInt8(ascii: "\""):
                let opening = index + 1
                index = endOfString(from: opening)
                name = Bytes(rebasing: line[opening..<index])
                isValue = false
            case UInt8(ascii: ":"): isValue = true
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                // Elsewhere than after a colon a bracket is bad JSON, at which jansson stops; so is what follows the object.
                guard isValue else { return }
                throw .nested(
                    line[index] == UInt8(ascii: "[") ? "an array" : "an object", at: index + 1, name: name,
                    among: layout.columns)
            case UInt8(ascii: "}"): return
            default: isValue = false
            }
            index += 1
        }
    }

    /// The index of the quote that ends a string, or of the line's end.
    private func endOfString(from opening: Int) -> Int {
        var index = opening
        while index < line.count, line[index] != UInt8(ascii: "\"") {
            index += line[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index, line.count)
    }
}

extension Bytes {
    /// Text of jansson's, which stays its owner.
    fileprivate init(borrowing text: UnsafePointer<CChar>?, _ count: Int) {
        self.init(start: UnsafeRawPointer(text)?.assumingMemoryBound(to: UInt8.self), count: text == nil ? 0 : count)
    }
}
