import Glibc
import JSON
import Testing

@Suite("modctl's prompt", .serialized)
struct PromptTests {
    /// A terminal with modctl on it.
    private final class Session {
        let process: ModctlProcess
        private let controller: CInt
        private(set) var screen = ""

        init(_ host: FakeHost, environment: [String] = []) throws {
            controller = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
            // TIOCSPTLCK and TIOCGPTN: unlockpt and ptsname without their shared buffer.
            var isLocked: CInt = 0
            var number: CInt = 0
            guard controller >= 0, ioctl(controller, 0x4004_5431, &isLocked) == 0,
                ioctl(controller, 0x8004_5430, &number) == 0
            else { throw TestFailure("no terminal") }
            process = try ModctlProcess(
                ["--fifo", host.fifo], environment: environment, terminal: "/dev/pts/\(number)")
        }

        deinit { close(controller) }

        func type(_ text: String) {
            _ = Array(text.utf8).withUnsafeBytes { write(controller, $0.baseAddress, $0.count) }
        }

        /// Waits until the screen has shown `text`, after it has shown `mark`.
        func shows(_ text: String, after mark: String = "") -> Bool {
            eventually {
                var entry = pollfd(fd: controller, events: Int16(POLLIN), revents: 0)
                var buffer = [UInt8](repeating: 0, count: 4096)
                while poll(&entry, 1, 0) > 0, case let count = read(controller, &buffer, buffer.count),
                    count > 0
                {
                    screen += String(decoding: buffer[..<count], as: UTF8.self)
                }
                let start = mark.isEmpty ? screen.startIndex : screen.ranges(of: mark).first?.upperBound
                return start.map { screen[$0...].contains(text) } ?? false
            }
        }
    }

    private func host() throws -> FakeHost {
        try FakeHost {
            switch $0["method"]?.string {
            case "which": .result(["which", "flat_rotate", "flatstore.rotate", "wait"], to: $0)
            case "wait": .silence
            case "bad": .error(500, "it failed", to: $0)
            default: .result(["done": $0["method"] ?? nil], to: $0)
            }
        }
    }

    @Test("Tab completes commands, the command runs, and the history is kept for its owner alone")
    func completes() throws {
        let host = try host()
        defer { host.stop() }
        let session = try Session(host)
        #expect(session.shows("modctl> "))
        session.type("flat\t")
        #expect(session.shows("flat_rotate       flatstore.rotate"), "\(session.screen.debugDescription)")
        session.type("_\t\r")
        #expect(session.shows("done\u{1B}[0m: flat_rotate"), "\(session.screen.debugDescription)")
        session.type("quit\r")
        #expect(session.process.wait() == 0)
        let history = session.process.home.file(".modctl_history")
        var status = stat()
        #expect(stat(history, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(session.process.home.read(".modctl_history").contains("flat_rotate"))
        #expect(host.leftovers == [])
    }

    @Test("Ctrl-C cancels a line, and a command that hangs; Ctrl-D leaves")
    func cancels() throws {
        let host = try host()
        defer { host.stop() }
        let session = try Session(host, environment: ["MODHOST_HISTORY=", "NO_COLOR=1"])
        #expect(session.shows("modctl> "))
        session.type("never run\u{3}")
        #expect(session.shows("^C"))
        session.type("wait\r")
        #expect(eventually { host.received.contains { $0.contains("\"wait\"") } })
        #expect(!host.received.contains { $0.contains("never") })
        session.type("\u{3}")
        #expect(session.shows("modctl: wait: interrupted; the host may still run the command"))
        #expect(eventually { host.leftovers == [] })
        session.type("next\r")
        #expect(session.shows("done: next"))
        session.type("bad\r")
        #expect(session.shows("modctl: bad: 500 it failed"))
        session.type("help\r")
        // Ctrl-D counts only at the prompt: typed before, the terminal keeps it to itself.
        #expect(session.shows("modctl> ", after: "so does Ctrl-D"))
        session.type("\u{4}")
        #expect(session.process.wait() == 0)
        #expect(!session.process.home.names.contains(".modctl_history"))
    }

    @Test("Without a host there is no prompt")
    func noHost() throws {
        let host = try host()
        host.stop()
        let session = try Session(host)
        #expect(session.shows("modctl: no host is running"))
        #expect(session.process.wait() == 3)
    }
}
