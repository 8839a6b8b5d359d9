// The pattern of a substitution: a POSIX extended expression. This file alone owns its `regex_t`, which is allocated
// and compiled in `init` and freed in `deinit`.

import Configuration
import Glibc

/// A compiled pattern over bytes.
///
/// `regexec` only reads the compiled pattern and locks what it caches, so any thread may match.
final class SubstitutionPattern: @unchecked Sendable {
    private let compiled: UnsafeMutablePointer<regex_t>
    private let isCompiled: Bool

    /// Compiles a pattern; throws when it is malformed or would take too much memory or time.
    ///
    /// - Parameter perLine: Whether `^` and `$` match at each line, and `.` no newline.
    init(_ pattern: [UInt8], ignoringCase: Bool, perLine: Bool) throws(ScriptError) {
        compiled = .allocate(capacity: 1)
        compiled.initialize(to: regex_t())
        if let danger = PatternDanger.find(in: pattern) {
            isCompiled = false
            throw ScriptError("found a pattern that cannot be used: \(danger)")
        }
        let text = pattern.map { CChar(bitPattern: $0) } + [0]
        let code = regcomp(compiled, text, REG_EXTENDED | (ignoringCase ? REG_ICASE : 0) | (perLine ? REG_NEWLINE : 0))
        isCompiled = code == 0
        if code != 0 {
            var buffer = [CChar](repeating: 0, count: 200)
            _ = regerror(code, compiled, &buffer, buffer.count)
            let message = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw ScriptError(
                "found '\(String(decoding: pattern, as: UTF8.self))', expected a POSIX extended pattern: "
                    + String(decoding: message, as: UTF8.self))
        }
    }

    deinit {
        if isCompiled { regfree(compiled) }
        compiled.deinitialize(count: 1)
        compiled.deallocate()
    }

    /// The matches of a text, first to last: for each the ranges of the whole and of groups 1 to 9, nil where unused.
    ///
    /// - Parameter visit: Says whether to look for the next one.
    func matches(in text: [UInt8], visit: ([Range<Int>?]) throws(ScriptError) -> Bool) throws(ScriptError) {
        // A byte more, so that an empty text has an address too; REG_STARTEND tells regexec the true end.
        let padded = text + [0]
        var start = 0
        var groups = [regmatch_t](repeating: regmatch_t(), count: 10)
        while start <= text.count {
            groups[0].rm_so = regoff_t(start)
            groups[0].rm_eo = regoff_t(text.count)
            // At the start of a later line `^` matches; elsewhere behind the start it does not.
            let isBehindLine = start == 0 || text[start - 1] == 0x0A
            let code = padded.withUnsafeBytes { bytes in
                regexec(
                    compiled, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), 10, &groups,
                    REG_STARTEND | (isBehindLine ? 0 : REG_NOTBOL))
            }
            guard code == 0 else { return }
            let ranges = groups.map { $0.rm_so < 0 ? nil : Int($0.rm_so)..<Int($0.rm_eo) }
            guard let whole = ranges[0], try visit(ranges) else { return }
            start = whole.isEmpty ? whole.upperBound + 1 : whole.upperBound
        }
    }
}
