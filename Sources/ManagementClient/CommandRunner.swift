import JSON

/// Runs commands for a person or a script: sends each, prints its result or its error, and tells the exit status.
public struct CommandRunner: Sendable {
    /// How a result is printed.
    public enum Form: Sendable {
        /// As text; the result is read into memory.
        case text(ResultText)
        /// As comma-separated values or a chart; the result is read into memory.
        case presented(Presentation)
        /// The JSON of the result as the host wrote it, streamed.
        case json
        /// The whole JSON-RPC response as the host wrote it, streamed.
        case raw
    }

    public var client: ManagementClient
    public var form: Form

    public init(client: ManagementClient, form: Form) {
        self.client = client
        self.form = form
    }

    /// Runs one command.
    ///
    /// - Parameters:
    ///   - command: What to run.
    ///   - output: Takes the result.
    ///   - errors: Takes one line if there is no result: `modctl: flat_rotate: 500 text`.
    ///   - prefix: What error lines begin with.
    /// - Returns: The exit status: 0 good, 1 the command failed, 3 no answer.
    public func run(
        _ command: CommandWords, output: inout DescriptorOutput, errors: inout DescriptorOutput,
        prefix: String = "modctl: "
    ) -> Int32 {
        do {
            let outcome = try send(command, output: &output)
            try output.flush()
            guard case .failure(let code, let message) = outcome else { return 0 }
            report("\(prefix)\(command.method): \(code) \(message)", to: &errors)
            return 1
        } catch {
            // What came before the fault is shown; if that fails too, the first fault is the one to tell.
            try? output.flush()
            report("\(prefix)\(command.method): \(error)", to: &errors)
            return error.exitStatus
        }
    }

    /// Runs the commands of a script, one a line, quoted as ``ShellWords`` says.
    ///
    /// - Parameters:
    ///   - nextLine: The next line without its newline, nil at the end.
    ///   - keepsGoing: Whether a failure ends the script or not.
    /// - Returns: 0 if all commands were good, otherwise the status of the first that was not.
    public func runScript(
        nextLine: () -> String?, keepsGoing: Bool, output: inout DescriptorOutput,
        errors: inout DescriptorOutput
    ) -> Int32 {
        var result: Int32 = 0
        var number = 0
        while let line = nextLine() {
            number += 1
            let prefix = "modctl: line \(number): "
            var status: Int32 = 0
            do {
                let words = try ShellWords.split(line)
                if words.isEmpty { continue }
                let command = try CommandWords(words)
                status = run(command, output: &output, errors: &errors, prefix: prefix)
            } catch {
                report("\(prefix)\(error)", to: &errors)
                status = 2
            }
            if result == 0 { result = status }
            if status != 0, !keepsGoing { break }
        }
        return result
    }

    private func send(
        _ command: CommandWords, output: inout DescriptorOutput
    ) throws(ManagementClientError) -> Outcome {
        switch command.presentation.map({ .presented($0) }) ?? form {
        case .presented(let presentation):
            switch try client.call(command.method, command.parameters) {
            case .success(let result):
                guard let text = presentation.render(result) else {
                    return .failure(code: 400, message: presentation.expected)
                }
                try output.append(text)
                return .success
            case .failure(let code, let message): return .failure(code: code, message: message)
            }
        case .text(let text):
            switch try client.call(command.method, command.parameters) {
            case .success(let result):
                try output.append(text.render(result))
                return .success
            case .failure(let code, let message):
                return .failure(code: code, message: message)
            }
        case .json, .raw:
            var wroteSomething = false
            let passage: ManagementClient.Passage = if case .raw = form { .response } else { .result }
            let outcome = try client.call(command.method, command.parameters, passing: passage) {
                piece throws(ManagementClientError) in
                wroteSomething = true
                try output.append(piece)
            }
            if wroteSomething { try output.append("\n") }
            return outcome
        }
    }

    /// Writes one line for a person. Where even the error stream fails there is nobody left to tell.
    private func report(_ line: String, to errors: inout DescriptorOutput) {
        let shown = line.split(separator: "\n", omittingEmptySubsequences: false)
            .map { TextMeasure.escaped(String($0)) }.joined(separator: "\n")
        try? errors.append(shown + "\n")
        try? errors.flush()
    }
}
