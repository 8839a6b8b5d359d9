/// A page of the reference in Markdown, as GitHub reads it.
struct MarkdownPage {
    let page: ReferencePage

    var text: String {
        var parts = [
            "<!-- Written by `modhost doc` from what the program declares; changes belong there. -->",
            "# \(page.name)", Self.prose(page.summary),
        ]
        if !page.synopsis.isEmpty { parts.append("```\n\(page.synopsis.joined(separator: "\n"))\n```") }
        if !page.facts.isEmpty {
            parts.append(
                page.facts.map { fact in "- \(fact.title): \(fact.words.map(Self.code).joined(separator: ", "))" }
                    .joined(separator: "\n"))
        }
        parts += parameters + commands
        parts += scriptNames("Script functions", page.functions) + scriptNames("Pseudo-variables", page.variables)
        parts += scriptNames("Transformations", page.transformations)
        return parts.joined(separator: "\n\n") + "\n"
    }

    private var parameters: [String] {
        guard !page.parameters.isEmpty else { return [] }
        let hasTypes = page.parameters.contains { !$0.type.isEmpty }
        var rows = [["name"] + (hasTypes ? ["type"] : []) + ["default", "accepted", "meaning"]]
        for parameter in page.parameters {
            let meaning = (parameter.notes + [sentence(parameter.help)]).joined(separator: " ")
            rows.append(
                [Self.code(parameter.name)] + (hasTypes ? [parameter.type] : [])
                    + [Self.code(parameter.defaultText), Self.prose(parameter.accepts), Self.prose(meaning)])
        }
        return ["## \(page.parametersTitle)", Self.table(rows)]
    }

    private var commands: [String] {
        guard !page.commands.isEmpty else { return [] }
        return ["## Commands"]
            + page.commands.sorted { $0.name < $1.name }.flatMap { command in
                var parts = ["### \(command.name)", Self.code(command.usage), Self.prose(sentence(command.summary))]
                if !command.arguments.isEmpty {
                    parts.append(
                        Self.table(
                            [["argument", "type", "meaning"]]
                                + command.arguments.map { argument in
                                    [
                                        Self.code(argument.name), argument.type.name + Self.note(argument),
                                        Self.prose(argument.help),
                                    ]
                                }))
                }
                var facts = [command.isChange ? "Changes something" : "Reads only"]
                if command.isSlow { facts[0] += ", runs on a pool thread" }
                if !command.aliases.isEmpty {
                    facts.append("Aliases: \(command.aliases.map(Self.code).joined(separator: ", "))")
                }
                if !command.example.isEmpty { facts.append("Example: \(Self.code("modctl \(command.example)"))") }
                parts.append(facts.joined(separator: ". ") + ".")
                return parts
            }
    }

    private static func note(_ argument: Command.Argument) -> String {
        (argument.isOptional ? ", optional" : "") + (argument.isRest ? ", takes the rest" : "")
    }

    private func scriptNames(_ title: String, _ names: [ReferencePage.ScriptName]) -> [String] {
        guard !names.isEmpty else { return [] }
        if names.allSatisfy({ $0.notes.isEmpty && $0.summary.isEmpty }) {
            return ["## \(title)", names.map { Self.code($0.usage) }.joined(separator: ", ")]
        }
        let rows = names.map { name in
            [Self.code(name.usage), Self.prose((name.notes + [sentence(name.summary)]).joined(separator: " "))]
        }
        return ["## \(title)", Self.table([["name", "meaning"]] + rows)]
    }

    /// A table; its first row is the head. A bar inside a cell is escaped, which holds inside code too.
    private static func table(_ rows: [[String]]) -> String {
        var lines = rows.map { row in "| " + row.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |" }
        lines.insert("|" + String(repeating: "---|", count: rows[0].count), at: 1)
        return lines.joined(separator: "\n")
    }

    /// Text as code; nothing for nothing.
    private static func code(_ text: String) -> String {
        guard !text.isEmpty else { return "" }
        return text.contains("`") ? "`` \(text) ``" : "`\(text)`"
    }

    /// Plain text with what Markdown would take for its own escaped; what stands between backquotes is code already.
    private static func prose(_ text: String) -> String {
        let isPaired = text.count { $0 == "`" }.isMultiple(of: 2)
        var isCode = false
        var result = ""
        for character in text {
            if character == "`" {
                if isPaired { isCode.toggle() } else { result += "\\" }
            } else if !isCode, "\\*<[".contains(character) {
                result += "\\"
            }
            result.append(character == "\n" ? " " : character)
        }
        return result
    }
}
