// The prompt of `modctl` without a command: line editing, history and completion by libedit. This file owns the editor and
// its history; both are freed before `run` returns.

import CEdit
import Glibc
import ManagementClient

/// An interactive session.
final class Prompt {
    private let runner: CommandRunner
    private var names: [String] = []
    /// Ctrl-C was pressed: the line that the editor returns next is not wanted.
    private var lineIsCancelled = false

    private static let help = """
        Type a command and its arguments, quoted as in a shell. Tab completes commands, the arrow keys walk the history.
          which          lists all commands
          help COMMAND   tells the command's arguments
          quit           leaves; so does Ctrl-D

        """

    init(runner: CommandRunner) { self.runner = runner }

    /// Reads and runs commands until the person leaves.
    ///
    /// - Returns: 0, or 3 if there is no host at the start.
    func run(output: inout DescriptorOutput, errors: inout DescriptorOutput) -> Int32 {
        SignalCleanup.catchInterrupts(true)
        do { names = try runner.client.commandNames() } catch {
            try? errors.append("modctl: \(error)\n")
            try? errors.flush()
            return error.exitStatus
        }
        guard let editor = modhost_edit_open("modctl") else {
            try? errors.append(
                "modctl: the line editor did not start; commands can be given on standard input\n")
            try? errors.flush()
            return 1
        }
        defer { el_end(editor) }
        let history = modhost_history_open(editor, 1000)
        defer { if let history { history_end(history) } }
        let historyPath = Self.historyPath
        if let history, let historyPath { _ = modhost_history_load(history, historyPath) }
        configure(editor)
        while let line = nextLine(editor) {
            if line.isEmpty { continue }
            if let history { _ = modhost_history_add(history, line) }
            SignalCleanup.catchInterrupts(true)
            if !run(line, output: &output, errors: &errors) { break }
        }
        if let history, let historyPath { Self.save(history, to: historyPath) }
        return 0
    }

    private func configure(_ editor: OpaquePointer) {
        modhost_edit_set_client_data(editor, Unmanaged.passUnretained(self).toOpaque())
        modhost_edit_set_prompt(editor) { _ in Prompt.text }
        modhost_edit_set_keys(editor)
        modhost_edit_bind(editor, "^I", "modctl-complete", "Complete a command") { editor, _ in
            guard let editor, let prompt = Prompt.of(editor) else { return UInt8(CC_ERROR) }
            return prompt.complete(editor)
        }
        modhost_edit_bind(editor, "^C", "modctl-cancel", "Cancel the line") { editor, _ in
            guard let editor, let prompt = Prompt.of(editor) else { return UInt8(CC_ERROR) }
            prompt.lineIsCancelled = true
            Prompt.show("^C")
            return UInt8(CC_NEWLINE)
        }
        modhost_edit_read_user_settings(editor)
    }

    /// The next line without white space around it; empty if it was cancelled, nil at the end.
    private func nextLine(_ editor: OpaquePointer) -> String? {
        lineIsCancelled = false
        var count: CInt = 0
        guard let text = el_gets(editor, &count), count > 0 else {
            Self.show("\n")
            return nil
        }
        if lineIsCancelled {
            Self.show("\n")
            return ""
        }
        let bytes = UnsafeRawBufferPointer(start: text, count: Int(count))
        var line = Substring(String(decoding: bytes, as: UTF8.self))
        while line.last?.isWhitespace == true { line.removeLast() }
        return String(line.drop { $0.isWhitespace })
    }

    /// Runs one line; false if it asks to leave.
    private func run(_ line: String, output: inout DescriptorOutput, errors: inout DescriptorOutput) -> Bool {
        do {
            let words = try ShellWords.split(line)
            switch words {
            case []: break
            case ["quit"], ["exit"]: return false
            case ["help"]: Self.show(Self.help)
            default: _ = runner.run(try CommandWords(words, width: Terminal.width), output: &output, errors: &errors)
            }
        } catch {
            try? errors.append("modctl: \(error)\n")
            try? errors.flush()
        }
        return true
    }

    /// The Tab key: inserts what all fitting names share, or lists them.
    private func complete(_ editor: OpaquePointer) -> UInt8 {
        guard let line = el_line(editor) else { return UInt8(CC_ERROR) }
        let count = line.pointee.cursor - line.pointee.buffer
        let text = String(
            decoding: UnsafeRawBufferPointer(start: line.pointee.buffer, count: count), as: UTF8.self)
        // Modules come and go: what the host has now is asked whenever the known names do not fit.
        if names.isEmpty || CommandCompletion(text, names: names)?.candidates.isEmpty == true,
            let fresh = try? runner.client.commandNames()
        {
            names = fresh
        }
        guard let completion = CommandCompletion(text, names: names), !completion.candidates.isEmpty else {
            return UInt8(CC_REFRESH_BEEP)
        }
        if !completion.insertion.isEmpty {
            return UInt8(el_insertstr(editor, completion.insertion) == 0 ? CC_REFRESH : CC_ERROR)
        }
        Self.show("\n" + CommandCompletion.columns(completion.candidates, width: Terminal.width))
        return UInt8(CC_REDISPLAY)
    }

    private static func of(_ editor: OpaquePointer) -> Prompt? {
        modhost_edit_client_data(editor).map { Unmanaged<Prompt>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The prompt's text, which the editor neither changes nor frees.
    nonisolated(unsafe) private static let text: UnsafeMutablePointer<CChar>? = strdup("modctl> ")

    private static func show(_ text: String) {
        var output = DescriptorOutput(descriptor: STDOUT_FILENO)
        try? output.append(text)
        try? output.flush()
    }

    /// `MODHOST_HISTORY`, or `.modctl_history` in the home directory; nil for no history (an empty `MODHOST_HISTORY`).
    private static var historyPath: String? {
        if let named = getenv("MODHOST_HISTORY") { return named.pointee == 0 ? nil : String(cString: named) }
        guard let home = getenv("HOME"), home.pointee != 0 else { return nil }
        return String(cString: home) + "/.modctl_history"
    }

    /// Saves so that nobody else can read it: commands may hold what is private.
    private static func save(_ history: OpaquePointer, to path: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        fchmod(descriptor, 0o600)
        close(descriptor)
        _ = modhost_history_save(history, path)
    }
}
