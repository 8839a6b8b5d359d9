// Every piece of configuration in the pages is given to `modhost -c`: what a reader copies is good.

import Foundation
import TestSupport
import Testing

@Suite struct `Configuration in the pages` {
    /// The modules that a page may count on when its piece loads none itself, with what they must be told.
    private static let everything = """
        loadmodule "mi-fifo.so"
        loadmodule "flatstore.so"
        loadmodule "acc.so"
        loadmodule "htable.so"
        loadmodule "timestore.so"
        loadmodule "rtimer.so"
        loadmodule "ask.so"
        modparam("acc", "db_url", "flatstore:/var/log/acc")
        modparam("timestore", "data_directory", "/var/lib/modhost/timestore")

        """

    private static let pages: [String] = {
        let folder = "\(BuiltProducts.repository)/Documentation"
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        let generated = names.filter { $0.hasPrefix("reference/") }
        return ["README.md"]
            + names.filter { $0.hasSuffix(".md") && !generated.contains($0) }.map { "Documentation/\($0)" }.sorted()
    }()

    /// The fenced blocks that hold statements of a configuration. The one that shows mistakes is left out.
    private static func pieces(of page: String) -> [String] {
        repositoryText(page).matches(of: #/(?ms)^```[a-z]*\n(.*?)^```/#).map { String($0.1) }.filter { block in
            block.contains(#/(?m)^(loadmodule|modparam|request_route|route|event_route)\b/#) && !block.contains("wokers")
        }
    }

    @Test("A piece of configuration is good", arguments: pages)
    func pieces(page: String) throws {
        for piece in Self.pieces(of: page) {
            let folder = try TemporaryDirectory()
            let prelude = piece.contains("loadmodule") ? "" : Self.everything
            // Included files stand beside it, as the page has it; they may be missing.
            let file = try folder.write("mpath \"\(BuiltProducts.directory)\"\n\(prelude)\(piece)", to: "modules.conf")
            let result = try runToEnd(BuiltProducts.modhost, ["-c", "-f", file])
            #expect(result.status == 0, "\(page):\n\(piece)\n\(result.errors)")
        }
    }

    @Test("There are such pieces")
    func count() { #expect(Self.pages.flatMap(Self.pieces).count >= 10) }

    @Test("The page on configuration shows what is really said of its mistakes")
    func mistakes() throws {
        let blocks = repositoryText("Documentation/configuration.md").matches(of: #/(?ms)^```[a-z]*\n(.*?)^```/#).map(\.1)
        let wrong = try #require(blocks.first { $0.contains("wokers") && !$0.hasPrefix("$") })
        let shown = try #require(blocks.first { $0.contains("$ modhost -c -f bad.conf") })
        let folder = try TemporaryDirectory()
        try folder.makeDirectory("modules")
        for name in ["mi-fifo", "flatstore", "acc"] {
            let target = "\(BuiltProducts.directory)/lib\(name).so"
            try FileManager.default.createSymbolicLink(
                atPath: folder.file("modules/\(name).so"), withDestinationPath: target)
        }
        try folder.write(String(wrong), to: "bad.conf")
        // The module path is set in front, on a line that does not count.
        try folder.write("mpath \"modules\"\ninclude_file \"bad.conf\"\n", to: "modules.conf")
        let result = try runToEnd(BuiltProducts.modhost, ["-c", "-f", "modules.conf"], directory: folder.path)
        #expect(result.status == 78)
        let lines = shown.split(separator: "\n").filter { $0.hasPrefix("bad.conf:") }
        #expect(lines.count == 7)
        for line in lines {
            // Where modules were looked for differs from place to place.
            let said = line.replacing(#/looked for .* \[/#, with: "[")
            let found = result.errors.replacing("\(folder.path)/", with: "").split(separator: "\n")
                .map { $0.replacing(#/looked for .* \[/#, with: "[") }
            #expect(found.contains(said), "\(said)\n\(found.joined(separator: "\n"))")
        }
    }
}
