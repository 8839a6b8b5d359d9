import AccIntake
import Foundation
import ModuleABI
import ModuleKit
import Testing

@Suite("Intake")
struct IntakeTests {
    private func started(_ columns: String = "id:string,n:int", blocks: Bool = false) throws -> (
        FakeHost, FakeStream
    ) {
        let host = FakeHost()
        if blocks { host.database.capabilities |= MH_DB_BLOCKS }
        #expect(host.start(columns: columns) == nil)
        return (host, try #require(host.connect()))
    }

    @Test(
        "A read chunk becomes one batch, and an empty line is answered with what is stored",
        arguments: [false, true])
    func answers(blocks: Bool) throws {
        let (host, stream) = try started(blocks: blocks)
        stream.send("a|1\n{\"id\":\"b\",\"n\":2}\nc|x\n\nd|4\n")
        host.run()
        #expect(host.database.firstColumn == ["a", "b", "d"])
        #expect(host.database.batches == [3])
        #expect(
            stream.answers == [
                #"{"stored":2,"rejected":1,"error":"line 3: column \"n\": expected an int (a whole number of 64 bits), found \"x\""}"#
            ])
        stream.send("\n")
        host.run()
        #expect(stream.answers.last == #"{"stored":1,"rejected":0}"#)
        #expect(host.counter("stored") == 3 && host.counter("rejected") == 1)
        #expect(host.counter("connections") == 1)
        #expect(host.log.contains { $0.contains("127.0.0.1:40000: line 3: column \"n\"") })
    }

    @Test(
        "Half-close takes the last line without its newline, answers, and closes", arguments: [false, true])
    func halfClose(blocks: Bool) throws {
        let (host, stream) = try started(blocks: blocks)
        stream.send("a|1\nb|2")
        host.run()
        stream.halfClose()
        host.run()
        #expect(host.database.firstColumn == ["a", "b"])
        #expect(stream.answers == [#"{"stored":2,"rejected":0}"#])
        #expect(stream.isClosed)
        stream.gone()
        #expect(host.counter("connections") == 0)
    }

    @Test("An empty stream is answered too")
    func emptyStream() throws {
        let (_, stream) = try started()
        stream.halfClose()
        #expect(stream.answers == [#"{"stored":0,"rejected":0}"#])
        #expect(stream.isClosed)
    }

    @Test(
        "A lost connection keeps its complete lines and drops the unfinished one", arguments: [false, true])
    func lost(blocks: Bool) throws {
        let (host, stream) = try started(blocks: blocks)
        stream.send("a|1\nb|2\nc|3")
        stream.gone(MH_E_IO)
        host.run()
        #expect(host.database.firstColumn == ["a", "b"])
        #expect(host.counter("stored") == 2 && host.counter("connections") == 0)
        #expect(host.log.contains { $0.contains("line 3 has no end and is not stored (3 bytes)") })
    }

    @Test(
        "What a host still delivers after a pause is stored when the connection is lost before the commit ends"
    )
    func lostWhileCommitting() throws {
        let (host, stream) = try started(blocks: true)
        stream.send("a|1\n")
        stream.send("b|2\nc|")
        stream.gone(MH_E_IO)
        host.run()
        #expect(host.database.firstColumn == ["a", "b"])
        host.runsPostsAtOnce = true
        host.drain()
        #expect(host.log.allSatisfy { !$0.contains("dropped") })
    }

    // MARK: Stored never lies

    @Test(
        "A full disk at any row: what is counted as stored is what the provider holds",
        arguments: [false, true],
        0...6)
    func fullDisk(blocks: Bool, row: Int) throws {
        let (host, stream) = try started(blocks: blocks)
        host.database.refuse = { count, _ in
            count >= row ? (MH_E_NO_SPACE, "no space left on /var/log/acc") : nil
        }
        stream.send("a|1\nb|2\njunk\nc|3\n\nd|4\ne|5\nf|6\n\n")
        host.run()
        let answers = try stream.answers.map(Answer.init)
        #expect(answers.count == 2)
        #expect(answers.reduce(0) { $0 + $1.stored } == row)
        #expect(host.database.rows.count == row)
        #expect(answers.reduce(0) { $0 + $1.stored + $1.rejected } == 7)
        #expect(Int(host.counter("stored")) == row && Int(host.counter("rejected")) == 7 - row)
        if row < 2 {
            #expect(answers[0].error == "line \(row + 1): no space left on /var/log/acc")
        } else {
            #expect(answers[0].error == "line 3: found 1 field, expected 2")
        }
        if row < 6 {
            let line = [6, 6, 6, 6, 7, 8][row]
            #expect(answers[1].error == "line \(line): no space left on /var/log/acc")
        } else {
            #expect(answers[1].error == nil)
        }
        // Space is back: the same connection goes on.
        host.database.refuse = nil
        stream.send("g|7\n\n")
        host.run()
        #expect(stream.answers.last == #"{"stored":1,"rejected":0}"#)
    }

