import ArgumentParser
import Configuration
import Glibc
import Host

/// The daemon's command line.
@main
struct ModhostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modhost",
        abstract: "A host for modules: loads what modules.conf names and serves until it is stopped.",
        usage: """
            modhost [-f FILE] [-m PIDFILE]
            modhost -c [-f FILE]
            modhost explain [RULE]
            modhost doc [NAME ...] [--format markdown|man] [--output DIR]
            modhost new --lang c|cpp|swift|rust NAME [--dir FOLDER]
            """,
        discussion: """
            Runs in the foreground and logs to stderr. SIGTERM and SIGINT stop it cleanly, SIGHUP reopens files (flatstore rotates).
            Exit status: 0 stopped as asked, 78 the configuration is wrong, 71 or 73 the system refused something.
            """,
        version: "modhost \(modhostVersion)",
        subcommands: [Serve.self, Explain.self, Document.self, New.self],
        defaultSubcommand: Serve.self)

    struct Serve: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "serve", abstract: "Load the modules and serve (the default).")

        @Option(name: [.customShort("f"), .customLong("config")], help: "The configuration file.")
        var file = "/etc/modhost/modules.conf"

        @Flag(
            name: [.customShort("c"), .customLong("check")],
            help: "Check the configuration, say what is wrong with it, and exit.")
        var isCheck = false

        @Option(
            name: [.customShort("m"), .customLong("pid-file")], help: "Write the process id to this file while running.")
        var pidFile: String?

        func run() throws {
            let status =
                isCheck
                ? HostProgram.check(path: file)
                : HostProgram.run(path: file, pidFile: pidFile, arguments: CommandLine.arguments)
            throw ExitCode(status)
        }
    }

    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "explain", abstract: "Explain a rule by which a module is refused, such as MH-R103.")

        @Argument(help: "The rule's id; none lists all rules.")
        var rule: String?

        func run() throws {
            guard let rule else { return HostProgram.listRules() }
            throw ExitCode(HostProgram.explain(rule))
        }
    }

    struct Document: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "doc",
            abstract:
                "Print the reference of modules: parameters, commands, functions and pseudo-variables as they declare them.",
            discussion: "The modules are loaded into memory to describe themselves; none is started.")

        @Argument(
            help: """
                A module as in loadmodule, by name or by path, or core for the host itself; none prints core and every module \
                on the default module path.
                """)
        var names: [String] = []

        @Option(help: "markdown, or man for a manual page of section 7.")
        var format = Format.markdown

        @Option(
            name: [.customShort("o"), .customLong("output")],
            help: ArgumentHelp("Write NAME.md or modhost-NAME.7 into this directory instead.", valueName: "dir"),
            completion: .directory)
        var output: String?

        enum Format: String, ExpressibleByArgument, CaseIterable {
            case markdown, man
        }

        func run() throws {
            throw ExitCode(HostProgram.document(names, format: format == .man ? .man : .markdown, output: output))
        }
    }
}
