import Configuration
import Foundation
import Testing

@Suite("Included files")
struct IncludeTests {
    @Test(
        "A file takes the place of its include statement",
        arguments: [
            "#!include_file \"b.conf\"", "!!include_file \"b.conf\"", "include_file \"b.conf\"",
            "import_file \"b.conf\";", "#!import_file \"b.conf\" # x", "include_file 'b.conf'",
            "#!subst \"/X/b/\"\ninclude_file \"X.conf\"",
        ])
    func included(_ line: String) {
        let configuration = parse("a = 1\n\(line)\nc = N", files: ["b.conf": "b = 2\n#!define N 3"])
        #expect(configuration.diagnostics.map(\.description) == [])
        #expect(shown(configuration) == ["a = i:1", "b = i:2", "c = i:3"])
        #expect(configuration.files == ["m.conf", "b.conf"])
    }

    @Test("An include works inside a route, and behind it on its line")
    func inRoute() {
        let configuration = parse("route[A] { a(); include_file \"b.conf\" c(); }", files: ["b.conf": "b();"])
        #expect(configuration.diagnostics.map(\.description) == [])
        #expect(shown(configuration) == ["named[A] a ( ) ; b ( ) ; c ( ) ;"])
        guard case .route(let route)? = configuration.statements.first else { return }
        #expect(route.body[4].location.description == "b.conf:1:1")
    }

    @Test(
        "A bad include is refused",
        arguments: [
            Case(
                "include_file \"no.conf\"",
                "m.conf:1:14: error: found no file \"no.conf\", expected the file to include; import_file passes over a "
                    + "missing file"),
            Case("import_file \"no.conf\"", ""),
            Case(
                "#!include_file b.conf",
                "m.conf:1:16: error: found 'b' after '#!include_file', expected a file name in quotes; the quotes are "
                    + "needed"),
            Case(
                "include_file\nx = 1",
                "m.conf:1:13: error: found the end of the line after 'include_file', expected a file name in quotes; "
                    + "write include_file \"name.conf\""),
            Case(
                "include_file 5 loadmodule \"x\"",
                "m.conf:1:14: error: found the number 5 after 'include_file', expected a file name in quotes; write "
                    + "include_file \"name.conf\""),
            Case(
                "include_file \"\"",
                "m.conf:1:14: error: found an empty file name, expected the file to include"),
            Case(
                "#!include_file \"b.conf\" x",
                "m.conf:1:25: error: found 'x' after the string of '#!include_file', expected the end of the line"
            ),
            Case(
                "\ninclude_file \"loop.conf\"",
                "loop2.conf:1:14: error: found a file that includes itself: m.conf:2 -> loop.conf:3 -> loop2.conf:1 -> "
                    + "loop.conf; remove one of these lines"),
            Case(
                "include_file \"m.conf\"",
                "m.conf:1:14: error: found a file that includes itself: m.conf:1 -> m.conf; remove one of these lines"
            ),
            Case(
                "include_file \"d0\"",
                "d9:1:14: error: found files that include one another more than 10 deep: m.conf:1 -> d0:1 -> d1:1 -> "
                    + "d2:1 -> d3:1 -> d4:1 -> d5:1 -> d6:1 -> d7:1 -> d8:1 -> d9:1 -> d10"),
            Case(
                "include_file \"open.conf\"\n#!endif",
                "open.conf:1:1: error: found '#!ifdef' without its end, expected '#!endif' before the end of the file",
                "m.conf:2:1: error: found '#!endif' without '#!ifdef' or '#!ifndef' before it"),
            Case(
                "include_file \"junk\"\nx = 1 y = 2",
                "junk:1:4: error: found a NUL byte, expected text; this is not a configuration file",
                "m.conf:2:7: error: found 'y' on the line of 'x', expected ';' or a new line between the two; put a ';' "
                    + "before 'y'"),
        ])
    func bad(_ example: Case) {
        var files = [
            "b.conf": "b = 1", "loop.conf": "\n\ninclude_file \"loop2.conf\"", "m.conf": example.text,
            "loop2.conf": "include_file \"loop.conf\"", "open.conf": "#!ifdef A",
            "junk": "abc\0\u{1}\nq ( q\0",
        ]
        for depth in 0..<20 { files["d\(depth)"] = "include_file \"d\(depth + 1)\"" }
        #expect(complaints(example.text, files: files) == example.expected.filter { !$0.isEmpty })
    }

    @Test("A tree of includes that multiplies is stopped")
    func bomb() {
        var files: [String: String] = [:]
        for depth in 0..<9 {
            files["d\(depth)"] = String(repeating: "include_file \"d\(depth + 1)\"\n", count: 5)
        }
        files["d9"] = ""
        #expect(
            complaints("include_file \"d0\"", files: files).last?.hasSuffix(
                "error: found more than 1000 files to include, expected fewer") == true)
    }

    @Test("A relative name is looked for beside the including file first, then in the working directory")
    func lookup() {
        let files = [
            "/etc/m/b.conf": "b = 1", "c.conf": "c = 1", "/etc/m/sub/d.conf": "include_file \"b.conf\"",
            "/etc/m/sub/b.conf": "b = 2",
        ]
        let text = "include_file \"b.conf\"\ninclude_file \"c.conf\"\ninclude_file \"sub/d.conf\"\n"
        let configuration = parse(text, files: files, path: "/etc/m/m.conf")
        #expect(configuration.diagnostics == [])
        #expect(shown(configuration) == ["b = i:1", "c = i:1", "b = i:2"])
        #expect(
            configuration.files == [
                "/etc/m/m.conf", "/etc/m/b.conf", "c.conf", "/etc/m/sub/d.conf", "/etc/m/sub/b.conf",
            ])
        #expect(
            parse("include_file \"x\"", path: "/etc/m/m.conf").diagnostics.map(\.description) == [
                "/etc/m/m.conf:1:14: error: found no file \"/etc/m/x\" and \"x\", expected the file to include; "
                    + "import_file passes over a missing file"
            ])
    }

    @Test("A file that is in both places, and differs, is warned about")
    func both() {
        var files = ["/etc/m/b.conf": "b = 1", "b.conf": "b = 1"]
        #expect(parse("include_file \"b.conf\"", files: files, path: "/etc/m/m.conf").diagnostics == [])
        files["b.conf"] = "b = 2"
        let configuration = parse("include_file \"b.conf\"", files: files, path: "/etc/m/m.conf")
        #expect(shown(configuration) == ["b = i:1"])
        #expect(
            configuration.diagnostics.map(\.description) == [
                "/etc/m/m.conf:1:14: warning: found \"b.conf\" beside the including file and in the working directory; "
                    + "the one beside it is read: /etc/m/b.conf; Kamailio takes the other one; give a full path"
            ])
    }
}

