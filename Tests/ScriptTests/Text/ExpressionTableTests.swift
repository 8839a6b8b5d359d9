import Configuration
import Script
import Testing

/// What Kamailio's expressions come to, row by row: operators and types, comparisons, and truth.
@Suite("Expressions, as Kamailio's documentation and Kamailio 5.6 itself have them")
struct ExpressionTableTests {
    @Test(
        "An expression is what the table says",
        arguments: [
            ("", "1+2", 3), ("", "\"1\"+2", "12"), ("", "\"a\"+1+2", "a12"), ("", "\"a\"+(1+2)", "a3"),
            ("$var(s)=\"5\";", "$var(s)+1", "51"), ("$var(s)=\"5\"; $var(i)=5;", "$var(i)+$var(s)", 10),
            ("$var(s)=\"5\"; $var(i)=5;", "$var(s)+$var(i)", "55"), ("$var(s)=\"x\"; $var(i)=5;", "$var(i)+$var(s)", 5),
            ("", "$avp(unset)+1", 1), ("", "$avp(unset)+\"x\"", "x"), ("", "1+$avp(unset)", 1),
            ("", "\"x\"+$avp(unset)", "x"),
            ("", "\"x\"+$var(untouched)", "x0"), ("", "7/2", 3), ("", "-7/2", -3), ("", "7 mod 3", 1), ("", "-7 mod 3", -1),
            ("", "~5", -6), ("", "1<<4", 16), ("", "256>>4", 16), ("", "12&10", 8), ("", "12|3", 15), ("", "12^10", 6),
            ("", "2+3*4", 14), ("", "20-5-3", 12), ("", "100/5/2", 10), ("", "1|6&3", 3), ("", "1+2==3", 1),
            ("", "-(3-5)", 2),
            ("", "0x1F", 31), ("", "017", 15), ("", "101b", 5), ("$var(s)=\"5\";", "$var(s)*2", 10),
            ("$var(s)=\"5\";", "10-$var(s)", 5), ("$var(s)=\"5\";", "$var(s)-1", 4), ("", "(int)\"12\"", 12),
            ("", "(int)\"12abc\"", 0), ("$var(s)=\"5\";", "(int)$var(s)+1", 6), ("", "(str)5+1", "51"),
            ("", "strlen(\"abc\")+1", 4), ("$var(i)=5;", "strlen($var(i))", 1), ("", "strempty(\"\")", 1),
            ("", "strempty(\"x\")", 0), ("", "defined $avp(unset)", 0), ("$avp(a)=1;", "defined $avp(a)", 1), ("", "!5", 0),
            ("", "!0", 1), ("", "2&&3", 1), ("", "0||7", 1), ("", "0 or 0", 0), ("", "1 and 0", 0),
            ("$var(i)=5;", "\"x$var(i)y\"", "x$var(i)y"), ("", "1==1 || $var(no)/$var(no)>1", 1),
            ("", "0 && $var(no)/$var(no)>1", 0), ("", "1==2 || 2==2 && 3==4", 0),
            ("$avp(k)=\"v\"; $avp(k)=\"w\";", "$cnt($avp(k))", 2),
        ] as [(String, String, ScriptValue)])
    func value(statements: String, expression: String, expected: ScriptValue) throws {
        #expect(try TextFixture.value(of: expression, after: statements) == expected)
    }

