import Testing

@testable import Host

@Suite("The text of a module's note")
struct ModuleNoteTests {
    private func read(_ text: String) throws -> ModuleNote { try ModuleNote(content: Array(text.utf8)) }

    @Test("Every key is read, those that this host does not know are passed over")
    func allKeys() throws {
        let note = try read(
            """
            name=flat-store_2
            version=0.1.0-beta=3
            abi=1.7
            alias=db_flatstore
            alias=flat
            provides=mh.db/1:flatstore
            provides=mh.echo/1
            requires=mh.htable/1
            requires=mh.db/1:sqlite?
            colour=green

            """ + "\0\0\0")
        #expect(note.name == "flat-store_2")
        #expect(note.version == "0.1.0-beta=3")
        #expect((note.abiMajor, note.abiMinor) == (1, 7))
        #expect(note.aliases == ["db_flatstore", "flat"])
        #expect(note.provides == [.init(id: "mh.db/1", selector: "flatstore"), .init(id: "mh.echo/1")])
        #expect(note.requires == [.init(id: "mh.htable/1"), .init(id: "mh.db/1", selector: "sqlite", isOptional: true)])
        #expect(note.requires.map(\.description) == ["mh.htable/1", "mh.db/1:sqlite?"])
    }

    @Test(
        "What is wrong is said",
        arguments: [
            ("version=1\nabi=1.0\n", "it has no line name=…"),
            ("", "it has no line name=…"),
            ("name=m\nabi=1.0\n", "it has no line version=…"),
            ("name=m\nversion=1\n", "it has no line abi=…"),
            ("name=M\nversion=1\nabi=1.0\n", "its name 'M' is not [a-z][a-z0-9_-]*"),
            ("name=1m\nversion=1\nabi=1.0\n", "its name '1m' is not [a-z][a-z0-9_-]*"),
            ("name=m\nversion=1\nabi=1\n", "its abi is '1', expected MAJOR.MINOR"),
            ("name=m\nversion=1\nabi=1.0.0\n", "its abi is '1.0.0', expected MAJOR.MINOR"),
            ("name=m\nversion=1\nabi=1.x\n", "its abi is '1.x', expected MAJOR.MINOR"),
            ("name=m\nversion=1\nabi=70000.0\n", "its abi is '70000.0', expected MAJOR.MINOR"),
            ("name=m\nversion=1\nabi=-1.0\n", "its abi is '-1.0', expected MAJOR.MINOR"),
            ("name=m\njunk\n", "line 2 is 'junk', expected key=value"),
            ("name=m\nname=m\n", "line 2 gives name again"),
            ("name=m\nversion=1\nabi=1.0\nabi=1.1\n", "line 4 gives abi again"),
            ("name=m\n\0version=1\n", "bytes follow the text's end at byte 7"),
        ])
    func faults(text: String, fault: String) {
        #expect(throws: ModuleNote.Fault(text: fault)) { try read(text) }
    }

    @Test("Bytes that are no text are refused")
    func notText() {
        #expect(throws: ModuleNote.Fault(text: "it is not ASCII text")) {
            try ModuleNote(content: [0x6E, 0x61, 0xFF, 0xFE, 0x0A])
        }
    }

    @Test("A requirement with a selector wants that one, without one any")
    func satisfaction() {
        let any = ModuleNote.Interface(id: "mh.db/1")
        let flat = ModuleNote.Interface(id: "mh.db/1", selector: "flatstore")
        let other = ModuleNote.Interface(id: "mh.db/2", selector: "flatstore")
        #expect(any.isSatisfied(by: flat))
        #expect(flat.isSatisfied(by: flat))
        #expect(!flat.isSatisfied(by: any))
        #expect(!any.isSatisfied(by: other))
    }

    @Test("Names of modules are short, lower-case and plain")
    func moduleNames() {
        for good in ["a", "mi-fifo", "c_2", String(repeating: "a", count: 64)] { #expect(isModuleName(good), "\(good)") }
        for bad in ["", "-a", "A", "é", "a b", "a.b", String(repeating: "a", count: 65)] {
            #expect(!isModuleName(bad), "\(bad)")
        }
    }

    @Test("Names of commands, parameters and functions may hold dots and capitals")
    func dottedNames() {
        for good in ["a", "_x", "htable.get", "A9", String(repeating: "x", count: 128)] {
            #expect(isDottedName(good), "\(good)")
        }
        for bad in ["", ".a", "9a", "a-b", "a b", "ä", String(repeating: "x", count: 129)] {
            #expect(!isDottedName(bad), "\(bad)")
        }
    }
}
