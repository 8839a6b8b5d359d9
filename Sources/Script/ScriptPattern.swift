// POSIX extended regular expressions, the kind that Kamailio uses. This file alone owns the `regex_t`: it is allocated
// and compiled in `init` and freed in `deinit`.

import Glibc

/// A compiled POSIX extended pattern over bytes.
///
/// `regexec` locks the compiled pattern, so an evaluator has its own of each.
public final class ScriptPattern: @unchecked Sendable {
    /// Longest pattern, in bytes: glibc compiles recursively, so this bounds its stack.
    public static let maximumLength = 1024
    /// Largest product of the `{m,n}` counts in a pattern: glibc writes repeats out in memory.
    public static let maximumRepeat = 1000

    private let compiled: UnsafeMutablePointer<regex_t>
    private let isCompiled: Bool

    /// Compiles a pattern; throws when it is malformed or would take too much memory or time.
    public init(_ pattern: [UInt8], ignoringCase: Bool) throws(ScriptError) {
        compiled = .allocate(capacity: 1)
        compiled.initialize(to: regex_t())
        let shown = String(decoding: pattern.prefix(60), as: UTF8.self)
        if let reason = Self.danger(in: pattern) {
            isCompiled = false
            throw ScriptError("found the pattern '\(shown)', expected another: \(reason)")
        }
        let text = pattern.map { CChar(bitPattern: $0) } + [0]
        let code = regcomp(compiled, text, REG_EXTENDED | (ignoringCase ? REG_ICASE : 0))
        isCompiled = code == 0
        if code != 0 {
            var buffer = [CChar](repeating: 0, count: 200)
            _ = regerror(code, compiled, &buffer, buffer.count)
            let message = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw ScriptError(
                "found the bad pattern '\(shown)': \(String(decoding: message, as: UTF8.self))",
                hint: "patterns are POSIX extended regular expressions")
        }
    }

    deinit {
        if isCompiled { regfree(compiled) }
        compiled.deinitialize(count: 1)
        compiled.deallocate()
    }

    /// Whether the pattern matches anywhere in the text.
    public func matches(_ text: [UInt8]) -> Bool {
        var range = regmatch_t(rm_so: 0, rm_eo: regoff_t(text.count))
        // REG_STARTEND tells regexec where the text ends. A copy with a NUL behind it, because the address sanitizer looks for one.
        return withUnsafeTemporaryAllocation(byteCount: text.count + 1, alignment: 1) { copy in
            text.withUnsafeBytes { copy.copyMemory(from: $0) }
            copy[text.count] = 0
            return regexec(compiled, copy.baseAddress?.assumingMemoryBound(to: CChar.self), 1, &range, REG_STARTEND) == 0
        }
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
            case UInt8(ascii: "\\"):
                if index + 1 < pattern.count, (0x30...0x39).contains(pattern[index + 1]) {
                    return "back-references are not a part of POSIX extended expressions"
                }
                index += 1
            case UInt8(ascii: "{"):
                product *= largestCount(in: pattern, from: &index)
                if product > maximumRepeat { return "its repeat counts multiply to more than \(maximumRepeat)" }
            default: break
            }
            index += 1
        }
        return nil
    }

    /// The larger of the counts in `{m,n}`: it decides how often the part before is written out.
    private static func largestCount(in pattern: [UInt8], from index: inout Int) -> Int {
        var largest = 0
        var count = 0
        while index + 1 < pattern.count, (0x30...0x39).contains(pattern[index + 1]) || pattern[index + 1] == 0x2C {
            index += 1
            count = pattern[index] == 0x2C ? 0 : min(count * 10 + Int(pattern[index] - 0x30), 1 << 20)
            largest = max(largest, count)
        }
        return max(largest, 1)
    }
}
