import Foundation
import Testing

/// What `nm` and `readelf` see in a built module.
private struct BuiltModule {
    var path: String

    func exports() throws -> [String] {
        try Tool.run("nm", ["-D", "--defined-only", "--format=posix", path]).output
            .split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
    }

    func holdsNote() throws -> Bool {
        try Tool.run("readelf", ["--notes", "--wide", path]).output.contains(".note.modhost")
    }
}

@Suite("The example for third parties")
struct CounterTests {
    /// Builds in a copy, as somebody would who has copied the folder, and nothing but the headers.
    private func copy() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in try Repository.names(in: Repository.counter, suffix: "") {
            guard ["c", "h", "map"].contains((name as NSString).pathExtension) || name == "Makefile" else {
                continue
            }
            try folder.write(
                try Repository.text(of: Repository.counter.appendingPathComponent(name)), to: name)
        }
        return folder
    }

    @Test("c-counter builds with make and the headers alone, and its own checks pass")
    func counterBuilds() throws {
        let folder = try copy()
        let outcome = try Tool.run(
            "make", ["check", "MODHOST_INCLUDE=\(Repository.include.path)"], in: folder.url)
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.output.contains("all is well"))

        let module = BuiltModule(path: folder.path("c-counter.so"))
        #expect(try module.exports() == ["mh_module_entry_v1"])
        #expect(try module.holdsNote())
        let dynamic = try Tool.run("readelf", ["--dynamic", "--wide", module.path]).output
        #expect(dynamic.contains("NODELETE"))
        #expect(dynamic.contains("BIND_NOW"))
    }

    @Test("c-counter passes its checks under the address and undefined-behaviour sanitizers")
    func counterIsClean() throws {
        let folder = try copy()
        let outcome = try Tool.run(
            "make",
            [
                "check", "MODHOST_INCLUDE=\(Repository.include.path)", "LDFLAGS=-Wl,-z,undefs",
                "CFLAGS=-g -fsanitize=address,undefined -fno-sanitize-recover=all",
            ], in: folder.url)
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.output.contains("all is well"))
    }

    // C++ has designated initialisers from C++20 on; leaving fields out is what they are for.
    @Test(
        "c-counter compiles without a warning as C11, C17 and C++20",
        arguments: Dialect.all.filter { $0.language == "c" || $0.standard == "c++20" })
    func counterCompiles(dialect: Dialect) throws {
        for name in try Repository.names(in: Repository.counter, suffix: ".c") where name != "check.c" {
            let outcome = try dialect.check(
                Repository.counter.appendingPathComponent(name).path,
                options: dialect.language == "c" ? [] : ["-Wno-missing-field-initializers"])
            #expect(outcome.status == 0, "\(outcome.output)")
        }
    }

    /// Where modhost is installed, the compiler finds the headers by itself.
    static let headersAreInstalled = ["/usr/include", "/usr/local/include"].contains {
        FileManager.default.fileExists(atPath: "\($0)/modhost/modhost.h")
    }

    @Test(
        "Without headers make says what to do",
        .disabled(if: headersAreInstalled, "modhost's headers are installed on this machine"))
    func counterWithoutHeaders() throws {
        let folder = try copy()
        let outcome = try Tool.run(
            "make", [],
            environment: ["PKG_CONFIG_LIBDIR": folder.url.path, "CPATH": "", "C_INCLUDE_PATH": ""],
            in: folder.url)
        #expect(outcome.status != 0)
        #expect(outcome.output.contains("make MODHOST_INCLUDE=DIR"))
    }
}

@Suite("The module printed in Documentation/abi.md")
struct PrintedModuleTests {
    @Test("It builds with the command printed below it, without a warning, and holds what a module must")
    func printedModuleBuilds() throws {
        let document = try Repository.text(of: Repository.root.appendingPathComponent("Documentation/abi.md"))
        let source = try #require(document.components(separatedBy: "```c\n").dropFirst().first)
            .components(separatedBy: "```")[0]
        let command = try #require(document.split(separator: "\n").first { $0.hasPrefix("    cc -std=c11 ") })
        let folder = try TemporaryFolder()
        try folder.write(source, to: "hello.c")
        let outcome = try Tool.run(
            "sh", ["-c", "\(command) -Wall -Wextra -Wpedantic -Werror -I'\(Repository.include.path)'"],
            in: folder.url)
        #expect(outcome.status == 0, "\(outcome.output)")
        let module = BuiltModule(path: folder.path("hello.so"))
        #expect(try module.exports() == ["mh_module_entry_v1"])
        #expect(try module.holdsNote())
    }
}

