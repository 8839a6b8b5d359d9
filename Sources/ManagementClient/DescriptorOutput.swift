import Glibc

/// Bytes on their way to a file descriptor, gathered into large writes.
///
/// Not thread-safe. What was appended is written by ``flush()``, and whenever 64 KiB have gathered.
public struct DescriptorOutput: ~Copyable {
    private let descriptor: CInt
    private var pending: [UInt8] = []

    /// Writes to `descriptor`, which stays the caller's.
    public init(descriptor: CInt) { self.descriptor = descriptor }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(ManagementClientError) {
        pending.append(contentsOf: bytes)
        if pending.count >= 65536 { try flush() }
    }

    public mutating func append(_ text: String) throws(ManagementClientError) {
        pending.append(contentsOf: text.utf8)
        if pending.count >= 65536 { try flush() }
    }

    /// Writes all that has gathered, waiting for a slow reader as long as it takes.
    public mutating func flush() throws(ManagementClientError) {
        var sent = 0
        while sent < pending.count {
            let written = pending.withUnsafeBytes { bytes in
                write(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent)
            }
            if written > 0 {
                sent += written
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&entry, 1, -1)
            } else if errno != EINTR {
                let reason = errorText(errno)
                pending.removeAll()
                throw .output(reason: reason)
            }
        }
        pending.removeAll(keepingCapacity: true)
    }
}
