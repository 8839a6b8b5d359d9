// POSIX extended regular expressions, the kind that Kamailio uses. This file alone owns the `regex_t`: it is allocated
// and compiled in `init` and freed in `deinit`.

import Configuration
import Glibc

/// A compiled POSIX extended pattern over bytes.
///
/// `regexec` locks the compiled pattern, so an evaluator has its own of each.
public final class ScriptPattern: @unchecked Sendable {
    private let compiled: UnsafeMutablePointer<regex_t>
    private let isCompiled: Bool

    /// Compiles a pattern; throws when it is malformed or would take too much memory or time.
    public init(_ pattern: [UInt8], ignoringCase: Bool) throws(ScriptError) {
        compiled = .allocate(capacity: 1)
        compiled.initialize(to: regex_t())
        let shown = String(decoding: pattern.prefix(60), as: UTF8.self)
        if let reason = PatternDanger.find(in: pattern) {
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
}
