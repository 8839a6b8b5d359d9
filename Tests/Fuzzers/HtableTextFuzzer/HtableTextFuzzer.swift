// Feeds arbitrary text to what htable reads from outside: table definitions, count expressions of $shtcn and $shtcv, and patterns of
// commands. Run by Tests/Fuzzers/run on the folder corpus/htable; the same inputs are replayed by HtableTests.

import ModuleKit

@testable import HtableEngine

private func isGood(_ failure: ModuleFailure) -> Bool {
    failure.code < 0 && !failure.text.isEmpty && failure.text.utf8.count < 2000 && !failure.text.utf8.contains(0x0A)
}

private func tryMatcher(_ make: () throws(ModuleFailure) -> Matcher) {
    do throws(ModuleFailure) {
        let matcher = try make()
        for text in ["", "alice", "user:0000000001", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"] {
            Array(text.utf8).lend { bytes in
                let first = matcher.matches(bytes, .bytes(bytes))
                precondition(matcher.matches(bytes, .bytes(bytes)) == first, "a match is a match twice")
                _ = matcher.matches(bytes, .integer(5))
            }
        }
    } catch { precondition(isGood(error), "an error is one line: \(error.text)") }
}

/// Called by libFuzzer for each input: its first byte says what the rest is. Always answers 0.
@c
public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = UnsafeBufferPointer(start: data, count: size)
    guard let first = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    switch first % 4 {
    case 0:
        do throws(ModuleFailure) {
            let definition = try DefinitionParser.parse(String(decoding: rest, as: UTF8.self))
            precondition(
                !definition.name.isEmpty && definition.slots.nonzeroBitCount == 1, "a table has a name and 2^n slots")
        } catch { precondition(isGood(error), "an error is one line: \(error.text)") }
    case 1: tryMatcher { () throws(ModuleFailure) in try Matcher(countExpression: rest, isOnValue: rest.count % 2 == 0) }
    default:
        let operators = ["re", "sw", "ew", "in", "eq", "ne"]
        let name = operators[Int(first / 4) % operators.count]
        tryMatcher { () throws(ModuleFailure) in try Matcher(operator: name, rest, isOnValue: first % 4 == 3) }
    }
    return 0
}
