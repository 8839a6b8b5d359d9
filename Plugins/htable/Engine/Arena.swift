// The memory of one table: a region of addresses that is reserved once and filled page by page, so that whatever lies in it is named
// by 32 bits, its distance from the start. This file owns the region: it is mapped in `init` and unmapped in `deinit`.
import Glibc

/// A place in an arena, in steps of eight bytes; 0 is nowhere.
typealias Ref = UInt32

/// Pages of 4 KiB. Any thread; one short lock per page taken or given back.
final class Arena: @unchecked Sendable {
    // @unchecked: `base` and `pages` never change; the rest is behind the lock.
    static let pageSize = 4096
    static let refsPerPage: UInt32 = 512
    /// How much is made accessible at a time.
    private static let step = 1024
    /// From this page on (4 MiB) the system may give huge pages.
    private static let hugeFrom = 1024
    private static let hugeSize = 2 << 20
    /// Pages that wait for their next use with their memory, at least, and as a part of those in use: a table that grows gives pages
    /// back all the time.
    private static let leastWarm = 64
    private static let warmPart = 16

    let base: UnsafeMutableRawPointer
    /// How many pages the region has.
    private let pages: Int
    private let mapping: UnsafeMutableRawPointer
    private let mappingSize: Int
    private struct State {
        /// Pages below this have been handed out at least once. Page 0 never is: it stays zero, and may be read.
        var fresh = 1
        var accessible = 0
        var buckets = Returned()
        var others = Returned()

        var inUse: Int { fresh - 1 - buckets.count - others.count }
    }
    /// Pages that were given back: with what was in them, and those whose memory the system has.
    private struct Returned {
        var warm: [UInt32] = []
        var cold: [UInt32] = []
        var count: Int { warm.count + cold.count }

        mutating func take() -> UInt32? { warm.popLast() ?? cold.popLast() }

        mutating func keepWarm(_ page: UInt32, atMost count: Int) -> Bool {
            guard warm.count < count else { return false }
            warm.append(page)
            return true
        }
    }
    private let state = Guarded(State())

    /// Reserves up to `limit` bytes of addresses (no memory); less where the system allows less. Nil when it allows nearly none.
    init?(reserving limit: Int) {
        var size = limit
        while size >= 64 * Arena.pageSize {
            let whole = size + Arena.hugeSize
            let found = mmap(nil, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
            if let found, found != MAP_FAILED {
                mapping = found
                mappingSize = whole
                // Huge pages begin at multiples of their size.
                base = found + (Arena.hugeSize - Int(bitPattern: found) % Arena.hugeSize) % Arena.hugeSize
                pages = size / Arena.pageSize
                guard makeAccessible() else { return nil }
                return
            }
            size /= 2
        }
        return nil
    }

    deinit { munmap(mapping, mappingSize) }

    /// Makes the next pages accessible; false when the system refuses.
    private func makeAccessible() -> Bool { state.withLock { makeAccessible(&$0) } }

    private func makeAccessible(_ state: inout State) -> Bool {
        let count = min(Arena.step, pages - state.accessible)
        let start = base + state.accessible * Arena.pageSize
        guard mprotect(start, count * Arena.pageSize, PROT_READ | PROT_WRITE) == 0 else { return false }
        // A large table is read at random: huge pages spare the processor most look-ups of addresses. Only advice.
        if state.accessible >= Arena.hugeFrom { madvise(start, count * Arena.pageSize, MADV_HUGEPAGE) }
        state.accessible += count
        return true
    }

    /// What a page is for. A page for buckets is never used for anything else, as it may be looked at without a lock.
    enum Use {
        case buckets
        case others
    }

    /// A page of any content, as its number; nil when memory or addresses have run out.
    func takePage(for use: Use) -> UInt32? {
        state.withLock { state in
            if let page = use == .buckets ? state.buckets.take() : state.others.take() { return page }
            guard state.fresh < pages else { return nil }
            if state.fresh >= state.accessible, !makeAccessible(&state) { return nil }
            state.fresh += 1
            return UInt32(state.fresh - 1)
        }
    }

    /// Gives a page back; unless it is among the few that wait for their next use, its memory returns to the system.
    func givePage(_ page: UInt32, from use: Use) {
        let staysWarm = state.withLock { state in
            let most = max(Arena.leastWarm, state.inUse / Arena.warmPart)
            return use == .buckets ? state.buckets.keepWarm(page, atMost: most) : state.others.keepWarm(page, atMost: most)
        }
        if staysWarm { return }
        madvise(address(ofPage: page), Arena.pageSize, MADV_DONTNEED)
        state.withLock { state in
            if use == .buckets { state.buckets.cold.append(page) } else { state.others.cold.append(page) }
        }
    }

    @inline(__always) func address(ofPage page: UInt32) -> UnsafeMutableRawPointer { base + Int(page) &* Arena.pageSize }

    /// Pages in use, for the memory that a table takes.
    var pagesInUse: Int { state.withLock { $0.inUse } }
}
