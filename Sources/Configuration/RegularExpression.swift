// POSIX extended regular expressions, the kind that Kamailio uses. This file alone owns the `regex_t`: it is
// allocated and compiled in `init` and freed in `deinit`.

import Glibc

/// Why a pattern was refused: a phrase that says what is wrong with it.
struct RegularExpressionError: Error {
    let reason: String
}

/// A compiled POSIX extended regular expression over bytes.
///
/// `regexec` only reads the compiled pattern and locks what it caches, so any thread may match.
final class RegularExpression: @unchecked Sendable {
    /// Longest pattern, in bytes: glibc compiles recursively, so this bounds its stack.
    static let maximumLength = 1024
    /// Largest product of the `{m,n}` counts in a pattern: glibc writes repeats out in memory.
    static let maximumRepeat = 1000

    private let compiled: UnsafeMutablePointer<regex_t>
    private let isCompiled: Bool

    /// Compiles `pattern`; throws when it is malformed or would take too much memory or time.
    init(_ pattern: [UInt8], ignoringCase: Bool = false) throws(RegularExpressionError) {
        compiled = .allocate(capacity: 1)
        compiled.initialize(to: regex_t())
        if let reason = Self.danger(in: pattern) {
            isCompiled = false
            throw RegularExpressionError(reason: reason)
        }
        let text = pattern.map { CChar(bitPattern: $0) } + [0]
        let code = regcomp(compiled, text, REG_EXTENDED | (ignoringCase ? REG_ICASE : 0))
        isCompiled = code == 0
        if code != 0 {
            var buffer = [CChar](repeating: 0, count: 200)
            _ = regerror(code, compiled, &buffer, buffer.count)
            let message = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw RegularExpressionError(reason: String(decoding: message, as: UTF8.self))
        }
    }

    deinit {
        if isCompiled { regfree(compiled) }
        compiled.deinitialize(count: 1)
        compiled.deallocate()
    }

    /// The first match at or after `start`: the ranges of the whole and of groups 1…9 (nil where unused).
    func firstMatch(in text: [UInt8], from start: Int = 0) -> [Range<Int>?]? {
        var groups = [regmatch_t](repeating: regmatch_t(), count: 10)
        groups[0].rm_so = regoff_t(start)
        groups[0].rm_eo = regoff_t(text.count)
        // A byte more, so that an empty text has an address too; REG_STARTEND tells regexec the true end.
        let code = (text + [0]).withUnsafeBytes { bytes in
            regexec(
                compiled, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), 10, &groups, REG_STARTEND)
        }
        guard code == 0 else { return nil }
        return groups.map { $0.rm_so < 0 ? nil : Int($0.rm_so)..<Int($0.rm_eo) }
    }

    /// Whether the whole of `text` matches.
    func matches(_ text: [UInt8]) -> Bool {
        firstMatch(in: text)?[0] == 0..<text.count
    }

    /// What makes a pattern too costly to compile or to run, nil for a harmless one.
    private static func danger(in pattern: [UInt8]) -> String? {
        if pattern.isEmpty { return "it is empty" }
        if pattern.count > maximumLength { return "it is longer than \(maximumLength) bytes" }
        if pattern.contains(0) { return "it contains a NUL byte" }
        var product = 1
        var index = 0
        while index < pattern.count {
            switch pattern[index] {
            case Byte.backslash:
                if index + 1 < pattern.count, pattern[index + 1].isDigit {
                    return "back-references are not a part of POSIX extended expressions"
                }
                index += 1
            case UInt8(ascii: "{"):
                // The larger of the two counts decides how often the part before is written out.
                var largest = 0
                var count = 0
                while index + 1 < pattern.count, pattern[index + 1].isDigit || pattern[index + 1] == 0x2C {
                    index += 1
                    count = pattern[index].isDigit ? min(count * 10 + Int(pattern[index] - 0x30), 1 << 20) : 0
                    largest = max(largest, count)
                }
                product *= max(largest, 1)
                if product > maximumRepeat {
                    return "its repeat counts multiply to more than \(maximumRepeat)"
                }
            default: break
            }
            index += 1
        }
        return nil
    }
}
