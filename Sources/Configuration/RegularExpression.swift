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
    private let compiled: UnsafeMutablePointer<regex_t>
    private let isCompiled: Bool

    /// Compiles `pattern`; throws when it is malformed or would take too much memory or time.
    init(_ pattern: [UInt8], ignoringCase: Bool = false) throws(RegularExpressionError) {
        compiled = .allocate(capacity: 1)
        compiled.initialize(to: regex_t())
        if let reason = PatternDanger.find(in: pattern) {
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
}
