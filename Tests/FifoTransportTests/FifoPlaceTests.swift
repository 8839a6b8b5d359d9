import Foundation
import Glibc
import ModuleKit
import Synchronization
import Testing

@testable import FifoTransport

@Suite("The FIFO in its place")
struct FifoPlaceTests {
    private func look(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    @Test(
        "The FIFO has its mode whatever the umask, and a lock beside it",
        arguments: ["0660", "0600", "0622", "0"])
    func mode(text: String) throws {
        let bench = try TransportBench { try $0.setMode(text) }
        let status = try #require(look(bench.fifo))
        #expect(status.st_mode & S_IFMT == S_IFIFO)
        #expect(status.st_mode & 0o7777 == (text == "0" ? 0o600 : mode_t(text, radix: 8)))
        #expect(status.st_nlink == 1)
        #expect(try String(contentsOfFile: bench.fifo + ".lock", encoding: .utf8) == "\(getpid())\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.directory).count == 2)
        #expect(bench.host.logged.withLock { $0.contains { $0.contains("fifo_mode is 0") } } == (text == "0"))
    }

    @Test("Reading a request leaves no time of access behind")
    func noAccessTime() throws {
        let path = NSTemporaryDirectory() + "mi-fifo-" + UUID().uuidString
        let fifo = try RequestFIFO(path: path, access: RequestFIFO.Access(mode: 0o600))
        defer { fifo.remove() }
        let copy = try fifo.duplicate()
        defer { close(copy) }
        // What the host does with the copy keeps the flags that it has.
        #expect(fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) | O_NONBLOCK) == 0)
        for descriptor in [fifo.descriptor, copy] {
            #expect(fcntl(descriptor, F_GETFL) & RequestFIFO.noAccessTime != 0)
        }
    }

    @Test("Owner and group are set, by name or number", .enabled(if: geteuid() == 0))
    func owner() throws {
        let bench = try TransportBench {
            $0.user = "nobody"
            $0.group = "12"
        }
        let status = try #require(look(bench.fifo))
        #expect(status.st_uid == getpwnam("nobody")?.pointee.pw_uid)
        #expect(status.st_gid == 12)
        #expect(bench.ask(":echo:r\n\n", reply: "r") == "200 OK\n\n")
    }

    @Test("A second host is refused and told who has the FIFO")
    func secondHost() throws {
        let bench = try TransportBench()
        let error = #expect(throws: ModuleFailure.self) {
            _ = try FifoTransport(FifoSettings(), host: bench.host.services())
        }
        #expect(error?.text.contains("is served by another host (process \(getpid()))") == true)
        #expect(bench.ask(":echo:r\n\n", reply: "r") == "200 OK\n\n")
    }

