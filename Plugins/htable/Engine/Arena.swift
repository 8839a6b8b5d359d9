// The memory of one table: a region of addresses that is reserved once and filled page by page, so that an item is named by
// 32 bits, its distance from the start. This file owns the region: it is mapped in `init` and unmapped in `deinit`.
import Glibc

/// The place of an item in its arena, in steps of eight bytes; 0 is nowhere.
typealias Ref = UInt32

/// Pages of 4 KiB for slabs. Any thread; one short lock per page taken or given back.
final class Arena: @unchecked Sendable {
    // @unchecked: `base` and `pages` never change; the rest is behind the lock.
    static let pageSize = 4096
    static let refsPerPage: UInt32 = 512
    /// How much is made accessible at a time.
    private static let step = 1024
    /// From this page on (4 MiB) the system may give huge pages.
    private static let hugeFrom = 1024

    let base: UnsafeMutableRawPointer
    /// How many pages the region has.
    private let pages: Int
    private struct State {
        /// Pages below this have been handed out at least once; page 0 is never: ref 0 means nowhere.
        var fresh = 1
        var accessible = 0
        var free: [UInt32] = []
    }
    private let state = Guarded(State())

    /// Reserves up to `limit` bytes of addresses (no memory); less where the system allows less. Nil when it allows nearly none.
    init?(reserving limit: Int) {
        var size = limit
        while size >= 64 * Arena.pageSize {
            let found = mmap(nil, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
            if let found, found != MAP_FAILED {
                base = found
                pages = size / Arena.pageSize
                return
            }
            size /= 2
        }
        return nil
    }

    deinit { munmap(base, pages * Arena.pageSize) }

    @inline(__always) func address(_ ref: Ref) -> UnsafeMutableRawPointer { base + Int(ref) &* 8 }

    /// A page of zeros, as its number; nil when memory or addresses have run out.
    func takePage() -> UInt32? {
        state.withLock { state in
            if let page = state.free.popLast() { return page }
            guard state.fresh < pages else { return nil }
            if state.fresh >= state.accessible {
                let count = min(Arena.step, pages - state.accessible)
                let start = base + state.accessible * Arena.pageSize
                guard mprotect(start, count * Arena.pageSize, PROT_READ | PROT_WRITE) == 0 else { return nil }
                // A large table is read at random: huge pages spare the processor most look-ups of addresses. Only advice.
                if state.accessible >= Arena.hugeFrom { madvise(start, count * Arena.pageSize, MADV_HUGEPAGE) }
                state.accessible += count
            }
            state.fresh += 1
            return UInt32(state.fresh - 1)
        }
    }

    /// Gives a page back; its memory returns to the system.
    func givePage(_ page: UInt32) {
        madvise(base + Int(page) * Arena.pageSize, Arena.pageSize, MADV_DONTNEED)
        state.withLock { $0.free.append(page) }
    }

    /// Pages in use, for the memory that a table takes.
    var pagesInUse: Int { state.withLock { $0.fresh - 1 - $0.free.count } }
}