    @Test(
        "A comparison is true or false as the table says",
        arguments: [
            ("", "\"5\"==5", true), ("", "\"05\"==5", false), ("$var(i)=5;", "$var(i)==\"05\"", true),
            ("$var(s)=\"05\"; $var(i)=5;", "$var(i)==$var(s)", true), ("", "\"abc\"==\"ABC\"", false),
            ("", "\"abc\"=~\"B\"", true),
            ("", "\"abc\"=~\"^b\"", false), ("", "\"a5c\"=~\"[0-9]\"", true), ("$var(i)=5;", "$var(i)=~\"^5$\"", true),
            ("$var(p)=\"^h.*o$\";", "\"hello\"=~$var(p)", true), ("", "\"abc\"!~\"x\"", true), ("", "\"abc\"!~\"B\"", false),
            ("", "$avp(unset)=~\"^$\"", true), ("", "\"a\" eq \"a\"", true), ("", "\"a\" ne \"b\"", true),
            ("$var(t)=\"010\";", "$var(t) ieq 10", true), ("$var(t)=\"010\";", "$var(t) ine 10", false),
            ("$var(u)=\"x\"; $var(v)=\"y\";", "$var(u)<$var(v)", false),
            ("$var(u)=\"x\"; $var(v)=\"y\";", "$var(u)<=$var(v)", true),
            ("$var(s)=\"5\";", "$var(s)>4", true), ("$var(s)=\"5\";", "$var(s)>=5", true), ("", "$avp(unset)==$null", true),
            ("", "$avp(unset)!=$null", false), ("", "$avp(unset)==0", true), ("", "$avp(unset)==\"\"", true),
            ("", "$avp(unset)==\"a\"", false), ("", "$avp(unset)>0", false), ("", "$avp(unset)<1", true),
            ("", "$var(untouched)==$null", false), ("", "$var(untouched)==0", true),
            ("$var(e)=\"\";", "$var(e)==$null", false),
            ("", "not $var(untouched)", true), ("", "!(1==2) && 3>2", true),
        ])
    func comparison(statements: String, condition: String, expected: Bool) throws {
        #expect(try TextFixture.isTrue(condition, after: statements) == expected)
    }

    @Test(
        "An if takes nothing but a number above 0 for true",
        arguments: [
            ("", "1", true), ("", "2", true), ("", "0", false), ("", "-1", false), ("", "\"x\"", false),
            ("", "\"0\"", false),
            ("$var(s)=\"x\";", "$var(s)", false), ("$var(s)=\"5\";", "$var(s)", true), ("$var(i)=5;", "$var(i)", true),
            ("$var(i)=-5;", "$var(i)", false), ("", "$avp(unset)", false), ("", "$null", false),
        ])
    func truth(statements: String, condition: String, expected: Bool) throws {
        #expect(try TextFixture.isTrue(condition, after: statements) == expected)
    }

    @Test("A while takes any number but 0 for true, a negative one too")
    func loopTruth() throws {
        let fixture = try TextFixture(
            "$var(i) = -3; $var(result) = 0; while ($var(i)) { $var(i) = $var(i) + 1; $var(result) = $var(result) + 1; }")
        #expect(try fixture.run() == 3)
    }

    @Test(
        "Where it means to differ from Kamailio 5.6, it does",
        arguments: [
            // 32 bits there.
            ("2147483647+1", 2_147_483_648), ("1<<40", 1_099_511_627_776), ("-2147483648-1", -2_147_483_649),
            ("0x7fffffffffffffff", 9_223_372_036_854_775_807),
        ] as [(String, ScriptValue)])
    func differences(expression: String, expected: ScriptValue) throws {
        #expect(try TextFixture.value(of: expression) == expected)
    }

    @Test(
        "What cannot be computed is an error in the log, leaves the target as it was, and the script goes on",
        arguments: [
            "5 / $var(zero)", "5 mod $var(zero)", "5 mod $avp(unset)", "9223372036854775807 + $var(one)",
            "$var(least) - $var(one)", "9223372036854775807 * $var(two)", "$var(least) / (0 - $var(one))",
        ])
    func failures(expression: String) throws {
        let fixture = try TextFixture(
            """
            $var(one) = 1; $var(two) = 2; $var(least) = 0 - 9223372036854775807 - 1;
            $var(result) = 7; $var(result) = \(expression); xlog("went on");
            """)
        #expect(try fixture.run() == 7)
        #expect(fixture.log.all.count == 2, "\(fixture.log.all)")
        #expect(fixture.log.all.first?.hasPrefix("t.conf:3:") == true, "\(fixture.log.all)")
        #expect(fixture.log.all.last == "<script>: went on")
    }

    @Test(
        "Types that never fit are errors when the configuration is read",
        arguments: ["5 + \"a\"", "5 eq \"a\"", "\"a\" < \"b\"", "5 ne \"a\""])
    func typeErrors(expression: String) {
        let errors = TextFixture.check("route[T] { $var(r) = \(expression); }").diagnostics.filter { $0.severity == .error }
        #expect(!errors.isEmpty && errors.allSatisfy { $0.location.line == 1 && $0.location.column > 21 }, "\(errors)")
    }
}
