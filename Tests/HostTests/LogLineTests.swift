import JSON
import ModuleABI
import Testing

@testable import Host

@Suite("Lines of the log")
struct LogLineTests {
    private let time = "2026-01-02T03:04:05.000006Z"

    @Test("Text: time, padded level, module and thread, message, fields")
    func text() {
        let line = LogLine(
            level: .info, module: "acc", thread: 2, text: "stored",
            fields: [
                .init(name: "rows", value: .integer(5)), .init(name: "table", value: .string("acc")),
                .init(name: "why", value: .string("disk full")), .init(name: "empty", value: .string("")),
                .init(name: "none", value: .null),
            ])
        #expect(
            line.text(at: time, isColoured: false)
                == "\(time) info     acc[2]: stored rows=5 table=acc why=\"disk full\" empty=\"\" none=null\n")
        #expect(line.syslog == "acc: stored rows=5 table=acc why=\"disk full\" empty=\"\" none=null")
    }

    @Test("The host's own lines say modhost; a thread without an index has none")
    func host() {
        let line = LogLine(level: .critical, module: nil, thread: MH_THREAD_NONE, text: "x")
        #expect(line.text(at: time, isColoured: false) == "\(time) critical modhost: x\n")
        #expect(line.syslog == "x")
    }

    @Test("The journal gets a priority instead of the time")
    func journal() {
        for (level, number) in [
            (LogLevel.alert, 1), (.bug, 2), (.error, 3), (.warning, 4), (.notice, 5), (.info, 6), (.debug, 7),
        ] {
            let line = LogLine(level: level, module: nil, thread: 0, text: "x").text(at: nil, isColoured: false)
            #expect(line.hasPrefix("<\(number)>\(level.name)"))
        }
    }

    @Test("Colours stand around the level only")
    func colours() {
        let line = LogLine(level: .error, module: "m", thread: 1, text: "x").text(at: time, isColoured: true)
        #expect(line == "\(time) \u{1B}[31merror   \u{1B}[0m m[1]: x\n")
    }

    @Test("Nothing from outside can begin a line or drive a terminal")
    func control() {
        let line = LogLine(
            level: .info, module: "m", thread: 1, text: "a\nb\r\u{1B}[2Jc\td\u{7F}\u{0}",
            fields: [.init(name: "k\ney", value: .string("v\nw")), .init(name: "e", value: .string("\u{1B}"))])
        let text = line.text(at: time, isColoured: false)
        #expect(text == "\(time) info     m[1]: a\\nb\\r\\x1b[2Jc d\\x7f\\x00 k\\ney=\"v\\nw\" e=\"\\u001B\"\n")
        #expect(line.syslog.utf8.allSatisfy { $0 >= 0x20 })
    }

    @Test("JSON: one object a line, in this order")
    func json() {
        let line = LogLine(
            level: .notice, module: nil, thread: 0, text: "a\n\"b\"", fields: [.init(name: "n", value: .double(0.5))])
        #expect(
            String(decoding: line.json(at: time), as: UTF8.self)
                == "{\"time\":\"\(time)\",\"level\":\"notice\",\"module\":\"host\",\"thread\":0,\"message\":\"a\\n\\\"b\\\"\",\"fields\":{\"n\":0.5}}\n"
        )
        let plain = LogLine(level: .debug, module: "m", thread: MH_THREAD_NONE, text: "x")
        #expect(
            String(decoding: plain.json(at: time), as: UTF8.self)
                == "{\"time\":\"\(time)\",\"level\":\"debug\",\"module\":\"m\",\"message\":\"x\"}\n")
    }

    @Test("The time is RFC 3339 in UTC with microseconds")
    func timestamps() { #expect(timestamp().wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/) != nil) }

    @Test("Levels outside Kamailio's numbers are cut, names have short forms")
    func levels() {
        #expect(
            [-9, -5, -4, -3, -2, -1, 0, 1, 2, 3, 9].map { LogLevel(clamping: $0) } == [
                .alert, .alert, .bug, .critical, .critical, .error, .warning, .notice, .info, .debug, .debug,
            ])
        #expect(LogLevel(name: "WARN") == .warning)
        #expect(LogLevel(name: "crit") == .critical)
        #expect(LogLevel(name: "loud") == nil)
    }
}
