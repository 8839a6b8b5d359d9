import Foundation
import TestSupport
import Testing

/// The modules that this repository ships are good, every one that the build has made.
@Suite("Our own modules")
struct OwnModulesTests {
    /// What a module cannot start without.
    private static func options(for name: String, _ place: TemporaryDirectory) throws -> [String] {
        let flatstore = "\(BuiltProducts.directory)/libflatstore.so"
        switch name {
        case "acc":
            let rows = try place.makeDirectory("rows")
            return ["--with", flatstore, "--param", "db_url=flatstore:\(rows)"]
        case "timestore": return ["--param", "data_directory=data"]
        default: return []
        }
    }

    @Test("Each module beside the programs has no finding of severity error")
    func plugins() throws {
        let place = try TemporaryDirectory()
        let plugins = try FileManager.default.contentsOfDirectory(atPath: "\(BuiltProducts.repository)/Plugins").sorted()
        let names = plugins.filter { FileManager.default.fileExists(atPath: "\(BuiltProducts.directory)/lib\($0).so") }
        try #require(!names.isEmpty, "no module is in \(BuiltProducts.directory)")
        let modules = try ModcheckProcess.check(
            names.map { ("\(BuiltProducts.directory)/lib\($0).so", try Self.options(for: $0, place)) })
        for (name, module) in zip(names, modules) {
            #expect(module.isGood, "\(name): \(module.findings.filter { $0.severity == "error" })")
        }
    }

    @Test("The example in C has no finding but notes")
    func counter() throws {
        let place = try TemporaryDirectory()
        let folder = place.file("c-counter")
        try FileManager.default.copyItem(atPath: "\(BuiltProducts.repository)/Examples/c-counter", toPath: folder)
        let built = try runToEnd(
            "make", ["-C", folder, "clean", "c-counter.so", "MODHOST_INCLUDE=\(BuiltProducts.include)", "CFLAGS=-O1"])
        try #require(built.status == 0, "\(built.errors)")
        let modules = try ModcheckProcess.check([("\(folder)/c-counter.so", [])])
        #expect(modules[0].findings.filter { $0.severity != "note" }.isEmpty, "\(modules[0].findings)")
    }
}
