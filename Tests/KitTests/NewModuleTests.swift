import Foundation
import ModuleTemplate
import TestSupport
import Testing

@Suite("Making a project")
struct NewModuleTests {
    /// The templates of the repository, as a kit in a prefix of its own.
    private func kit(in directory: TemporaryDirectory) throws -> InstalledKit {
        let share = try directory.makeDirectory("prefix/share/modhost")
        try FileManager.default.copyItem(
            atPath: "\(BuiltProducts.repository)/Packaging/sdk/templates", toPath: "\(share)/templates")
        return try InstalledKit.find(program: directory.file("prefix/bin/modhost"), named: nil)
    }

    @Test("Every word of a template is filled in", arguments: TemplateLanguage.allCases)
    func filledIn(language: TemplateLanguage) throws {
        let directory = try TemporaryDirectory()
        let module = try NewModule("hello-world", in: language, kit: try kit(in: directory))
        let files = try module.files()
        for file in files {
            #expect(file.text.firstMatch(of: /@[A-Z]+@/) == nil, "\(file.path)")
            #expect(file.text.hasSuffix("\n"))
        }
        let names = files.map(\.path)
        for name in ["README.md", ".gitignore", "modules.conf", "test.sh"] { #expect(names.contains(name)) }
        let text = files.map(\.text).joined()
        #expect(text.contains("hello_world.greet"))
        #expect(text.contains("\"hello-world\""))
        #expect(text.contains("\(directory.path)/prefix"))
    }

    @Test("The files land where --dir says, folders above it included")
    func directory() throws {
        let directory = try TemporaryDirectory()
        let folder = directory.file("a/b c/project")
        let module = try NewModule("hello", in: .swift, directory: folder, kit: try kit(in: directory))
        let files = try module.make()
        #expect(files.contains("Sources/Module/Module.swift"))
        #expect(directory.text("a/b c/project/Sources/Note/note.c").contains("name=hello\\n"))
        #expect(module.nextSteps.contains("cd '\(folder)'\n"))
    }

    @Test("An empty folder is taken; one with something in it, and a file, are left as they are")
    func overwritesNothing() throws {
        let directory = try TemporaryDirectory()
        let kit = try kit(in: directory)
        try directory.makeDirectory("empty")
        try NewModule("hello", in: .c, directory: directory.file("empty"), kit: kit).make()
        #expect(directory.contains("empty/module.c"))

        try directory.write("mine", to: "full/module.c")
        try directory.write("mine", to: "file")
        for name in ["full", "file", "empty"] {
            let error = #expect(throws: TemplateError.self) {
                try NewModule("hello", in: .c, directory: directory.file(name), kit: kit).make()
            }
            #expect(error?.text.contains("nothing is overwritten") == true)
        }
        #expect(directory.names(in: "full") == ["module.c"])
        #expect(directory.text("full/module.c") == "mine")
    }

    @Test("What fails on the way leaves nothing behind")
    func leavesNothing() throws {
        let directory = try TemporaryDirectory()
        let kit = try kit(in: directory)
        // A folder of the template where the project is to have a file: "x" is made, then "x" is to be a folder.
        try directory.write("", to: "prefix/share/modhost/templates/c/a")
        try directory.write("", to: "prefix/share/modhost/templates/common/a/b")
        #expect(throws: TemplateError.self) {
            try NewModule("hello", in: .c, directory: directory.file("made/hello"), kit: kit).make()
        }
        #expect(!directory.contains("made"))
    }

    @Test("A module that modhost comes with is not made again")
    func taken() throws {
        let directory = try TemporaryDirectory()
        let kit = try kit(in: directory)
        try directory.write("", to: "prefix/lib/modhost/modules/acc.so")
        let error = #expect(throws: TemplateError.self) { try NewModule("acc", in: .c, kit: kit) }
        #expect(error?.text.contains("comes with a module \"acc\"") == true)
    }

    @Test("The kit is found beside the program or by MODHOST_SHARE; without it the text says what to install")
    func kitIsFound() throws {
        let directory = try TemporaryDirectory()
        let kit = try kit(in: directory)
        #expect(kit.prefix == directory.file("prefix"))
        #expect(try InstalledKit.find(program: "/nowhere/bin/modhost", named: kit.share + "/") == kit)
        let missing = #expect(throws: TemplateError.self) {
            try InstalledKit.find(program: "/nowhere/bin/modhost", named: nil)
        }
        #expect(missing?.text.contains("/nowhere/share/modhost/templates") == true)
        #expect(missing?.text.contains("modhost-dev") == true)
        #expect(throws: TemplateError.self) { try InstalledKit.find(program: "/x/bin/modhost", named: directory.path) }
        #expect(throws: TemplateError.self) { try InstalledKit.find(program: "/x/bin/modhost", named: "/nowhere") }
    }

    @Test("A prefix that Makefiles and manifests stumble over is refused")
    func oddPrefix() throws {
        let directory = try TemporaryDirectory()
        let share = try directory.makeDirectory("a \"b\"/share/modhost")
        try FileManager.default.copyItem(
            atPath: "\(BuiltProducts.repository)/Packaging/sdk/templates", toPath: "\(share)/templates")
        let error = #expect(throws: TemplateError.self) {
            try NewModule("hello", in: .c, kit: InstalledKit(share: share))
        }
        #expect(error?.text.contains("plain one") == true)
    }
}
