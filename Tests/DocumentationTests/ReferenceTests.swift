// The committed reference is what the modules declare: `make doc` writes it, and here is found out when somebody did not run it.

import Foundation
import TestSupport
import Testing

/// The modules of this repository, by their folders in Plugins.
let pluginNames: [String] = {
    let folder = "\(BuiltProducts.repository)/Plugins"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/Module") }.sorted()
}()

/// A file of the repository; empty where there is none.
func repositoryText(_ path: String) -> String {
    (try? String(contentsOfFile: "\(BuiltProducts.repository)/\(path)", encoding: .utf8)) ?? ""
}

@Suite struct `The reference` {
    private func document(_ name: String, _ format: String) throws -> String {
        let module = name == "core" ? name : "\(BuiltProducts.directory)/lib\(name).so"
        let result = try runToEnd(BuiltProducts.modhost, ["doc", module, "--format", format])
        try #require(result.status == 0, "\(result.errors)")
        return result.output
    }

    @Test("A committed page says what its module declares; if not, run `make doc`", arguments: ["core"] + pluginNames)
    func pagesAreCurrent(name: String) throws {
        #expect(try document(name, "markdown") == repositoryText("Documentation/reference/\(name).md"))
        #expect(try document(name, "man") == repositoryText("Documentation/man/modhost-\(name).7"))
    }

    @Test("No page is left of a module that is gone")
    func noOrphans() throws {
        let folder = "\(BuiltProducts.repository)/Documentation/reference"
        let pages = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != "README.md" }
        #expect(Set(pages) == Set((["core"] + pluginNames).map { "\($0).md" }))
    }

    @Test("Every core setting has a default in the reference, but for the one that has none")
    func settingsHaveDefaults() throws {
        let rows = repositoryText("Documentation/reference/core.md").split(separator: "\n").filter { $0.hasPrefix("| `") }
        let settings = rows.prefix { !$0.contains("argument") }.filter { $0.split(separator: "|").count == 4 }
        #expect(settings.count >= 11)
        for row in settings where !row.hasPrefix("| `pid_file`") {
            #expect(!row.contains("|  |"), "\(row)")
        }
    }

    @Test("Without names it prints the host and every module beside the program")
    func everything() throws {
        let folder = try TemporaryDirectory()
        let result = try runToEnd(BuiltProducts.modhost, ["doc", "--output", folder.path])
        // Broken modules for the tests may lie there too; they are named, and the others written.
        #expect(folder.names().contains("core.md"))
        for name in pluginNames { #expect(folder.names().contains("\(name).md"), "\(result.errors)") }
    }

    @Test("A module that is not found is named with the nearest one; the others are printed all the same")
    func unknown() throws {
        let result = try runToEnd(BuiltProducts.modhost, ["doc", "flatstor", "core"])
        #expect(result.status == 78)
        #expect(result.errors.contains("module flatstor is not found"))
        #expect(result.errors.contains("did you mean flatstore?"))
        #expect(result.output.contains("# core"))
    }

    @Test("A file of the working directory is named as loadmodule wants it")
    func fileHere() throws {
        let folder = try TemporaryDirectory()
        try folder.write("no module", to: "mine.so")
        let result = try runToEnd(BuiltProducts.modhost, ["doc", "mine.so"], directory: folder.path)
        #expect(result.status == 78)
        #expect(result.errors.contains("for the file in this directory write ./mine.so"))
    }

    @Test("A directory that cannot be written is named, with status 73")
    func noOutput() throws {
        let result = try runToEnd(BuiltProducts.modhost, ["doc", "core", "-o", "/nowhere/at/all"])
        #expect(result.status == 73)
        #expect(result.errors.contains("/nowhere/at/all/core.md: "))
    }
}
