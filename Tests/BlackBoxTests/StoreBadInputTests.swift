import Foundation
import JSON
import TestSupport
import Testing

@Suite("What senders may do wrong, without harm to others")
struct StoreBadInputTests {
    @Test("Bad lines are rejected one by one with the first one's number and reason; the lines around them are stored")
    func junkLines() throws {
        let accounting = try AccountingHost()
        let lines = [
            "1|1|good", "junk", "1|x|not a number", "{\"writer\":1,\"number\":2,\"text\":\"good\"}", "{", "{}}",
            "{\"writer\":1,\"nombre\":2}", "\u{0}\u{1}\u{2}", "1|3|a|b", "1|3|good",
        ]
        let answer = try accounting.send(lines.joined(separator: "\n") + "\n")
        #expect(answer.stored == 3 && answer.rejected == 7)
        #expect(answer.error?.hasPrefix("line 2: ") == true, "\(answer)")
        #expect(try rows(accounting) == ["1|1|good", "1|2|good", "1|3|good"])
    }

    @Test("Random bytes cost nobody anything: a sender beside them is answered as ever")
    func randomBytes() throws {
        let accounting = try AccountingHost()
        let noisy = try accounting.connect()
        var generator = SystemRandomNumberGenerator()
        for round in 1...20 {
            try noisy.send((0..<20_000).map { _ in UInt8.random(in: 0...255, using: &generator) })
            #expect(try accounting.send("1|\(round)|x\n") == Answer(stored: 1, rejected: 0))
        }
        noisy.halfClose()
        let answer = try Answer(try #require(try noisy.readLine()))
        #expect(answer.rejected > 0 && answer.error != nil)
        let good = try rows(accounting).filter { $0.hasSuffix("|x") }
        #expect(good.count == 20)
    }

    @Test("Invalid UTF-8 is rejected in JSON with its line, and stored byte for byte in delimited lines")
    func invalidUTF8() throws {
        let accounting = try AccountingHost()
        let bad: [UInt8] = [0xC3, 0x28, 0xFF]
        let json = Array("{\"writer\":1,\"number\":1,\"text\":\"".utf8) + bad + Array("\"}\n".utf8)
        let delimited = Array("1|2|".utf8) + bad + Array("\n".utf8)
        let answer = try accounting.send(json + delimited)
        #expect(answer.stored == 1 && answer.rejected == 1)
        #expect(answer.error?.contains("line 1") == true && answer.error?.contains("UTF-8") == true, "\(answer)")
        let file = try #require(accounting.files.first)
        #expect(FileManager.default.contents(atPath: file) == Data(delimited))
    }

    @Test("A line of 10 MB is rejected with the limit, in bounded memory; the next line is stored")
    func longLine() throws {
        let accounting = try AccountingHost()
        #expect(try accounting.send("1|0|warm\n").stored == 1)
        let before = try accounting.residentMemory()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000)
        let client = try accounting.connect()
        for _ in 1...10 { try client.send(piece) }
        try client.send("\n1|1|good\n\n")
        let answer = try Answer(try #require(try client.readLine()))
        #expect(answer.stored == 1 && answer.rejected == 1)
        #expect(answer.error?.contains("10000000 bytes") == true, "\(answer)")
        #expect(answer.error?.contains("max_line") == true, "\(answer)")
        #expect(try accounting.residentMemory() < before + 12 << 20)
    }

    @Test("A line that never ends costs bounded memory and delays nobody")
    func endlessLine() throws {
        let accounting = try AccountingHost(lines: ["modparam(\"acc\", \"max_line\", \"64 KiB\")"])
        #expect(try accounting.send("1|0|warm\n").stored == 1)
        let before = try accounting.residentMemory()
        let client = try accounting.connect()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        for round in 1...40 {
            try client.send(piece)
            if round % 10 == 0 { #expect(try accounting.send("1|\(round)|x\n").stored == 1) }
        }
        #expect(try accounting.residentMemory() < before + 12 << 20)
        client.halfClose()
        let answer = try Answer(try #require(try client.readLine()))
        #expect(answer.stored == 0 && answer.rejected == 1)
    }

    @Test(
        "A sender that asks and never reads is held back, not buffered; others go on; when it reads, every answer is there")
    func stalledReader() throws {
        let accounting = try AccountingHost()
        let ledger = Ledger()
        let before = try accounting.residentMemory()
        let stalled = try accounting.connect()
        let question = [UInt8](repeating: UInt8(ascii: "x"), count: 200) + Array("\n\n".utf8)
        let questions = Array(repeatElement(question, count: 320).joined())
        var asked = 0
        // Until the host has taken nothing for half a second.
        var idle = 0
        while idle < 250, asked < 400 << 20 {
            let count = try stalled.sendSome(Array(questions[(asked % questions.count)...]))
            asked += count
            idle = count == 0 ? idle + 1 : 0
            if count == 0 { letPass(milliseconds: 2) }
        }
        #expect(idle == 250, "the host reads on and on: \(asked) bytes")
        #expect(try accounting.residentMemory() < before + 16 << 20)

        let writers = LedgerWriter.start(4, ledger, socket: accounting.socket)
        try #require(eventually { (0..<4).allSatisfy { ledger.acknowledged(writer: $0) > 500 } })
        for writer in writers { writer.stop() }
        for writer in writers { #expect(writer.join()) }
        let audit = LedgerAudit(ledger, files: accounting.files)
        #expect(audit.isClean && audit.rows == ledger.acknowledged, "\(audit)")

        stalled.halfClose()
        let answers = try stalled.readToEnd().split(separator: "\n").map { try Answer(String($0)) }
        #expect(answers.count == asked / question.count + 1, "one for each empty line, one for the end")
        let lines = asked / question.count + (asked % question.count > 0 ? 1 : 0)
        #expect(answers.reduce(0) { $0 + $1.rejected } == lines && answers.allSatisfy { $0.stored == 0 })
    }

    @Test("Rows of a sender that never ends and never asks are stored as they come")
    func endlessSender() throws {
        let accounting = try AccountingHost()
        let client = try accounting.connect()
        for number in 1...20 {
            try client.send("1|\(number)|x\n")
            try #require(try eventually { try rows(accounting).count == number })
        }
    }

    @Test("After a reset connection the complete lines are stored, the unfinished one is not; others are undisturbed")
    func reset() throws {
        let accounting = try AccountingHost(lines: ["modparam(\"acc\", \"listen\", \"tcp://127.0.0.1:0\")"])
        let port = try port(of: accounting)
        do {
            let client = try StreamClient(port: port)
            try client.send("1|1|a\n1|2|b\n1|3|unfin")
            try #require(try eventually { try rows(accounting).count == 2 })
            client.endsInReset()
        }
        #expect(accounting.host.logs("line 3 has no end and is not stored"), "\(accounting.host.log)")
        #expect(try rows(accounting) == ["1|1|a", "1|2|b"])
        let other = try StreamClient(port: port)
        try other.send("1|4|c\n\n")
        #expect(try Answer(try #require(try other.readLine())) == Answer(stored: 1, rejected: 0))
    }

    @Test("Over max_connections a sender is closed without an answer; when another leaves there is room again")
    func maxConnections() throws {
        let accounting = try AccountingHost(lines: ["modparam(\"acc\", \"max_connections\", 3)"])
        var clients = try (0..<3).map { _ in try accounting.connect() }
        for client in clients {
            try client.send("1|1|x\n\n")
            #expect(try Answer(try #require(try client.readLine())) == Answer(stored: 1, rejected: 0))
        }
        #expect(try accounting.connect().readLine() == nil)
        clients.removeLast()
        #expect(
            eventually {
                guard let client = try? accounting.connect() else { return false }
                return (try? client.send("1|2|y\n\n")) != nil && (try? client.readLine()) != nil
            })
        #expect(accounting.host.log.contains("max_connections (3) is reached"))
    }

    @Test("Two hundred senders at once are all answered, and every row is there")
    func manySenders() throws {
        let accounting = try AccountingHost()
        let before = try accounting.residentMemory()
        let clients = try (0..<200).map { _ in try accounting.connect() }
        for (index, client) in clients.enumerated() {
            try client.send((0..<20).map { "\(index)|\($0)|x\n" }.joined())
        }
        for client in clients { client.halfClose() }
        for client in clients {
            #expect(try Answer(try #require(try client.readLine())) == Answer(stored: 20, rejected: 0))
        }
        #expect(Set(try rows(accounting)).count == 200 * 20)
        #expect(try accounting.residentMemory() < before + 24 << 20)
        #expect(
            try eventually { try accounting.host.command("acc.info")["connections"]?.integer == 0 },
            "all are gone in the end")
    }

    private func rows(_ accounting: AccountingHost) throws -> [String] {
        try accounting.files.flatMap { file in
            String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
                .split(separator: "\n").map(String.init)
        }
    }

    private func port(of accounting: AccountingHost) throws -> UInt16 {
        try value(of: "acc's TCP port") {
            let addresses = try accounting.host.command("acc.info")["listen"]?.array ?? []
            let found = addresses.compactMap(\.string).first { $0.hasPrefix("tcp:") && !$0.hasSuffix(":0") }
            return found?.split(separator: ":").last.flatMap { UInt16($0) }
        }
    }
}
