import Foundation
import Testing

/// Where the tests find the repository, and a folder of their own that goes away with them.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let include = root.appendingPathComponent("Sources/ModuleABI/include")
    static let headers = include.appendingPathComponent("modhost")
    static let abi = root.appendingPathComponent("Tests/abi")
    static let brokenModules = root.appendingPathComponent("Tests/BrokenModules")
    static let counter = root.appendingPathComponent("Examples/c-counter")

    /// The names of the public headers, sorted.
    static func headerNames() throws -> [String] {
        try names(in: headers, suffix: ".h")
    }

    static func names(in folder: URL, suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(suffix) }
            .sorted()
    }

    static func text(of file: URL) throws -> String {
        try String(contentsOf: file, encoding: .utf8)
    }
}

/// A folder under the system's temporary one, removed when the last reference goes.
final class TemporaryFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent(
            "modhost-abi-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        return path(name)
    }
}

/// A program that ran to its end.
struct Outcome {
    var status: Int32
    /// Standard output and standard error, as they came.
    var output: String
}

/// A program on the search path.
enum Tool {
    static func path(of name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
            .map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs a program and waits for its end; `limit` is in seconds, and reaching it is an error.
    static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], in folder: URL? = nil,
        limit: Int = 120
    ) throws -> Outcome {
        let process = Process()
        let output = Pipe()
        // timeout(1) ends the whole group of a program that hangs, with status 124.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "--kill-after=5", String(limit), name] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self))
    }
}
