// What items are chosen by: an operator and an operand, on the key or on the value. Regular expressions are POSIX extended ones, as
// the C library has them; this file alone owns the `regex_t`, compiled once and freed with the last reference.
import Glibc
import ModuleABI
import ModuleKit

/// A compiled regular expression, matched without regard to case, `.` and `[^…]` not over line ends, as Kamailio's htable does.
final class Expression: @unchecked Sendable {
    // @unchecked: regexec only reads what regcomp made, and locks what it caches.
    private let compiled: UnsafeMutablePointer<regex_t>
    private let isCompiled: Bool

    /// Throws on a bad pattern, and on one that would cost the C library too much memory.
    private init(_ pattern: [UInt8]) throws(ModuleFailure) {
        compiled = .allocate(capacity: 1)
        compiled.initialize(to: regex_t())
        var reason = PatternDanger.find(in: pattern)
        if reason == nil {
            let text = pattern.map { CChar(bitPattern: $0) } + [0]
            let code = regcomp(compiled, text, REG_EXTENDED | REG_ICASE | REG_NEWLINE)
            if code != 0 {
                var buffer = [CChar](repeating: 0, count: 200)
                _ = regerror(code, compiled, &buffer, buffer.count)
                reason = String(
                    decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }
        isCompiled = reason == nil
        if let reason {
            throw ModuleFailure(
                MH_E_INVALID, "the pattern \"\(printable(pattern))\" is no POSIX extended regular expression: \(reason)")
        }
    }

    deinit {
        if isCompiled { regfree(compiled) }
        compiled.deinitialize(count: 1)
        compiled.deallocate()
    }

    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        // REG_STARTEND takes the end from the range, so text may hold NUL. The NUL behind the copy is for the address sanitizer, which
        // measures the text as a C string all the same.
        withUnsafeTemporaryAllocation(byteCount: text.count + 1, alignment: 1) { copy in
            copy.copyMemory(from: text)
            copy[text.count] = 0
            var range = regmatch_t(rm_so: 0, rm_eo: regoff_t(text.count))
            return regexec(
                compiled, copy.baseAddress?.assumingMemoryBound(to: CChar.self), 1, &range, REG_STARTEND) == 0
        }
    }

    // MARK: The cache

    private static let cache = Guarded<[[UInt8]: Expression]>([:])
    private static let cacheSize = 256

    /// The compiled pattern, from the cache if it was used before.
    static func compiled(_ pattern: [UInt8]) throws(ModuleFailure) -> Expression {
        if let found = cache.withLock({ $0[pattern] }) { return found }
        let new = try Expression(pattern)
        cache.withLock { cache in
            // Routes use few patterns; expanded ones (with a call id in them) would fill the cache without end.
            if cache.count >= cacheSize { cache.removeAll(keepingCapacity: true) }
            cache[pattern] = new
        }
        return new
    }
}

/// A test of items. Any thread.
struct Matcher: Sendable {
    enum Test: Sendable {
        case all
        case expression(Expression)
        case startsWith([UInt8])
        case endsWith([UInt8])
        case contains([UInt8])
        case equal([UInt8])
        case notEqual([UInt8])
        /// Only integers match.
        case integer(Int64)
        case nothing
    }

    var test: Test
    /// On the value (text only, but for `integer` and `all`) instead of the key.
    var isOnValue: Bool

    func matches(_ key: UnsafeRawBufferPointer, _ value: ItemValue) -> Bool {
        if case .all = test { return true }
        guard isOnValue else { return matches(key) }
        switch value {
        case .integer(let number):
            if case .integer(let wanted) = test { return number == wanted }
            return false
        case .bytes(let bytes): return matches(bytes)
        }
    }

    private func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        switch test {
        case .all: return true
        case .nothing, .integer: return false
        case .expression(let expression): return expression.matches(text)
        case .startsWith(let part): return text.count >= part.count && equal(text.prefix(part.count), part)
        case .endsWith(let part): return text.count >= part.count && equal(text.suffix(part.count), part)
        case .contains(let part): return contains(text, part)
        case .equal(let other): return text.count == other.count && equal(text[...], other)
        case .notEqual(let other): return !(text.count == other.count && equal(text[...], other))
        }
    }

    private func equal(_ text: Slice<UnsafeRawBufferPointer>, _ other: [UInt8]) -> Bool { text.elementsEqual(other) }

    private func contains(_ text: UnsafeRawBufferPointer, _ part: [UInt8]) -> Bool {
        guard !part.isEmpty else { return true }
        guard let start = text.baseAddress, let first = part.first else { return false }
        var offset = 0
        while offset + part.count <= text.count {
            let found = memchr(start + offset, Int32(first), text.count - part.count - offset + 1)
            guard let found else { return false }
            offset = UnsafeRawPointer(found) - start
            if part.lend({ $0.baseAddress.map { memcmp(found, $0, part.count) == 0 } ?? true }) { return true }
            offset += 1
        }
        return false
    }

    /// Matches every item.
    static var everything: Matcher { Matcher(.all) }

    private init(_ test: Test) {
        self.test = test
        isOnValue = false
    }

    /// The operators of functions and commands: re, sw, ew, in, eq, ne.
    init(operator word: String, _ operand: [UInt8], isOnValue: Bool) throws(ModuleFailure) {
        self.isOnValue = isOnValue
        switch word {
        case "re": test = .expression(try Expression.compiled(operand))
        case "sw": test = .startsWith(operand)
        case "ew": test = .endsWith(operand)
        case "in": test = .contains(operand)
        case "eq": test = .equal(operand)
        case "ne": test = .notEqual(operand)
        default:
            throw ModuleFailure(
                MH_E_INVALID,
                "the operator is \"\(word.prefix(40))\", expected re (regular expression), sw (starts with), ew (ends with), "
                    + "in (contains), eq or ne")
        }
    }

    /// The expression of `$shtcn` and `$shtcv`: `~~` regular expression, `%~` starts with, `~%` ends with, `==` equal, `eq` an
    /// integer, `**` all; any other text is a regular expression, and fewer than three characters match nothing.
    init(countExpression text: [UInt8], isOnValue: Bool) throws(ModuleFailure) {
        self.isOnValue = isOnValue
        let mark = Array(text.prefix(2))
        if mark == Array("**".utf8) {
            test = .all
            return
        }
        guard text.count > 2 else {
            test = .nothing
            return
        }
        let operand = Array(text.dropFirst(2))
        switch String(decoding: mark, as: UTF8.self) {
        case "~~": test = .expression(try Expression.compiled(operand))
        case "~%": test = .endsWith(operand)
        case "%~": test = .startsWith(operand)
        case "==": test = .equal(operand)
        case "eq":
            let number = Int64(String(decoding: operand, as: UTF8.self))
            test = number.map { isOnValue ? .integer($0) : .nothing } ?? .nothing
        default: test = .expression(try Expression.compiled(text))
        }
    }
}
