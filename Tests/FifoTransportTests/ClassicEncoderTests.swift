import ModuleABI
import ModuleKit
import Testing

@testable import FifoTransport

/// Builds reply events by hand.
struct EncoderScript {
    var encoder = ClassicEncoder(indent: Array("\t".utf8))

    mutating func event(_ kind: UInt32, _ name: String = "", flags: UInt32 = 0, value: mh_value = mh_null()) {
        name.withMHString { name in
            var event = mh_mi_event()
            event.kind = kind
            event.flags = flags
            event.name = name
            event.value = value
            encoder.take(event)
        }
    }
    mutating func map(_ name: String = "", attributes: Bool = false, _ body: (inout EncoderScript) -> Void) {
        event(MH_MI_EVENT_MAP, name, flags: attributes ? MH_MI_ATTRIBUTES : 0)
        body(&self)
        event(MH_MI_EVENT_END)
    }
    mutating func list(_ name: String = "", _ body: (inout EncoderScript) -> Void) {
        event(MH_MI_EVENT_LIST, name)
        body(&self)
        event(MH_MI_EVENT_END)
    }
    mutating func text(_ name: String = "", _ text: String) {
        text.withMHString { event(MH_MI_EVENT_VALUE, name, value: mh_text($0)) }
    }
    mutating func value(_ name: String = "", _ value: mh_value) {
        event(MH_MI_EVENT_VALUE, name, value: value)
    }
}

private func encoded(_ body: (inout EncoderScript) -> Void) -> String {
    var script = EncoderScript()
    body(&script)
    script.encoder.finish()
    return String(decoding: script.encoder.output, as: UTF8.self)
}

@Suite("The classic text of a reply")
struct ClassicEncoderTests {
    @Test("An empty reply is the status line and an empty line")
    func empty() {
        #expect(encoded { _ in } == "200 OK\n\n")
        #expect(encoded { $0.map { _ in } } == "200 OK\n\n")
    }

    @Test("A scalar is one line, a list one line an element, a map one line a member")
    func shapes() {
        #expect(encoded { $0.text("", "hello") } == "200 OK\nhello\n\n")
        #expect(
            encoded {
                $0.list {
                    $0.text("", "which")
                    $0.text("", "ps")
                }
            } == "200 OK\nwhich\nps\n\n")
        #expect(
            encoded {
                $0.map {
                    $0.text("Now", "today")
                    $0.text("empty", "")
                    $0.value("n", mh_int(-5))
                }
            } == "200 OK\nNow:: today\nempty:: \nn:: -5\n\n")
    }

    @Test("Attributes stand on the node's own line, after two spaces where it has no value")
    func attributes() {
        let text = encoded {
            $0.list {
                $0.map("Process", attributes: true) {
                    $0.value("ID", mh_int(0))
                    $0.text("Type", "main process - attendant")
                }
                $0.map("Process", attributes: true) {
                    $0.value("ID", mh_int(1))
                    $0.list("extra") { $0.text("", "x") }
                }
            }
        }
        #expect(
            text
                == "200 OK\nProcess::  ID=0 Type=main process - attendant\nProcess::  ID=1\n\textra:: \n\t\tx\n\n"
        )
    }

    @Test("A node has a value and children: the shape of sht_dump")
    func valueAndChildren() {
        let text = encoded {
            $0.list {
                $0.map("Entry") {
                    $0.value("", mh_int(0))
                    $0.text("c::d", "x\"y")
                }
                $0.map("Entry") {
                    $0.value("", mh_int(4))
                    $0.text("empty", "")
                }
            }
        }
        #expect(text == "200 OK\nEntry:: 0\n\tc::d:: x\"y\nEntry:: 4\n\tempty:: \n\n")
    }

    @Test("Named maps and lists indent what they hold; unnamed maps hang below their first member")
    func nesting() {
        let text = encoded {
            $0.map {
                $0.list("tables") {
                    $0.map {
                        $0.text("name", "users")
                        $0.value("size", mh_int(8))
                    }
                    $0.map {
                        $0.text("name", "calls")
                        $0.map("db") { $0.text("url", "x") }
                    }
                }
                $0.text("last", "1")
            }
        }
        #expect(
            text
                == "200 OK\ntables:: \n\tname:: users\n\t\tsize:: 8\n\tname:: calls\n\t\tdb:: \n\t\t\turl:: x\nlast:: 1\n\n"
        )
    }

    @Test("Scalars of each type")
    func scalars() {
        let text = encoded {
            $0.list {
                $0.value("", mh_bool(1))
                $0.value("", mh_bool(0))
                $0.value("", mh_float(1))
                $0.value("", mh_float(0.1))
                $0.value("", mh_float(1e300))
                $0.value("n", mh_null())
                var duration = mh_int(1_500_000_000)
                duration.type = MH_DURATION
                $0.value("", duration)
                var time = mh_int(77)
                time.type = MH_TIME
                $0.value("", time)
            }
        }
        #expect(text == "200 OK\n1\n0\n1\n0.1\n1e+300\nn:: \n1.5\n77\n\n")
    }

    @Test("No value can end the reply: a line that would be empty gets a space")
    func embeddedLines() {
        #expect(encoded { $0.text("", "") } == "200 OK\n \n\n")
        #expect(encoded { $0.text("", "a\n\nb\n") } == "200 OK\na\n \nb\n \n\n")
        #expect(encoded { $0.map { $0.text("v", "\n\r\n") } } == "200 OK\nv:: \n\r \n \n\n")
        for value in ["", "\n", "\n\n\n", "a\n\n", "\r\n\r\n"] {
            let reply = encoded {
                $0.list {
                    $0.text("", value)
                    $0.text("n\n\n", value)
                }
            }
            #expect(reply.utf8.count(where: { $0 == 0x0a }) >= 4)
            #expect(
                reply.dropLast(2).split(separator: "\n", omittingEmptySubsequences: false).allSatisfy {
                    !$0.isEmpty
                })
        }
    }

    @Test("An error is one line and an empty line, whatever its text")
    func errors() {
        #expect(
            ClassicEncoder.error(code: 500, text: "command 'x' not available")
                == Array("500 command 'x' not available\n\n".utf8))
        #expect(ClassicEncoder.error(code: 404, text: "a\n\nb") == Array("404 a  b\n\n".utf8))
    }

    @Test("A reply that is cut ends with the error as its last node")
    func cut() {
        var script = EncoderScript()
        script.event(MH_MI_EVENT_LIST)
        script.event(MH_MI_EVENT_MAP, "Entry")
        script.text("a", "1")
        script.encoder.cut(code: 500, text: "disk full")
        #expect(
            String(decoding: script.encoder.output, as: UTF8.self)
                == "200 OK\nEntry:: \n\ta:: 1\nError:: 500 disk full\n\n")
    }

    @Test("A JSON error of the transport is JSON-RPC 2.0 in either layout")
    func jsonFault() {
        #expect(
            String(
                decoding: JSONFault.encoded(code: 413, text: "too \"big\"\n", isCompact: true), as: UTF8.self)
                == #"{"jsonrpc":"2.0","error":{"code":413,"message":"too \"big\"\u000a"},"id":null}"#)
        #expect(
            String(decoding: JSONFault.encoded(code: 408, text: "x", isCompact: false), as: UTF8.self)
                == "{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"error\":\t{\n\t\t\"code\":\t408,\n\t\t\"message\":\t\"x\"\n\t},\n\t\"id\":\tnull\n}"
        )
    }
}
