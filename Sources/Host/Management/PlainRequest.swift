// Reads the JSON-RPC requests that programs send, many times faster than a tree of values is built and searched. Whatever is out of
// the ordinary, and every fault, is left to `JSONValue` and `JSONRPC`, so that there is one judge and one source of error texts.

import Glibc
import JSON

/// What a request object asks for.
struct RPCRequest: Sendable {
    var method: String
    var arguments: [SentArgument]
    /// Nil: a notification, which gets no answer.
    var id: JSONValue?
}

/// A reader of plain requests: one object with the members of JSON-RPC and the routing member, each at most once; `params` a list of
/// scalars; strings of printable ASCII without escapes, integers of up to 18 digits.
///
/// Where it reads a text to the end, the long way would have come to the same request; where it gives up, nothing is said about
/// the text.
struct PlainRequest {
    private enum Member: UInt8 {
        case version = 1
        case method = 2
        case id = 4
        case parameters = 8
        case route = 16
    }

    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    private var seen: UInt8 = 0
    private var method = ""
    private var arguments: [SentArgument] = []
    private var id: JSONValue?
    private var route: Range<Int>?

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The request that fills `bytes` but for white space, and the text of its routing member; nil: it is not plain, or not right.
    static func read(
        _ bytes: UnsafeRawBufferPointer, routeMember: String?
    ) -> (request: RPCRequest, route: UnsafeRawBufferPointer?)? {
        // A shorter one could be a member of JSON-RPC itself.
        guard routeMember.map({ $0.utf8.count > 7 }) ?? true else { return nil }
        var reader = PlainRequest(bytes)
        guard reader.object(routeMember) else { return nil }
        return (
            RPCRequest(method: reader.method, arguments: reader.arguments, id: reader.id),
            reader.route.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
        )
    }

    private mutating func object(_ routeMember: String?) -> Bool {
        guard token() == UInt8(ascii: "{") else { return false }
        while true {
            guard token() == UInt8(ascii: "\""), let name = string(), token() == UInt8(ascii: ":"),
                let member = member(name, routeMember), seen & member.rawValue == 0, take(member)
            else { return false }
            seen |= member.rawValue
            switch token() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "}"):
                let needed = Member.version.rawValue | Member.method.rawValue
                return seen & needed == needed && token() == nil
            default: return false
            }
        }
    }

    private func member(_ name: Range<Int>, _ routeMember: String?) -> Member? {
        if equals(name, "jsonrpc") { return .version }
        if equals(name, "method") { return .method }
        if equals(name, "id") { return .id }
        if equals(name, "params") { return .parameters }
        guard var wanted = routeMember, let base = bytes.baseAddress else { return nil }
        let isRoute = wanted.withUTF8 { utf8 in
            utf8.count == name.count && utf8.baseAddress.map { memcmp(base + name.lowerBound, $0, name.count) } == 0
        }
        return isRoute ? .route : nil
    }

    private mutating func take(_ member: Member) -> Bool {
        guard let first = token() else { return false }
        switch member {
        case .version:
            guard first == UInt8(ascii: "\""), let text = string() else { return false }
            return equals(text, "2.0")
        case .method:
            guard first == UInt8(ascii: "\""), let text = string() else { return false }
            method = self.text(text)
        case .route:
            guard first == UInt8(ascii: "\""), let text = string() else { return false }
            route = text
        case .id:
            switch first {
            case UInt8(ascii: "\""):
                guard let text = string() else { return false }
                id = .string(self.text(text))
            case UInt8(ascii: "n"):
                guard follows("ull") else { return false }
                id = .null
            default:
                guard let number = integer(first) else { return false }
                id = .integer(number)
            }
        case .parameters: return first == UInt8(ascii: "[") && list()
        }
        return true
    }

    private mutating func list() -> Bool {
        guard var next = token() else { return false }
        if next == UInt8(ascii: "]") { return true }
        while true {
            guard let value = scalar(next) else { return false }
            arguments.append(SentArgument(name: nil, value: value, text: nil))
            switch token() {
            case UInt8(ascii: ","):
                guard let start = token() else { return false }
                next = start
            case UInt8(ascii: "]"): return true
            default: return false
            }
        }
    }

    private mutating func scalar(_ first: UInt8) -> ArgumentValue? {
        switch first {
        case UInt8(ascii: "\""):
            guard let text = string() else { return nil }
            return .string(Array(UnsafeRawBufferPointer(rebasing: bytes[text])))
        case UInt8(ascii: "t"): return follows("rue") ? .bool(true) : nil
        case UInt8(ascii: "f"): return follows("alse") ? .bool(false) : nil
        case UInt8(ascii: "n"): return follows("ull") ? .null : nil
        default: return integer(first).map { .integer($0) }
        }
    }

    // MARK: Tokens

    /// The first byte that is no white space, and goes past it; nil at the end of the text.
    private mutating func token() -> UInt8? {
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"): continue
            default: return byte
            }
        }
        return nil
    }

    /// Where the string is whose opening quote has been read, and goes past its end; nil: it is not plain.
    private mutating func string() -> Range<Int>? {
        var end = index
        while end < bytes.count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") {
                defer { index = end + 1 }
                return index..<end
            }
            guard byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") else { return nil }
            end += 1
        }
        return nil
    }

    /// The integer that begins with `first`; 18 digits always fit.
    private mutating func integer(_ first: UInt8) -> Int64? {
        let isNegative = first == UInt8(ascii: "-")
        if !isNegative { index -= 1 }
        let start = index
        var number: Int64 = 0
        while index < bytes.count, case let digit = bytes[index] &- UInt8(ascii: "0"), digit < 10 {
            guard index - start < 18 else { return nil }
            number = number &* 10 &+ Int64(digit)
            index += 1
        }
        let digits = index - start
        guard digits > 0, digits == 1 || bytes[start] != UInt8(ascii: "0") else { return nil }
        // What follows a number is a comma or a bracket; with a fraction or an exponent it would be no integer.
        return isNegative ? -number : number
    }

    /// Whether the rest of a word comes next, and goes past it.
    private mutating func follows(_ rest: StaticString) -> Bool {
        let word = index..<min(index + rest.utf8CodeUnitCount, bytes.count)
        guard equals(word, rest) else { return false }
        index = word.upperBound
        return true
    }

    @inline(__always)
    private func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount, let base = bytes.baseAddress else { return false }
        return memcmp(base + range.lowerBound, text.utf8Start, range.count) == 0
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }
}
