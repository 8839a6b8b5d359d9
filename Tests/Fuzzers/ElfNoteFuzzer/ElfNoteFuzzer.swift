// Feeds arbitrary bytes to what reads a module's file before any of its code runs, under libFuzzer: it is refused with a sentence, or
// every note lies in the file and reads as it says. The two sources that it tests need nothing else, so one command builds it:
//   swiftc -sanitize=fuzzer,address -parse-as-library -g -O Sources/Host/Loading/{ElfFile,ModuleNote}.swift \
//       Tests/Fuzzers/ElfNoteFuzzer/ElfNoteFuzzer.swift -o elf-note-fuzzer
// Run it on a copy of the folder corpus/elf beside this one.

#if canImport(Host)
@testable import Host
#endif

/// One line, without control characters, short.
private func isSentence(_ text: String) -> Bool { !text.isEmpty && text.utf8.count < 1000 && !text.contains("\n\n") }

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzElfNote(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    do throws(ElfFile.Fault) {
        let file = try ElfFile(bytes: bytes, owner: "modhost")
        for note in file.notes {
            precondition(note.content.count <= bytes.count, "a note lies in the file")
            read(note.content)
        }
    } catch {
        switch error {
        case .notELF: break
        case .truncated(let text), .wrong(let text): precondition(isSentence(text), "a refusal is a sentence: \(text)")
        }
    }
    // The text alone too: from the file's bytes a fuzzer seldom gets this far.
    read(bytes)
    return 0
}

private func read(_ content: [UInt8]) {
    do throws(ModuleNote.Fault) {
        let note = try ModuleNote(content: content)
        precondition(isModuleName(note.name) && !note.version.isEmpty, "a note that is taken is whole")
        for interface in note.provides + note.requires {
            precondition(
                ModuleNote.Interface(interface.description[...]) == interface, "an interface reads as it is written")
        }
        _ = LoadOrderInput(note)
    } catch { precondition(isSentence(error.text), "a refusal is a sentence: \(error.text)") }
}

/// What the start order looks at, touched once.
private struct LoadOrderInput {
    var pairs: [(ModuleNote.Interface, ModuleNote.Interface)]

    init(_ note: ModuleNote) {
        pairs = note.requires.flatMap { wanted in note.provides.filter { wanted.isSatisfied(by: $0) }.map { (wanted, $0) } }
        for (wanted, provided) in pairs { precondition(wanted.id == provided.id, "who satisfies has the same id") }
    }
}