    @Test("A row that the provider refuses for what it holds costs only that row")
    func refusedRow() throws {
        let (host, stream) = try started()
        host.database.refuse = { _, row in
            row[1] == .integer(13) ? (MH_E_EXISTS, "duplicate key") : nil
        }
        stream.send("a|1\nb|13\nc|3\nd|13\ne|5\n\n")
        #expect(host.database.firstColumn == ["a", "c", "e"])
        #expect(stream.answers == [#"{"stored":3,"rejected":2,"error":"line 2: duplicate key"}"#])
    }

    @Test("What is stored is answered right for every way to cut the stream", arguments: [false, true])
    func cuts(blocks: Bool) throws {
        let text = Array("a|1\njunk\n{\"id\":\"b\"}\n\nc|3\nd|x\n".utf8)
        for cut in 0...text.count {
            let (host, stream) = try started(blocks: blocks)
            stream.send(Array(text[..<cut]))
            if cut % 2 == 0 { host.run() }
            stream.send(Array(text[cut...]))
            stream.halfClose()
            host.run()
            let answers = try stream.answers.map(Answer.init)
            #expect(
                answers.map(\.stored) == [2, 1] && answers.map(\.rejected) == [1, 1], "cut at byte \(cut)")
            #expect(answers.first?.error == "line 2: found 1 field, expected 2")
            #expect(host.database.firstColumn == ["a", "b", "c"])
        }
    }

    // MARK: Group commit

    @Test(
        "While a commit is under way reading pauses, and what other senders bring meanwhile is one next batch"
    )
    func groupCommit() throws {
        let (host, first) = try started(blocks: true)
        let others = try (0..<3).map { _ in try #require(host.connect()) }
        first.send("a|1\n\n")
        #expect(first.isPaused && first.written.isEmpty)
        for (index, stream) in others.enumerated() { stream.send("b\(index)|1\nc\(index)|2\n\n") }
        #expect(others.allSatisfy { $0.isPaused } && host.database.batches.isEmpty)
        host.run()
        #expect(host.database.batches == [1, 6])
        #expect(!first.isPaused && others.allSatisfy { !$0.isPaused })
        #expect(first.answers == [#"{"stored":1,"rejected":0}"#])
        #expect(others.allSatisfy { $0.answers == [#"{"stored":2,"rejected":0}"#] })
    }

    @Test(
        "A batch that is full while another is under way makes its senders wait, and loses nothing",
        .timeLimit(.minutes(1)))
    func fullBatch() throws {
        let (host, first) = try started(blocks: true)
        let flood = try #require(host.connect())
        let late = try #require(host.connect())
        first.send("a|1\n\n")
        flood.send(String(repeating: "f|1\n", count: 70_000) + "\n")
        late.send("z|1\n\n")
        #expect(flood.isPaused && late.isPaused)
        host.run()
        #expect(flood.answers == [#"{"stored":70000,"rejected":0}"#])
        #expect(late.answers == [#"{"stored":1,"rejected":0}"#] && first.answers.count == 1)
        #expect(host.database.rows.count == 70_002)
        #expect(!flood.isPaused && !late.isPaused)
    }

    @Test(
        "When a shared batch is refused in part, each sender hears of its own rows and lines",
        arguments: 1...8)
    func groupRefusal(stored: Int) throws {
        let (host, first) = try started(blocks: true)
        let others = try (0..<2).map { _ in try #require(host.connect()) }
        host.database.refuse = { count, _ in count >= stored ? (MH_E_NO_SPACE, "disk full") : nil }
        first.send("a|1\n\n")
        others[0].send("b|1\nb|2\n\nb|4\n\n")
        others[1].send("\nc|2\nc|3\nc|4\n\n")
        host.run()
        let answers = try others.map { try $0.answers.map(Answer.init) }
        #expect(first.answers == [#"{"stored":1,"rejected":0}"#])
        #expect(answers[0].map { $0.stored + $0.rejected } == [2, 1])
        #expect(answers[1].map { $0.stored + $0.rejected } == [0, 3])
        let room = stored - 1
        #expect(answers[0].map(\.stored) == [min(room, 2), min(max(room - 2, 0), 1)])
        #expect(answers[1].map(\.stored) == [0, min(max(room - 3, 0), 3)])
        let line: [Int?] = [1, 2, 4, nil, nil, nil, nil, nil]
        let firstFault = answers[0].compactMap(\.error).first
        #expect(firstFault == line[room].map { "line \($0): disk full" })
        #expect(answers[1].last?.error == (room >= 6 ? nil : "line \(max(room - 3, 0) + 2): disk full"))
        #expect(host.database.rows.count == min(stored, 7))
    }

    @Test("Rows that wait when the host takes no more pool work are stored all the same")
    func noPool() throws {
        let (host, stream) = try started(blocks: true)
        host.refusesOffload = true
        stream.send("a|1\n\n")
        #expect(host.database.firstColumn == ["a"])
        #expect(stream.answers == [#"{"stored":1,"rejected":0}"#])
    }

    // MARK: Senders that behave badly

    @Test("A sender that reads no answers is paused, goes on when it reads, and is dropped after 30 s")
    func stalled() throws {
        let (host, stream) = try started()
        stream.writeOutcome = MH_FULL
        stream.send("a|1\n\n")
        #expect(stream.isPaused)
        stream.send("b|2\n\n")
        #expect(stream.answers.count == 1 && host.database.firstColumn == ["a"])
        stream.drained()
        #expect(!stream.isPaused)
        #expect(stream.answers.count == 2 && host.database.firstColumn == ["a", "b"])
        stream.writeOutcome = MH_FULL
        stream.send("\n")
        stream.send("c|3\n")
        #expect(host.database.firstColumn == ["a", "b"])
        for _ in 0..<31 { host.advance(seconds: 1) }
        #expect(stream.isAborted)
        stream.gone(MH_E_CLOSED)
        #expect(host.database.firstColumn == ["a", "b", "c"])
        #expect(host.counter("connections") == 0)
    }

    @Test("A sender that takes its last answer never is dropped too")
    func lastAnswerUnread() throws {
        let (host, stream) = try started()
        stream.halfClose()
        for _ in 0..<31 { host.advance(seconds: 1) }
        #expect(stream.isClosed && stream.isAborted)
    }

    @Test("A flood of empty lines is answered in bounded steps")
    func emptyLines() throws {
        let (_, stream) = try started()
        stream.writeOutcome = MH_FULL
        stream.send(String(repeating: "\n", count: 60_000))
        #expect(stream.answers.count == 256 && stream.isPaused)
        stream.drained()
        #expect(stream.answers.count == 60_000 && !stream.isPaused)
    }

    @Test("A 10 MB line costs itself and nothing else")
    func hugeLine() throws {
        let (host, stream) = try started()
        stream.send("a|1\n")
        for _ in 0..<160 { stream.send([UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)) }
        stream.send("\nb|2\n\n")
        #expect(host.database.firstColumn == ["a", "b"])
        #expect(
            stream.answers == [
                #"{"stored":2,"rejected":1,"error":"line 2: the line is 10485760 bytes long, more than max_line (1048576 bytes)"}"#
            ])
    }

    @Test("A sender that falls silent gets its answer and is closed, if idle_timeout says so")
    func idle() throws {
        let host = FakeHost()
        host.set("idle_timeout", type: MH_DURATION, 5_000_000_000)
        #expect(host.start(columns: "id:string") == nil)
        let stream = try #require(host.connect())
        stream.send("a\nhalf")
        for _ in 0..<4 { host.advance(seconds: 1) }
        #expect(!stream.isClosed)
        for _ in 0..<3 { host.advance(seconds: 1) }
        #expect(stream.isClosed)
        #expect(
            stream.answers == [
                #"{"stored":1,"rejected":0,"error":"closed: nothing came in for 5000 ms (idle_timeout)"}"#
            ])
        #expect(host.database.firstColumn == ["a"])
    }

    @Test("Beyond max_connections a sender is closed, and taken again when another has left")
    func maxConnections() throws {
        let host = FakeHost()
        host.set("max_connections", type: MH_INT, 1)
        #expect(host.start(columns: "id:string") == nil)
        let stream = try #require(host.connect())
        #expect(host.connect() == nil)
        stream.halfClose()
        stream.gone()
        #expect(host.connect() != nil)
    }

    @Test("Warnings about bad lines are one a second, and count those left out")
    func warnings() throws {
        let (host, stream) = try started()
        host.log = []
        for _ in 0..<100 { stream.send("junk\n\n") }
        #expect(host.log.count == 1)
        host.advance(seconds: 2)
        stream.send("junk\n\n")
        #expect(host.log.last?.hasSuffix("(and 99 like it before)") == true)
        #expect(host.counter("rejected") == 101)
    }

    // MARK: Drain

    @Test(
        "The drain stores and answers what has come in, and closes every connection",
        arguments: [false, true])
    func drain(blocks: Bool) throws {
        let (host, stream) = try started(blocks: blocks)
        stream.send("a|1\nb|2\nhalf")
        host.run()
        let other = try #require(host.connect())
        stream.isGoneAtClose = true
        other.isGoneAtClose = true
        host.runsPostsAtOnce = true
        host.drain()
        #expect(stream.answers == [#"{"stored":2,"rejected":0}"#])
        #expect(other.answers == [#"{"stored":0,"rejected":0}"#])
        #expect(host.database.firstColumn == ["a", "b"])
        #expect(host.connect() == nil && host.counter("connections") == 0)
        #expect(host.log.contains { $0.contains("the host stops: line 3 has no end and is not stored") })
    }

    @Test(
        "A sender that does not take its last answer holds the drain up for 5 s at most, and is then dropped")
    func drainDeadline() throws {
        let (host, stream) = try started()
        host.runsPostsAtOnce = true
        host.tickPerRead = 1_000_000_000
        host.drain()
        #expect(stream.isClosed && stream.isAborted)
        #expect(host.log.last == "1 sender did not take the last answer in time: dropped")
    }
}

/// An answer line, read back by a JSON parser that is not the module's.
struct Answer {
    var stored: Int
    var rejected: Int
    var error: String?

    init(_ line: String) throws {
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        stored = try #require(object["stored"] as? Int)
        rejected = try #require(object["rejected"] as? Int)
        error = object["error"] as? String
    }
}
