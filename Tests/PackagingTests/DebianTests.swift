// The Debian packages, made from the programs under test and tried in a Debian that has not seen them.

import Foundation
import TestSupport
import Testing

@Suite struct `Debian packages` {
    private static let modules: String = {
        let folder = "\(BuiltProducts.repository)/Plugins"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/Module") }.sorted()
            .joined(separator: " ")
    }()

    private static func version() throws -> String {
        let result = try runToEnd(BuiltProducts.modhost, ["--version"])
        return String(result.output.split(separator: " ").last ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func build(_ output: String, version: String) throws -> ProgramResult {
        try runToEnd(
            "bash", ["Packaging/debian/build"], directory: BuiltProducts.repository,
            environment: [
                "RELEASE": BuiltProducts.directory, "MODULES": modules, "VERSION": version, "OUTPUT": output,
                // The programs of the tests are large, and nobody keeps these packages.
                "DPKG_DEB_COMPRESSOR_TYPE": "gzip", "DPKG_DEB_COMPRESSOR_LEVEL": "1",
            ], within: .seconds(300))
    }

    /// Built once for all tests.
    private static let packages = Result {
        let folder = try TemporaryDirectory()
        let result = try build(folder.path, version: version())
        guard result.status == 0 else { throw TestFailure("no packages: \(result.errors)") }
        return (folder, result.output.split(separator: "\n").map(String.init))
    }

    @Test("make deb builds modhost and modhost-dev")
    func names() throws {
        let (_, files) = try Self.packages.get()
        #expect(files.map { ($0 as NSString).lastPathComponent.prefix { $0 != "_" } } == ["modhost-dev", "modhost"])
        for file in files { #expect(FileManager.default.fileExists(atPath: file)) }
    }

    @Test("What the programs link is among the dependencies, as dpkg-shlibdeps finds it")
    func dependencies() throws {
        let (_, files) = try Self.packages.get()
        let file = try #require(files.first { $0.contains("/modhost_") })
        let depends = try runToEnd("dpkg-deb", ["-f", file, "Depends"]).output
        for library in ["libc6 (>= ", "libltdl7", "libjansson4", "libedit2"] {
            #expect(depends.contains(library), "\(depends)")
        }
    }

    @Test("modhost-dev has what only authors need, and modhost nothing of it")
    func division() throws {
        let (_, files) = try Self.packages.get()
        func list(_ name: String) throws -> String {
            try runToEnd("dpkg-deb", ["-c", try #require(files.first { $0.contains("/\(name)_") })]).output
        }
        let (main, dev) = (try list("modhost"), try list("modhost-dev"))
        for path in [
            "./usr/include/modhost/modhost.h", "./usr/lib/pkgconfig/modhost.pc", "./usr/share/modhost/", "/Examples/",
        ] {
            #expect(dev.contains(path), "\(path)")
            #expect(!main.contains(path), "\(path)")
        }
        for path in [
            "./usr/bin/modhost\n", "./usr/bin/modctl\n", "./usr/lib/systemd/system/modhost.service", "./etc/modhost/",
        ] {
            #expect(main.contains(path), "\(path)")
            #expect(!dev.contains(path), "\(path)")
        }
    }

    @Test("A version without an entry in the changelog is refused")
    func changelog() throws {
        let folder = try TemporaryDirectory()
        let result = try Self.build(folder.path, version: "99.0")
        #expect(result.status == 1)
        #expect(result.errors.contains("expected 99.0-1: add an entry for this version"))
    }

    @Test("They install, start, answer, are upgraded, removed and purged, as `debian-life` says line by line")
    func life() throws {
        let (_, files) = try Self.packages.get()
        let script = "\(BuiltProducts.repository)/Tests/PackagingTests/debian-life"
        let result = try runToEnd("bash", [script] + files, within: .seconds(300))
        print(result.output)
        if result.status == 77 { return }
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }
}
