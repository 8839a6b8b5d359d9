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
            """,
        discussion: """
            Runs in the foreground and logs to stderr. SIGTERM and SIGINT stop it cleanly, SIGHUP reopens files (flatstore rotates).
            Exit status: 0 stopped as asked, 78 the configuration is wrong, 71 or 73 the system refused something.
            """,
        version: "modhost \(modhostVersion)",
        subcommands: [Serve.self, Explain.self],
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
}
