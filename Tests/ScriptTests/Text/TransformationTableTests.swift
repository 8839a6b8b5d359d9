import Script
import Testing

/// What each transformation makes of the texts below, row by row.
@Suite("Transformations, as Kamailio's documentation and Kamailio 5.6 itself have them")
struct TransformationTableTests {
    /// The variables that the rows use: their names and the right sides of their assignments.
    private static let texts = #"""
        $var(S) = "Hello, World"; $var(L) = "a,b,,d"; $var(T) = "  x y  "; $var(E) = ""; $var(N) = 12345;
        $var(Q) = "it's \"q\" \\ b/c;d=e"; $var(B) = "abc?>~~\xff\x01"; $var(P) = "a=1;b=two;c"; $var(K) = "a=1&b=2&c";
        $var(X) = "one\r\ntwo\n\nlast"; $var(A) = "\"Al\" <sip:alice:pw@example.com:5070;transport=tcp?x=1>;tag=99";
        $var(U) = "sip:alice:pw@example.com:5070;transport=tcp;lr?x=1&y=2"; $var(J) = "a\"b\\c\n\x01"; $var(H) = "a: b\r\n\t c";
        $var(R) = "aaabaaaabab"; $var(one) = 1; $var(two) = "2"; $var(W) = "a  b\tc";

