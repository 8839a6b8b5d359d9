// modctl's command line. What a command does once it is read stands in ManagementClient.

import ArgumentParser
import Configuration
import Glibc
import ManagementClient

@main
struct Modctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modctl",
        abstract: "Command a running modhost through its FIFO.",
        usage: "modctl [options] [command [argument ...]]",
        discussion: """
            Examples:
              modctl which                      list all commands
              modctl flat_rotate                rotate the files of flatstore
              modctl htable.get users alice     arguments by position
              modctl --json ps | jq .           a result for a program
              modctl timestore.get UUID -1d now --plot
                                                values over time (--csv: as a file)
              modctl                            a prompt with history and completion

            Exit status: 0 good, 1 the command failed, 2 usage, 3 no host or no answer.
            """)

    @Option(name: .customLong("fifo"), help: "The FIFO of the host.", completion: .file())
    var fifo: String?

    @Option(
        name: [.customShort("f"), .customLong("config")],
        help: ArgumentHelp(
            "The host's configuration file, to learn its FIFO from.", valueName: "modules.conf"),
        completion: .file(extensions: ["conf", "cfg"]))
    var configurationPath: String?

    @Flag(name: .customLong("json"), help: "Print the result as JSON, as the host sends it.")
    var printsJSON = false

    @Flag(name: .customLong("raw"), help: "Print the whole JSON-RPC response, as the host sends it.")
    var printsResponse = false

    @Flag(name: .customLong("csv"), help: "Print a list of records as comma-separated values.")
    var printsCSV = false

    @Flag(name: .customLong("plot"), help: "Print records of time and value as a chart.")
    var printsPlot = false

    @Option(
        name: .customLong("timeout"),
        help: ArgumentHelp(
            "Seconds to wait for the next piece of the answer; 0 waits for ever.", valueName: "seconds"))
    var timeout: Double = 10

    @Flag(name: [.customLong("no-colour"), .customLong("no-color")], help: "Never print in bold or colour.")
    var noColour = false

    @Flag(
        name: .customLong("keep-going"),
        help: "With commands from standard input: go on after one has failed.")
    var keepsGoing = false

    @Option(
        name: .customLong("arg"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("An argument by name; may be repeated.", valueName: "name=value"))
    var namedArguments: [String] = []

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp(
            "The command and its arguments; everything from here on belongs to the command.",
            discussion: "A number is sent as a number; s: in front makes it a string, i: an integer. "
                + "Without a command: a prompt on a terminal, otherwise commands are read from standard input.",
            valueName: "command"))
    var words: [String] = []

    @Flag(name: .customLong("version"), help: "Print the version.")
    var printsVersion = false

    func validate() throws {
        // Passing words through takes --help too; in front of the command it is modctl's own.
        if words.first == "--help" || words.first == "-h" { throw CleanExit.helpRequest(self) }
        if let word = words.first, word.hasPrefix("-"), word != "--" {
            throw ValidationError("Unknown option '\(word)'; options of modctl come before the command.")
        }
        guard timeout >= 0, timeout <= 1e9 else {
            throw ValidationError("--timeout expects seconds from 0 to 1000000000, found \(timeout).")
        }
        if [printsJSON, printsResponse, printsCSV, printsPlot].count(where: { $0 }) > 1 {
            throw ValidationError("--json, --raw, --csv and --plot exclude one another: give one of them.")
        }
        if !namedArguments.isEmpty, commandWords.isEmpty {
            throw ValidationError("--arg expects a command after the options.")
        }
    }

    /// The words of the command without a leading `--`.
    private var commandWords: [String] { Array(words.first == "--" ? words.dropFirst() : words[...]) }

    static func main() {
        // Widths and the prompt's key codes depend on the locale's character set.
        setlocale(LC_ALL, "")
        Glibc.exit(status(for: Array(CommandLine.arguments.dropFirst())))
    }

    private static func status(for arguments: [String]) -> Int32 {
        let options: Modctl
        do {
            guard let parsed = try parseAsRoot(arguments) as? Modctl else { return 2 }
            options = parsed
        } catch {
            var text = fullMessage(for: error)
            guard exitCode(for: error).isSuccess else {
                if !text.hasSuffix("\n") { text += "\n" }
                return write(
                    text.hasPrefix("Error: ") ? "modctl: " + text.dropFirst(7) : text, to: STDERR_FILENO, 2)
            }
            return write(text.hasSuffix("\n") ? text : text + "\n", to: STDOUT_FILENO, 0)
        }
        if options.printsVersion { return write("modctl \(modhostVersion)\n", to: STDOUT_FILENO, 0) }
        return options.execute()
    }

    private func execute() -> Int32 {
        SignalCleanup.install()
        do {
            let words = commandWords
            let command = words.isEmpty ? nil : try CommandWords(words, named: namedArguments, width: Terminal.width)
            let configuration = try configurationPath.map { path throws(ManagementClientError) in
                try ConfiguredFIFO(readingConfigurationAt: path)
            }
            let location = try FIFOLocation.find(
                fifo: fifo, configuration: configuration,
                environment: { getenv($0).map { String(cString: $0) } }
            )
            let runner = CommandRunner(
                client: ManagementClient(location: location, timeout: timeout == 0 ? nil : .seconds(timeout)),
                form: form
            )
            var output = DescriptorOutput(descriptor: STDOUT_FILENO)
            var errors = DescriptorOutput(descriptor: STDERR_FILENO)
            if let command { return runner.run(command, output: &output, errors: &errors) }
            if isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 {
                return Prompt(runner: runner).run(output: &output, errors: &errors)
            }
            return runner.runScript(
                nextLine: { readLine() }, keepsGoing: keepsGoing, output: &output, errors: &errors
            )
        } catch let error as ManagementClientError {
            return Self.write("modctl: \(error)\n", to: STDERR_FILENO, error.exitStatus)
        } catch {
            return Self.write("modctl: \(error)\n", to: STDERR_FILENO, 2)
        }
    }

    private var form: CommandRunner.Form {
        if printsJSON { return .json }
        if printsResponse { return .raw }
        if printsCSV { return .presented(.csv) }
        if printsPlot { return .presented(.plot(width: Terminal.width)) }
        let isTerminal = isatty(STDOUT_FILENO) == 1
        return .text(
            ResultText(isTerminal: isTerminal, usesColour: isTerminal && allowsColour, width: Terminal.width)
        )
    }

    private var allowsColour: Bool {
        func value(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
        return !noColour && value("NO_COLOR").isEmpty && value("TERM") != "dumb"
    }

    /// Writes and returns `status`, or 1 if the text could not be written.
    private static func write(_ text: String, to descriptor: CInt, _ status: Int32) -> Int32 {
        var stream = DescriptorOutput(descriptor: descriptor)
        do {
            try stream.append(text)
            try stream.flush()
            return status
        } catch {
            return status == 0 ? 1 : status
        }
    }
}
