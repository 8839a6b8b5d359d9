import Foundation
import Glibc
import ModuleABI
import ModuleKit
import Synchronization
import Testing

@testable import FifoTransport

private let rpc = #"{"jsonrpc":"2.0","method":"which","reply_name":"r","id":1}"#

@Suite("The transport: requests and replies")
struct TransportTests {
    @Test("Each framing is answered, over and over, by the same FIFO")
    func framings() throws {
        let bench = try TransportBench()
        for round in 0..<50 {
            #expect(
                bench.ask(":echo:c\na \(round)\n\"b\\\"\"\n\n", reply: "c")
                    == "200 OK\na \(round)\n\"b\\\"\"\n\n")
            #expect(bench.ask(rpc, reply: "r") == #"{"ok":1}"#)
            #expect(bench.ask(":o:{\"method\":\"x\",\"id\":2}\n", reply: "o") == #"{"ok":2}"#)
        }
        #expect(eventually { bench.host.counter("replies") == 150 })
        #expect(bench.host.counter("requests") == 150)
    }

    @Test("Several requests in one write are answered in order")
    func pipelined() throws {
        let bench = try TransportBench()
        let readers = (0..<20).map { bench.reply("r\($0)") }
        bench.send((0..<20).map { ":echo:r\($0)\n\($0)\n\n" }.joined())
        for (index, reader) in readers.enumerated() { #expect(reader.all() == "200 OK\n\(index)\n\n") }
    }

    @Test("Errors are closed by an empty line; what was written before a fault is dropped")
    func errors() throws {
        let bench = try TransportBench()
        #expect(bench.ask(":nope:r\n\n", reply: "r") == "500 command 'nope' not available\n\n")
        #expect(bench.ask(":late-failure:r\n\n", reply: "r") == "503 no more\n\n")
        #expect(
            bench.ask(":echo:r\na\"b\n\n", reply: "r").hasPrefix(
                "400 parse error in command 'echo': line 2: "))
        #expect(bench.ask(#"{"reply_name":"r", oops}"#, reply: "r") == #"{"code":-32700}"#)
        #expect(bench.ask("{\"reply_name\":\"r\",\"a\":\"b\n", reply: "r") == #"{"code":-32700}"#)
    }

    @Test("Without a reply name the command runs and nobody is answered")
    func noReplyName() throws {
        let bench = try TransportBench()
        bench.send(":echo:\nx\n\n{\"id\":1}\n::{\"id\":1}\n{\"id\":1,\"reply_name\":\"\"}\n")
        #expect(bench.ask(":echo:r\n\n", reply: "r") == "200 OK\n\n")
        #expect(bench.host.executed.withLock { $0 } == ["echo", "json", "json", "json", "echo"])
        #expect(bench.host.counter("dropped_replies") == 0)
        #expect(bench.host.counter("malformed") == 0)
    }

    @Test("A notification's reader gets an end of file instead of waiting for ever")
    func notification() throws {
        let bench = try TransportBench()
        #expect(bench.ask(#"{"method":"x","reply_name":"r"}"#, reply: "r") == "")
    }

    @Test(
        "A request whose reply name points elsewhere is not run",
        arguments: [
            ":echo:../r\n\n", ":echo:/tmp/r\n\n", ":echo:.r\n\n", #"{"id":1,"reply_name":"../r"}"#,
            #":a/b:{"id":1}"#, #"{"id":1,"reply_name":"a\\b"}"#,
        ])
    func badReplyName(request: String) throws {
        let bench = try TransportBench()
        bench.send(request)
        #expect(bench.ask(":echo:ok\n\n", reply: "ok") == "200 OK\n\n")
        #expect(bench.host.executed.withLock { $0 } == ["echo"])
        #expect(bench.host.counter("malformed") == 1)
        #expect(
            bench.host.logged.withLock { $0.contains { $0.hasPrefix("request not run: the reply name") } })
    }

    @Test("A name with a dot inside is allowed")
    func dottedReplyName() throws {
        let bench = try TransportBench()
        #expect(bench.ask(":echo:kamcli.fifo.7\n\n", reply: "kamcli.fifo.7") == "200 OK\n\n")
    }

    @Test("Replies go to FIFOs only: no file, no link, no second name")
    func replyTargets() throws {
        let bench = try TransportBench()
        let path = bench.directory + "/"
        #expect(FileManager.default.createFile(atPath: path + "file", contents: nil))
        mkfifo(path + "target", 0o600)
        symlink(path + "target", path + "link")
        mkfifo(path + "one", 0o600)
        link(path + "one", path + "two")
        let readers = [ReplyReader(path + "target", open: true), ReplyReader(path + "one", open: true)]
        for name in ["file", "link", "one", "two", "missing"] { bench.send(":echo:\(name)\n\n") }
        #expect(eventually { bench.host.counter("dropped_replies") == 5 })
        #expect(FileManager.default.contents(atPath: path + "file")?.isEmpty == true)
        let reasons = bench.host.logged.withLock { $0.filter { $0.hasPrefix("reply dropped") } }
        #expect(reasons.count == 5)
        for reason in [
            "is not a FIFO", "is a symbolic link", "has 2 links, expected 1", "No such file or directory",
        ] {
            #expect(reasons.contains { $0.contains(reason) }, "\(reason)")
        }
        _ = readers
    }

    @Test("A reply FIFO of a user who may not make requests is refused", .enabled(if: geteuid() == 0))
    func foreignReplyFIFO() throws {
        let bench = try TransportBench { try $0.setMode("0600") }
        let stranger = bench.reply("stranger")
        chown(stranger.path, 12345, 12345)
        bench.send(":echo:stranger\n\n")
        #expect(eventually { bench.host.counter("dropped_replies") == 1 })
        #expect(stranger.all() == "")
        // By the FIFO's mode as it is now, everybody may make requests.
        chmod(bench.fifo, 0o666)
        let accepted = bench.reply("accepted")
        chown(accepted.path, 12345, 12345)
        bench.send(":echo:accepted\n\n")
        #expect(accepted.all() == "200 OK\n\n")
    }

    @Test("A reader that opens after it has written gets its reply")
    func lateReader() throws {
        let bench = try TransportBench()
        let reader = bench.reply("late", open: false)
        bench.send(":echo:late\nx\n\n")
        #expect(eventually { bench.host.executed.withLock { !$0.isEmpty } })
        #expect(bench.ask(":echo:other\n\n", reply: "other") == "200 OK\n\n")
        reader.open()
        #expect(reader.all() == "200 OK\nx\n\n")
    }

    @Test("Large replies arrive whole, gathered or streamed", arguments: [100_000, 3_000_000])
    func largeReplies(size: Int) throws {
        let bench = try TransportBench()
        let big = bench.reply("big")
        bench.send(":big:big\n\(size)\n\n")
        #expect(big.bytes().count == "200 OK\n\n\n".utf8.count + size)
        let slow = bench.reply("slow")
        bench.send(":slow:slow\n\(size / 1000)\n\n")
        #expect(slow.bytes().count == "200 OK\n\n".utf8.count + size)
        #expect(eventually { bench.host.counter("replies") == 2 })
    }

    @Test("A slow command waits for its reader: what is in memory does not grow")
    func backPressure() throws {
        let bench = try TransportBench()
        let reader = bench.reply("slow")
        bench.send(":slow:slow\n5000\n\n")
        #expect(eventually { bench.host.streamed.load(ordering: .relaxed) >= 65_000 })
        // Its reader takes nothing: the pipe and one piece are full, and the command stands.
        #expect(bench.ask(":echo:r\n\n", reply: "r") == "200 OK\n\n")
        let streamed = bench.host.streamed.load(ordering: .relaxed)
        #expect(streamed < 300_000)
        #expect(reader.bytes().count == "200 OK\n\n".utf8.count + 5_000_000)
    }

    @Test("A reader that goes away ends a slow command; nobody is killed by a signal")
    func readerGoesAway() throws {
        let bench = try TransportBench()
        let reader = bench.reply("slow")
        bench.send(":slow:slow\n1000000\n\n")
        #expect(reader.bytes(limit: 1000).count >= 1000)
        reader.close()
        #expect(eventually { bench.host.streamedUntilRefused.load(ordering: .relaxed) })
        #expect(eventually { bench.host.counter("dropped_replies") == 1 })
        #expect(bench.ask(":echo:r\n\n", reply: "r") == "200 OK\n\n")
    }

    @Test("Readers that stall are dropped after reply_timeout and hold nobody up")
    func stalledReaders() throws {
        let bench = try TransportBench { $0.replyTimeout = 300_000_000 }
        let stalled = (0..<300).map { bench.reply("s\($0)", open: $0 % 2 == 0) }
        for index in stalled.indices { bench.send(":big:s\(index)\n200000\n\n") }
        let slow = bench.reply("slow")
        bench.send(":slow:slow\n1000\n\n")
        #expect(bench.ask(":echo:r\n\n", reply: "r") == "200 OK\n\n")
        #expect(eventually { bench.host.counter("dropped_replies") == 301 })
        #expect(eventually { bench.host.streamedUntilRefused.load(ordering: .relaxed) })
        _ = slow
    }

    @Test("A reader that takes little by little is not stalled")
    func slowButAlive() throws {
        let bench = try TransportBench { $0.replyTimeout = 1_000_000_000 }
        let reader = bench.reply("r")
        bench.send(":big:r\n400000\n\n")
        var count = 0
        while count < 400_000 {
            let piece = reader.bytes(limit: 1).count
            guard piece > 0 else { break }
            count += piece
            // The slowness is what is tested: well below replyTimeout each time, well above it in all.
            usleep(200_000)
        }
        #expect(count + reader.bytes().count == 400_009)
    }

    @Test("Silence in mid-request is answered with 408; the next request is clean")
    func requestTimeout() throws {
        let bench = try TransportBench { $0.requestTimeout = 50_000_000 }
        let reader = bench.reply("dead")
        bench.send(":echo:dead\nargument without an end")
        #expect(reader.all().hasPrefix("408 command 'echo' not finished in time"))
        #expect(bench.ask("{\"reply_name\":\"r\",\"a\":[", reply: "r").contains("\"code\":\t408"))
        #expect(bench.ask(":echo:r\n\n", reply: "r") == "200 OK\n\n")
        #expect(bench.host.counter("timeouts") == 2)
    }

    @Test("A request over max_request gets a 413 in its framing")
    func oversize() throws {
        let bench = try TransportBench { $0.maximumRequest = 1000 }
        let long = String(repeating: "z", count: 200_000)
        #expect(
            bench.ask(":echo:r\n\(long)\n\n", reply: "r")
                == "413 request too large: more than 1000 bytes (max_request)\n\n")
        #expect(bench.ask("{\"x\":\"\(long)\",\"reply_name\":\"r\"}", reply: "r").contains("\"code\":\t413"))
        #expect(bench.ask(":echo:r\n\n", reply: "r") == "200 OK\n\n")
        #expect(bench.host.counter("oversize") == 2)
    }

    @Test("10,000 garbage requests leave the FIFO working and the log short")
    func garbage() throws {
        let bench = try TransportBench { $0.requestTimeout = 50_000_000 }
        var random = SeededGenerator(seed: 3)
        for _ in 0..<100 {
            var bytes: [UInt8] = []
            for _ in 0..<100 {
                bytes += (0..<Int.random(in: 1...30, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                bytes.append(0x0a)
            }
            bench.send(bytes)
        }
        // What is still open ends by silence, or by this header, which then is refused itself once.
        let isClean = eventually {
            let reader = bench.reply("r")
            bench.send("\n\n:echo:r\n\n")
            defer { unlink(reader.path) }
            return reader.all() == "200 OK\n\n"
        }
        #expect(isClean)
        #expect(bench.host.counter("malformed") > 1000)
        #expect(bench.host.logged.withLock { $0.count } < 500)
    }

    @Test("More requests than can be under way wait in the FIFO, and every one is run")
    func flood() throws {
        let bench = try TransportBench()
        bench.host.management.suspend()
        let isSent = DispatchSemaphore(value: 0)
        let fifo = bench.fifo
        Thread.detachNewThread {
            let descriptor = open(fifo, O_WRONLY)
            let request = Array(String(repeating: ":echo:\n\n", count: 200).utf8)
            for _ in 0..<1000 { _ = write(descriptor, request, request.count) }
            close(descriptor)
            isSent.signal()
        }
        // The pipe holds a megabyte, half of what is sent: the client has to wait.
        #expect(eventually { bench.host.counter("requests") >= 1024 })
        #expect(isSent.wait(timeout: .now() + 0.2) == .timedOut)
        let held = bench.host.counter("requests")
        #expect(held < 60_000)
        bench.host.management.resume()
        #expect(isSent.wait(timeout: .now() + 60) == .success)
        #expect(eventually { bench.host.executed.withLock { $0.count } == 200_000 })
        #expect(bench.ask(":echo:r\n\n", reply: "r") == "200 OK\n\n")
    }

    @Test("Clients side by side each get their own reply")
    func concurrentClients() async throws {
        let bench = try TransportBench()
        let fifo = bench.fifo
        let directory = bench.directory
        await withTaskGroup(of: Bool.self) { group in
            for client in 0..<8 {
                group.addTask {
                    (0..<100).allSatisfy { round in
                        let name = "c\(client)-\(round)"
                        let reader = ReplyReader(directory + "/" + name, open: true)
                        defer { unlink(reader.path) }
                        let request = Array(":echo:\(name)\n\(client * round)\n\n".utf8)
                        let descriptor = open(fifo, O_WRONLY)
                        _ = write(descriptor, request, request.count)
                        close(descriptor)
                        return reader.all() == "200 OK\n\(client * round)\n\n"
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
