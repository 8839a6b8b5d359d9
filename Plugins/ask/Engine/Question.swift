// One question read by jansson. All of jansson's memory lives and ends in this file: the tree stays until `release`, since the
// arguments of the route point into it.

import CJansson
import Glibc
import JSON
import ModuleABI
import ModuleKit

/// Why a line is no question.
struct BadQuestion: Error, Equatable {
    var text: String
}

/// A line that holds one JSON object, as arguments of a route. One thread at a time; used again for line after line.
///
/// Strings, integers and booleans (0 or 1) are themselves, fractions and nested values their JSON text, null is absent. The members of
/// an object `headers` are arguments too, by their names in small letters behind "hdr:".
final class Question {
    /// The arguments; what they point at is valid until `release`.
    private(set) var arguments: [mh_log_field] = []
    private var root: Node?
    private var id: Node?
    /// Texts that jansson does not hold: made here, freed by `release`.
    private var texts: [UnsafeMutableRawPointer] = []

    private typealias Node = UnsafeMutablePointer<json_t>

    static let headerPrefix = Array("hdr:".utf8)
    private static let headers = Array("headers".utf8)
    private static let identity = Array("id".utf8)

    deinit { release() }

    /// Reads a line without its line end; `release` must follow, also after a throw.
    func read(_ line: UnsafeRawBufferPointer) throws(BadQuestion) {
        var error = json_error_t()
        let flags = Int(JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY)
        let text = line.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard let text, let root = json_loadb(text, line.count, flags, &error) else { throw Self.fault(line) }
        self.root = root
        guard root.pointee.type == JSON_OBJECT else {
            throw BadQuestion(text: "expected a JSON object, such as {\"method\":\"REGISTER\"}")
        }
        each(of: root) { name, value in
            if name.elementsEqual(Self.identity) { id = value }
            if name.elementsEqual(Self.headers), value.pointee.type == JSON_OBJECT { addHeaders(value) }
            add(mh_str(borrowing: name), value)
        }
    }

    /// Appends the member `id` as it came, with the comma before it; nothing when there is none.
    func appendID(to output: inout [UInt8]) {
        guard let id else { return }
        output += ",\"id\":".utf8
        switch id.pointee.type {
        case JSON_INTEGER: JSONText.appendInteger(Int64(json_integer_value(id)), to: &output)
        case JSON_STRING: JSONText.appendQuoted(Self.text(of: id), to: &output)
        default:
            guard let dump = Self.dump(id) else { return output += "null".utf8 }
            output += UnsafeRawBufferPointer(start: dump, count: strlen(dump))
            free(dump)
        }
    }

    /// Frees what the arguments point at.
    func release() {
        arguments.removeAll(keepingCapacity: true)
        for text in texts { free(text) }
        texts.removeAll(keepingCapacity: true)
        id = nil
        if let root { json_decref(root) }
        root = nil
    }

    // MARK: Members

    private func each(of object: Node, _ body: (UnsafeRawBufferPointer, Node) -> Void) {
        var member = json_object_iter(object)
        while let current = member {
            if let value = json_object_iter_value(current) {
                let name = UnsafeRawBufferPointer(
                    start: json_object_iter_key(current), count: json_object_iter_key_len(current))
                body(name, value)
            }
            member = json_object_iter_next(object, current)
        }
    }

    private func add(_ name: mh_str, _ node: Node) {
        guard let value = value(node) else { return }
        arguments.append(
            mh_log_field(struct_size: UInt32(MemoryLayout<mh_log_field>.size), reserved: 0, name: name, value: value))
    }

    private func addHeaders(_ object: Node) {
        each(of: object) { name, value in
            // A header that comes several times is an array; the first counts.
            guard let value = value.pointee.type == JSON_ARRAY ? json_array_get(value, 0) : value else { return }
            let length = Self.headerPrefix.count + name.count
            guard let copy = malloc(length) else { return }
            texts.append(copy)
            let bytes = UnsafeMutableRawBufferPointer(start: copy, count: length)
            bytes.copyBytes(from: Self.headerPrefix)
            for (index, byte) in name.enumerated() { bytes[Self.headerPrefix.count + index] = asciiSmall(byte) }
            add(mh_str(borrowing: UnsafeRawBufferPointer(bytes)), value)
        }
    }

    private func value(_ node: Node) -> mh_value? {
        switch node.pointee.type {
        case JSON_STRING: return mh_text(mh_str(borrowing: Self.text(of: node)))
        case JSON_INTEGER: return mh_int(Int64(json_integer_value(node)))
        case JSON_TRUE: return mh_int(1)
        case JSON_FALSE: return mh_int(0)
        case JSON_NULL: return nil
        default:
            guard let dump = Self.dump(node) else { return nil }
            texts.append(dump)
            return mh_text(mh_cstr(dump))
        }
    }

    private static func text(of node: Node) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: json_string_value(node), count: json_string_length(node))
    }

    /// JSON text that the caller frees. A fraction has as many digits as its double needs.
    private static func dump(_ node: Node) -> UnsafeMutablePointer<CChar>? {
        if node.pointee.type == JSON_REAL { return strdup(json_real_value(node).description) }
        return json_dumps(node, Int(JSON_COMPACT | JSON_ENCODE_ANY))
    }

    /// What is wrong with a line, in the words of the host's own parser.
    private static func fault(_ line: UnsafeRawBufferPointer) -> BadQuestion {
        do throws(JSONParseError) {
            _ = try JSONValue.parse(bytes: line)
            return BadQuestion(text: "bad JSON: expected one object, at most 2048 deep, with each member once")
        } catch {
            return BadQuestion(text: "bad JSON at column \(error.column): \(error.message)")
        }
    }
}

/// An ASCII letter as a small one, any other byte as it is.
@inline(__always)
func asciiSmall(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
