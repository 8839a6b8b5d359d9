import ModuleKit
import Testing

@testable import HtableEngine

@Suite("Choosing items by pattern")
struct PatternTests {
    private func filled() throws -> HashTable {
        let table = try makeTable("t=>")
        for (key, value) in [
            ("alice", .text("sip:alice@example.com")), ("ALIce2", .text("tel:1")), ("bob", .text("sip:bob@example.org")),
            ("n5", .int(5)), ("n55", .int(55)), ("empty", .text("")),
        ] as [(String, Content)] { try table.put(key, value) }
        return table
    }

    @Test(
        "The operators on names and on values",
        arguments: [
            ("re", "^alice", false, 2), ("re", "^(bob|n5)$", false, 2), ("sw", "alice", false, 1), ("ew", "b", false, 1),
            ("in", "li", false, 1), ("in", "", false, 6), ("eq", "bob", false, 1), ("ne", "bob", false, 5),
            ("re", "example\\.(com|org)$", true, 2), ("sw", "sip:", true, 2), ("ew", ".org", true, 1),
            ("in", "@", true, 2), ("eq", "", true, 1), ("ne", "", true, 3), ("eq", "5", true, 0),
        ] as [(String, String, Bool, Int)])
    func operators(word: String, operand: String, onValue: Bool, expected: Int) throws {
        let table = try filled()
        let matcher = try Matcher(operator: word, Array(operand.utf8), isOnValue: onValue)
        #expect(table.count(matching: matcher) == expected)
        #expect(table.contains(matching: matcher) == (expected > 0))
        #expect(try table.remove(matching: matcher) == expected)
        #expect(table.count == 6 - expected)
    }

    @Test(
        "The count expressions of $shtcn and $shtcv",
        arguments: [
            ("~~^alice", false, 2), ("%~alice", false, 1), ("~%55", false, 1), ("==bob", false, 1), ("eq5", false, 0),
            ("**", false, 6), ("**anything", false, 6), ("^n", false, 0), ("^n5", false, 2), ("bo", false, 0),
            ("eq5", true, 1), ("eq-5", true, 0), ("eqx", true, 0), ("~~sip:", true, 2), ("**", true, 6),
            ("==tel:1", true, 1),
        ] as [(String, Bool, Int)])
    func countExpressions(expression: String, onValue: Bool, expected: Int) throws {
        let matcher = try Matcher(countExpression: Array(expression.utf8), isOnValue: onValue)
        #expect(try filled().count(matching: matcher) == expected)
    }

    @Test(
        "A bad pattern is an error, never a crash",
        arguments: ["[", "(", "a{2000}", "(a{100}){100}", "\\1", String(repeating: "x", count: 2000), "a\0b"])
    func badPatterns(pattern: String) {
        let failure = #expect(throws: ModuleFailure.self) { try Expression.compiled(Array(pattern.utf8)) }
        #expect(failure?.text.contains("POSIX extended regular expression") == true)
    }

    @Test("Patterns match text with NUL and line ends, and are compiled once")
    func anyText() throws {
        let expression = try Expression.compiled(Array("b$".utf8))
        #expect([UInt8]("a\0b".utf8).lend { expression.matches($0) })
        #expect([UInt8]("b\nc".utf8).lend { expression.matches($0) })
        #expect(![UInt8]().lend { expression.matches($0) })
        #expect(try Expression.compiled(Array("b$".utf8)) === expression)
    }
}
