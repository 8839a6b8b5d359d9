// When a file came into being, from statx(2). Swift's Glibc module does not show that call, so it is looked up by its name.
import Glibc

/// Orders the files of a series by age: of records of equal time those in the older file were stored first.
enum BirthTime {
    private typealias Statx =
        @convention(c) (
            Int32, UnsafePointer<CChar>, Int32, UInt32, UnsafeMutableRawPointer
        ) -> Int32

    private static let statx: Statx? = dlsym(nil, "statx").map { unsafeBitCast($0, to: Statx.self) }

    private static let mask: UInt32 = 0x800  // STATX_BTIME
    private static let emptyPath: Int32 = 0x1000  // AT_EMPTY_PATH
    private static let size = 256  // sizeof(struct statx), fixed by the kernel
    private static let birthOffset = 80  // of stx_btime: seconds, 8 bytes, then nanoseconds, 4 bytes

    /// Nanoseconds since 1970; 0 where the file system does not know.
    static func nanoseconds(of descriptor: Int32) -> UInt64 {
        guard let statx else { return 0 }
        return withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { buffer in
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            guard let base = buffer.baseAddress, statx(descriptor, "", emptyPath, mask, base) == 0,
                buffer.load(as: UInt32.self) & mask != 0
            else { return 0 }
            let seconds = buffer.load(fromByteOffset: birthOffset, as: Int64.self)
            let fraction = buffer.load(fromByteOffset: birthOffset + 8, as: UInt32.self)
            return UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(fraction)
        }
    }

    /// Waits until a file made now is younger than one made at `birth`, at most some ticks of the kernel's clock (4 ms or less each).
    static func wait(beyond birth: UInt64) {
        for _ in 0..<40 {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME_COARSE, &now)
            if UInt64(clamping: now.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: now.tv_nsec) > birth { return }
            // The kernel has no event for a tick of its coarse clock.
            usleep(500)
        }
    }
}
