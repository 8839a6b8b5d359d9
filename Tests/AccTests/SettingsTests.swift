import AccIntake
import ModuleABI
import ModuleKit
import Testing

@Suite("Parameters")
struct SettingsTests {
    @Test(
        "Bad columns are refused with what was found and what was expected",
        arguments: [
            ("id", "column \"id\": expected name:type"), ("id:strng", "did you mean \"string\"?"),
            ("id:string,id:int", "column \"id\" is named twice"), (":int", "column name \"\""),
            ("a b:int", "column name \"a b\""), ("a:int:x", "expected name:type"),
            ("", "column \"\": expected name:type"),
            ("a:varchar", "has the type \"varchar\": expected int, float, string, time, blob"),
        ])
    func columns(text: String, part: String) {
        #expect(FakeHost().set("columns", text)?.contains(part) == true)
    }

    @Test(
        "Other parameters say what is wrong with them",
        arguments: [
            ("db_url", "/var/log/acc", "db_url has no scheme"), ("db_url", "", "db_url has no scheme"),
            ("socket_mode", "rw", "octal permission bits"), ("socket_mode", "0999", "octal permission bits"),
            ("socket_mode", "10000", "octal permission bits"),
            ("field_delimiter", "", "exactly one ASCII character"),
            ("field_delimiter", "||", "exactly one ASCII character"), ("field_delimiter", "é", "exactly one"),
            ("field_delimiter", "{", "cannot be a line end"), ("db_table", "", "db_table is empty"),
        ])
    func others(name: String, text: String, part: String) {
        #expect(FakeHost().set(name, text)?.contains(part) == true)
    }

    @Test("The table is opened with the columns named, and the secrets of its URL are never shown")
    func opens() {
        let host = FakeHost()
        #expect(host.start(columns: "id:string,n:int,x:float,at:time,raw:blob") == nil)
        #expect(host.database.url == "fake://user:secret@place/x")
        #expect(host.database.tableName == "acc")
        #expect(
            host.database.columns == [
                "id:\(MH_STRING)", "n:\(MH_INT)", "x:\(MH_FLOAT)", "at:\(MH_TIME)", "raw:\(MH_BLOB)",
            ])
        host.advance(seconds: 1)
        #expect(!host.log.contains { $0.contains("secret") })
        host.stop()
        #expect(!host.database.isTableOpen && !host.database.isOpen)
    }

    @Test("The default columns are a call record whose time is filled in")
    func defaults() throws {
        let host = FakeHost()
        #expect(host.start() == nil)
        #expect(host.database.columns.count == 7)
        let stream = try #require(host.connect())
        stream.send("INVITE|a|b|c|200|OK|\n")
        guard case .time(let micros)? = host.database.rows.first?.last else {
            Issue.record("the time column is empty")
            return
        }
        #expect(micros > 1_700_000_000_000_000)
    }

    @Test(
        "A start that cannot work is refused, and what was opened is closed",
        arguments: [
            ("db_url", "other:/x", "scheme \"other\", which no loaded module provides"),
            ("listen", "bad:address", "listen \"bad:address\": expected tcp:// or unix:"),
            ("time_column", "tme", "time_column \"tme\" is not one of the columns; did you mean \"time\"?"),
            ("time_column", "callid", "expected a column of type time, int or float"),
        ])
    func refusals(name: String, text: String, part: String) throws {
        let host = FakeHost()
        host.set("db_url", "fake:/x")
        host.set(name, text)
        let failure = try #require(host.startAsSet())
        #expect(failure.contains(part), "\(failure)")
        #expect(!host.database.isOpen && !host.database.isTableOpen)
    }

    @Test("A provider that cannot insert, and a missing db_url, are refused")
    func needs() {
        let host = FakeHost()
        host.database.capabilities = MH_DB_CAN_QUERY
        #expect(host.start()?.contains("fake://***@place/x cannot insert rows") == true)
        #expect(!host.database.isOpen)
        #expect(FakeHost().startAsSet()?.contains("db_url is not set") == true)
    }

    @Test(
        "A URL is shown without user, password and query",
        arguments: [
            ("flatstore:/var/log/acc", "flatstore:/var/log/acc"), ("pg://u:p@h/db", "pg://***@h/db"),
            ("pg://u:p@ss@h:5432/db?password=x", "pg://***@h:5432/db"), ("sqlite:x?key=k", "sqlite:x"),
            ("my:u:p@h", "my:***@h"), ("pg://u:p?q@h/db", "pg://***@h/db"),
        ])
    func shownURL(text: String, shown: String) throws {
        #expect(try DatabaseURL(text).shown == shown)
    }
}
