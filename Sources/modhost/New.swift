public import ArgumentParser
import Glibc
public import ModuleTemplate

extension TemplateLanguage: ExpressibleByArgument {}

extension ModhostCommand {
    /// `modhost new`: starts a module.
    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new", abstract: "Start a module: a project that builds, with a command, a parameter and a test.",
            discussion: """
                The project is made in a folder of its own, which must not be there yet or be empty. It builds with the tools of its
                language and with what is installed beside modhost, and answers a command.
                """)

        @Option(name: [.customShort("l"), .customLong("lang")], help: "The language.")
        var language: TemplateLanguage

        @Option(
            name: [.customShort("d"), .customLong("dir")],
            help: ArgumentHelp("The folder to make; one of the module's name without it.", valueName: "folder"))
        var directory: String?

        @Argument(help: "The module's name: a letter a-z, then a-z, 0-9, _ and -.")
        var name: String

        func run() throws {
            do throws(TemplateError) {
                let named = getenv("MODHOST_SHARE").map { String(cString: $0) }
                let kit = try InstalledKit.find(program: InstalledKit.runningProgram, named: named)
                let module = try NewModule(name, in: language, directory: directory, kit: kit)
                try module.make()
                print(module.nextSteps)
            } catch {
                let line = Array("modhost new: \(error)\n".utf8)
                _ = write(STDERR_FILENO, line, line.count)
                throw ExitCode(1)
            }
        }
    }
}
