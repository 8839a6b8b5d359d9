import Foundation
import TestSupport
import Testing

@testable import ModuleCheck

/// Reading files that nobody has checked before.
@Suite("ELF files")
struct ElfImageTests {
    /// A shared object with a RUNPATH, made by cc.
    private static let sample: Result<[UInt8], any Error> = Result {
        let place = try TemporaryDirectory()
        try place.write("int broken_word = 1; __attribute__((weak)) int broken_weak(void) { return 1; }", to: "sample.c")
        let built = try runToEnd(
            "cc", ["-shared", "-fPIC", "-g", "-Wl,-z,now,-z,nodelete,-rpath,/opt/x:$ORIGIN", "-o", "sample.so", "sample.c"],
            directory: place.path)
        guard built.status == 0 else { throw TestFailure(built.errors) }
        return place.bytes("sample.so")
    }

    @Test("Symbols, flags and search path are read")
    func whole() throws {
        let image = try #require(ElfImage(bytes: try Self.sample.get()))
        #expect(image.symbols.contains { $0.name == "broken_word" && $0.isDefined && $0.binding == 1 })
        #expect(image.symbols.contains { $0.name == "broken_weak" && $0.isDefined && $0.binding == 2 })
        #expect(image.searchPaths == ["/opt/x:$ORIGIN"])
        #expect(image.bindsNow && image.neverUnloads)
        #expect(!image.hasTextRelocations && !image.hasExecutableStack)
        #expect(image.sectionNames.contains { $0.name == ".debug_info" && $0.size > 0 })
    }

    @Test("A file cut anywhere is read or refused, and never read past its end")
    func truncated() throws {
        let bytes = try Self.sample.get()
        for count in stride(from: 0, to: bytes.count, by: 97) { _ = ElfImage(bytes: Array(bytes.prefix(count))) }
    }

    @Test("A file with wrong bytes anywhere in its headers and tables is read or refused")
    func altered() throws {
        let bytes = try Self.sample.get()
        var random = SeededRandom(seed: 11)
        for _ in 0..<3000 {
            var copy = bytes
            for _ in 0..<4 {
                let place = random.below(3) == 0 ? random.below(bytes.count) : random.below(min(800, bytes.count))
                copy[place] = random.below(2) == 0 ? 0xFF : UInt8(random.below(256))
            }
            if let image = ElfImage(bytes: copy) {
                _ = FileChecks.symbols(image) + FileChecks.linking(image) + FileChecks.searchPaths(image, of: "x")
                _ = FileChecks.debug(image)
            }
        }
    }

    @Test(
        "Paths of builders are told from paths of systems",
        arguments: [
            ("/home/nobody/x", true), ("/root/src/a.c", true), ("/srv/build/a.swift", true), ("/usr/include/stdio.h", false),
            ("/rustc/abc/library/core/src/lib.rs", false), ("/rust/deps/gimli/src/lib.rs", false),
            ("/etc/modhost/modules.conf", false), ("/proc/self/fd", false),
            ("//", false),
        ])
    func buildPaths(_ path: String, _ isOne: Bool) {
        #expect(FileChecks.isBuildPath(path) == isOne)
    }
}