    @Test("What a dead host left is taken over")
    func leftOver() throws {
        let directory = NSTemporaryDirectory() + "mi-fifo-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        mkfifo(directory + "/modhost.fifo", 0o777)
        #expect(
            FileManager.default.createFile(
                atPath: directory + "/modhost.fifo.lock", contents: Data("1\n".utf8)))
        let host = HostDouble(runDirectory: directory)
        let transport = try FifoTransport(FifoSettings(), host: host.services())
        #expect(look(directory + "/modhost.fifo")?.st_mode == S_IFIFO | 0o660)
        transport.drain()
        transport.stop()
        host.shutDown()
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    }

    @Test("Settings that cannot work are refused with what to do")
    func badSettings() throws {
        let directory = NSTemporaryDirectory() + "mi-fifo-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let host = HostDouble(runDirectory: directory)
        defer { host.shutDown() }
        let services = try host.services()
        #expect(FileManager.default.createFile(atPath: directory + "/file", contents: Data("kept".utf8)))
        symlink(directory + "/nowhere", directory + "/link")
        let cases: [((inout FifoSettings) -> Void, String)] = [
            ({ $0.fifoName = "file" }, "found a regular file at"),
            ({ $0.fifoName = "link" }, "found a symbolic link at"),
            ({ $0.fifoName = "no/such/fifo" }, "make the directory or correct fifo_name"),
            ({ $0.fifoName = "" }, "found fifo_name \"\""),
            ({ $0.user = "no-such-user" }, "found fifo_user \"no-such-user\""),
            ({ $0.group = "no-such-group" }, "found fifo_group \"no-such-group\""),
            ({ $0.replyDirectory = "missing" }, "make the directory or correct reply_dir"),
            ({ $0.replyDirectory = "file" }, "which is no directory"),
        ]
        for (adjust, text) in cases {
            var settings = FifoSettings()
            adjust(&settings)
            let error = #expect(throws: ModuleFailure.self) {
                _ = try FifoTransport(settings, host: services)
            }
            #expect(error?.text.contains(text) == true, "\(error?.text ?? "")")
        }
        var settings = FifoSettings()
        #expect(throws: ModuleFailure.self) { try settings.setMode("0888") }
        #expect(throws: ModuleFailure.self) { try settings.setMode("17777") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["file", "link"])
        #expect(try String(contentsOfFile: directory + "/file", encoding: .utf8) == "kept")
    }

    @Test("A sticky directory that others may write to gets a warning about fs.protected_fifos")
    func stickyDirectory() throws {
        #expect(RequestFIFO.directoryWarning("/tmp/x")?.contains("fs.protected_fifos") == true)
        let bench = try TransportBench()
        #expect(RequestFIFO.directoryWarning(bench.fifo) == nil)
    }

    @Test("reply_dir works with and without a slash at its end", arguments: ["replies", "replies/"])
    func replyDirectory(name: String) throws {
        let bench = try TransportBench { settings in settings.replyDirectory = "/tmp" }
        bench.stop()
        let directory = bench.directory + "/replies"
        mkdir(directory, 0o700)
        var settings = FifoSettings()
        settings.replyDirectory = name
        let transport = try FifoTransport(settings, host: bench.host.services())
        let reader = ReplyReader(directory + "/r", open: true)
        bench.send(":echo:r\n\n")
        #expect(reader.all() == "200 OK\n\n")
        transport.drain()
        transport.stop()
    }

    @Test("A FIFO that is deleted or replaced is made again; what was in the old one is served")
    func renewal() throws {
        let bench = try TransportBench()
        let old = open(bench.fifo, O_WRONLY)
        defer { close(old) }
        for round in 0..<2 {
            let before = try #require(look(bench.fifo))
            unlink(bench.fifo)
            if round == 1 { mkfifo(bench.fifo, 0o777) }
            let renewed = eventually {
                guard let now = look(bench.fifo) else { return false }
                return now.st_ino != before.st_ino && now.st_mode == S_IFIFO | 0o660
            }
            #expect(renewed)
            #expect(bench.ask(":echo:r\nnew\n\n", reply: "r") == "200 OK\nnew\n\n")
            if round == 0 {
                // A client that still has the old one open is answered too.
                let reader = bench.reply("o")
                let request = Array(":echo:o\nold\n\n".utf8)
                _ = write(old, request, request.count)
                #expect(reader.all() == "200 OK\nold\n\n")
            }
        }
        #expect(bench.host.logged.withLock { $0.count { $0.contains("has been made again") } } == 2)
    }

    @Test(
        "A file that somebody puts in the FIFO's place is left alone, said once, and the FIFO returns when it goes"
    )
    func replacedByFile() throws {
        let bench = try TransportBench()
        unlink(bench.fifo)
        #expect(FileManager.default.createFile(atPath: bench.fifo, contents: Data("theirs".utf8)))
        let complaint = { bench.host.logged.withLock { $0.count { $0.contains("cannot be made again") } } }
        #expect(eventually { complaint() == 1 })
        #expect(try String(contentsOfFile: bench.fifo, encoding: .utf8) == "theirs")
        unlink(bench.fifo)
        #expect(eventually { look(bench.fifo)?.st_mode == S_IFIFO | 0o660 })
        #expect(complaint() == 1)
    }

    @Test("At the end the FIFO and its lock go, but only if they are still this host's")
    func removal() throws {
        let bench = try TransportBench()
        bench.stop()
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.directory).isEmpty)
        let other = try TransportBench()
        unlink(other.fifo)
        mkfifo(other.fifo, 0o611)
        other.transport?.stop()
        #expect(look(other.fifo)?.st_mode == S_IFIFO | 0o611)
    }

    @Test("The drain answers what was written before it and waits for replies under way")
    func drain() throws {
        let bench = try TransportBench()
        let readers = (0..<50).map { bench.reply("d\($0)") }
        let late = bench.reply("late", open: false)
        bench.send((0..<50).map { ":echo:d\($0)\n\($0)\n\n" }.joined() + ":echo:late\n\n")
        let isAnswered = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            late.open()
            _ = late.all()
            isAnswered.signal()
        }
        bench.stop()
        for (index, reader) in readers.enumerated() { #expect(reader.all() == "200 OK\n\(index)\n\n") }
        #expect(isAnswered.wait(timeout: .now() + 20) == .success)
        #expect(bench.host.counter("replies") == 51)
    }

    @Test("The drain ends within its bound when a reader is stalled")
    func drainIsBounded() throws {
        let bench = try TransportBench { $0.replyTimeout = 200_000_000 }
        let stalled = bench.reply("stalled")
        bench.send(":big:stalled\n500000\n\n")
        #expect(eventually { bench.host.executed.withLock { !$0.isEmpty } })
        let begin = WorkerDouble.now()
        bench.stop()
        #expect(WorkerDouble.now() - begin < 3_000_000_000)
        #expect(eventually { bench.host.counter("dropped_replies") == 1 })
        _ = stalled
    }
}

@Suite("The fuzzer's corpus")
struct FifoCorpusTests {
    @Test("Every input of the corpus is framed alike whole and byte by byte, and silence ends it")
    func replay() throws {
        let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fuzzers/corpus/fifo")
        let files = try FileManager.default.contentsOfDirectory(at: corpus, includingPropertiesForKeys: nil)
        #expect(files.count >= 30)
        for file in files {
            let bytes = [UInt8](try Data(contentsOf: file).dropFirst())
            for maximumSize in [1 << 20, 64] {
                let whole = frameBytes([bytes], maximumSize: maximumSize)
                var (requests, framer) = frameBytes(bytes.map { [$0] }, maximumSize: maximumSize)
                #expect(requests == whole.requests, "\(file.lastPathComponent)")
                framer.expire { requests.append($0) }
                #expect(!framer.isPartial)
                #expect(!requests.isEmpty, "\(file.lastPathComponent)")
            }
        }
    }
}