@Suite("Files of the file system")
final class FileTests {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("mh-\(UUID().uuidString)")
        .path

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let path = "\(directory)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// The one diagnostic of a file, without its path.
    func complaint(_ path: String) -> [String] {
        ConfigurationFile.parse(path: path, environment: [:]).diagnostics.map {
            $0.description.replacingOccurrences(of: directory, with: "DIR")
        }
    }

    @Test("A file with an include beside it is read")
    func good() throws {
        let path = try write("m.conf", "include_file \"b.conf\"\n#!ifdef HOME\n#!endif\na = 1\n".utf8)
        _ = try write("b.conf", "loadmodule \"acc\"\n".utf8)
        let configuration = ConfigurationFile.parse(path: path)
        #expect(configuration.diagnostics == [])
        #expect(shown(configuration) == ["loadmodule acc", "a = i:1"])
        #expect(configuration.files == [path, "\(directory)/b.conf"])
    }

    @Test("A link to the including file is a loop too")
    func link() throws {
        let path = try write("m.conf", "include_file \"l.conf\"\n".utf8)
        try FileManager.default.createSymbolicLink(atPath: "\(directory)/l.conf", withDestinationPath: path)
        #expect(
            complaint(path) == [
                "DIR/m.conf:1:14: error: found a file that includes itself: DIR/m.conf:1 -> DIR/l.conf; remove one of these "
                    + "lines"
            ])
    }

    @Test("What is no file of text is refused with one error")
    func refused() throws {
        #expect(
            complaint("\(directory)/no.conf") == [
                "DIR/no.conf:1:1: error: cannot read the configuration: found no such file; give the configuration file with "
                    + "-f FILE"
            ])
        #expect(
            complaint(directory) == [
                "DIR:1:1: error: cannot read the configuration: found a directory, expected a regular file"
            ])
        #expect(mkfifo("\(directory)/fifo", 0o600) == 0)
        #expect(
            complaint("\(directory)/fifo") == [
                "DIR/fifo:1:1: error: cannot read the configuration: found a FIFO, expected a regular file"
            ])
        #expect(
            complaint("/dev/null") == [
                "/dev/null:1:1: error: cannot read the configuration: found a device, expected a regular file"
            ])
        let path = try write("m.conf", "import_file \"fifo\"\nimport_file \"no\"\ninclude_file \"/\"\n".utf8)
        #expect(
            complaint(path) == [
                "DIR/m.conf:1:13: error: cannot include \"DIR/fifo\": found a FIFO, expected a regular file",
                "DIR/m.conf:3:14: error: cannot include \"/\": found a directory, expected a regular file",
            ])
    }

    @Test("Up to 16 MiB are read, and not a byte more")
    func size() throws {
        let most = ConfigurationFile.maximumFileSize
        let path = try write("big.conf", [UInt8](repeating: 0x0A, count: most))
        #expect(try FileReader().read(path).bytes.count == most)
        #expect(truncate(path, most + 1) == 0)
        #expect(
            complaint(path) == [
                "DIR/big.conf:1:1: error: cannot read the configuration: found more than 16 MiB, expected a configuration file"
            ])
    }

    @Test(
        "Binary junk is one error",
        arguments: [
            (
                [0x61, 0x0A, 0x00, 0x01, 0x02],
                "2:1: error: found a NUL byte, expected text; this is not a configuration file"
            ),
            (
                [0x61, 0x07, 0x08],
                "1:2: error: found the control character 0x07, expected text; this is not a configuration file"
            ),
            (
                [0x23, 0xE4, 0xFC, 0x0A, 0xE4],
                "1:2: error: found the byte 0xE4, expected UTF-8 text; convert an old file with 'iconv -f LATIN1 -t UTF-8'"
            ),
            (
                [0x23, 0xC3],
                "1:2: error: found the byte 0xC3, expected UTF-8 text; convert an old file with 'iconv -f LATIN1 -t UTF-8'"
            ),
            (
                [0xFF, 0xFE, 0x61, 0x00],
                "1:1: error: found UTF-16 text, expected UTF-8; convert the file with 'iconv -f UTF-16 -t UTF-8'"
            ),
            (
                [0x7F, 0x45, 0x4C, 0x46, 0x02],
                "1:1: error: found an ELF binary, expected a configuration file; name the configuration file here, and modules in it with loadmodule"
            ),
        ] as [([UInt8], String)])
    func junk(_ bytes: [UInt8], _ expected: String) throws {
        #expect(complaint(try write("junk.conf", bytes)) == ["DIR/junk.conf:" + expected])
    }
}
