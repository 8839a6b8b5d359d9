import Configuration
import Testing

@Suite("Statements of the top level")
struct StatementTests {
    @Test(
        "A good statement gives its parts",
        arguments: [
            Case("workers = 4", "workers = i:4"),
            Case("workers=4;log_level=info", "workers = i:4", "log_level = w:info"),
            Case("core.debug = 3", "core.debug = i:3"),
            Case("run_dir = \"/run/modhost\"", "run_dir = s:/run/modhost"),
            Case(
                "fork = yes\na=ON\nb=True\nc=enable", "fork = b:true", "a = b:true", "b = b:true",
                "c = b:true"),
            Case(
                "a=no\nb=off\nc=FALSE\nd=disable", "a = b:false", "b = b:false", "c = b:false", "d = b:false"),
            Case(
                "listen = udp:127.0.0.1:5060 tcp:eth0:5061 advertise 1.2.3.4:5060",
                "listen = w:udp:127.0.0.1:5060 w:tcp:eth0:5061 w:advertise w:1.2.3.4:5060"),
            Case("listen = [::1]:5060", "listen = w:[::1]:5060"),
            Case("listen = \"tcp://127.0.0.1:5999\"", "listen = s:tcp://127.0.0.1:5999"),
            Case("net = 10.0.0.0/8 fe80::0a 2001:db8::1", "net = w:10.0.0.0/8 w:fe80::0a w:2001:db8::1"),
            Case("a = -5 +3 - 7 2.5 -0.5", "a = i:-5 i:3 i:-7 f:2.5 f:-0.5"),
            Case("t = 5s 16K 1.5h", "t = w:5s w:16K w:1.5h"),
            Case("a =\n 4\nb = 5", "a = i:4", "b = i:5"),
            Case("mpath \"/a:/b\"", "mpath /a /b"),
            Case("mpath = \"/a\";", "mpath /a"),
            Case("loadpath \"/a\"\nloadpath=\"/b::/c:\"", "mpath /a", "mpath /b /c"),
            Case("loadmodule \"flatstore.so\"", "loadmodule flatstore.so"),
            Case("loadmodule \"acc\" optional;", "loadmodule acc optional"),
            Case("loadmodule(\"/usr/lib/acc.so\")", "loadmodule /usr/lib/acc.so"),
            Case("loadmodule\n\"acc\"\n", "loadmodule acc"),
            Case("modparam(\"flatstore\", \"flush\", 0)", "modparam flatstore flush i:0"),
            Case("modparam('a', 'b', 'x\ny')", "modparam a b s:x\ny"),
            Case("modparam(\"a|b\",\n  \"p\",\n  -1.5\n)\nx=1", "modparam a|b p f:-1.5", "x = i:1"),
            Case(
                "modparam(\"a\", \"b\", on); modparam(\"a\",\"b\",5s)", "modparam a b b:true",
                "modparam a b w:5s"),
            Case(";;;\n;", ""),
            Case("request_route { xlog(\"a\"); }", "request[] xlog ( s:a ) ;"),
            Case("route { exit; }", "request[] exit ;"),
            Case("route[A] { if (1) { exit; } };", "named[A] if ( i:1 ) { exit ; }"),
            Case("route[4] { exit; } route[\"x y\"] { exit; }", "named[4] exit ;", "named[x y] exit ;"),
            Case("reply_route { drop; } onreply_route { drop; }", "reply[] drop ;", "onReply[] drop ;"),
            Case("onreply_route[A] { drop; }", "onReply[A] drop ;"),
            Case(
                "failure_route[F] { t(); }\nbranch_route[B] { t(); }\nonsend_route { t(); }",
                "failure[F] t ( ) ;",
                "branch[B] t ( ) ;", "onSend[] t ( ) ;"),
            Case("event_route[htable:expired:my-users] { a(); }", "event[htable:expired:my-users] a ( ) ;"),
            Case("route[E] { }", "named[E] "),
            Case("", ""),
        ])
    func good(_ example: Case) {
        let configuration = parse(example.text)
        #expect(configuration.diagnostics.map(\.description) == [])
        #expect(shown(configuration) == example.expected.filter { !$0.isEmpty })
    }

