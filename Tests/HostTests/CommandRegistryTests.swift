import Testing

@testable import Host

@Suite("Commands by name")
struct CommandRegistryTests {
    private func command(_ name: String, _ aliases: [String] = [], of module: String? = nil) -> Command {
        Command(
            name: name, aliases: aliases, isChange: false, isSlow: false, summary: "", example: "",
            arguments: [
                .init(name: "table", type: .string), .init(name: "limit", type: .int, isOptional: true),
                .init(name: "keys", type: .any, isRest: true),
            ],
            module: module, action: .host { _, _ in })
    }

    @Test("Names and aliases find the same command; usage shows what is optional")
    func names() throws {
        let registry = CommandRegistry()
        try registry.add([command("flat_rotate", ["flatstore.rotate"])])
        #expect(registry.find("flatstore.rotate")?.name == "flat_rotate")
        #expect(registry.find("flat_rotate")?.usage == "flat_rotate TABLE [LIMIT] KEYS…")
        #expect(registry.find("Flat_rotate") == nil)
        #expect(registry.nearest(to: "flat_rotat") == "flat_rotate")
    }

    @Test("A name has one owner, and a list with a taken one changes nothing")
    func taken() throws {
        let registry = CommandRegistry()
        try registry.add([command("a", ["b"], of: "first")])
        for clash in [
            [command("x"), command("b")], [command("x", ["a"])], [command("x", ["x"])], [command("x"), command("x")],
        ] {
            #expect(throws: CommandRegistry.Taken.self) { try registry.add(clash) }
            #expect(registry.find("x") == nil)
        }
        do throws(CommandRegistry.Taken) {
            try registry.add([command("b", of: "second")])
        } catch { #expect((error.name, error.owner) == ("b", "first")) }
    }

    @Test("A module's commands go with it, others stay")
    func removal() throws {
        let registry = CommandRegistry()
        try registry.add([command("a", ["aa"], of: "m"), command("b", of: "n"), command("c", of: "m")])
        registry.remove(module: "m")
        #expect(registry.all.map(\.name) == ["b"])
        #expect(registry.find("aa") == nil)
        try registry.add([command("aa", of: "o")])
        #expect(registry.find("aa")?.module == "o")
    }
}
