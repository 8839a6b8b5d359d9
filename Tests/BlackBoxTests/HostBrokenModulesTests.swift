import Foundation
import TestSupport
import Testing

/// Tests/BrokenModules against the real loader: each module gets the refusal that expectations.txt says.
@Suite("Broken modules")
struct HostBrokenModulesTests {
    private struct Expectation {
        var files: [String]
        var rule: String
        var text: String
        var lines: String

        /// A line of expectations.txt: `files | rule | text [| lines]`.
        init?(_ line: Substring) {
            let parts = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count >= 3 else { return nil }
            files = parts[0].split(separator: " ").map(String.init)
            (rule, text) = (parts[1], parts[2])
            lines = parts.count > 3 ? parts[3] : ""
        }

        /// What only a start can find: hooks and setters are not called by `-c`.
        var needsStart: Bool {
            ["MH-R118", "MH-R122", "MH-R123"].contains(rule) || text.contains("odd numbers")
        }
    }

    @Test("Each is refused with its rule, the reason, the place of its loadmodule, and a next step")
    func refusals() throws {
        let modules = try TemporaryDirectory()
        try TestModules.buildBroken(in: modules)
        let text = try String(
            contentsOfFile: "\(BuiltProducts.repository)/Tests/BrokenModules/expectations.txt", encoding: .utf8)
        let expectations = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(Expectation.init)
        #expect(expectations.count > 80)
        for expectation in expectations {
            let expectation = try #require(expectation, "a line of expectations.txt has no three parts")
            let directory = try TemporaryDirectory()
            let loads = expectation.files.map { "loadmodule \"\($0)\"\n" }.joined()
            try directory.write(
                "mpath \"\(modules.path)\"\nrun_dir = \"run\"\nworkers = 1\n\(loads)\(expectation.lines)\n",
                to: "modules.conf")
            let result = try runToEnd(
                BuiltProducts.modhost, expectation.needsStart ? ["-f", "modules.conf"] : ["-c", "-f", "modules.conf"],
                directory: directory.path)
            let what: Comment = "\(expectation.files) \(expectation.lines): \(result.errors)"
            if expectation.rule == "OK" {
                #expect(result.status == 0, what)
                #expect(result.errors.isEmpty, what)
                continue
            }
            #expect(result.status == 78, what)
            let line = result.errors.split(separator: "\n").first {
                $0.contains("[\(expectation.rule)]; ") && $0.contains(expectation.text)
            }
            let refusal = try #require(line, what)
            #expect(refusal.contains(#/^modules\.conf:[4-9]:\d+: error: /#), what)
            // The host, and not the kernel, ended it, and it left nothing behind.
            #expect(!result.errors.contains("crashed"), what)
            #expect(expectation.needsStart || directory.names() == ["modules.conf"], what)
        }
    }

    @Test("Every module that is at fault is named, not only the first")
    func allAtOnce() throws {
        let modules = try TemporaryDirectory()
        try modules.write("no module", to: "one.so")
        try modules.write([0x7F, 0x45, 0x4C, 0x46], to: "two.so")
        try modules.write(
            "mpath \".\"\nloadmodule \"one.so\"\nloadmodule \"two.so\"\nloadmodule \"three.so\"\n", to: "modules.conf")
        let result = try runToEnd(BuiltProducts.modhost, ["-c", "-f", "modules.conf"], directory: modules.path)
        #expect(result.status == 78)
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("modules.conf:2:12: error: \(modules.path)/one.so is not an ELF file [MH-R102]; "))
        #expect(lines[1].hasPrefix("modules.conf:3:12: error: \(modules.path)/two.so is truncated: "))
        #expect(lines[2].hasPrefix("modules.conf:4:12: error: module three.so is not found: "))
    }
}