    @Test("Every part of a statement knows its place")
    func places() throws {
        let text =
            "\nworkers =\t4\n  modparam( \"acc\" , \"db_url\",\n  \"flatstore:/x\")\nmpath \"/a:/bc:/d\"\n"
        let statements = parse(text).statements
        guard case .setting(let setting) = statements[0],
            case .moduleParameter(let parameter) = statements[1],
            case .modulePath(let path) = statements[2]
        else {
            Issue.record("other statements than expected: \(statements)")
            return
        }
        #expect(setting.name.location.description == "m.conf:2:1")
        #expect(setting.values[0].location.description == "m.conf:2:11")
        #expect(statements[1].location.description == "m.conf:3:3")
        #expect(parameter.modules.location.description == "m.conf:3:13")
        #expect(parameter.name.location.description == "m.conf:3:21")
        #expect(parameter.value.location.description == "m.conf:4:3")
        #expect(parameter.value.spelling == "\"flatstore:/x\"")
        #expect(path.directories.map(\.location.column) == [8, 11, 15])
    }

    @Test("A column counts characters, not bytes, and a tab as one")
    func columns() {
        #expect(
            complaints("/* äöü€ */\t\tworkers ?") == [
                "m.conf:1:13: error: found the unknown word 'workers', expected loadmodule, modparam, mpath, a route or "
                    + "'name = value'"
            ])
    }

    @Test("A route keeps its kind, name, braces and every token of its body with its place")
    func route() throws {
        let text = """
            route[CHECK] {
                if ($var(a) =~ "^x" && $(ru{s.substr,0,(2)}) != $null) $var(b) = -1 << 2;
            }
            """
        guard case .route(let route) = try #require(parse(text).statements.first) else { return }
        #expect(route.name == LocatedString("CHECK", at: SourceLocation(file: "m.conf", line: 1, column: 7)))
        #expect(route.openingBrace.description == "m.conf:1:14")
        #expect(route.closingBrace.description == "m.conf:3:1")
        #expect(
            route.body.map(shown) == [
                "if", "(", "$var(a)", "=~", "s:^x", "&&", "$(ru{s.substr,0,(2)})", "!=", "$null", ")",
                "$var(b)", "=",
                "-", "i:1", "<<", "i:2", ";",
            ])
        #expect(route.body[2].location.description == "m.conf:2:9")
        #expect(route.body[0].startsLine)
    }

    @Test(
        "A module pattern matches whole names",
        arguments: [
            ("acc", "acc", true), ("acc", "acc2", false), ("acc|mi-fifo", "mi-fifo", true),
            ("acc|flat", "flatstore", false), ("a|ab", "ab", true), ("db_.*", "db_flatstore", true),
            ("db_.*", "xdb_a", false), ("(a|b)c?", "bc", true), ("ACC", "acc", false), ("a.*", "", false),
        ])
    func pattern(_ pattern: String, _ name: String, _ matches: Bool) throws {
        let statement = parse("modparam(\"\(pattern)\", \"p\", 1)").statements.first
        guard case .moduleParameter(let parameter) = statement else {
            Issue.record("no modparam")
            return
        }
        #expect(parameter.modules.matches(name) == matches)
    }

    @Test("modparamx and loadmodulex resolve $env, $def and $$; modparam leaves a string alone")
    func variables() {
        let text = """
            #!define DIR /var/db
            loadmodulex "$env(LIB)/acc.so"
            modparamx("acc", "p", "flatstore:$def(DIR)/$$x")
            modparam("acc", "p", "$env(LIB)")
            """
        #expect(
            shown(parse(text, environment: ["LIB": "/lib"])) == [
                "loadmodule /lib/acc.so", "modparam acc p s:flatstore:/var/db/$x",
                "modparam acc p s:$env(LIB)",
            ])
        #expect(
            complaints("#!define DIR /a\nmodparamx(\"a\",\"b\",\"$def(DRI)\")\nloadmodulex \"$env(NO)\"\n")
                == [
                    "m.conf:2:19: error: found $def(DRI), but there is no define DRI; did you mean DIR?",
                    "m.conf:3:13: error: found $env(NO), but there is no environment variable NO; set it before the start",
                ])
        #expect(
            complaints("modparamx(\"a\",\"b\",\"x$si\")") == [
                "m.conf:1:19: error: found '$si', expected $env(NAME) or $def(NAME), the only variables known here; "
                    + "write '$$' for a dollar sign"
            ])
    }
}
