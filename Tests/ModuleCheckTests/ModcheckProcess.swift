import Foundation
import JSON
import TestSupport

/// The modcheck program, run to its end, with its findings read back.
enum ModcheckProcess {
    struct Finding: Sendable, CustomStringConvertible {
        var id: String
        var severity: String
        var text: String
        var description: String { "\(severity): \(text) [\(id)]" }
    }

    struct Module: Sendable {
        var isGood: Bool
        var findings: [Finding]
        var muted: [String]

        func has(_ id: String, _ text: String) -> Bool { findings.contains { $0.id == id && $0.text.contains(text) } }
    }

    static var program: String { "\(BuiltProducts.directory)/modcheck" }

    /// Runs modcheck with arguments of a command line.
    static func run(_ arguments: [String], directory: String? = nil) throws -> ProgramResult {
        try runToEnd(program, arguments, directory: directory, within: .seconds(180))
    }

    /// Checks modules, each with its own options, several at a time: most of a check is waiting.
    static func check(_ modules: [(path: String, options: [String])]) throws -> [Module] {
        let files = try TemporaryDirectory()
        var waiting = Array(modules.enumerated())
        var running: [(index: Int, process: ChildProcess)] = []
        var results = [Module?](repeating: nil, count: modules.count)
        func begin() throws {
            while running.count < 6, !waiting.isEmpty {
                let (index, module) = waiting.removeFirst()
                let process = try ChildProcess(
                    program, ["--json", "--seed", "1"] + module.options + [module.path], directory: files.path,
                    output: files.file("\(index).json"), errors: files.file("\(index).errors"))
                running.append((index, process))
            }
        }
        try begin()
        while !running.isEmpty {
            let ended = try value(of: "the end of a modcheck", within: .seconds(120)) {
                running.firstIndex { $0.process.ended != nil }
            }
            let (index, process) = running.remove(at: ended)
            try begin()
            guard let module = modulesOf(files.text("\(index).json")).first else {
                throw TestFailure("\(modules[index]): status \(process.ended ?? -1), \(files.text("\(index).errors"))")
            }
            guard process.ended == (module.isGood ? 0 : 1) else {
                throw TestFailure("\(modules[index]): status \(process.ended ?? -1), but good is \(module.isGood)")
            }
            results[index] = module
        }
        return results.compactMap(\.self)
    }

    /// The modules of `modcheck --json`.
    static func modulesOf(_ text: String) -> [Module] {
        guard let json = try? JSONValue.parse(text) else { return [] }
        return (json["modules"]?.array ?? []).map { module in
            Module(
                isGood: module["good"]?.bool ?? false,
                findings: (module["findings"]?.array ?? []).map { finding in
                    Finding(
                        id: finding["id"]?.string ?? "", severity: finding["severity"]?.string ?? "",
                        text: finding["text"]?.string ?? "")
                },
                muted: (module["muted"]?.array ?? []).map { $0["id"]?.string ?? "" })
        }
    }

    /// Builds Tests/BrokenModules by its script.
    static func buildBroken(in directory: TemporaryDirectory) throws {
        let script = "\(BuiltProducts.repository)/Tests/BrokenModules/build.sh"
        let result = try runToEnd(
            "sh", [script, directory.path], environment: ["MODHOST_INCLUDE": BuiltProducts.include], within: .seconds(180))
        guard result.status == 0 else { throw TestFailure("build.sh: \(result.errors)") }
    }
}
