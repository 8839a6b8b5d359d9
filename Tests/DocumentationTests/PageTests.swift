// How the pages of the reference are set: no text of a module's author can break a table or be taken for a request of troff.

import TestSupport
import Testing

@testable import Host

@Suite struct `A page of the reference` {
    private let page: ReferencePage = {
        var page = ReferencePage(name: "odd", version: "1.0", summary: "*Odd* <texts> [of] an_author.")
        page.parameters = [
            ReferencePage.Parameter(
                name: "mark", type: "string", defaultText: "\"|\"", accepts: "`\"|\"`, `\"\\\"`", notes: ["Required."],
                help: ".begins with a stop \\| and `code|here`")
        ]
        page.commands = [
            Command(
                name: "odd.do", aliases: ["odd_do"], isChange: true, isSlow: true, summary: "'quoted' and one ` alone",
                example: "odd.do a|b",
                arguments: [
                    Command.Argument(name: "what", type: .string, help: "a\nb"),
                    Command.Argument(name: "more", type: .any, isOptional: true, isRest: true, help: ""),
                ], module: "odd", action: .module(handler: nil, context: nil))
        ]
        page.variables = [ReferencePage.ScriptName(usage: "$odd(…)", notes: ["Read only."], summary: "reads")]
        return page
    }()

    @Test("In Markdown a cell holds any text, and every row of a table has as many cells as its head")
    func markdown() {
        let text = MarkdownPage(page: page).text
        #expect(text.contains("\\*Odd\\* \\<texts> \\[of] an_author."))
        #expect(
            text.contains(
                #"| `mark` | string | `"\|"` | `"\|"`, `"\"` | Required. .begins with a stop \\\| and `code\|here`. |"#))
        #expect(text.contains("'quoted' and one \\` alone."))
        #expect(text.contains("`odd.do WHAT [MORE…]`"))
        #expect(text.contains("| `what` | string | a b |\n| `more` | scalar, optional, takes the rest |  |"))
        #expect(text.contains("Changes something, runs on a pool thread. Aliases: `odd_do`. Example: `modctl odd.do a|b`."))
        #expect(text.contains("| `$odd(…)` | Read only. Reads. |"))
        var cells = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let bars = line.replacing("\\|", with: "").count { $0 == "|" }
            guard line.hasPrefix("|") else {
                cells = 0
                continue
            }
            if cells == 0 { cells = bars }
            #expect(bars == cells, "\(line)")
        }
    }

    @Test("A manual page is taken by man without a warning, and shows the texts as they are")
    func manual() throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write(ManualPage(page: page).text, to: "modhost-odd.7")
        let arguments = ["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-P", "cat", file]
        let result = try runToEnd(
            "man", arguments, environment: ["LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "120", "TERM": "dumb"])
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        // Bold is overstruck.
        let plain = result.output.replacing(/.\u{8}/, with: "").replacing(/\u{1B}\[[0-9;]*m/, with: "")
        #expect(plain.contains(#"mark (string; default "|"; "|", "\")"#))
        #expect(plain.contains(#"Required. .begins with a stop \| and code|here"#))
        #expect(plain.contains("'quoted' and one ` alone"))
        #expect(plain.contains("odd.do WHAT [MORE…]"))
        #expect(plain.contains("Example: modctl odd.do a|b"))
    }
}
