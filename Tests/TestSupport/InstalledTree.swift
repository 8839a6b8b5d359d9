import Foundation
import Glibc

/// modhost as `make install` lays it out, from the programs and modules under test, in a directory of its own.
///
/// It is made once for all tests of a run, at the first use. Tests put nothing into it. Any thread.
public final class InstalledTree: Sendable {
    private let directory: TemporaryDirectory

    /// What the tests share; throws when the tree could not be laid out, with what Packaging/install-tree said.
    public static func shared() throws -> InstalledTree { try result.get() }
    private static let result = Result { try InstalledTree() }

    private init() throws {
        directory = try TemporaryDirectory()
        // Removed when the process ends: nobody drops the last reference to a global.
        InstalledTree.leftBehind = strdup(directory.path)
        atexit { InstalledTree.removeLeftBehind() }
        let modules = try FileManager.default.contentsOfDirectory(atPath: "\(BuiltProducts.repository)/Plugins")
            .filter { access("\(BuiltProducts.directory)/lib\($0).so", F_OK) == 0 }.sorted()
        let version = try String(
            contentsOfFile: "\(BuiltProducts.repository)/Sources/Configuration/Version.swift", encoding: .utf8)
        guard let version = version.firstMatch(of: /modhostVersion = "(.*)"/)?.1 else {
            throw TestFailure("Version.swift says no version")
        }
        let installed = try runToEnd(
            "sh", ["Packaging/install-tree"], directory: BuiltProducts.repository,
            environment: [
                "RELEASE": BuiltProducts.directory, "DESTDIR": "", "PREFIX": directory.path,
                "SYSCONFDIR": directory.file("etc"), "VERSION": String(version),
                "MODULES": modules.joined(separator: " "),
            ], within: .seconds(120))
        guard installed.status == 0 else {
            throw TestFailure("Packaging/install-tree ended with \(installed.status): \(installed.errors)")
        }
    }

    nonisolated(unsafe) private static var leftBehind: UnsafeMutablePointer<CChar>?

    private static func removeLeftBehind() {
        guard let path = leftBehind else { return }
        try? FileManager.default.removeItem(atPath: String(cString: path))
    }

    /// Its PREFIX.
    public var prefix: String { directory.path }
    /// The path of a file in it: `file("lib/pkgconfig/modhost.pc")`.
    public func file(_ name: String) -> String { directory.file(name) }
    /// The paths of its files and links below a directory of it, relative to that, sorted.
    public func files(below name: String) throws -> [String] {
        let found = try runToEnd("find", [".", "-not", "-type", "d"], directory: directory.file(name)).output
        return found.split(separator: "\n").map { String($0.dropFirst(2)) }.sorted()
    }

    /// What a user has who installed it there: its programs first on the search path, its package found by pkg-config.
    public var environment: [String: String] {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return [
            "PATH": "\(file("bin")):\(path)", "PKG_CONFIG_PATH": file("lib/pkgconfig"), "LD_LIBRARY_PATH": "",
            "MODHOST_SHARE": "", "RUST_BACKTRACE": "0",
        ]
    }
}
