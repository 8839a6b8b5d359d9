import ArgumentParser
import Glibc
import ModuleCheck

/// The validator's command line.
@main
struct Modcheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modcheck",
        abstract:
            "Check modules for modhost: the file, the descriptor, and how the module behaves towards a host that trusts nobody.",
        discussion: """
            Each probe runs in a process of its own; a module that crashes, hangs or exits is a finding and never the end of modcheck. \
            The module's code runs with your rights, in a temporary directory: check modules that you would also load.
            Exit status: 0 no finding of severity error, 1 some, 2 the arguments make no sense.
            """,
        version: "modcheck \(ModuleCheckProgram.version)")

    @Argument(help: "The modules, as paths of .so files.")
    var modules: [String] = []

    @Option(name: .customLong("with"), help: "A module that provides what the checked ones require. May be repeated.")
    var companions: [String] = []

    @Option(
        name: .customLong("param"), parsing: .unconditionalSingleValue,
        help: "A parameter's value: NAME=VALUE, or MODULE:NAME=VALUE. May be repeated.")
    var parameters: [String] = []

    @Option(name: .customLong("mute"), help: "Leave out the findings of these checks: ID[,ID]. May be repeated.")
    var muted: [String] = []

    @Option(
        name: .customLong("config"), help: "A file of lines `mute ID reason`; otherwise .modcheck here, if there is one.")
    var configuration: String?

    @Option(help: "The seed of all that is random; it is printed with the result.")
    var seed: UInt64?

    @Option(help: "Seconds that one case may take.")
    var timeout = 10.0

    @Flag(help: "Print the findings, or the list of checks, as JSON.")
    var json = false

    @Flag(help: "Print errors only.")
    var quiet = false

    @Flag(help: "Print the table of checks and exit.")
    var list = false

    static func main() {
        if CommandLine.arguments.count == 3, CommandLine.arguments[1] == ModuleCheckProgram.probeWord {
            Glibc.exit(ModuleCheckProgram.probe(CommandLine.arguments[2]))
        }
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let code = exitCode(for: error)
            // The package's own status for a wrong command line is 64; the manual page promises 2.
            guard code == .validationFailure else { exit(withError: error) }
            let text = Array((fullMessage(for: error) + "\n").utf8)
            text.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
            Glibc.exit(2)
        }
    }

    func validate() throws {
        if modules.isEmpty, !list { throw ValidationError("no module is named; give the path of a .so file") }
    }

    func run() throws {
        if list { return ModuleCheckProgram.list(isJSON: json) }
        var options = CheckOptions()
        options.modules = modules
        options.companions = companions
        options.parameters = parameters
        options.muted = muted
        options.configuration = configuration
        options.seed = seed
        options.timeout = timeout
        options.isJSON = json
        options.isQuiet = quiet
        throw ExitCode(ModuleCheckProgram.run(options))
    }
}
