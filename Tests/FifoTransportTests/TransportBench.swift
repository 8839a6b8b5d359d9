// One transport under test in a directory of its own, and the client's side of a FIFO.

import Foundation
import Glibc
import ModuleKit

@testable import FifoTransport

/// A directory, a host double and a running transport; torn down with the value.
final class TransportBench {
    let directory: String
    let host: HostDouble
    private(set) var transport: FifoTransport?
    var fifo: String { directory + "/modhost.fifo" }

    init(_ adjust: (inout FifoSettings) throws -> Void = { _ in }) throws {
        directory = NSTemporaryDirectory() + "mi-fifo-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        host = HostDouble(runDirectory: directory)
        var settings = FifoSettings()
        try adjust(&settings)
        transport = try FifoTransport(settings, host: host.services())
    }

    /// Drains and stops the transport, as the host does.
    func stop() {
        transport?.drain()
        transport?.stop()
        transport = nil
    }

    deinit {
        stop()
        host.shutDown()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Makes a reply FIFO and opens it for reading.
    func reply(_ name: String, open isOpen: Bool = true) -> ReplyReader {
        ReplyReader(directory + "/" + name, open: isOpen)
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        let descriptor = open(fifo, O_WRONLY)
        defer { close(descriptor) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            sent += count
        }
    }

    func ask(_ text: String, reply name: String) -> String {
        let reader = reply(name)
        send(text)
        return reader.all()
    }
}

/// The reader's end of a reply FIFO.
final class ReplyReader: @unchecked Sendable {
    let path: String
    private var descriptor: Int32 = -1

    init(_ path: String, open isOpen: Bool) {
        self.path = path
        mkfifo(path, 0o600)
        if isOpen { open() }
    }

    func open() { descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }

    deinit { close() }

    func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Reads until the writer closes, at most 20 seconds; the bytes as text.
    func all() -> String { String(decoding: bytes(), as: UTF8.self) }

    func bytes(limit: Int = .max) -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while result.count < limit {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 20_000) > 0 else { return result + Array("<no end within 20 s>".utf8) }
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { break }
            if count > 0 { result += buffer[..<count] }
        }
        return result
    }
}

/// Waits for a condition, at most 20 seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    let end = WorkerDouble.now() + 20_000_000_000
    while WorkerDouble.now() < end {
        if condition() { return true }
        usleep(1000)
    }
    return condition()
}
