import ModuleKit
import Testing

@testable import HtableEngine

@Suite("Table definitions")
struct DefinitionTests {
    @Test("Every attribute has its meaning; blanks, quotes, a last semicolon and none are fine")
    func wholeGrammar() throws {
        let definition = try DefinitionParser.parse(
            " ipban => size = 8 ; autoexpire=300;dbtable=htable; cols='k, a,b';coldelim='|';colnull='';dbmode=1;initval=-5;"
                + "updateexpire=0;dmqreplicate=1;reloadat=3600;maxsize=\"64MiB\";")
        var expected = TableDefinition(name: "ipban")
        expected.size = 8
        expected.autoexpire = 300
        expected.databaseTable = "htable"
        expected.columns = ["k", "a", "b"]
        expected.columnDelimiter = UInt8(ascii: "|")
        expected.columnNull = nil
        expected.storesAtStop = true
        expected.initialValue = -5
        expected.updatesExpiry = false
        expected.isReplicated = true
        expected.reloadInterval = 3600
        expected.limit = .bytes(64 << 20)
        #expect(definition == expected)
        #expect(try DefinitionParser.parse("a=>") == TableDefinition(name: "a"))
        #expect(try DefinitionParser.parse("a=>maxsize=100").limit == .items(100))
        #expect(try DefinitionParser.parse("a=>;;size=3;;").size == 3)
    }

    @Test(
        "Slots are two to the power of size, with Kamailio's exceptions",
        arguments: [(0, 8), (1, 8), (2, 4), (4, 16), (16, 65536), (31, 1 << 31), (32, 16384), (99, 16384)] as [(Int, UInt32)]
    )
    func slots(size: Int, slots: UInt32) throws {
        #expect(try DefinitionParser.parse("a=>size=\(size)").slots == slots)
    }

    @Test(
        "A mistake is answered with its column and what was expected",
        arguments: [
            ("", 1, "no table name"), ("=>size=1", 1, "no table name"), ("a", 2, "found the end after the table name"),
            ("a=size=1", 2, "expected \"=>\""), ("a b=>", 3, "expected \"=>\""), ("a/b=>", 2, "expected letters"),
            ("a=>sise=4", 4, "did you mean size?"), ("a=>frob=4", 4, "which tables do not have"),
            ("a=>size", 8, "expected \"=\""), ("a=>size=", 9, "expected a whole number"),
            ("a=>size=-1", 9, "from 0 to"), ("a=>size=4x", 9, "\"4x\""), ("a=>size='4", 9, "never closed"),
            ("a=>size='4'x;", 12, "expected \";\""), ("a=>size=1;size=2", 11, "given twice"),
            ("a=>initval=abc", 12, "64 bits"), ("a=>initval=9223372036854775808", 12, "64 bits"),
            ("a=>dbmode=2", 11, "from 0 to 1"), ("a=>cols='k'", 9, "2 to 8"),
            ("a=>cols='a,b,c,d,e,f,g,h,i'", 9, "9 columns"), ("a=>cols='a,,b'", 9, "empty column"),
            ("a=>coldelim='ab'", 13, "expected one"), ("a=>colnull='ab'", 12, "one or none"),
            ("a=>dbtable=", 12, "dbtable is empty"), ("a=>maxsize=0", 12, "a number of items"),
            ("a=>maxsize=5 parsecs", 12, "64MiB"), ("a=>maxsize=99999999999999999G", 12, "64MiB"),
            ("\(String(repeating: "n", count: 49))=>", 1, "at most 48"),
        ] as [(String, Int, String)])
    func mistakes(text: String, column: Int, says: String) {
        let failure = #expect(throws: ModuleFailure.self) { try DefinitionParser.parse(text) }
        #expect(failure?.text.hasPrefix("column \(column) of the definition") == true, "\(failure?.text ?? "")")
        #expect(failure?.text.contains(says) == true, "\(failure?.text ?? "")")
    }

    @Test("A table is defined once, and there are no more than 1024")
    func settings() throws {
        let settings = Settings()
        try settings.addTable(.string("a=>"))
        let twice = #expect(throws: ModuleFailure.self) { try settings.addTable(.string("a=>size=3")) }
        #expect(twice?.text.hasPrefix("htable already configured [a]") == true)
        for number in 1..<1024 { try settings.addTable(.string("t\(number)=>")) }
        #expect(throws: ModuleFailure.self) { try settings.addTable(.string("onemore=>")) }
        #expect(throws: ModuleFailure.self) { try settings.setColumn("expires_column", .string("a b")) }
        #expect(throws: ModuleFailure.self) { try settings.setDatabaseURL(.string("nothing")) }
    }
}
