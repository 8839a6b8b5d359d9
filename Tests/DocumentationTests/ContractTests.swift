// The contract names what finds who breaks it: every refusal and every check belongs to a rule, and no rule names one that is none.

import JSON
import TestSupport
import Testing

@Suite struct `The contract in abi.md` {
    private let rules = repositoryText("Documentation/abi.md").split(separator: "\n- **MH-A").dropFirst()

    /// The ids in the parentheses of the rules: `C203–C208` is six of them.
    private var named: Set<String> {
        var ids: Set<String> = []
        for rule in rules {
            let text = rule.split(separator: "\n\n")[0]
            for match in text.matches(of: /\b([RC])([0-9]{3})(?:–[RC]([0-9]{3}))?/) {
                let first = Int(match.2) ?? 0
                for number in first...(match.3.flatMap { Int($0) } ?? first) { ids.insert("MH-\(match.1)\(number)") }
            }
        }
        return ids
    }

    @Test("Its rules are numbered from 1 without a gap")
    func numbers() {
        #expect(rules.compactMap { Int($0.prefix { $0.isNumber }) }.sorted() == Array(1...max(rules.count, 1)))
        #expect(rules.count >= 35)
    }

    @Test("Every refusal and every check that modcheck lists belongs to a rule; MH-C200 is about modcheck itself")
    func complete() throws {
        let list = try runToEnd("\(BuiltProducts.directory)/modcheck", ["--list"])
        try #require(list.status == 0, "\(list.errors)")
        let listed = Set(list.output.matches(of: #/(?m)^\| (MH-[RC][0-9]+) /#).map { String($0.1) })
        #expect(listed.count > 50)
        #expect(listed.subtracting(named) == ["MH-C200"])
        // A number within a range may be free.
        #expect(named.subtracting(listed).filter { $0.hasPrefix("MH-R") } == [])
    }

    @Test("Its table of refusals has every rule of the host, and no other")
    func refusals() throws {
        let explained = try runToEnd(BuiltProducts.modhost, ["explain"]).output.split(separator: "\n").map { $0.prefix(7) }
        let table = repositoryText("Documentation/abi.md").matches(of: #/(?m)^\| (MH-R[0-9]+) \|/#).map(\.1)
        #expect(table == explained)
    }

    @Test("Its module of thirty lines compiles by the command below it, passes modcheck and answers")
    func example() throws {
        let page = repositoryText("Documentation/abi.md")
        let code = try #require(page.split(separator: "```c\n").dropFirst().first?.split(separator: "\n```").first)
        let command = try #require(page.split(separator: "\n").first { $0.hasPrefix("    cc ") })
        let folder = try TemporaryDirectory()
        try folder.write(String(code), to: "hello.c")
        let compiled = try runToEnd(
            "sh", ["-c", "\(command) -Wall -Wextra -Werror"], directory: folder.path,
            environment: ["CPATH": BuiltProducts.include])
        try #require(compiled.status == 0, "\(compiled.errors)")
        let checked = try runToEnd("\(BuiltProducts.directory)/modcheck", ["hello.so"], directory: folder.path)
        #expect(checked.status == 0, "\(checked.output)")
        let host = try RunningHost(
            RunningHost.configuration("loadmodule \"mi-fifo.so\"", "loadmodule \"\(folder.path)/hello.so\""), in: folder)
        #expect(try host.command("hello.world").string == "hello, world")
    }
}
