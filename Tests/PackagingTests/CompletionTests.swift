// Completions as the shells themselves run them, against a host that runs.

import Foundation
import TestSupport
import Testing

private func isInstalled(_ shell: String) -> Bool { (try? runToEnd(shell, ["-c", "true"]))?.status == 0 }

private func startHost() throws -> RunningHost {
    try RunningHost(RunningHost.configuration("loadmodule \"mi-fifo.so\"", "loadmodule \"flatstore.so\""))
}

/// The programs under test come first on the search path.
private let environment = ["PATH": "\(BuiltProducts.directory):/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
private let folder = "\(BuiltProducts.repository)/Packaging/completions"

@Suite struct `Completion in bash` {
    /// What Tab offers behind a line.
    private func completions(_ program: String, _ words: [String]) throws -> [String] {
        let script = """
            source "$0/$1.bash"
            compopt() { :; }
            COMP_WORDS=("${@:1}"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _"$1"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let result = try runToEnd("bash", ["-c", script, folder, program] + words, environment: environment)
        #expect(result.errors == "")
        return result.output.split(separator: "\n").map(String.init)
    }

    @Test("modctl offers the commands of the host that runs, and aliases where no name fits")
    func commands() throws {
        let host = try startHost()
        #expect(
            try completions("modctl", ["--fifo", host.fifo, "flat_"]) == ["flat_flush", "flat_list", "flat_rotate"])
        #expect(try completions("modctl", ["--fifo", host.fifo, "flatstore.k"]) == ["flatstore.k_rotate"])
        #expect(try completions("modctl", ["--fifo", host.fifo, "fifo", "flat_r"]) == ["flat_rotate"])
        #expect(try completions("modctl", ["--fifo", host.fifo, "help", "flat_r"]) == ["flat_rotate"])
    }

    @Test("modctl offers modules, their parameters and log levels where a command takes them")
    func arguments() throws {
        let host = try startHost()
        #expect(try completions("modctl", ["--fifo", host.fifo, "module.info", ""]).sorted() == ["flatstore", "mi-fifo"])
        #expect(
            try completions("modctl", ["--fifo", host.fifo, "module.set", "flatstore", "flu"]) == [
                "flush", "flush_interval",
            ])
        #expect(try completions("modctl", ["--fifo", host.fifo, "log_level", "flatstore", "de"]) == ["debug"])
    }

    @Test("modctl without a host offers its options and nothing else, quietly")
    func noHost() throws {
        #expect(try completions("modctl", ["--fifo", "/nowhere", "fl"]) == [])
        #expect(try completions("modctl", ["--ti"]) == ["--timeout"])
    }

    @Test("modhost offers subcommands, rules and forms")
    func modhost() throws {
        #expect(try completions("modhost", ["ex"]) == ["explain"])
        #expect(try completions("modhost", ["explain", "MH-R12"]).count == 5)
        #expect(try completions("modhost", ["doc", "--format", ""]) == ["markdown", "man"])
        #expect(try completions("modhost", ["new", "--lang", "r"]) == ["rust"])
    }
}

@Suite struct `Completion in fish` {
    @Test("modctl offers the commands with their summaries", .enabled(if: isInstalled("fish"), "fish is not installed"))
    func commands() throws {
        let host = try startHost()
        let home = try TemporaryDirectory()
        let script = "source \(folder)/modctl.fish; complete -C 'modctl --fifo \(host.fifo) flat_'"
        let result = try runToEnd(
            "fish", ["--no-config", "-c", script], environment: environment.merging(["HOME": home.path]) { $1 })
        let names = result.output.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
        #expect(names.map(\.first) == ["flat_flush", "flat_list", "flat_rotate"], "\(result.output)\(result.errors)")
        #expect(names.last?.last?.hasPrefix("Closes all row files") == true)
    }
}

@Suite struct `Completion in zsh` {
    @Test("The files are read without an error", .enabled(if: isInstalled("zsh"), "zsh is not installed"))
    func syntax() throws {
        for name in ["_modctl", "_modhost", "_modcheck"] {
            let result = try runToEnd("zsh", ["-n", "\(folder)/\(name)"])
            #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        }
    }

    @Test("modctl offers the commands of the host", .enabled(if: isInstalled("zsh"), "zsh is not installed"))
    func commands() throws {
        let host = try startHost()
        let home = try TemporaryDirectory()
        // A shell in a pseudo-terminal, as a person has it: type, press Tab, read what the shell inserted.
        let script = """
            zmodload zsh/zpty
            zpty shell zsh -f -i
            # Reads what the shell shows until it holds a text, for 20 seconds at most.
            await() {
                text=
                for at in {1..200}; do
                    if zpty -r -t shell piece; then text+=$piece; else sleep 0.1; fi
                    [[ $text == *$1* ]] && return 0
                done
                print -r -- "no $1 in: ${(V)text}"
                return 1
            }
            zpty -w shell 'fpath=(\(folder) $fpath); autoload -Uz compinit; compinit -u -d \(home.path)/dump; print REA""DY'
            await READY || exit 1
            zpty -w -n shell $'modctl --fifo \(host.fifo) flat_ro\\t'
            await flat_rotate && print found
            zpty -d shell
            """
        let result = try runToEnd(
            "zsh", ["-f", "-c", script],
            environment: environment.merging(["HOME": home.path, "TERM": "xterm", "ZDOTDIR": home.path]) { $1 })
        #expect(result.output.hasSuffix("found\n"), "\(result.output)\(result.errors)")
    }
}
