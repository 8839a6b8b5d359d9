import Testing

@testable import HtableEngine

@Suite("Kamailio's key hash")
struct HashTests {
    private func id(_ key: String) -> UInt32 { Array(key.utf8).withUnsafeBytes { SlotHash.id($0) } }

    @Test(
        "The id of a key is Kamailio's",
        arguments: [
            ("", 0), ("alice", 0x6d52_f7dd), ("bob", 0x6e33c3), ("empty", 0x69d1_65e4), ("c::d", 0x6f6e_e4a0),
            ("foo", 0x6ab32b), ("Foo", 0x6ab32b), ("k1", 0x6666), ("é", 0xe023_3cc4), ("日本", 0xd946_c8c6),
            ("мир", 0xb669_5e4e),
        ] as [(String, UInt32)])
    func vectors(key: String, expected: UInt32) { #expect(id(key) == expected) }
}
