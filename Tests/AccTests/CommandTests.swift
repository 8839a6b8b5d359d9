import AccIntake
import ModuleABI
import ModuleKit
import Testing

@Suite("Commands")
struct CommandTests {
    private func started() -> FakeHost {
        let host = FakeHost()
        #expect(host.start(columns: "id:string,n:int,at:time") == nil)
        return host
    }

    @Test(
        "acc.record stores one row, with null for what is not given", arguments: ["acc.record", "acc_record"])
    func record(name: String) {
        let host = started()
        let reply = FakeReply.call(host, name, ["n=5", "id=a=b|c d"])
        #expect(reply.events == ["{", "stored=1", "end"] && reply.fault == nil)
        #expect(host.database.rows == [[.string("a=b|c d"), .integer(5), .null]])
        #expect(host.counter("stored") == 1)
    }

    @Test(
        "acc.record answers 400 with the column and what was expected",
        arguments: [
            ([], "nothing to store: expected column=value for at least one column"),
            (["id"], "argument \"id\": expected column=value"),
            (["m=1"], "unknown column \"m\""),
            (["n=x"], "column \"n\": expected an int (a whole number of 64 bits), found \"x\""),
            (["n=1", "n=2"], "column \"n\" is given twice"),
        ] as [([String], String)])
    func badRecord(arguments: [String], text: String) {
        let host = started()
        let reply = FakeReply.call(host, "acc.record", arguments)
        #expect(reply.fault?.code == 400 && reply.fault?.text == text)
        #expect(host.database.rows.isEmpty)
    }

    @Test("acc.record answers 500 with the provider's own text")
    func refused() {
        let host = started()
        host.database.refuse = { _, _ in (MH_E_NO_SPACE, "no space left on /var/log/acc") }
        let reply = FakeReply.call(host, "acc.record", ["id=a"])
        #expect(reply.fault?.code == 500 && reply.fault?.text == "no space left on /var/log/acc")
        #expect(host.counter("stored") == 0 && host.counter("rejected") == 1)
    }

    @Test("acc.info tells where rows come from and go to, without secrets")
    func info() throws {
        let host = started()
        let stream = try #require(host.connect())
        stream.send("a|1|\njunk\n")
        let reply = FakeReply.call(host, "acc.info", [])
        #expect(
            reply.events == [
                "{", "table=acc", "db_url=fake://***@place/x", "columns[", "column=id:string", "column=n:int",
                "column=at:time", "end", "listen[", "address=tcp://127.0.0.1:40123", "end", "connections=1",
                "stored=1", "rejected=1", "bytes=10", "end",
            ])
    }
}
