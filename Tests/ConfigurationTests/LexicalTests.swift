import Configuration
import Testing

@Suite("Comments, strings, numbers and tokens")
struct LexicalTests {
    @Test(
        "A string resolves its escapes",
        arguments: [
            (#""a\nb\rc\td\\e\"f""#, "a\nb\rc\td\\e\"f"), (#""\a""#, "\u{7}"), (#""\x41\x4a\x9""#, "AJ\t"),
            (#""\101\60\00""#, "A0\0"), (#""\1\0\8""#, #"\1\0\8"#), (#""^\+[0-9]\.d""#, #"^\+[0-9]\.d"#),
            (#"'a\n"b'"#, #"a\n"b"#),
            ("\"a\" \"b\"\n\"c\"", "abc"), ("\"one \\\n two\"", "one  two"), ("\"# // /* äß\"", "# // /* äß"),
            (#""""#, ""), ("''", ""),
        ])
    func escapes(_ written: String, _ meant: String) {
        #expect(shown(parse("a = \(written)")) == ["a = s:\(meant)"])
    }

    @Test("An escape can write bytes that are not UTF-8")
    func bytes() throws {
        guard case .setting(let setting) = try #require(parse("a = \"\\xff\\376x\"").statements.first),
            case .string(let text) = setting.values[0].content
        else { return }
        #expect(text.bytes == [0xFF, 0xFE, 0x78])
        #expect(text.text == nil)
    }

    @Test(
        "A number is read in its base",
        arguments: [
            ("0", "i:0"), ("42", "i:42"), ("0x1F", "i:31"), ("0XffFF", "i:65535"), ("017", "i:15"),
            ("00", "i:0"),
            ("101b", "i:5"), ("0b", "i:0"), ("9223372036854775807", "i:9223372036854775807"),
            ("-9223372036854775808", "i:-9223372036854775808"), ("-0x10", "i:-16"), ("1.5", "f:1.5"),
            ("1.5e3", "f:1500.0"), ("1.5e-1", "f:0.15"), ("5e3", "f:5000.0"), ("-2.0", "f:-2.0"),
            ("12b", "w:12b"),
        ])
    func numbers(_ written: String, _ meant: String) {
        #expect(shown(parse("a = \(written)")) == ["a = \(meant)"])
    }

    @Test(
        "A bad number is refused with the reason",
        arguments: [
            (
                "9223372036854775808",
                "it does not fit in 64 bits (-9223372036854775808 to 9223372036854775807)"
            ),
            (
                "-9223372036854775809",
                "it does not fit in 64 bits (-9223372036854775808 to 9223372036854775807)"
            ),
            (
                "99999999999999999999",
                "it does not fit in 64 bits (-9223372036854775808 to 9223372036854775807)"
            ),
            (
                "0xFFFFFFFFFFFFFFFFF",
                "it does not fit in 64 bits (-9223372036854775808 to 9223372036854775807)"
            ),
            ("089", "a leading 0 makes it octal, without 8 and 9: write 89"), ("0x", "no digits follow 0x"),
            ("0xZZ", "digits after 0x are 0-9 and a-f"), ("0b101", "binary numbers are written 101b"),
            ("1.5e999", "it is larger than any floating-point number"),
        ])
    func badNumbers(_ written: String, _ reason: String) {
        #expect(
            complaints("a = \(written)") == ["m.conf:1:5: error: found the bad number \(written): \(reason)"])
    }

    @Test(
        "A comment is passed over",
        arguments: [
            "# x\na = 1", "a = 1 # x", "// x\na = 1// y", "/* x */ a /* y */ = /* z\n */ 1",
            "/* a /* b */ c */ a = 1", "#!KAMAILIO\na = 1", "#!/usr/sbin/modhost -f\r\na = 1\r\n",
            "#!OPENSER x\na = 1", "#!MAXCOMPAT\na=1", "\u{FEFF}#!ALL\na = 1", "#! x\na = 1",
            "#!!! x !!!\na = 1",
            "a = \\\n 1", "/**/a = 1/***/",
        ])
    func comments(_ text: String) {
        let configuration = parse(text)
        #expect(configuration.diagnostics.map(\.description) == [])
        #expect(shown(configuration) == ["a = i:1"])
    }

    @Test(
        "A variable is one token up to its last parenthesis",
        arguments: [
            "$var(a)", "$ru", "$sht(a=>$ci::srcip)", "$(ru{s.len})", "$(hdr(X)[-1]{s.select,1,,}{s.tolower})",
            "$avp(x[$var(i)])", "$_s(a $(b) c)", "$null",
        ])
    func variables(_ text: String) {
        let (tokens, diagnostics) = Token.tokens(
            of: "\(text)=1", at: SourceLocation(file: "x", line: 7, column: 3))
        #expect(diagnostics == [])
        #expect(tokens.map(shown) == [text, "=", "i:1"])
        #expect(tokens[1].location == SourceLocation(file: "x", line: 7, column: 3 + text.count))
    }

    @Test("Symbols are read at their longest")
    func symbols() {
        let text = "a==b != !c =~5 !~ <= >= << >> && || & | ^ ~ % * / - + ? @ . , : [ ] ( ) { } ; = < >"
        let (tokens, _) = Token.tokens(of: text, at: SourceLocation(file: "x", line: 1, column: 1))
        #expect(
            tokens.map(shown) == [
                "a", "==", "b", "!=", "!", "c", "=~", "i:5", "!~", "<=", ">=", "<<", ">>", "&&", "||", "&",
                "|", "^",
                "~", "%", "*", "/", "-", "+", "?", "@", ".", ",", ":", "[", "]", "(", ")", "{", "}", ";", "=",
                "<", ">",
            ])
        for symbol in Token.Symbol.allCases {
            let (one, _) = Token.tokens(
                of: symbol.rawValue, at: SourceLocation(file: "x", line: 1, column: 1))
            #expect(one.map(\.kind) == [.symbol(symbol)])
        }
    }
}
