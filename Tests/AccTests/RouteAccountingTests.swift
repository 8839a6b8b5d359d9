import ModuleABI
import ModuleKit
import Testing

@testable import AccIntake

@Suite("Accounting by routes")
struct RouteAccountingTests {
    private func text(_ text: String) -> mh_value { mh_text(mh_str(leaking: text)) }

    /// Prepares a place in the config and calls from it once for each run; what prepare answered when it refused.
    private func call(
        _ host: FakeHost, _ name: String, _ arguments: [mh_value], runs: [FakeRun]
    ) throws -> (codes: [Int32], refusal: String?) {
        let function = try #require(
            host.descriptor.functions.map(as: mh_script_function.self) { $0 }.first { $0.name.string == name })
        return arguments.withUnsafeBufferPointer { arguments in
            var array = mh_array(
                items: UnsafeRawPointer(arguments.baseAddress), count: UInt32(arguments.count),
                stride: UInt32(MemoryLayout<mh_value>.stride))
            var site: UnsafeMutableRawPointer?
            if let prepare = function.prepare {
                let refusal = host.failure { prepare(function.ctx, &array, &site, $0) }
                if let refusal { return ([], refusal) }
            }
            let codes = runs.map { run in
                function.call(function.ctx, site, OpaquePointer(Unmanaged.passUnretained(run).toOpaque()), &array)
            }
            if site != nil { function.release(function.ctx, site) }
            return (codes, nil)
        }
    }

    @Test("A row takes method, tags and Call-ID from the run, code and reason from the comment, and db_extra from its texts")
    func row() throws {
        let host = FakeHost()
        host.set("db_extra", "src_ip=$si; ua = $ua ;note=fixed;port=$sp")
        #expect(host.start() == nil)
        #expect(host.database.columns.suffix(4) == ["src_ip:3", "ua:3", "note:3", "port:3"])
        let run = FakeRun([
            "method": text("INVITE"), "from_tag": text("a1"), "call_id": text("c1"), "si": text("10.0.0.1"),
            "sp": mh_int(5060),
        ])
        #expect(try call(host, "acc_db_request", [text("404 Not found"), text("acc")], runs: [run, run]).codes == [1, 1])
        #expect(host.database.rows.count == 2)
        let row = try #require(host.database.rows.first)
        #expect(
            row.prefix(6) == [.string("INVITE"), .string("a1"), .null, .string("c1"), .string("404"), .string("Not found")])
        guard case .time(let micros) = row[6] else { return #expect(Bool(false), "\(row[6])") }
        #expect(micros > 1_600_000_000_000_000)
        #expect(row.suffix(4) == [.string("10.0.0.1"), .null, .string("fixed"), .string("5060")])
        #expect(host.counter("stored") == 2)
    }

    @Test(
        "A comment is a code and a reason, or all reason",
        arguments: [
            ("200 OK", "200", "OK"), ("404  Not found", "404", "Not found"), ("486", "486", ""), ("blocked", nil, "blocked"),
            ("4040 x", nil, "4040 x"), ("", nil, ""), (" 503 x", "503", "x"),
        ] as [(String, String?, String)])
    func comments(comment: String, code: String?, reason: String) {
        Array(comment.utf8).withUnsafeBytes { bytes in
            let words = RouteAccounting.split(bytes)
            #expect(words.code.map { String(decoding: $0, as: UTF8.self) } == code)
            #expect(String(decoding: words.reason, as: UTF8.self) == reason)
        }
    }

    @Test("Values become the column's type; one that cannot be is false, said, and not stored")
    func types() throws {
        let host = FakeHost()
        host.set("db_extra", "n=$n;f=$f;at=$at;b=$b")
        #expect(host.start(columns: "id:string,n:int,f:float,at:time,b:blob") == nil)
        let good = FakeRun(["n": text("42"), "f": mh_int(2), "at": mh_int(1_700_000_000), "b": text("x")])
        let bad = FakeRun(["n": text("many")])
        let empty = FakeRun(["n": text(""), "f": text("")])
        #expect(try call(host, "acc_db_request", [text("x")], runs: [good, bad, empty]).codes == [1, -1, 1])
        #expect(
            host.database.rows.first?.dropFirst() == [.integer(42), .float(2), .time(1_700_000_000_000_000), .blob([0x78])])
        #expect(host.database.rows.last == [.null, .null, .null, .null, .null])
        #expect(
            host.log.contains { $0.contains("acc_db_request: column \"n\": expected an int") && $0.contains("\"many\"") })
        #expect(host.counter("rejected") == 1)
    }

    @Test("A database that blocks gets the rows of many runs in one batch, on a pool thread")
    func groupCommit() throws {
        let host = FakeHost()
        host.database.capabilities |= MH_DB_BLOCKS
        #expect(host.start(columns: "sip_reason:string") == nil)
        let run = FakeRun([:])
        #expect(try call(host, "acc_db_request", [text("first")], runs: [run]).codes == [1])
        #expect(try call(host, "acc_db_request", [text("second"), text("other")], runs: [run, run]).codes == [1, 1])
        #expect(host.database.rows.isEmpty)
        host.run()
        #expect(host.database.rows == [[.string("first")], [.string("second")], [.string("second")]])
        #expect(host.database.batches == [1, 2])
        host.database.refuse = { _, _ in (MH_E_NO_SPACE, "the disk is full") }
        #expect(try call(host, "acc_db_request", [text("third")], runs: [run]).codes == [1])
        host.run()
        #expect(host.log.contains("acc_db_request: 1 of 1 rows are not stored: the disk is full"))
        host.refusesOffload = true
        host.database.refuse = nil
        #expect(try call(host, "acc_db_request", [text("fourth")], runs: [run]).codes == [1])
        #expect(host.database.rows.last == [.string("fourth")])
        host.stop()
        #expect(!host.database.isTableOpen && !host.database.isOpen)
    }

    @Test("Texts of any length and numbers of any size are stored whole, at once and in batches", arguments: [false, true])
    func extremes(blocks: Bool) throws {
        let host = FakeHost()
        if blocks { host.database.capabilities |= MH_DB_BLOCKS }
        host.set("db_extra", "ua=$ua;least=$least;most=$most;also=$ua;none=$none")
        #expect(host.start() == nil)
        let long = String(repeating: "0123456789", count: 500)
        let run = FakeRun([
            "method": text(long), "ua": text(long + "ua"), "least": mh_int(.min), "most": mh_int(.max), "none": text(""),
        ])
        #expect(try call(host, "acc_db_request", [text("200 " + long)], runs: [run, run]).codes == [1, 1])
        host.run()
        #expect(host.database.rows.count == 2)
        for row in host.database.rows {
            #expect(row[0] == .string(long) && row[4] == .string("200") && row[5] == .string(long))
            #expect(
                row.suffix(5) == [
                    .string(long + "ua"), .string("-9223372036854775808"), .string("9223372036854775807"),
                    .string(long + "ua"), .string(""),
                ])
        }
    }

    @Test("A text that cannot be expanded is null in the row, and the log says why")
    func failingText() throws {
        let host = FakeHost()
        host.set("db_extra", "bad=$failing;ua=$ua")
        #expect(host.start() == nil)
        #expect(try call(host, "acc_db_request", [text("200 OK")], runs: [FakeRun(["ua": text("x")])]).codes == [1])
        #expect(host.database.rows.first?.suffix(2) == [.null, .string("x")])
        #expect(host.log.contains("$failing gave more than it may"))
    }

    @Test("A database that refuses a row makes the call false")
    func refused() throws {
        let host = FakeHost()
        #expect(host.start() == nil)
        host.database.refuse = { _, _ in (MH_E_NO_SPACE, "the disk is full") }
        #expect(try call(host, "acc_db_request", [text("200 OK")], runs: [FakeRun([:])]).codes == [-1])
        #expect(host.log.contains("acc_db_request: the disk is full"))
    }

    @Test("The log line has Kamailio's fields, then those of log_extra, at log_level")
    func logLine() throws {
        let host = FakeHost()
        host.set("log_extra", "src_ip=$si;none=$none")
        #expect(host.start() == nil)
        let run = FakeRun(["method": text("BYE"), "to_tag": text("t"), "callid": text("c9"), "si": text("10.0.0.1")])
        #expect(try call(host, "acc_log_request", [text("200 OK")], runs: [run]).codes == [1])
        let line = try #require(host.log.first { $0.hasPrefix("ACC: request accounted: timestamp=") })
        #expect(line.hasSuffix(";method=BYE;from_tag=;to_tag=t;call_id=c9;code=200;reason=OK;src_ip=10.0.0.1;none="))
    }

    @Test("What is wrong with the extras is said at start")
    func mistakes() {
        let host = FakeHost()
        #expect(host.set("db_extra", "src_ip")?.contains("found \"src_ip\", expected name=text pairs") == true)
        #expect(host.set("db_extra", "a=$si;a=$sp")?.contains("\"a\" is given twice") == true)
        host.set("db_extra", "srcip=$si")
        #expect(
            host.start(columns: "src_ip:string")?.contains("which `columns` does not name; did you mean \"src_ip\"?") == true
        )
        let other = FakeHost()
        other.set("db_extra", "x=$bad")
        #expect(other.start() == "db_extra: x=$bad: unknown pseudo-variable $bad")
        #expect(!other.database.isOpen)
    }

    @Test("A semicolon in a transformation belongs to it")
    func semicolons() throws {
        #expect(
            try ExtraField.parse("a=$(ua{s.select,1,;});b=$x(k;v);")
                == [.init(name: "a", text: "$(ua{s.select,1,;})"), .init(name: "b", text: "$x(k;v)")])
    }
}
