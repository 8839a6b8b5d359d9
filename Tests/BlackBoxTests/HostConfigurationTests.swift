import TestSupport
import Testing

/// What the real modhost says of configurations, good and bad.
@Suite("Configurations before the start")
struct HostConfigurationTests {
    /// Writes a file as `modules.conf` and runs `modhost -c` on it.
    private func check(_ text: String, in directory: TemporaryDirectory? = nil) throws -> ProgramResult {
        let directory = try directory ?? TemporaryDirectory()
        try directory.write(text, to: "modules.conf")
        return try modhost("-c", "-f", "modules.conf", in: directory)
    }

    private func modhost(_ arguments: String..., in directory: TemporaryDirectory) throws -> ProgramResult {
        try runToEnd(BuiltProducts.modhost, arguments, directory: directory.path)
    }

    @Test("Everything that is wrong is said in one go, each with its place, what was found and what to do")
    func allErrorsAtOnce() throws {
        let modules = BuiltProducts.directory
        let result = try check(
            """
            mpath "\(modules)"
            wrokers = 3
            workers = "many"
            loadmodule "mi-fifo"
            loadmodule "flatstor.so"
            loadmodule "flatstore.so"
            loadmodule "libflatstore"
            modparam("mi_fifo", "fifo_nme", "x")
            modparam("mi-fifo", "reply_timeout", "soon")
            modparam("mi-fifo", "max_request", 5)
            modparam("nobody", "x", 1)
            include_file "missing.cfg"
            modparam("flatstore", "flush" 1)

            """)
        #expect(result.status == 78)
        let expected = """
            modules.conf:2:1: error: unknown core setting wrokers; did you mean workers?
            modules.conf:3:11: error: workers is the string "many", expected an integer from 0 to 256
            modules.conf:5:12: error: module flatstor.so is not found: looked for \(modules)/flatstor.so, \(modules)/libflatstor.so [MH-R101]; did you mean flatstore? Correct the name, add the directory with mpath "DIR", or install the module.
            modules.conf:7:12: error: \(modules)/libflatstore.so is loaded already at modules.conf:6:12 [MH-R113]; remove one of the loadmodule lines
            modules.conf:8:21: error: module mi-fifo has no parameter fifo_nme [MH-R120]; did you mean fifo_name?
            modules.conf:9:38: error: mi-fifo's reply_timeout is the string "soon", expected a duration such as 200ms or 5s, or a number in s, from 1ms to 1h [MH-R121]; correct the value at the place that is named
            modules.conf:10:36: error: mi-fifo's max_request is the integer 5, expected a size such as 4096, "64k" or "1 MiB", from 256 bytes to 64 MiB [MH-R121]; correct the value at the place that is named
            modules.conf:11:10: error: no loaded module is called nobody [MH-R119]; loaded are mi-fifo, mi_fifo, flatstore, db_flatstore
            modules.conf:12:14: error: found no file "missing.cfg", expected the file to include; import_file passes over a missing file
            modules.conf:13:31: error: found the number 1, expected ',' and a value after the parameter's name; write modparam("module", "name", value)

            """
        #expect(result.errors == expected)
    }

    @Test(
        "A mistake in the form is placed and explained",
        arguments: [
            (
                "loadmodule \"mi-fifo.so\nworkers = 2\n",
                "1:12: error: found the end of the line inside a string, expected a closing '\"'; for text of several lines use '…', or a string on each line: neighbours are joined"
            ),
            ("run_dir = 'abc\n\n", "1:11: error: found a string that never ends, expected a closing \"'\""),
            (
                "workers = 2 run_dir = \"run\"\n",
                "1:13: error: found 'run_dir' on the line of 'workers', expected ';' or a new line between the two; put a ';' before 'run_dir'"
            ),
            (
                "loadmodule mi-fifo.so\n",
                "1:12: error: found 'mi', expected the module's name in quotes; write loadmodule \"mi-fifo.so\""
            ),
            ("/* open\n", "1:1: error: found a comment that never ends, expected '*/'"),
            (
                "#!define X 1\n#!ifdef X\nworkers = 1\n",
                "2:1: error: found '#!ifdef' without its end, expected '#!endif' before the end of the file"
            ),
            (
                "route { xlog(\"x\");\n",
                "1:7: error: found '{' that is never closed, expected '}' before the end of the file"
            ),
            (
                "include_file \"modules.conf\"\n",
                "1:14: error: found a file that includes itself: modules.conf:1 -> modules.conf; remove one of these lines"
            ),
            (
                "\0\u{1}\u{2}abc",
                "1:1: error: found a NUL byte, expected text; this is not a configuration file"
            ),
            (
                "loadmodule \"/etc/passwd\"\n",
                "1:12: error: /etc/passwd is not an ELF file [MH-R102]; build the module for this machine with -shared -fPIC, or copy the file again"
            ),
        ])
    func mistake(text: String, expected: String) throws {
        let result = try check(text)
        #expect(result.status == 78)
        #expect(result.errors == "modules.conf:\(expected)\n")
        #expect(result.output.isEmpty)
    }

