import JSON
import ModuleABI
import Testing

@testable import Host

@Suite("Replies as JSON text, byte by byte")
struct JSONReplyTests {
    /// Encodes what a command writes; `→` stands for a tab in expectations.
    private func encode(
        compact: Bool = false, base: Int = 0, id: JSONValue = .integer(1), mayBlock: Bool = false,
        _ command: (ReplyWriter) -> Void
    ) -> String {
        var bytes: [UInt8] = []
        var completions = 0
        let reply = JSONReply(
            layout: JSONLayout(isCompact: compact), base: base, prefix: [], id: id,
            output: { part, _ in
                bytes += part
                return true
            }, completed: { completions += 1 })
        let writer = ReplyWriter(consumer: reply, isClassic: false, mayBlock: mayBlock)
        command(writer)
        writer.complete()
        #expect(completions == 1)
        return String(decoding: bytes, as: UTF8.self).replacing("\t", with: "→")
    }

    @Test("A map in a map, as htable.get of Kamailio 5.6 answers")
    func nestedMap() {
        let text = encode { reply in
            reply.map {
                reply.map("item") {
                    reply.text("name", "alice")
                    reply.text("value", "v1")
                    reply.integer("flags", 2)
                    reply.text("expire", "NEVER")
                }
            }
        }
        #expect(
            text == """
                {
                →"jsonrpc":→"2.0",
                →"result":→{
                →→"item":→{
                →→→"name":→"alice",
                →→→"value":→"v1",
                →→→"flags":→2,
                →→→"expire":→"NEVER"
                →→}
                →},
                →"id":→1
                }
                """)
    }

    @Test("Lists of maps, as htable.dump answers: members two deeper than the list's name")
    func listsOfMaps() {
        let text = encode { reply in
            reply.list {
                for entry in 0..<2 {
                    reply.map {
                        reply.integer("entry", entry)
                        reply.integer("size", 1)
                        reply.list("slot") { reply.map { reply.text("name", "c::d") } }
                    }
                }
            }
        }
        #expect(
            text == """
                {
                →"jsonrpc":→"2.0",
                →"result":→[{
                →→→"entry":→0,
                →→→"size":→1,
                →→→"slot":→[{
                →→→→→"name":→"c::d"
                →→→→}]
                →→}, {
                →→→"entry":→1,
                →→→"size":→1,
                →→→"slot":→[{
                →→→→→"name":→"c::d"
                →→→→}]
                →→}],
                →"id":→1
                }
                """)
    }

    @Test("Lists of scalars stand on one line; an empty list is [], an empty map has a line of its own")
    func smallOnes() {
        #expect(
            encode { reply in reply.list { for word in ["a", "b"] { reply.text("", word) } } }.contains(
                "\"result\":→[\"a\", \"b\"],\n"))
        #expect(encode { reply in reply.list {} }.contains("\"result\":→[],\n"))
        #expect(encode { _ in }.contains("\"result\":→{\n→},\n"))
        #expect(encode { reply in reply.list { reply.list {} } }.contains("→[[]],"))
    }

    @Test(
        "Scalars",
        arguments: [
            (mh_int(.min), "-9223372036854775808"), (mh_float(1.5), "1.5"), (mh_float(.nan), "null"), (mh_bool(1), "true"),
            (mh_null(), "null"),
            (mh_text(mh_str("tab\t\"quote\" é")), "\"tab\\t\\\"quote\\\" é\""),
        ] as [(mh_value, String)])
    func scalars(value: mh_value, text: String) {
        let encoded = encode(compact: true) { reply in
            var value = value
            _ = reply.write(name: mh_str(), &value)
        }
        #expect(encoded == "{\"jsonrpc\":\"2.0\",\"result\":\(text),\"id\":1}")
    }

    @Test("Durations are seconds, times microseconds, sizes bytes")
    func units() {
        for (type, text) in [(MH_DURATION, "1.5"), (MH_TIME, "1500000000"), (MH_SIZE, "1500000000")] {
            let encoded = encode(compact: true) { reply in
                var value = mh_int(1_500_000_000)
                value.type = type
                _ = reply.write(name: mh_str(), &value)
            }
            #expect(encoded == "{\"jsonrpc\":\"2.0\",\"result\":\(text),\"id\":1}")
        }
    }

    @Test("Compact: no blanks at all")
    func compact() {
        let text = encode(compact: true, id: .string("x\"y")) { reply in
            reply.map {
                reply.list("l") {
                    reply.integer("", 1)
                    reply.map { reply.bool("b", false) }
                }
                reply.map("m") {}
            }
        }
        #expect(text == "{\"jsonrpc\":\"2.0\",\"result\":{\"l\":[1,{\"b\":false}],\"m\":{}},\"id\":\"x\\\"y\"}")
    }

    @Test("An error, in both layouts; what was written before it is dropped")
    func errors() {
        func failing(_ reply: ReplyWriter) {
            reply.beginMap()
            reply.integer("a", 1)
            reply.fail(Fault(500, "no such \"table\""))
        }
        #expect(
            encode(failing) == """
                {
                →"jsonrpc":→"2.0",
                →"error":→{
                →→"code":→500,
                →→"message":→"no such \\"table\\""
                →},
                →"id":→1
                }
                """)
        #expect(
            encode(compact: true, failing)
                == "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":500,\"message\":\"no such \\\"table\\\"\"},\"id\":1}")
    }

    @Test("An error after bytes have gone out stands beside the result, and all is closed")
    func lateError() throws {
        let text = encode(compact: true, mayBlock: true) { reply in
            reply.beginMap()
            reply.beginList("rows")
            for row in 0..<20_000 { reply.integer("", row) }
            reply.fail(Fault(500, "disk"))
        }
        #expect(text.hasSuffix("],\"error\":{\"code\":500,\"message\":\"disk\"},\"id\":1}") == false)
        let value = try JSONValue.parse(text)
        #expect(value["error"]?["message"]?.string == "disk")
        #expect(value["result"]?["rows"]?.array?.isEmpty == false)
    }

    @Test("A slow command's reply goes out in pieces of 64 KiB; a quick one's in one")
    func pieces() {
        for mayBlock in [true, false] {
            var sizes: [Int] = []
            let reply = JSONReply(
                layout: JSONLayout(isCompact: true), base: 0, prefix: [], id: .null,
                output: { part, _ in
                    sizes.append(part.count)
                    return true
                }, completed: {})
            let writer = ReplyWriter(consumer: reply, isClassic: false, mayBlock: mayBlock)
            writer.list { for number in 0..<100_000 { writer.integer("", number) } }
            writer.complete()
            if mayBlock {
                #expect(sizes.count > 5)
                #expect(sizes.allSatisfy { $0 <= JSONReply.chunk + 32 })
            } else {
                #expect(sizes.count == 1)
            }
        }
    }

    @Test("A client that is gone gets nothing more, and the reply still ends")
    func goneClient() {
        var calls = 0
        var completions = 0
        let reply = JSONReply(
            layout: JSONLayout(isCompact: true), base: 0, prefix: [], id: .null,
            output: { _, _ in
                calls += 1
                return false
            }, completed: { completions += 1 })
        let writer = ReplyWriter(consumer: reply, isClassic: false, mayBlock: true)
        writer.beginList()
        while writer.integer("", 123_456) {}
        writer.complete()
        #expect(calls == 1)
        #expect(completions == 1)
    }
}
