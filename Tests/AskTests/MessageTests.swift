import ModuleABI
import ModuleKit
import Testing

@testable import AskIntake

@Suite("What a route sees of a question")
struct MessageTests {
    private let host: FakeHost

    init() throws {
        host = FakeHost()
        #expect(host.start() == nil)
    }

    private func run(_ members: [String: mh_value]) -> FakeRun {
        FakeRun(
            members.map { name, value in
                mh_log_field(
                    struct_size: UInt32(MemoryLayout<mh_log_field>.size), reserved: 0, name: mh_str(leaking: name),
                    value: value)
            })
    }

    private func text(_ text: String) -> mh_value { mh_text(mh_str(leaking: text)) }

    @Test(
        "Each pseudo-variable reads its member, and is null without it",
        arguments: [
            ("si", "source_ip"), ("sp", "source_port"), ("rm", "method"), ("ru", "ruri"), ("rU", "ruri_user"),
            ("rd", "ruri_domain"),
            ("fu", "from_uri"), ("fU", "from_user"), ("fd", "from_domain"), ("tu", "to_uri"), ("tU", "to_user"),
            ("td", "to_domain"),
            ("ci", "call_id"), ("cs", "cseq"), ("ct", "contact"), ("ua", "user_agent"), ("au", "auth_user"),
            ("ar", "auth_realm"),
            ("pr", "protocol"), ("du", "destination_uri"), ("ml", "message_length"), ("Ri", "received_ip"),
            ("Rp", "received_port"),
        ])
    func members(variable: String, member: String) {
        #expect(host.read(variable, in: run([member: text("x")])) == .string("x"))
        #expect(host.read(variable, in: run([member: mh_int(5060)])) == .integer(5060))
        #expect(host.read(variable, in: run([:])) == .null)
    }

    @Test(
        "User, domain and port come from the URI when they are not given",
        arguments: [
            ("sip:alice@example.com", "alice", "example.com", nil), ("sip:bob:secret@[::1]:5070;lr", "bob", "[::1]", "5070"),
            ("\"A\" <sips:a.b@h.org:5061;transport=tls?x=1>;tag=9", "a.b", "h.org", "5061"),
            ("sip:example.com;lr", nil, "example.com", nil),
            ("no uri", nil, nil, nil),
        ] as [(String, String?, String?, String?)])
    func addresses(uri: String, user: String?, domain: String?, port: String?) {
        func value(_ text: String?) -> Value { text.map { .string($0) } ?? .null }
        let run = run(["ruri": text(uri)])
        #expect(host.read("rU", in: run) == value(user))
        #expect(host.read("rd", in: run) == value(domain))
        #expect(host.read("rp", in: run) == value(port))
        #expect(host.read("fU", in: run) == .null)
    }

    @Test("$hdr and is_present_hf find a header without regard to case")
    func headers() {
        let run = run(["hdr:x-a": text("1")])
        #expect(host.read("hdr", "X-A", in: run) == .string("1"))
        #expect(host.read("hdr", "x-b", in: run) == .null)
        #expect(host.call("is_present_hf", "X-a", in: run) == 1)
        #expect(host.call("is_present_hf", "Authorization", in: run) == -1)
    }

    @Test(
        "is_method knows one of several methods, without regard to case",
        arguments: [
            ("REGISTER", "REGISTER", true), ("REGISTER", "INVITE|REGISTER", true), ("invite", "INVITE | ACK", true),
            ("REGIST", "REGISTER", false), ("BYE", "INVITE|ACK", false), ("", "|", false), ("ACK", "", false),
        ])
    func methods(method: String, names: String, isOne: Bool) {
        #expect(host.call("is_method", names, in: run(["method": text(method)])) == (isOne ? 1 : -1))
        #expect(host.call("is_method", names, in: run([:])) == -1)
    }

    @Test("Every name of the reply function sets code and text; a code that is none is false and said once")
    func replies() {
        for name in ["sl_send_reply", "send_reply", "sl_reply"] {
            let run = run([:])
            #expect(host.call(name, "503", "Too Many Requests", in: run) == 1)
            #expect(run.reply?.code == 503 && run.reply?.text == "Too Many Requests")
            #expect(host.call(name, [mh_int(404), text("Not Found")], in: run) == 1)
            #expect(run.reply?.code == 404)
            for wrong in ["99", "1000", "x", ""] { #expect(host.call(name, wrong, "t", in: run) == -1) }
            #expect(run.reply?.code == 404)
        }
        #expect(host.log.filter { $0 == "sl_reply: the code is \"99\", expected a number of 100 to 999" }.count == 1)
    }
}
