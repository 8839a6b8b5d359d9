import Foundation
import TestSupport
import Testing

@testable import Host

@Suite("An ELF file, read before any of its code runs")
struct ElfFileTests {
    private func read(_ bytes: [UInt8]) throws -> ElfFile { try ElfFile(bytes: bytes, owner: "modhost") }

    private func fault(_ bytes: [UInt8]) -> ElfFile.Fault? {
        do throws(ElfFile.Fault) {
            _ = try ElfFile(bytes: bytes, owner: "modhost")
            return nil
        } catch { return error }
    }

    @Test("The modules of this build carry one note, which names them", arguments: ["mi-fifo", "flatstore", "acc"])
    func ourModules(name: String) throws {
        let path = "\(BuiltProducts.directory)/lib\(name).so"
        let file = try read([UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
        #expect(file.notes.count == 1)
        let note = try ModuleNote(content: try #require(file.notes.first).content)
        #expect(note.name == name)
        #expect((note.abiMajor, note.abiMinor) == (1, 0))
    }

    @Test("The note of a small module comes out as it went in")
    func smallModule() throws {
        let file = try read(SmallModule().bytes)
        #expect(file.notes.map(\.type) == [1])
        #expect(file.notes.first?.content == SmallModule().content)
        #expect(!file.hasOverlongNote)
    }

    @Test("Cut at any byte, it is refused")
    func truncations() {
        let whole = SmallModule().bytes
        for count in 0..<whole.count {
            switch fault(Array(whole[..<count])) {
            case .notELF: #expect(count < 4)
            case .truncated: #expect(count >= 4)
            case .wrong(let text): Issue.record("cut at \(count): \(text)")
            case nil: Issue.record("cut at \(count) it is taken")
            }
        }
    }

    @Test("No spoilt byte crashes the reader, and what it then takes lies in the file")
    func spoiltBytes() throws {
        let whole = SmallModule().bytes
        for index in whole.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF, whole[index] ^ 1, whole[index] ^ 0x10, whole[index] &+ 1] as [UInt8] {
                var spoilt = whole
                spoilt[index] = value
                guard let file = try? read(spoilt) else { continue }
                for note in file.notes { #expect(note.content.count <= whole.count) }
            }
        }
    }

    @Test(
        "What is wrong with the header is said",
        arguments: [
            ("two flipped class bits", 4, 1, "it is a 32-bit file, expected a 64-bit one"),
            ("byte order", 5, 2, "it is big-endian, expected little-endian"),
            ("machine", 18, 183, "it is for aarch64, this machine is x86-64"),
            ("an unknown machine", 18, 7, "it is for machine 7, this machine is x86-64"),
            ("an object file", 16, 1, "it is an object file; link it with -shared"),
            ("a program", 16, 2, "it is a program, expected a shared object"),
            ("a core dump", 16, 4, "its type is 4, expected a shared object"),
            ("segment headers", 54, 32, "its program headers have 32 bytes each, expected 56"),
        ] as [(String, Int, UInt8, String)])
    func wrongHeader(what: String, index: Int, value: UInt8, text: String) {
        var bytes = SmallModule().bytes
        bytes[index] = value
        #expect(fault(bytes) == .wrong(text))
    }

    @Test("Places beyond the end are refused, also those that overflow")
    func farPlaces() {
        for far in [0xFF, 0x7F] as [UInt8] {
            var table = SmallModule().bytes
            for index in 32..<40 { table[index] = far }
            #expect(fault(table) == .truncated("the program headers lie beyond its end at byte \(table.count)"))
            var segment = SmallModule().bytes
            for index in 64 + 8..<64 + 16 { segment[index] = far }
            guard case .truncated = fault(segment) else {
                Issue.record("a segment at byte 0x\(String(far, radix: 16))… is taken")
                continue
            }
        }
    }

    @Test("Notes of others are passed over")
    func otherOwners() throws {
        var module = SmallModule()
        module.owner = Array("GNU\0".utf8)
        #expect(try read(module.bytes).notes.isEmpty)
        module.owner = Array("modhost".utf8)
        #expect(try read(module.bytes).notes.isEmpty, "an owner without its NUL is another one")
    }

    @Test("A note that says it is longer than its segment is known for that")
    func overlongNote() throws {
        var module = SmallModule()
        module.statedLength = 400
        let file = try read(module.bytes)
        #expect(file.hasOverlongNote)
        #expect(file.notes.isEmpty)
        module.statedLength = .max
        #expect(try read(module.bytes).hasOverlongNote)
        module.owner = Array("other\0".utf8)
        #expect(try !read(module.bytes).hasOverlongNote, "somebody else's is none of our business")
    }

    @Test("The corpus of the fuzzer is taken or refused, and never crashes the reader")
    func corpus() throws {
        let folder = "\(BuiltProducts.repository)/Tests/Fuzzers/corpus/elf"
        var good: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
            guard let file = try? read(bytes), let note = file.notes.first, note.type == 1 else { continue }
            if (try? ModuleNote(content: note.content)) != nil { good.append(name) }
        }
        #expect(good == ["all-keys", "good", "two-notes"])
    }
}
