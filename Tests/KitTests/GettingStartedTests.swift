import Foundation
import TestSupport
import Testing

/// What the contract asks of a module's file, as binutils see it.
private func inspect(_ module: String) throws {
    let exports = try runToEnd("nm", ["-D", "--defined-only", "--format=posix", module]).output
        .split(separator: "\n").compactMap { $0.split(separator: " ").first }
    #expect(exports == ["mh_module_entry_v1"])
    #expect(try runToEnd("readelf", ["--notes", "--wide", module]).output.contains(".note.modhost"))
    let dynamic = try runToEnd("readelf", ["--dynamic", "--wide", module]).output
    #expect(dynamic.contains("NODELETE"))
    #expect(dynamic.contains("BIND_NOW"))
    for line in dynamic.split(separator: "\n") where line.contains("(RUNPATH)") || line.contains("(RPATH)") {
        #expect(line.hasSuffix("[$ORIGIN]"), "the file looks for libraries elsewhere")
    }
}

@Suite("From an empty directory to an answer, by the commands of the documentation and no others")
struct GettingStartedTests {
    private func follow(
        _ language: String, module: String, environment: [String: String] = [:]
    ) throws {
        let page = try GettingStartedPage(language: language)
        #expect(page.steps.count == 4, "the page has commands to build, to start and to ask, and an answer")
        let tree = try InstalledTree.shared()
        let directory = try TemporaryDirectory()
        let done = try page.follow(in: directory, tree: tree, environment: environment)
        #expect(done.folder == directory.file("hello"))
        try inspect("\(done.folder)/\(module)")
        let checked = try runToEnd(
            "modcheck", ["\(done.folder)/\(module)"], environment: tree.environment, within: .seconds(120))
        #expect(checked.status == 0, "\(checked.output)\(checked.errors)")
    }

    @Test("C", .enabled(if: Toolchain.has("cc", "make"), "cc or make is not installed: C is NOT TRIED"))
    func c() throws { try follow("c", module: "hello.so") }

    @Test(
        "C++", .enabled(if: Toolchain.has("c++", "cmake", "make"), "c++ or cmake is not installed: C++ is NOT TRIED"))
    func cpp() throws { try follow("cpp", module: "build/hello.so") }

    @Test("Swift", .enabled(if: Toolchain.has("swift"), "swift is not on the PATH: Swift is NOT TRIED"))
    func swift() throws { try follow("swift", module: ".build/release/libhello.so") }

    @Test("Rust", .enabled(if: Toolchain.has("cargo", "cc"), "cargo is not installed: Rust is NOT TRIED"))
    func rust() throws { try follow("rust", module: "target/release/libhello.so") }

    @Test(
        "Rust, with the rustc of Debian",
        .enabled(if: Toolchain.systemRust, "there is no second cargo in /usr/bin: the old Rust is NOT TRIED"))
    func oldRust() throws {
        try follow(
            "rust", module: "target/release/libhello.so",
            environment: ["PATH": "\(try InstalledTree.shared().file("bin")):/usr/bin:/bin"])
    }

    @Test("The test of a project fails when the module answers something else")
    func projectTestCanFail() throws {
        let tree = try InstalledTree.shared()
        let directory = try TemporaryDirectory()
        let script = """
            set -e
            modhost new --lang c hello
            cd hello
            sed -i 's/"%.\\*s, %.\\*s!"/"%.*s; %.*s!"/' module.c
            make check
            """
        let done = try runToEnd(
            "sh", ["-c", script], directory: directory.path, environment: tree.environment, within: .seconds(120))
        #expect(done.status != 0)
        #expect(done.errors.contains(#"expected "text: Good morning, Alice!", got "text: Good morning; Alice!""#))
    }

    @Test(
        "modhost new says what is wrong in one line and makes nothing",
        arguments: [
            (["--lang", "c", "Hello World"], 1, "modhost new: \"Hello World\" cannot be a module's name;"),
            (["--lang", "rust", "loop"], 1, "modhost new: \"loop\" means something else to Rust"),
            (["--lang", "cpp", "htable"], 1, "modhost new: modhost comes with a module \"htable\""),
            (["--lang", "java", "hello"], 64, "Please provide one of 'c', 'cpp', 'swift' or 'rust'."),
            (["hello"], 64, "Missing expected argument '--lang <lang>'"),
            (["--lang", "c"], 64, "Missing expected argument '<name>'"),
        ] as [([String], Int32, String)])
    func newRefuses(arguments: [String], status: Int32, text: String) throws {
        let directory = try TemporaryDirectory()
        let done = try runToEnd(
            "modhost", ["new"] + arguments, directory: directory.path, environment: try InstalledTree.shared().environment)
        #expect(done.status == status)
        #expect(done.errors.contains(text), "\(done.errors)")
        #expect(directory.names().isEmpty)
    }
}
