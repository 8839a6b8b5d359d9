import Foundation
import TestSupport

/// A chapter for module authors, as the commands in it: Documentation/getting-started-LANGUAGE.md.
///
/// A fence `sh` is typed into a shell; one that starts `modhost -f` goes on in a shell of its own; a fence `text` is what the
/// commands before it print. Other fences are to be read only.
struct GettingStartedPage {
    enum Step: Equatable {
        case commands(String)
        case host(String)
        case answer(String)
    }

    var steps: [Step] = []

    init(language: String) throws {
        let path = "\(BuiltProducts.repository)/Documentation/getting-started-\(language).md"
        var fence: (kind: String, lines: [String])?
        for line in try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n") {
            guard line.hasPrefix("```") else {
                fence?.lines.append(line)
                continue
            }
            guard let ended = fence else {
                fence = (String(line.dropFirst(3)), [])
                continue
            }
            fence = nil
            let text = ended.lines.joined(separator: "\n")
            switch ended.kind {
            case "sh": steps.append(text.hasPrefix("modhost -f") ? .host(text) : .commands(text))
            case "text": steps.append(.answer(text))
            default: break
            }
        }
    }

    /// Does what the page says in an empty directory, with an installed modhost and nothing else of it.
    ///
    /// - Parameter environment: Variables put over those of the installed tree.
    /// - Returns: The folder of the project, and what the commands printed, all together.
    func follow(
        in directory: TemporaryDirectory, tree: InstalledTree, environment: [String: String] = [:]
    ) throws -> (folder: String, output: String) {
        let environment = tree.environment.merging(environment) { $1 }
        var folder = directory.path
        var printed = ""
        var everything = ""
        var host: ChildProcess?
        defer { host?.end() }
        for step in steps {
            switch step {
            case .commands(let text):
                // The folder that a `cd` leads to is that of the next commands, as in a shell that stays open.
                let script = "set -e\n\(text)\npwd >'\(directory.file("folder"))'\n"
                let done = try runToEnd(
                    "sh", ["-c", script], directory: folder, environment: environment, within: .seconds(400))
                guard done.status == 0 else {
                    throw TestFailure("\(text)\nended with \(done.status): \(done.output)\(done.errors)")
                }
                printed = done.output
                everything += done.output
                folder = directory.text("folder").trimmingCharacters(in: .newlines)
            case .host(let command):
                host = try ChildProcess(
                    "sh", ["-c", "exec \(command)"], directory: folder, environment: environment,
                    output: directory.file("out"), errors: directory.file("log"))
                guard eventually({ directory.text("log").contains("ready in ") || host?.ended != nil }), host?.ended == nil
                else { throw TestFailure("\(command) is not ready: \(directory.text("log"))") }
            case .answer(let text):
                guard printed.trimmingCharacters(in: .newlines) == text else {
                    throw TestFailure("the page promises \"\(text)\", the commands print \"\(printed)\"")
                }
            }
        }
        if let host {
            host.signal(SIGTERM)
            let status = try host.wait()
            guard status == 0 else { throw TestFailure("modhost ended with \(status): \(directory.text("log"))") }
        }
        return (folder, everything)
    }
}
