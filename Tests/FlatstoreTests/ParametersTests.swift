// The parameters as the config gives them.
import ModuleABI
import ModuleKit
import Testing

@testable import FlatstoreEngine

@Suite("Parameters")
struct ParametersTests {
    private func checked(_ body: (Parameters) throws -> Void) throws -> Settings {
        let parameters = Parameters()
        try body(parameters)
        return try parameters.checkedSettings()
    }

    @Test("flush chooses kernel or buffered, and durability wins over it")
    func durability() throws {
        #expect(try checked { _ in }.durability == .kernel)
        #expect(try checked { try $0.setFlush(.bool(false)) }.durability == .buffered)
        let ring = try checked {
            try $0.setDurability(.string("ring"))
            try $0.setFlush(.bool(false))
        }
        #expect(ring.durability == .ring)
        #expect(
            failure { _ = try checked { try $0.setDurability(.string("safe")) } }?.text
                == "durability is \"safe\", expected one of buffered, ring, kernel, disk")
    }

    @Test("Delimiters are checked where they stand and against each other")
    func delimiters() throws {
        for bad in ["", "ab", "a", "7", "é"] {
            #expect(
                failure { _ = try checked { try $0.setFieldDelimiter(.string(bad)) } }?.code == MH_E_INVALID)
        }
        for bad in ["", "abc", "\\n", "é"] {
            #expect(
                failure { _ = try checked { try $0.setRecordDelimiter(.string(bad)) } }?.code == MH_E_INVALID)
        }
        #expect(try checked { try $0.setRecordDelimiter(.string("\r\n")) }.recordDelimiter == [13, 10])
        #expect(
            failure {
                _ = try checked {
                    try $0.setFieldDelimiter(.string(";"))
                    try $0.setRecordDelimiter(.string(";"))
                }
            }?.text
                == "field_delimiter and record_delimiter both hold \";\", expected different bytes; change one of them"
        )
        #expect(
            failure { _ = try checked { try $0.setNullText(.string("a|b")) } }?.text
                == "null_text holds the delimiter \"|\", which would split the row; change null_text")
    }

    @Test("Kamailio's old names still work")
    func oldNames() throws {
        #expect(try checked { try $0.setEncodeDelimiter(.bool(false)) }.escape == .none)
        #expect(try checked { try $0.setEncodeDelimiter(.bool(true)) }.escape == .percent)
        let backslash = try checked {
            try $0.setEncodeDelimiter(.bool(false))
            try $0.setEscape(.string("backslash"))
            try $0.setEscapeCharacter(.string("!"))
        }
        #expect(backslash.escape == .backslash)
        #expect(backslash.escapeCharacter == UInt8(ascii: "!"))
        let clash = failure {
            _ = try checked {
                try $0.setEscape(.string("backslash"))
                try $0.setEscapeCharacter(.string("|"))
            }
        }
        #expect(clash?.text.contains("escape_char \"|\" is a delimiter too") == true)
    }

    @Test("File names and modes are checked")
    func files() throws {
        #expect(try checked { try $0.setFileMode(.string("0600")) }.fileMode == 0o600)
        for bad in ["", "9", "0444", "7777", "rw"] {
            #expect(
                failure { _ = try checked { try $0.setFileMode(.string(bad)) } }?.text.contains(
                    "octal digits") == true)
        }
        #expect(
            failure { _ = try checked { try $0.setFilePrefix(.string("a/b")) } }?.text.contains(
                "part of a file name") == true)
        #expect(
            failure { _ = try checked { try $0.setFileSuffix(.string(".ring")) } }?.text.contains(
                "staging files") == true)
    }
}