@Suite("The broken modules")
struct BrokenModuleTests {
    /// A line of expectations.txt, what the host answers, or of expectations-modcheck.txt, what modcheck finds.
    struct Expectation {
        var files: [String]
        var rule: String
        var text: String
        var config: String?
        var line: Int

        static func all() throws -> [Expectation] {
            try read("expectations.txt") + read("expectations-modcheck.txt")
        }

        static func read(_ name: String) throws -> [Expectation] {
            let text = try Repository.text(of: Repository.brokenModules.appendingPathComponent(name))
            return try text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
                index, line in
                guard !line.isEmpty, !line.hasPrefix("#") else { return nil }
                let columns = line.components(separatedBy: " | ")
                try #require((3...4).contains(columns.count), "\(name):\(index + 1): \(line)")
                return Expectation(
                    files: columns[0].components(separatedBy: " "), rule: columns[1], text: columns[2],
                    config: columns.count == 4 ? columns[3] : nil, line: index + 1)
            }
        }
    }

    @Test("Every broken module builds, and what is expected of it is written down")
    func brokenModulesBuild() throws {
        let folder = try TemporaryFolder()
        let outcome = try Tool.run(
            "sh", [Repository.brokenModules.appendingPathComponent("build.sh").path, folder.url.path])
        try #require(outcome.status == 0, "\(outcome.output)")

        let built = Set(try Repository.names(in: folder.url, suffix: ".so"))
        let expected = Set(try Expectation.all().flatMap(\.files))
        #expect(built.subtracting(expected) == [], "built, but nothing is expected of it")
        #expect(expected.subtracting(built) == ["no-such-file.so"], "expected, but not built")
        for name in try Repository.names(in: Repository.brokenModules, suffix: ".c") {
            #expect(built.contains(name.dropLast(2) + ".so"), "\(name) was not built")
        }
    }

    @Test("A broken module has one fault: the others all have the note and the one exported symbol")
    func faultsAreSingle() throws {
        let folder = try TemporaryFolder()
        let outcome = try Tool.run(
            "sh", [Repository.brokenModules.appendingPathComponent("build.sh").path, folder.url.path])
        try #require(outcome.status == 0, "\(outcome.output)")
        for source in try Repository.names(in: Repository.brokenModules, suffix: ".c") {
            let name = String(source.dropLast(2))
            let module = BuiltModule(path: folder.path("\(name).so"))
            let own = ["extra-symbol": ["broken_extra"], "weak-symbol": ["broken_weak"]][name] ?? []
            #expect(
                try module.exports().sorted()
                    == (own + [name == "no-entry" ? "mh_module_entry" : "mh_module_entry_v1"]).sorted(), "\(name)")
            #expect(try module.holdsNote() == (name != "unlabelled"), "\(name)")
        }
    }

    @Test("Each rule from MH-R101 to MH-R124 is provoked by some module, and abi.md explains each")
    func everyRuleIsProvoked() throws {
        let rules = Set((101...124).map { "MH-R\($0)" })
        let expectations = try Expectation.read("expectations.txt")
        #expect(Set(expectations.map(\.rule)) == rules.union(["OK"]))
        let document = try Repository.text(of: Repository.root.appendingPathComponent("Documentation/abi.md"))
        for rule in rules {
            #expect(document.contains("| \(rule) |"), "\(rule) is missing in Documentation/abi.md")
        }
    }

    @Test("The first comment of each broken module names the rule or the check that is expected of it")
    func commentsAgree() throws {
        let expectations = try Expectation.all()
        for source in try Repository.names(in: Repository.brokenModules, suffix: ".c") {
            let text = try Repository.text(of: Repository.brokenModules.appendingPathComponent(source))
            let file = source.dropLast(2) + ".so"
            let rules = Set(expectations.filter { $0.files.last.map { $0 == file } ?? false }.map(\.rule))
            let named = text.hasPrefix("/* Sound: ") ? "OK" : String(text.dropFirst(3).prefix(7))
            #expect(rules.contains(named), "\(source) says \(named), expected is \(rules.sorted())")
        }
    }
}
