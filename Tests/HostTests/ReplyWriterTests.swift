import ModuleABI
import Testing

@testable import Host

@Suite("What a command may write as its reply")
struct ReplyWriterTests {
    private let record = RecordedReply()
    private let writer: ReplyWriter

    init() { writer = ReplyWriter(consumer: record, isClassic: false, mayBlock: false) }

    private func write(_ number: Int64) -> Int32 {
        var value = mh_int(number)
        return writer.write(name: mh_str("n"), &value)
    }

    private func open(map: Bool = true) -> Int32 { writer.begin(isMap: map, name: mh_str(), attributes: false) }

    @Test("Nested maps, lists and values reach the client in order")
    func nested() {
        writer.map("root", attributes: true) {
            writer.integer("a", 5)
            writer.list("l") {
                writer.text("", "x")
                writer.null("")
            }
            writer.bool("b", true)
            writer.number("f", 1.5)
        }
        writer.complete()
        #expect(
            record.text
                == "map!(root a=integer(5) list(l =string([120]) =null ) b=bool(true) f=float(1.5) )")
        #expect(record.fault == nil)
        #expect(record.completions == 1)
    }

    @Test("Nothing at all is an empty map")
    func nothing() {
        writer.complete()
        #expect(record.text == "map( )")
    }

    @Test("What is left open is closed")
    func leftOpen() {
        _ = open()
        _ = open(map: false)
        writer.complete()
        #expect(record.text == "map( list( ) )")
        #expect(record.fault == nil)
    }

    @Test("Closing more than was opened is the command's fault")
    func unbalanced() {
        _ = open()
        #expect(writer.endLevel() == MH_OK)
        #expect(writer.endLevel() == MH_E_STATE)
        #expect(write(1) == MH_E_STATE)
        writer.complete()
        #expect(record.fault == Fault(500, "the command closed more maps and lists than it opened"))
    }

    @Test("A second value is the command's fault")
    func twoValues() {
        #expect(write(1) == MH_OK)
        #expect(write(2) == MH_E_STATE)
        writer.complete()
        #expect(record.text == "n=integer(1)")
        #expect(record.fault == Fault(500, "the command wrote a second value after its reply was complete"))
    }

    @Test("64 levels are the deepest")
    func depth() {
        for _ in 0..<64 { #expect(open(map: false) == MH_OK) }
        #expect(open(map: false) == MH_E_LIMIT)
        writer.complete()
        #expect(record.fault == Fault(500, "the command nests its reply deeper than 64 levels"))
        #expect(record.text == Array(repeating: "list(", count: 64).joined(separator: " "))
    }

    @Test("A failure before any output is all that comes; after it nothing more is taken")
    func failures() {
        writer.fail(Fault(404, "no such table"))
        #expect(write(1) == MH_E_STATE)
        writer.complete()
        #expect(record.text == "")
        #expect(record.fault == Fault(404, "no such table"))
    }

    @Test("A failure after output leaves what was written to the encoder")
    func lateFailure() {
        _ = open()
        writer.fail(Fault(500, "late"))
        writer.complete()
        #expect(record.text == "map(")
        #expect(record.fault == Fault(500, "late"))
    }

    @Test("Lists and unknown types are no scalars, and do not spoil the reply")
    func wrongScalars() {
        var value = mh_null()
        value.type = MH_LIST
        _ = open()
        #expect(writer.write(name: mh_str(), &value) == MH_E_INVALID)
        value.type = 77
        #expect(writer.write(name: mh_str(), &value) == MH_E_INVALID)
        writer.complete()
        #expect(record.text == "map( )")
        #expect(record.fault == nil)
    }

    @Test("A refused scalar at the top may be followed by a good one")
    func wrongScalarAtTheTop() {
        var value = mh_null()
        value.type = MH_LIST
        #expect(writer.write(name: mh_str(), &value) == MH_E_INVALID)
        #expect(write(5) == MH_OK)
        writer.complete()
        #expect(record.text == "n=integer(5)")
        #expect(record.fault == nil)
    }

    @Test("Once the client is gone every call says so, and the end is told once")
    func goneClient() {
        let record = RecordedReply(patience: 1)
        let writer = ReplyWriter(consumer: record, isClassic: false, mayBlock: true)
        #expect(writer.begin(isMap: true, name: mh_str(), attributes: false) == MH_OK)
        var value = mh_int(1)
        #expect(writer.write(name: mh_str(), &value) == MH_E_CANCELLED)
        #expect(writer.write(name: mh_str(), &value) == MH_E_CANCELLED)
        #expect(writer.endLevel() == MH_E_CANCELLED)
        writer.complete()
        writer.complete()
        #expect(record.text == "map(")
        #expect(record.completions == 1)
    }

    @Test("Modules reach the same through their table; a failure without a code is 500")
    func table() {
        let table = writer.makeTable(finish: {})
        let (reply, context) = (table.pointee, table.pointee.ctx)
        #expect(reply.struct_size == UInt32(MemoryLayout<mh_mi_reply>.size))
        #expect(reply.begin_map(context, mh_str("m"), MH_MI_ATTRIBUTES) == MH_OK)
        #expect(reply.begin_list(context, mh_str("l"), 0) == MH_OK)
        var value = mh_bool(1)
        #expect(reply.value(context, mh_str("b"), &value) == MH_OK)
        #expect(reply.value(context, mh_str("b"), nil) == MH_E_INVALID)
        #expect(reply.end(context) == MH_OK)
        #expect(reply.fail(context, 0, mh_str("no")) == MH_OK)
        writer.complete()
        ReplyWriter.release(table)
        #expect(record.text == "map!(m list(l b=bool(true) )")
        #expect(record.fault == Fault(500, "no"))
    }
}