    @Test("A module given as the configuration is recognised")
    func binary() throws {
        let directory = try TemporaryDirectory()
        let result = try runToEnd(
            BuiltProducts.modhost, ["-c", "-f", "\(BuiltProducts.directory)/libmi-fifo.so"], directory: directory.path)
        #expect(result.status == 78)
        #expect(
            result.errors.hasSuffix(
                ":1:1: error: found an ELF binary, expected a configuration file; name the configuration file here, and modules in it with loadmodule\n"
            ))
    }

    @Test("A loop of includes over two files is refused with the whole way")
    func includeLoop() throws {
        let directory = try TemporaryDirectory()
        try directory.write("include_file \"modules.conf\"\n", to: "other.conf")
        let result = try check("include_file \"other.conf\"\n", in: directory)
        #expect(result.status == 78)
        #expect(result.errors.contains("found a file that includes itself: "))
        #expect(result.errors.contains("modules.conf:1 -> "))
    }

    @Test("A missing file and a directory are refused")
    func unreadable() throws {
        let directory = try TemporaryDirectory()
        let missing = try modhost("-f", "nowhere.conf", in: directory)
        #expect(missing.status == 78)
        #expect(
            missing.errors
                == "nowhere.conf:1:1: error: cannot read the configuration: found no such file; give the configuration file with -f FILE\n"
        )
        let folder = try modhost("-f", directory.path, in: directory)
        #expect(folder.status == 78)
        #expect(
            folder.errors
                == "\(directory.path):1:1: error: cannot read the configuration: found a directory, expected a regular file\n"
        )
    }

    @Test("An empty file is a good configuration, of a host without modules")
    func empty() throws {
        let result = try check("")
        #expect(result.status == 0)
        #expect(result.output == "modules.conf: good; it loads no module\n")
        #expect(result.errors.isEmpty)
    }

    @Test("What only warns does not refuse")
    func warnings() throws {
        let result = try check(
            RunningHost.configuration(
                "children = 4", "loadmodule \"gone.so\" optional", "loadmodule \"mi-fifo.so\"",
                "modparam(\"gone\", \"x\", 1)", "modparam(\"mi-fifo\", \"fifo_mode\", \"0600\")",
                "modparam(\"mi_fifo\", \"fifo_mode\", \"0660\")"))
        #expect(result.status == 0)
        #expect(result.output == "modules.conf: good; modules: mi-fifo\n")
        let lines = result.errors.split(separator: "\n")
        #expect(lines.allSatisfy { $0.contains(": warning: ") })
        #expect(
            lines.contains { $0.contains("4:1: warning: the setting children has no meaning here and is ignored") }
        )
        #expect(lines.contains { $0.contains("5:12: warning: module gone.so is not found") })
        #expect(
            lines.contains {
                $0.contains("mi-fifo's fifo_mode is set again; this line wins over modules.conf:8:")
            })
        #expect(lines.count == 3)
    }

    @Test("-c touches nothing: no run directory, no FIFO, no socket, no pid file, no row file")
    func checkHasNoSideEffects() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            RunningHost.configuration(
                "pid_file = \"modhost.pid\"", "loadmodule \"mi-fifo.so\"", "loadmodule \"flatstore.so\"",
                "loadmodule \"acc.so\"", "modparam(\"mi-fifo\", \"fifo_name\", \"\(directory.path)/x.fifo\")",
                "modparam(\"acc\", \"db_url\", \"flatstore:\(directory.path)\")",
                "modparam(\"acc\", \"listen\", \"unix:\(directory.path)/acc.sock\")"), to: "modules.conf")
        let result = try modhost("-c", "-f", "modules.conf", "-m", "other.pid", in: directory)
        #expect(result.status == 0)
        #expect(result.output == "modules.conf: good; modules: mi-fifo, flatstore, acc\n")
        #expect(result.errors.isEmpty)
        #expect(directory.names() == ["modules.conf"])
    }

    @Test("A configuration that is refused at start leaves nothing behind")
    func refusedStart() throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            RunningHost.configuration(
                "loadmodule \"mi-fifo.so\"", "loadmodule \"flatstore.so\"", "loadmodule \"acc.so\"",
                "modparam(\"acc\", \"db_url\", \"flatstore:nowhere\")"), to: "modules.conf")
        let result = try modhost("-f", "modules.conf", in: directory)
        #expect(result.status == 78)
        #expect(result.errors.contains("modules.conf:6:12: error: module acc does not start: "))
        #expect(result.errors.contains("nowhere"))
        #expect(result.errors.contains("[MH-R118]"))
        #expect(directory.names(in: "run").isEmpty)
    }

    @Test("A module's aliases name it in loadmodule and in modparam")
    func aliases() throws {
        let result = try check(
            RunningHost.configuration(
                "loadmodule \"db_flatstore.so\"", "loadmodule \"mi_fifo\"",
                "modparam(\"db_flatstore\", \"flush\", 0)",
                "modparam(\"db_flatstore|flatstore\", \"file_mode\", \"0600\")"))
        #expect(result.status == 0)
        #expect(result.output == "modules.conf: good; modules: flatstore, mi-fifo\n")
        #expect(result.errors.isEmpty)
        let twice = try check(
            RunningHost.configuration("loadmodule \"flatstore.so\"", "loadmodule \"db_flatstore.so\""))
        #expect(twice.status == 78)
        #expect(twice.errors.contains("modules.conf:5:12: error: "))
        #expect(twice.errors.contains("is loaded already at modules.conf:4:12 [MH-R113]"))
    }

    @Test("A module whose provider is not loaded says which line to add")
    func missingProvider() throws {
        let result = try check(RunningHost.configuration("loadmodule \"acc.so\""))
        #expect(result.status == 78)
        #expect(
            result.errors
                == "modules.conf:4:12: error: module acc requires mh.db/1, which no loaded module provides [MH-R115]; add a loadmodule line for a database module, such as loadmodule \"flatstore.so\"\n"
        )
    }

    @Test("explain prints a rule, all rules, or that there is none")
    func explain() throws {
        let directory = try TemporaryDirectory()
        let rule = try modhost("explain", "MH-R115", in: directory)
        #expect(rule.status == 0)
        #expect(rule.output.hasPrefix("MH-R115: What a module requires is provided by a loaded module.\n\n"))
        #expect(rule.output.contains("\nNext step: Add a loadmodule line for a module that provides it.\n"))
        #expect(try modhost("explain", "r115", in: directory).output == rule.output)
        let all = try modhost("explain", in: directory).output.split(separator: "\n")
        #expect(all.count == 24)
        #expect(all.first?.hasPrefix("MH-R101  ") == true)
        #expect(all.last?.hasPrefix("MH-R124  ") == true)
        let none = try modhost("explain", "MH-R999", in: directory)
        #expect(none.status == 2)
        #expect(none.errors.hasPrefix("modhost: there is no rule MH-R999"))
        #expect(none.errors.hasSuffix("Rules are MH-R101 to MH-R124.\n"))
    }

    @Test("--version, --help, and an option that there is not")
    func commandLine() throws {
        let directory = try TemporaryDirectory()
        let version = try modhost("--version", in: directory)
        #expect(version.status == 0)
        #expect(version.output.wholeMatch(of: #/modhost \d+\.\d+\.\d+\n/#) != nil)
        let help = try modhost("--help", in: directory)
        #expect(help.status == 0)
        for word in ["--version", "explain", "SIGHUP", "Exit status: 0"] { #expect(help.output.contains(word)) }
        let serve = try modhost("serve", "--help", in: directory)
        for word in ["-f", "-c", "-m"] { #expect(serve.output.contains("\(word), --")) }
        let wrong = try modhost("--daemonize", in: directory)
        #expect(wrong.status == 64)
        #expect(wrong.errors.contains("Unknown option '--daemonize'"))
    }
}
