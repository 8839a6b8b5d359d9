import JSON
import ModuleABI
import Testing

@testable import Host

/// Keeps the pieces of an answer; `patience`: after so many pieces the client is gone.
private final class Pieces: AnswerSink {
    private(set) var pieces: [[UInt8]] = []
    private(set) var ends: [Bool] = []
    private let patience: Int

    init(patience: Int = .max) { self.patience = patience }

    var text: String { String(decoding: pieces.joined(), as: UTF8.self) }

    func route(_ name: UnsafeRawBufferPointer?) -> Bool { true }

    func write(_ bytes: UnsafeRawBufferPointer, mayBlock: Bool) -> Bool {
        pieces.append(Array(bytes))
        return pieces.count <= patience
    }

    func done(isCut: Bool) { ends.append(isCut) }
}

@Suite("Replies as JSON text, byte by byte")
struct JSONReplyTests {
    /// Encodes what a command writes; `→` stands for a tab in expectations.
    private func encode(
        compact: Bool = false, id: JSONValue = .integer(1), mayBlock: Bool = false,
        _ command: (ReplyWriter) -> Void
    ) -> String {
        let sink = Pieces()
        let reply = JSONReply(layout: JSONLayout(isCompact: compact), id: id, sink: sink)
        let writer = ReplyWriter(consumer: reply, isClassic: false, mayBlock: mayBlock)
        command(writer)
        writer.complete()
        #expect(sink.ends == [false])
        return sink.text.replacing("\t", with: "→")
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
            let sink = Pieces()
            let reply = JSONReply(layout: JSONLayout(isCompact: true), id: .null, sink: sink)
            let writer = ReplyWriter(consumer: reply, isClassic: false, mayBlock: mayBlock)
            writer.list { for number in 0..<100_000 { writer.integer("", number) } }
            writer.complete()
            let sizes = sink.pieces.map(\.count)
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
        let sink = Pieces(patience: 0)
        let reply = JSONReply(layout: JSONLayout(isCompact: true), id: .null, sink: sink)
        let writer = ReplyWriter(consumer: reply, isClassic: false, mayBlock: true)
        writer.beginList()
        while writer.integer("", 123_456) {}
        writer.complete()
        #expect(sink.pieces.count == 1)
        #expect(sink.ends == [true])
    }

    @Test("As deep as a reply may nest, commas and closing brackets stay right")
    func deepest() throws {
        let text = encode(compact: true) { reply in
            for level in 0..<ReplyWriter.maximumDepth {
                if level % 3 == 0 { reply.beginList("l") } else { reply.beginMap("m") }
                reply.integer("a", level)
                reply.integer("b", level)
            }
            #expect(!reply.beginMap("one more"))
        }
        #expect(try JSONValue.parse(text)["error"] != nil)
        let whole = encode(compact: true) { reply in
            for level in 0..<ReplyWriter.maximumDepth {
                if level % 3 == 0 { reply.beginList("l") } else { reply.beginMap("m") }
                reply.integer("a", level)
            }
            for level in (0..<ReplyWriter.maximumDepth).reversed() {
                reply.integer("z", level)
                reply.end()
            }
        }
        var value = try #require(try JSONValue.parse(whole)["result"])
        for level in 0..<ReplyWriter.maximumDepth {
            let number = JSONValue.integer(Int64(level))
            let inner: JSONValue?
            if level % 3 == 0 {
                let elements = try #require(value.array)
                #expect(elements.first == number && elements.last == number)
                inner = elements.count == 3 ? elements[1] : nil
            } else {
                #expect(value["a"] == number && value["z"] == number)
                inner = value["m"] ?? value["l"]
            }
            if level + 1 < ReplyWriter.maximumDepth { value = try #require(inner) }
        }
    }
}
