import Foundation
import TestSupport

/// A folder of Examples/, copied to a directory of its own and built there with the tools of its language and an installed
/// modhost, and nothing else of the repository.
final class ExampleProject: Sendable {
    private let directory: TemporaryDirectory
    private let environment: [String: String]
    /// The copy.
    private let folder: String
    /// What the commands of the build printed.
    let output: String
    /// The folder in which the module lies under the name that loadmodule gives.
    let modules: String

    /// Copies and builds; throws with what the tools said.
    ///
    /// - Parameters:
    ///   - name: The folder in Examples/.
    ///   - commands: A shell script, in the copy.
    ///   - product: The module's file, relative to the copy.
    ///   - module: The name of the module.
    ///   - environment: Variables put over those of the installed tree.
    init(
        _ name: String, _ commands: String, product: String, module: String, environment: [String: String] = [:]
    ) throws {
        directory = try TemporaryDirectory()
        self.environment = try InstalledTree.shared().environment.merging(environment) { $1 }
        // In a folder of its own name, as an author has it; without what a build has left in the repository.
        folder = directory.file(name)
        try FileManager.default.copyItem(atPath: "\(BuiltProducts.repository)/Examples/\(name)", toPath: folder)
        for left in ["build", "target", ".build", "Cargo.lock", "\(module).so"] {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(left)")
        }
        let built = try runToEnd(
            "sh", ["-c", "set -e\n\(commands)"], directory: folder, environment: self.environment, within: .seconds(590))
        guard built.status == 0 else {
            throw TestFailure("\(name): \(commands)\nended with \(built.status): \(built.output)\(built.errors)")
        }
        output = built.output + built.errors
        modules = try directory.makeDirectory("modules")
        try FileManager.default.copyItem(atPath: "\(folder)/\(product)", toPath: "\(modules)/\(module).so")
        file = "\(modules)/\(module).so"
    }

    /// The module's file.
    let file: String

    /// A configuration of the installed modhost that finds this module and all of modhost's own: `lines` follow.
    func configuration(_ lines: String...) throws -> String {
        let tree = try InstalledTree.shared()
        let head = [
            "mpath \"\(tree.file("lib/modhost/modules")):\(modules)\"", "run_dir = \"run\"", "workers = 2",
            "loadmodule \"mi-fifo\"",
        ]
        return (head + lines).joined(separator: "\n") + "\n"
    }

    /// Starts the installed modhost, not that of the build tree.
    func start(_ configuration: String, folders: [String] = [], in directory: TemporaryDirectory? = nil) throws
        -> RunningHost
    {
        let tree = try InstalledTree.shared()
        // The first word behind the script is what RunningHost would have started.
        return try RunningHost(
            configuration, folders: folders, in: directory, environment: ["LD_LIBRARY_PATH": ""],
            launcher: ["sh", "-c", #"shift; exec "$0" "$@""#, tree.file("bin/modhost")])
    }

    /// What the installed modhost says of a configuration that it refuses.
    func refusal(_ configuration: String, in directory: TemporaryDirectory) throws -> String {
        try directory.write(configuration, to: "modules.conf")
        let outcome = try runToEnd(
            try InstalledTree.shared().file("bin/modhost"), ["-f", "modules.conf"], directory: directory.path,
            environment: environment)
        guard outcome.status > 0 else { throw TestFailure("modhost ended with \(outcome.status): \(outcome.errors)") }
        return outcome.errors
    }

    /// What modcheck finds in the module, run in its folder, where its `.modcheck` lies; nil when that is no error and no
    /// warning but those that are named.
    func faults(besides known: [String] = [], _ options: String...) throws -> String? {
        let outcome = try runToEnd(
            try InstalledTree.shared().file("bin/modcheck"), options + [file], directory: folder,
            environment: environment, within: .seconds(120))
        let lines = (outcome.output + outcome.errors).split(separator: "\n")
        let found = lines.filter { line in
            line.contains(": error: ") || line.contains(": warning: ") && !known.contains { line.hasSuffix("[\($0)]") }
        }
        if outcome.status == 0, found.isEmpty, lines.contains(where: { $0.contains(": good: ") }) { return nil }
        return outcome.output + outcome.errors
    }
}

/// The tools of this machine; a test that lacks one is skipped, and says so.
enum Tools {
    static func has(_ programs: String...) -> Bool {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return programs.allSatisfy { program in
            path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
        }
    }

    /// Whether the installed tree has modcheck: it is left out while nobody has built it.
    static let hasModcheck = access("\(BuiltProducts.directory)/modcheck", X_OK) == 0

    /// What the contract asks of a module's file and is not kept, as binutils see it.
    static func breaches(of module: String) throws -> [String] {
        var breaches: [String] = []
        let exports = try runToEnd("nm", ["-D", "--defined-only", "--format=posix", module]).output
            .split(separator: "\n").compactMap { $0.split(separator: " ").first }
        if exports != ["mh_module_entry_v1"] { breaches.append("it exports \(exports)") }
        let notes = try runToEnd("readelf", ["--notes", "--wide", module]).output
        if !notes.contains(".note.modhost") { breaches.append("it has no note") }
        let dynamic = try runToEnd("readelf", ["--dynamic", "--wide", module]).output
        for flag in ["NODELETE", "BIND_NOW"] where !dynamic.contains(flag) { breaches.append("it lacks \(flag)") }
        for line in dynamic.split(separator: "\n") where line.contains("(RUNPATH)") || line.contains("(RPATH)") {
            if !line.hasSuffix("[$ORIGIN]") { breaches.append(String(line)) }
        }
        return breaches
    }
}
