import Foundation
import JSON
import TestSupport
import Testing

/// The command line of modcheck: what it prints, what it leaves out, how it ends.
@Suite("modcheck's command line")
struct CommandLineTests {
    /// A module with warnings and a note only, made by cc.
    private static func module(in place: TemporaryDirectory) throws -> String {
        let source = "\(BuiltProducts.repository)/Tests/BrokenModules/extra-symbol.c"
        let file = place.file("extra-symbol.so")
        let built = try runToEnd(
            "cc",
            [
                "-std=c11", "-fPIC", "-shared", "-fvisibility=hidden", "-Wl,-z,nodelete", "-I\(BuiltProducts.include)", "-o",
                file, source,
            ])
        guard built.status == 0 else { throw TestFailure(built.errors) }
        return file
    }

    @Test("A finding has file, severity, text, id, and a line on how to mend it; the seed is printed")
    func text() throws {
        let place = try TemporaryDirectory()
        let file = try Self.module(in: place)
        let result = try ModcheckProcess.run(["--seed", "7", file])
        #expect(result.status == 1)
        #expect(
            result.output.contains(
                "\(file): error: it exports the symbol broken_extra besides mh_module_entry_v1 [MH-C201]\n    "))
        #expect(result.output.hasSuffix("\(file): not good: 1 error, 1 warning, 1 note (seed 7)\n"))
        #expect(!result.output.contains("\u{1B}"), "colours are for terminals")
    }

    @Test("--quiet leaves nothing but errors")
    func quiet() throws {
        let place = try TemporaryDirectory()
        let file = try Self.module(in: place)
        let result = try ModcheckProcess.run(["--quiet", file])
        #expect(result.output.split(separator: "\n").count == 1)
        #expect(result.status == 1)
    }

    @Test("A muted finding does not count, by option and by .modcheck with a reason")
    func mute() throws {
        let place = try TemporaryDirectory()
        let file = try Self.module(in: place)
        let byOption = try ModcheckProcess.run(["--mute", "MH-C201,MH-C203", "--json", file])
        #expect(byOption.status == 0)
        #expect(ModcheckProcess.modulesOf(byOption.output).first?.muted.sorted() == ["MH-C201", "MH-C203"])
        try place.write("# why\nmute MH-C201 the symbol is for a debugger\n\n", to: ".modcheck")
        let byFile = try ModcheckProcess.run(["--json", file], directory: place.path)
        #expect(byFile.status == 0)
        let json = try JSONValue.parse(byFile.output)
        #expect(json["modules"]?.array?.first?["muted"]?.array?.first?["reason"]?.string == "the symbol is for a debugger")
    }

    @Test(
        "A command line or file that makes no sense ends with status 2 and says where",
        arguments: [
            ([], "", "no module is named"), (["--nonsense", "x.so"], "", "nonsense"),
            (["--mute", "MH-C999", "x.so"], "", "MH-C999"),
            (["--param", "novalue", "x.so"], "", "NAME=VALUE"), (["--timeout", "0", "x.so"], "", "--timeout"),
            (["--config", "missing", "x.so"], "", "missing cannot be read"),
            (["x.so"], "mute MH-C201\n", ".modcheck:1:1: mute MH-C201 has no reason"),
            (["x.so"], "\nsilence MH-C201 please\n", ".modcheck:2:1: found 'silence"),
            (["x.so"], "mute MH-X1 why\n", "there is no check MH-X1"),
        ] as [([String], String, String)])
    func usage(_ arguments: [String], _ file: String, _ text: String) throws {
        let place = try TemporaryDirectory()
        if !file.isEmpty { try place.write(file, to: ".modcheck") }
        let result = try ModcheckProcess.run(arguments, directory: place.path)
        #expect(result.status == 2)
        #expect(result.errors.contains(text), "\(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test("A file that is not there is refused by the host's rule")
    func missing() throws {
        let result = try ModcheckProcess.run(["/nonexistent/x.so"])
        #expect(result.status == 1)
        #expect(result.output.contains("[MH-R101]"))
    }

    @Test("One seed gives one result")
    func repeatable() throws {
        let place = try TemporaryDirectory()
        let file = try Self.module(in: place)
        let first = try ModcheckProcess.run(["--seed", "3", "--json", file])
        let second = try ModcheckProcess.run(["--seed", "3", "--json", file])
        #expect(first.output == second.output)
    }

    @Test("Documentation/modcheck.md holds the table of checks as --list prints it")
    func documentation() throws {
        let listed = try ModcheckProcess.run(["--list"])
        #expect(listed.status == 0)
        let page = try String(contentsOfFile: "\(BuiltProducts.repository)/Documentation/modcheck.md", encoding: .utf8)
        #expect(
            page.contains(listed.output), "Documentation/modcheck.md: replace its table by the output of modcheck --list")
    }

    @Test("--list --json names every check with its severity")
    func listJSON() throws {
        let rows = try #require(try JSONValue.parse(try ModcheckProcess.run(["--list", "--json"]).output).array)
        #expect(rows.count > 70)
        for row in rows {
            #expect(["error", "warning", "note"].contains(row["severity"]?.string ?? ""))
            for member in ["id", "what", "why", "mend"] { #expect(row[member]?.string?.isEmpty == false) }
        }
    }
}