        """#

    @Test(
        "A transformation gives what the table says",
        arguments: [
            // Lengths and numbers.
            ("S", "s.len", 12), ("N", "s.len", 5), ("E", "s.len", 0), ("N", "s.int", 12345), ("S", "s.int", nil),
            ("S", "s.LEN", 12), ("S", "s.toupper", "HELLO, WORLD"), ("S", "s.tolower", "hello, world"),
            ("S", "s.numeric", ""), ("N", "s.numeric", "12345"), ("L", "s.count,,", 3), ("S", "s.count,x", 0),
            // Pieces.
            ("S", "s.substr,0,5", "Hello"), ("S", "s.substr,7,0", "World"), ("S", "s.substr,-5,2", "Wo"),
            ("S", "s.substr,7,50", "World"), ("S", "s.substr,12,0", nil), ("S", "s.substr,-13,1", nil),
            ("S", "s.substr,$var(one),$var(two)", "el"), ("N", "s.substr,1,2", "23"), ("S", "s.strip,5", ", World"),
            ("S", "s.strip,50", ""), ("S", "s.striptail,5", "Hello, "), ("S", "s.striptail,12", ""),
            ("S", "s.stripto,W", "World"),
            ("S", "s.stripto,x", ""), ("S", "s.before,l", "He"), ("S", "s.after,l", "lo, World"),
            ("S", "s.before,x", "Hello, World"),
            ("S", "s.after,x", ""), ("S", "s.rbefore,l", "Hello, Wor"), ("S", "s.rafter,l", "d"),
            ("S", "s.rbefore,x", "Hello, World"),
            ("S", "s.rafter,x", ""), ("L", "s.select,0,,", "a"), ("L", "s.select,-1,,", "d"), ("L", "s.select,2,,", ""),
            ("L", "s.select,9,,", ""), ("X", "s.select,1,\\n", "two"), ("W", "s.select,3,\\s", "c"),
            ("W", "s.select,2,\\w", "b\tc"),
            ("W", "s.selectws,0", "a"), ("S", "s.prefixes,3", "H,He,Hel"), ("S", "s.prefixes.quoted,3", "'H','He','Hel'"),
            ("N", "s.prefixes", "1,12,123,1234,12345"),
            // White space, removal, replacement.
            ("T", "s.trim", "x y"), ("T", "s.ltrim", "x y  "), ("T", "s.rtrim", "  x y"), ("T", "s.rmws", "xy"),
            ("H", "s.rmhdws", "a: b c"), ("H", "s.rmhlws", "a: bc"), ("S", "s.rm,l", "Heo, Word"),
            ("S", "s.rm,", "Hello, World"), ("N", "s.rm,12345", ""), ("R", "s.replace,aab,x", "axaaxab"),
            ("R", "s.rm,aa", "abbab"),
            ("S", "s.replace,l,LL", "HeLLLLo, WorLLd"), ("S", "s.replace,l,", "Heo, Word"),
            ("S", "s.replace,o,$var(L)", "Hella,b,,d, Wa,b,,drld"),
            // Digests.
            ("S", "s.md5", "82bb413746aee42f89dea2b59614f9ef"), ("E", "s.md5", "d41d8cd98f00b204e9800998ecf8427e"),
            ("E", "s.sha1", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("S", "s.sha256", "03675ac53ff9cd1535ccc7dfcdfa2c458c5218371f418dc136f2d19ac1fbe8a5"),
            (
                "S", "s.sha384",
                "c7b9b2dbbdd22b8a3a4ad011e326d536f603a404e55af47196a24db6513d877706d122b35d5b45daeb6674f9527e9659"
            ), ("S", "s.sha512}{s.len", 128), ("S", "s.corehash", "114333856"), ("L", "s.corehash,16", "14"),
            // Encodings.
            ("S", "s.encode.hexa", "48656c6c6f2c20576f726c64"), ("S", "s.encode.hexa}{s.decode.hexa", "Hello, World"),
            ("S", "s.decode.hexa", nil), ("S", "s.encode.base58", "2NEpo7TZsLBYdvo5V"),
            ("S", "s.encode.base58}{s.decode.base58", "Hello, World"), ("P", "s.encode.base64", "YT0xO2I9dHdvO2M="),
            ("P", "s.encode.base64t", "YT0xO2I9dHdvO2M"), ("B", "s.encode.base64", "YWJjPz5+fv8B"),
            ("B", "s.encode.base64url", "YWJjPz5-fv8B"), ("B", "s.encode.base64urlt", "YWJjPz5-fv8B"),
            ("P", "s.encode.base64}{s.decode.base64", "a=1;b=two;c"),
            ("P", "s.encode.base64t}{s.decode.base64t", "a=1;b=two;c"),
            ("B", "s.encode.base64url}{s.decode.base64url}{s.encode.hexa", "6162633f3e7e7eff01"),
            ("B", "s.encode.base64urlt}{s.decode.base64urlt}{s.encode.hexa", "6162633f3e7e7eff01"),
            ("S", "s.decode.base64", nil),
            ("S", "s.encode.7bit", "C8329BFD6681AE6F399B0C"), ("S", "s.encode.7bit}{s.decode.7bit", "Hello, World"),
            // Escapes.
            ("Q", "s.escape.common", #"it\'s \"q\" \\ b/c;d=e"#),
            ("Q", "s.escape.common}{s.unescape.common", #"it's "q" \ b/c;d=e"#),
            ("Q", "s.escape.user", "it's%20%22q%22%20%5c%20b%2fc;d=e"), ("S", "s.escape.user", "Hello,%20World"),
            ("Q", "s.escape.user}{s.unescape.user", #"it's "q" \ b/c;d=e"#), ("S", "s.escape.param", "Hello%2c%20World"),
            ("Q", "s.escape.param", "it's%20%22q%22%20%5c%20b/c%3bd%3de"),
            ("Q", "s.urlencode.param", "it%27s%20%22q%22%20%5c%20b%2fc%3bd%3de"),
            ("Q", "s.urlencode.param}{s.urldecode.param", #"it's "q" \ b/c;d=e"#),
            ("Q", "s.escape.csv", #""it's ""q"" \ b/c;d=e""#),
            ("A", "s.unquote", "\"Al\" <sip:alice:pw@example.com:5070;transport=tcp?x=1>;tag=99"),
            // Lines of text, times.
            ("N", "s.fmtlines,2,1", "12\r\n 34\r\n 5"), ("N", "s.fmtlinet,4,1", "1234\r\n\t5"), ("S", "s.ftime,%Y", nil),
            ("N", "s.ftime,%s", "12345"), ("X", "line.count", "4"), ("X", "line.at,0", "one"), ("X", "line.at,-1", "last"),
            ("X", "line.at,2", ""), ("X", "line.at,9", ""), ("X", "line.sw,la", "last"), ("X", "line.sw,zz", ""),
            ("E", "line.count", nil),
            // Lists of parameters.
            ("P", "param.value,b", "two"), ("P", "param.value,c", ""), ("P", "param.value,z", ""),
            ("P", "param.value,A", "1"),
            ("P", "param.name,1", "b"), ("P", "param.name,-1", "c"), ("P", "param.name,9", ""),
            ("P", "param.valueat,1", "two"),
            ("P", "param.count", 3), ("P", "param.in,c", 1), ("P", "param.in,z", 0), ("K", "param.value,b,&", "2"),
            ("K", "param.count,&", 3), ("P", "param.name,$var(one)", "b"),
            ("P", "param.value,$(var(P){param.name,1})}{s.len", 3),
            // Substitutions.
            ("S", "re.subst,/l/L/", "HeLlo, World"), ("S", "re.subst,/l/L/g", "HeLLo, WorLd"),
            ("S", "re.subst,/h/J/", "Hello, World"),
            ("S", "re.subst,/h/J/i", "Jello, World"), ("S", "re.subst,/(W)(o)/\\2\\1/", "Hello, oWrld"),
            ("S", "re.subst,#l+#_#g", "He_o, Wor_d"), ("S", "re.subst,/^(.*), (.*)$/\\2 \\1/", "World Hello"),
            ("S", "re.subst,/o/[\\0]/g", "Hell[o], W[o]rld"), ("S", "re.subst,/o/$var(L)/", "Hella,b,,d, World"),
            ("S", "re.subst,/o/$$/", "Hell$, World"), ("L", "re.subst,/,/\\//g", "a/b//d"), ("N", "re.subst,/3/x/", "12x45"),
            ("S", "re.subst,/(o)/\\3/g", "Hell, Wrld"),
            // Values.
            ("J", "val.json", #"a\"b\\c\n\u0001"#), ("J", "val.jsonqe", #""a\"b\\c\n\u0001""#), ("N", "val.jsonqe", 12345),
            ("N", "val.n0", 12345), ("S", "val.ne", "Hello, World"),
            // Addresses.
            ("A", "nameaddr.name", "\"Al\" "), ("A", "nameaddr.uri", "sip:alice:pw@example.com:5070;transport=tcp?x=1"),
            ("A", "nameaddr.len", 54), ("U", "uri.user", "alice"), ("U", "uri.host", "example.com"),
            ("U", "uri.domain", "example.com"),
            ("U", "uri.port", 5070), ("U", "uri.passwd", "pw"), ("U", "uri.params", "transport=tcp;lr"),
            ("U", "uri.param,transport", "tcp"), ("U", "uri.param,zz", ""), ("U", "uri.headers", "x=1&y=2"),
            ("U", "uri.transport", "tcp"), ("U", "uri.scheme", "sip"), ("U", "uri.tosocket", "tcp:example.com:5070"),
            ("U", "uri.duri", "sip:example.com:5070;transport=tcp"), ("U", "uri.saor", "sip:alice@example.com"),
            ("U", "uri.suri", "sip:alice@example.com:5070;transport=tcp"), ("A", "nameaddr.uri}{uri.user", "alice"),
            ("S", "uri.user", nil),
            // Chains.
            ("S", "s.tolower}{s.len", 12), ("S", "s.len}{s.len", 2),
            ("S", "s.select,0,,}{s.toupper}{s.md5", "eb61eead90e3b899c6bcbe27ac581660"),
        ] as [(String, String, ScriptValue)])
    func row(variable: String, transformation: String, expected: ScriptValue) throws {
        // Assigning null to $var gives 0: a stack keeps it apart.
        let fixture = try TextFixture(
            Self.texts
                + "$avp(r) = $(var(\(variable)){\(transformation)}); $var(isNull) = $(var(\(variable)){\(transformation)}) == $null;"
                + "if ($var(isNull)) { $var(result) = \"null\"; } else { $var(result) = $avp(r); }")
        #expect(try fixture.run() == (expected.isNull ? "null" : expected))
    }

    @Test(
        "Of nothing a transformation makes nothing, but for the class val",
        arguments: [
            ("s.len", nil), ("s.int", nil), ("s.md5", nil), ("s.toupper", nil), ("s.substr,0,1", nil), ("param.count", nil),
            ("line.count", nil), ("re.subst,/a/b/", nil), ("uri.host", nil), ("val.n0", 0), ("val.ne", ""), ("val.json", ""),
            ("val.jsonqe", "\"\""),
        ] as [(String, ScriptValue)])
    func null(transformation: String, expected: ScriptValue) throws {
        let value = "$(avp(unset){\(transformation)})"
        let fixture = try TextFixture(
            "if (\(value) == $null) { $var(result) = \"null\"; } else { $var(result) = \(value); } xlog(\"[\(value)]\");")
        #expect(try fixture.run() == (expected.isNull ? "null" : expected))
        #expect(fixture.log.all == ["<script>: [\(String(decoding: expected.textValue, as: UTF8.self))]"])
    }

    @Test(
        "Some results are numbers and add as such; the others are texts",
        arguments: [
            ("S", "s.len", 13), ("L", "s.count,a", 2), ("P", "param.count", 4), ("P", "param.in,a", 2),
            ("X", "line.count", "41"),
            ("A", "nameaddr.len", 55), ("S", "s.corehash", "1143338561"), ("U", "uri.port", 5071),
            ("P", "param.value,a", "11"),
            ("two", "s.int", 3), ("N", "s.numeric", "123451"),
        ] as [(String, String, ScriptValue)])
    func types(variable: String, transformation: String, expected: ScriptValue) throws {
        #expect(try TextFixture.value(of: "$(var(\(variable)){\(transformation)}) + 1", after: Self.texts) == expected)
    }

    @Test(
        "Where it means to differ from Kamailio 5.6, it does",
        arguments: [
            ("\"012\"", "s.int", 12),  // 012 there
            ("\"né\"", "s.escape.user", "n%c3%a9"),  // refused there
            ("\"né\"", "s.escape.param", "n%c3%a9"),  // refused there
            ("\"abc\"", "s.encode.base58}{s.decode.base58}{s.len", 3),  // 4 there
            ("\"abc\"", "re.subst,/x*/-/g", "-a-b-c-"),  // an error there
            ("\"abc\"", "re.subst,/^/> /", "> abc"),  // an error there
            ("\"a%2\"", "s.urldecode.param", "a%2"),  // a2 there
            ("\"sip:al@example.com\"", "uri.duri", "sip:example.com"),  // garbage there
        ] as [(String, String, ScriptValue)])
    func differences(text: String, transformation: String, expected: ScriptValue) throws {
        #expect(try TextFixture.value(of: "$(var(x){\(transformation)})", after: "$var(x) = \(text);") == expected)
    }

    @Test("A result that grows beyond 65,535 bytes is an error that is logged, and the value is null")
    func growth() throws {
        let chain = String(repeating: "{s.replace,a,aaaaaaaaaa}", count: 6)
        let fixture = try TextFixture("$var(a) = \"a\"; $var(result) = 5; $var(result) = $(var(a)\(chain));")
        #expect(try fixture.run() == 0)
        #expect(fixture.log.all.count == 1 && fixture.log.all[0].contains("expected at most 65535"), "\(fixture.log.all)")
    }
}
