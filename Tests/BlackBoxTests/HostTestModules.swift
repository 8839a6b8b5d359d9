import Foundation
import TestSupport

/// Modules in C that the tests build as a third party would: with cc and the headers, or with the example's Makefile.
enum TestModules {
    /// A module of this folder's `Modules`, by its name; the path of its .so.
    static func build(_ name: String, in directory: TemporaryDirectory) throws -> String {
        let file = directory.file("\(name).so")
        let source = "\(BuiltProducts.repository)/Tests/BlackBoxTests/Modules/\(name).c"
        try run(
            "cc",
            [
                "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fPIC", "-fvisibility=hidden", "-shared",
                "-Wl,-z,now", "-Wl,-z,nodelete", "-I\(BuiltProducts.include)", "-o", file, source,
            ])
        return file
    }

    /// Examples/c-counter, built by its own Makefile in the given directory; the path of its .so.
    static func buildCounter(in directory: TemporaryDirectory) throws -> String {
        let folder = directory.file("c-counter")
        try FileManager.default.copyItem(
            atPath: "\(BuiltProducts.repository)/Examples/c-counter", toPath: folder)
        try run("make", ["-C", folder, "clean", "c-counter.so", "MODHOST_INCLUDE=\(BuiltProducts.include)", "CFLAGS=-O1"])
        return "\(folder)/c-counter.so"
    }

    /// The modules of Tests/BrokenModules, built by its script into the given directory.
    static func buildBroken(in directory: TemporaryDirectory) throws {
        try run(
            "sh", ["\(BuiltProducts.repository)/Tests/BrokenModules/build.sh", directory.path],
            environment: ["MODHOST_INCLUDE": BuiltProducts.include])
    }

    private static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws {
        let result = try runToEnd(program, arguments, environment: environment, within: .seconds(120))
        guard result.status == 0 else {
            throw TestFailure("\(program) \(arguments.joined(separator: " ")): \(result.output)\(result.errors)")
        }
    }
}

/// The module of Modules/scripted.c in a configuration with routes.
enum ScriptedModule {
    /// The folder of the module, and the text of a configuration that loads it.
    static func configuration(
        _ routes: String, _ lines: [String]
    ) throws -> (directory: TemporaryDirectory, text: String) {
        let directory = try TemporaryDirectory()
        let module = try TestModules.build("scripted", in: directory)
        let head = RunningHost.configuration(
            (["loadmodule \"mi-fifo.so\"", "loadmodule \"\(module)\""] + lines).joined(separator: "\n"))
        return (directory, head + routes + "\n")
    }
}
