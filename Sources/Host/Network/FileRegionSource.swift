import CHost
import Glibc
import NIOCore
import Synchronization

/// A region of a file on its way to a stream, in steps of 256 KiB: measured on loopback, reading and sending beats sendfile.
/// What the page cache holds is read on the worker; the rest is read in the pool, so that a cold disk delays nobody else.
final class FileRegionSource: @unchecked Sendable {
    // @unchecked: used by one stream's loop; the pool touches `loaded` behind its mutex only.
    enum Step {
        /// The bytes of a step were added.
        case bytes
        case notCached
        case loading
        case failed(any Error)
    }

    static let step = 256 * 1024

    private let descriptor: Int32
    private var offset: Int64
    private var left: Int64
    private let loaded = Mutex<Result<[UInt8], IOError>?>(nil)
    private let isLoading = Mutex(false)

    /// Works on a duplicate of the descriptor; nil when there is none to be had.
    init?(_ descriptor: Int32, offset: Int64, length: Int64) {
        self.descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        self.offset = offset
        left = length
        if self.descriptor < 0 { return nil }
    }

    deinit { Glibc.close(descriptor) }

    var isDone: Bool { left == 0 }

    /// Adds the next step to a buffer, if it is there to be had.
    func next(to buffer: inout ByteBuffer) -> Step {
        if isLoading.withLock({ $0 }) { return .loading }
        let count = Int(min(left, Int64(Self.step)))
        let ready = loaded.withLock { loaded in
            defer { loaded = nil }
            return loaded
        }
        switch ready {
        case .failure(let error): return .failed(error)
        case .success(let bytes):
            advance(bytes.count)
            buffer.writeBytes(bytes)
            return .bytes
        case nil: break
        }
        var got: Int64 = 0
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            got = chost_read_cached(descriptor, target.baseAddress, count, offset)
            return Int(max(got, 0))
        }
        if got > 0 {
            advance(Int(got))
            return .bytes
        }
        if got == 0 { return .failed(IOError(errnoCode: EIO, reason: "the file ended before the region did")) }
        if got == -Int64(EAGAIN) || got == -Int64(EOPNOTSUPP) || got == -Int64(ENOSYS) { return .notCached }
        return .failed(IOError(errnoCode: Int32(-got), reason: "preadv2"))
    }

    private func advance(_ count: Int) {
        offset += Int64(count)
        left -= Int64(count)
    }

    /// Reads the next step in the pool, then calls `completed` there.
    func load(with pool: Pool, completed: @escaping @Sendable () -> Void) {
        isLoading.withLock { $0 = true }
        let count = Int(min(left, Int64(Self.step)))
        let position = offset
        let isQueued = pool.run { [self] in
            let result: Result<[UInt8], IOError>
            var code: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { target, used in
                var got: Int
                repeat {
                    got = pread(descriptor, target.baseAddress, count, off_t(position))
                } while got < 0 && errno == EINTR
                if got < 0 { code = errno }
                used = max(got, 0)
            }
            if code == 0, bytes.isEmpty { code = EIO }
            result = code == 0 ? .success(bytes) : .failure(IOError(errnoCode: code, reason: "pread"))
            loaded.withLock { $0 = result }
            isLoading.withLock { $0 = false }
            completed()
        }
        if !isQueued {
            loaded.withLock { $0 = .failure(IOError(errnoCode: ECANCELED, reason: "the host is stopping")) }
            isLoading.withLock { $0 = false }
            completed()
        }
    }
}
