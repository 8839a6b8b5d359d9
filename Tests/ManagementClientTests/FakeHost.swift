import Glibc
import JSON
import Synchronization

/// A host for tests: a thread that reads requests from a FIFO, one a line, and answers each as the test says.
final class FakeHost: Sendable {
    /// What the host does about a request.
    enum Answer {
        /// Writes these pieces into the reply FIFO, so many milliseconds before each but the first.
        case pieces([[UInt8]], pause: Int32 = 0)
        /// Opens and closes the reply FIFO.
        case nothing
        /// Never touches the reply FIFO.
        case silence
        /// Closes its own FIFO for good.
        case goAway

        static func text(_ text: String) -> Answer { .pieces([Array(text.utf8)]) }

        static func result(_ value: JSONValue, to request: JSONValue) -> Answer {
            .pieces([
                JSONValue.object([
                    .init("jsonrpc", "2.0"), .init("result", value), .init("id", request["id"] ?? nil),
                ]).encoded(.pretty)
            ])
        }

        static func error(_ code: Int64, _ message: String, to request: JSONValue) -> Answer {
            .pieces([
                JSONValue.object([
                    .init("jsonrpc", "2.0"),
                    .init("error", ["code": .integer(code), "message": .string(message)]),
                    .init("id", request["id"] ?? nil),
                ]).encoded()
            ])
        }
    }

    let directory: TemporaryDirectory
    let fifo: String
    private let descriptor: CInt
    private let stops = Atomic(false)
    private let lines = Mutex<[String]>([])
    private let hasEnded = Atomic(false)

    /// Starts the host; `answer` is called on its thread.
    init(answer: @escaping @Sendable (JSONValue) -> Answer) throws {
        directory = try TemporaryDirectory()
        fifo = directory.file("modhost.fifo")
        guard mkfifo(fifo, 0o660) == 0 else { throw TestFailure("mkfifo \(fifo)") }
        // Open for both, so that the end of one client is no end of file.
        descriptor = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw TestFailure("open \(fifo)") }
        startThread { self.serve(answer) }
    }

    /// Ends the thread and waits for it.
    func stop() {
        stops.store(true, ordering: .relaxed)
        _ = eventually { hasEnded.load(ordering: .acquiring) }
    }

    /// The lines that came so far, as they came.
    var received: [String] { lines.withLock { $0 } }

    /// What is left in the reply directory, which must be nothing.
    var leftovers: [String] { directory.names.filter { $0.hasPrefix("modctl.") } }

    private func serve(_ answer: @Sendable (JSONValue) -> Answer) {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1000)
        var isOpen = true
        while !stops.load(ordering: .relaxed), isOpen {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 10) > 0 else { continue }
            let count = read(descriptor, &buffer, buffer.count)
            if count > 0 { pending += buffer[..<count] }
            while isOpen, let newline = pending.firstIndex(of: 10) {
                let line = Array(pending[..<newline])
                pending.removeSubrange(...newline)
                lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
                guard let request = try? JSONValue.parse(line) else { continue }
                isOpen = reply(answer(request), to: request)
            }
        }
        close(descriptor)
        hasEnded.store(true, ordering: .releasing)
    }

    /// False if the host is to end.
    private func reply(_ answer: Answer, to request: JSONValue) -> Bool {
        switch answer {
        case .silence: return true
        case .goAway: return false
        case .nothing, .pieces: break
        }
        let reply = open(
            directory.file(request["reply_name"]?.string ?? ""), O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard reply >= 0 else { return true }
        defer { close(reply) }
        guard case .pieces(let pieces, let pause) = answer else { return true }
        for (index, piece) in pieces.enumerated() {
            if index > 0 { letPass(pause) }
            var sent = 0
            while sent < piece.count {
                let count = piece.withUnsafeBytes {
                    write(reply, $0.baseAddress.map { $0 + sent }, piece.count - sent)
                }
                if count > 0 {
                    sent += count
                } else if errno == EAGAIN, !stops.load(ordering: .relaxed) {
                    var entry = pollfd(fd: reply, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&entry, 1, 100)
                } else {
                    return true
                }
            }
        }
        return true
    }
}

/// Runs `body` on a thread of its own.
func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    // A write to a reply FIFO whose reader is gone must fail, not end the tests; set here since every host has a thread.
    signal(SIGPIPE, SIG_IGN)
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Box(body)).toOpaque()
    let code = pthread_create(
        &thread, nil,
        { argument in
            guard let argument else { return nil }
            Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, argument)
    precondition(code == 0, "a test needs its thread")
    pthread_detach(thread)
}
