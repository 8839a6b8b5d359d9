/// A page of the reference for man(1), in the macros of man(7).
struct ManualPage {
    let page: ReferencePage

    /// The name of the page, and of its file before `.7`.
    static func name(of page: ReferencePage) -> String { "modhost-\(page.name)" }

    var text: String {
        let name = Self.name(of: page)
        var lines = [
            ".\\\" Written by modhost doc from what the program declares; changes belong there.",
            ".TH \(Self.plain(name.uppercased())) 7 \"\" \"\(Self.plain(page.name)) \(Self.plain(page.version))\" \"modhost\"",
            // Names are to be copied: neither hyphens nor stretched blanks.
            ".ad l", ".nh", ".SH NAME", "\(Self.plain(name)) \\- \(Self.line(Self.withoutStop(page.summary)))",
        ]
        if !page.synopsis.isEmpty {
            lines += [".SH SYNOPSIS", ".nf"] + page.synopsis.map { ".B \(Self.argument($0))" } + [".fi"]
        }
        if !page.facts.isEmpty {
            lines.append(".SH DESCRIPTION")
            for fact in page.facts {
                lines += [".TP", Self.plain(fact.title) + ":", Self.line(fact.words.joined(separator: ", "))]
            }
        }
        lines += parameters + commands
        lines += scriptNames("SCRIPT FUNCTIONS", page.functions) + scriptNames("PSEUDO-VARIABLES", page.variables)
        lines += scriptNames("TRANSFORMATIONS", page.transformations)
        lines += [".SH SEE ALSO", ".BR modctl (1),", ".BR modules.conf (5),", ".BR modhost (8)"]
        return lines.joined(separator: "\n") + "\n"
    }

    private var parameters: [String] {
        guard !page.parameters.isEmpty else { return [] }
        return [".SH \(page.parametersTitle.uppercased())"]
            + page.parameters.flatMap { parameter in
                var facts = [parameter.type]
                if !parameter.defaultText.isEmpty { facts.append("default \(parameter.defaultText)") }
                if !parameter.accepts.isEmpty { facts.append(parameter.accepts) }
                let text = facts.filter { !$0.isEmpty }.joined(separator: "; ")
                return [
                    ".TP", "\\fB\(Self.plain(parameter.name))\\fR" + (text.isEmpty ? "" : " (\(Self.prose(text)))"),
                    Self.line((parameter.notes + [sentence(parameter.help)]).joined(separator: " ")),
                ]
            }
    }

    private var commands: [String] {
        guard !page.commands.isEmpty else { return [] }
        return [".SH COMMANDS"]
            + page.commands.sorted { $0.name < $1.name }.flatMap { command in
                let words = command.usage.split(separator: " ").map(String.init)
                let arguments = words.dropFirst().map { " \\fI\(Self.plain($0))\\fR" }.joined()
                var lines = [".TP", "\\fB\(Self.plain(command.name))\\fR\(arguments)", Self.line(sentence(command.summary))]
                if !command.arguments.isEmpty {
                    lines.append(".RS")
                    for argument in command.arguments {
                        let facts =
                            [argument.type.name] + (argument.isOptional ? ["optional"] : [])
                            + (argument.isRest ? ["takes the rest"] : [])
                        lines += [
                            ".TP", "\\fI\(Self.plain(argument.name.uppercased()))\\fR (\(facts.joined(separator: ", ")))",
                        ]
                        lines.append(argument.help.isEmpty ? "\\&" : Self.line(sentence(argument.help)))
                    }
                    lines.append(".RE")
                }
                var facts = [command.isChange ? "Changes something" : "Reads only"]
                if command.isSlow { facts[0] += ", runs on a pool thread" }
                if !command.aliases.isEmpty { facts.append("Aliases: \(command.aliases.joined(separator: ", "))") }
                lines += [".IP", Self.line(facts.joined(separator: ". ") + ".")]
                if !command.example.isEmpty { lines += [".IP", Self.line("Example: `modctl \(command.example)`")] }
                return lines
            }
    }

    private func scriptNames(_ title: String, _ names: [ReferencePage.ScriptName]) -> [String] {
        guard !names.isEmpty else { return [] }
        if names.allSatisfy({ $0.notes.isEmpty && $0.summary.isEmpty }) {
            return [".SH \(title)"] + names.flatMap { ["\\fB\(Self.plain($0.usage))\\fR", ".br"] }.dropLast()
        }
        return [".SH \(title)"]
            + names.flatMap { name in
                [
                    ".TP", "\\fB\(Self.plain(name.usage))\\fR",
                    Self.line((name.notes + [sentence(name.summary)]).joined(separator: " ")),
                ]
            }
    }

    private static func withoutStop(_ text: String) -> String { text.hasSuffix(".") ? String(text.dropLast()) : text }

    /// A macro's only argument.
    private static func argument(_ text: String) -> String { "\"\(plain(text).replacing("\"", with: "\\(dq"))\"" }

    /// Text on a line of its own: never taken for a request.
    private static func line(_ text: String) -> String {
        let text = prose(text)
        return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&\(text)" : text
    }

    /// Text in which what stands between backquotes is set in bold.
    private static func prose(_ text: String) -> String {
        let parts = plain(text).split(separator: "`", omittingEmptySubsequences: false)
        guard parts.count % 2 == 1 else { return plain(text) }
        return parts.enumerated().map { index, part in index % 2 == 1 ? "\\fB\(part)\\fR" : String(part) }.joined()
    }

    /// Text with what troff would take for its own escaped; long lists may be broken behind a comma.
    private static func plain(_ text: String) -> String {
        text.map { character in
            switch character {
            case ",": ",\\:"
            case "\\": "\\e"
            case "-": "\\-"
            case "^": "\\(ha"
            case "~": "\\(ti"
            case "\n": " "
            default: String(character)
            }
        }.joined().replacing(",\\: ", with: ", ")
    }
}
