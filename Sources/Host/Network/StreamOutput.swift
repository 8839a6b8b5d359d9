import Glibc
import NIOCore

/// The bytes that a stream gathers in a turn of its loop, to go out by one system call.
///
/// They are sent past SwiftNIO as long as nothing waits in its queue, which spares half of a short answer's way. What the socket does
/// not take at once, and all that goes to pipes, is handed to the channel: it knows when the other side takes more.
struct StreamOutput {
    private var gathered = ByteBuffer()
    /// -1: there is none, all goes through the channel.
    private var socket: CInt = -1
    /// Space that is kept between turns; 1,000 streams at rest must not hold a large buffer each.
    private static let kept = 16 * 1024

    var count: Int { gathered.readableBytes }

    /// Learns the channel's socket. Its loop.
    mutating func open(_ channel: any Channel) {
        let found = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        socket = found ?? -1
    }

    mutating func add(_ fill: (inout ByteBuffer) -> Void) { fill(&gathered) }

    /// Drops what is gathered.
    mutating func clear() {
        if gathered.capacity > Self.kept { gathered = ByteBuffer() } else { gathered.clear() }
    }

    /// Sends what the socket takes at once; nil when that was all, else the rest, which is no longer held here.
    mutating func send(past channel: any Channel) -> ByteBuffer? {
        guard count > 0 else { return nil }
        // An active channel has not closed its descriptor.
        while socket >= 0, channel.isActive {
            let sent = gathered.withUnsafeReadableBytes { bytes in
                Glibc.send(socket, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
            }
            if sent == count {
                clear()
                return nil
            }
            if sent >= 0 {
                gathered.moveReaderIndex(forwardBy: sent)
                break
            }
            // Whatever else is wrong, the channel finds out and tells.
            if errno != EINTR { break }
        }
        return take()
    }

    /// What is gathered, which is no longer held here.
    mutating func take() -> ByteBuffer {
        defer { gathered = ByteBuffer() }
        return gathered
    }
}
