import Foundation
import TestSupport
import Testing

/// Tests/BrokenModules: what the host refuses, modcheck refuses by the same rule; what the host would take, it finds by a check of
/// its own.
@Suite("Broken modules")
struct BrokenModulesTests {
    /// A line of an expectations file.
    private struct Line {
        var files: [String]
        var id: String
        var text: String
        var rest: String

        init?(_ line: Substring) {
            let parts = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count >= 3 else { return nil }
            files = parts[0].split(separator: " ").map(String.init)
            (id, text) = (parts[1], parts[2])
            rest = parts.count > 3 ? parts[3] : ""
        }
    }

    private static func lines(_ name: String) throws -> [Line] {
        let text = try String(contentsOfFile: "\(BuiltProducts.repository)/Tests/BrokenModules/\(name)", encoding: .utf8)
        return try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            guard let line = Line($0) else { throw TestFailure("\(name): '\($0)' has no three parts") }
            return line
        }
    }

    private static let built: Result<TemporaryDirectory, any Error> = Result {
        let directory = try TemporaryDirectory()
        try ModcheckProcess.buildBroken(in: directory)
        return directory
    }

    /// Starting `modcheck` for a hundred modules takes a while: every test looks at the same run.
    private static let checked: Result<[String: ModcheckProcess.Module], any Error> = Result {
        let directory = try built.get()
        var options: [String: [String]] = [:]
        for line in try lines("expectations.txt") where line.rest.isEmpty || line.id == "OK" {
            // The module at fault comes last; those before it are there already.
            guard let last = line.files.last else { continue }
            let companions = line.files.dropLast().flatMap { ["--with", directory.file($0)] }
            options[line.files.joined(separator: " ")] = companions + ["--timeout", "4", directory.file(last)]
        }
        for line in try lines("expectations-modcheck.txt") {
            let words = line.rest.split(separator: " ").map(String.init)
            options[line.files.joined(separator: " ")] = words + ["--timeout", "4", directory.file(line.files[0])]
        }
        // The longest first, so that none of them runs alone at the end.
        let long = ["command-slow.so", "entry-slow.so", "slow-callback.so", "service-absence-kills.so", "command-hangs.so"]
        let names = options.keys.sorted { (long.contains($0) ? 0 : 1, $0) < (long.contains($1) ? 0 : 1, $1) }
        let modules = try ModcheckProcess.check(
            names.map { name in
                let words = options[name] ?? []
                return (path: words.last ?? "", options: Array(words.dropLast()))
            })
        return Dictionary(uniqueKeysWithValues: zip(names, modules))
    }

    @Test("What the host refuses is refused by the same rule, with the same words")
    func rules() throws {
        let checked = try Self.checked.get()
        var count = 0
        for line in try Self.lines("expectations.txt") where line.rest.isEmpty && line.id != "OK" {
            let name = line.files.joined(separator: " ")
            let module = try #require(checked[name], "\(name) was not checked")
            #expect(!module.isGood, "\(name) is good")
            #expect(module.has(line.id, line.text), "\(name): \(line.id) \(line.text), found \(module.findings)")
            count += 1
        }
        #expect(count > 70)
    }

    @Test("A sound module is good")
    func sound() throws {
        let checked = try Self.checked.get()
        for line in try Self.lines("expectations.txt") where line.rest.isEmpty && line.id == "OK" {
            let module = try #require(checked[line.files.joined(separator: " ")])
            #expect(module.isGood, "\(line.files): \(module.findings)")
        }
    }

    @Test("What only modcheck can see is found by its own check, and an error ends with status 1")
    func behaviour() throws {
        let checked = try Self.checked.get()
        for line in try Self.lines("expectations-modcheck.txt") {
            let name = line.files.joined(separator: " ")
            let module = try #require(checked[name], "\(name) was not checked")
            #expect(module.has(line.id, line.text), "\(name): \(line.id) \(line.text), found \(module.findings)")
            let severity = module.findings.first { $0.id == line.id }?.severity
            #expect(severity != "error" || !module.isGood, "\(name)")
        }
    }

    @Test("Every check has a module that fails it")
    func complete() throws {
        let listed = try ModcheckProcess.run(["--list"])
        let ids = Set(listed.output.matches(of: #/^\| (MH-C\d+)/#.anchorsMatchLineEndings()).map { String($0.1) })
        let shown = Set(try Self.lines("expectations-modcheck.txt").map(\.id))
        // MH-C200 is for a probe that modcheck itself does not bring to its end.
        #expect(ids.subtracting(shown) == ["MH-C200"])
    }

    @Test("No module's fault leaves a process or a file behind")
    func nothingLeft() throws {
        let modules = try Self.built.get()
        let place = try TemporaryDirectory()
        let names = ["entry-hangs.so", "stop-hangs.so", "init-exits.so", "thread-left.so", "second-start-fails.so"]
        let result = try runToEnd(
            ModcheckProcess.program, ["--timeout", "1"] + names.map(modules.file), directory: place.path,
            environment: ["TMPDIR": place.path])
        #expect(result.status == 1)
        #expect(place.names().isEmpty)
        #expect(eventually { Self.strays(of: place).isEmpty })
    }

    @Test("An interrupted check takes its processes and its directory with it")
    func interrupted() throws {
        let modules = try Self.built.get()
        let place = try TemporaryDirectory()
        let output = try TemporaryDirectory()
        let process = try ChildProcess(
            ModcheckProcess.program, ["--timeout", "60", modules.file("stop-hangs.so")], directory: output.path,
            environment: ["TMPDIR": place.path], output: output.file("output"), errors: output.file("errors"))
        // The directory of the probe in which it will hang.
        let isThere = eventually { place.names().contains { place.names(in: $0).contains("behaviour") } }
        #expect(isThere)
        process.signal(SIGTERM)
        #expect(try process.wait(within: .seconds(20)) == 128 + SIGTERM)
        #expect(place.names().isEmpty)
        #expect(output.text("output").isEmpty)
        #expect(eventually { Self.strays(of: place).isEmpty }, "\(Self.strays(of: place))")
    }

    /// Probes that work in a directory below this one.
    private static func strays(of place: TemporaryDirectory) -> [String] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { process in
            guard Int32(process) != nil else { return false }
            let line = (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)) ?? ""
            return line.contains("--internal-probe") && line.contains(place.path)
        }
    }
}
