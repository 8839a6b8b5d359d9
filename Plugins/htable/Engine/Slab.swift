// Hands out pieces of an arena's pages in size classes, one slab for each stripe: for key and value of the items that are too long for
// a bucket. It owns the list heads, from `init` to `free`; pages belong to the arena, and whoever holds the stripe's lock may call.

/// The size classes: steps of 8 bytes up to 128, of 16 up to 256, of 32 up to 512, of 64 up to 1024.
enum SizeClass {
    static let count = 40
    static let largest = 1024

    /// The class that holds `size` bytes, 1…1024.
    @inline(__always) static func of(_ size: Int) -> Int {
        if size <= 128 { return (size &+ 7) >> 3 &- 1 }
        if size <= 256 { return 16 &+ (size &- 129) >> 4 }
        if size <= 512 { return 24 &+ (size &- 257) >> 5 }
        return 32 &+ (size &- 513) >> 6
    }

    /// The bytes of a piece.
    @inline(__always) static func size(_ index: Int) -> Int {
        if index < 16 { return (index &+ 1) &* 8 }
        if index < 24 { return 128 &+ (index &- 15) &* 16 }
        if index < 32 { return 256 &+ (index &- 23) &* 32 }
        return 512 &+ (index &- 31) &* 64
    }
}

/// A page's first 32 bytes.
private struct PageHead {
    /// Other pages of the class with room; 0 is none.
    var next: UInt32
    var previous: UInt32
    /// The first free piece and the first one never used, in steps of 8 bytes from the page's start; 0 is none.
    var free: UInt16
    var fresh: UInt16
    var live: UInt16
    var sizeClass: UInt16
    var reserved: (UInt64, UInt64)

    static let size = 32
}

/// The pages of one stripe: for each class the list of those with room.
struct Slab {
    /// `SizeClass.count` page numbers.
    private let heads: UnsafeMutablePointer<UInt32>

    init() {
        heads = .allocate(capacity: SizeClass.count)
        heads.initialize(repeating: 0, count: SizeClass.count)
    }

    func free() { heads.deallocate() }

    /// Gives back the pages that stayed when all pieces had been given back.
    func giveEmptyPages(_ arena: Arena) {
        for index in 0..<SizeClass.count where heads[index] != 0 { arena.givePage(heads[index], from: .others) }
    }

    @inline(__always) private func head(_ page: UInt32, _ arena: Arena) -> UnsafeMutablePointer<PageHead> {
        arena.address(ofPage: page).assumingMemoryBound(to: PageHead.self)
    }

    /// A piece of at least `size` bytes (1…1024), its content undefined; nil when the arena is full.
    func take(_ size: Int, _ arena: Arena) -> UnsafeMutableRawPointer? {
        let index = SizeClass.of(size)
        var page = heads[index]
        if page == 0 {
            guard let new = newPage(index, arena) else { return nil }
            page = new
        }
        let head = head(page, arena)
        let step = UInt16(truncatingIfNeeded: SizeClass.size(index) >> 3)
        let offset: UInt16
        if head.pointee.free != 0 {
            offset = head.pointee.free
            head.pointee.free = UnsafeMutableRawPointer(head).load(
                fromByteOffset: Int(offset) &* 8, as: UInt16.self)
        } else {
            offset = head.pointee.fresh
            head.pointee.fresh = offset &+ step
        }
        head.pointee.live &+= 1
        if head.pointee.free == 0, Int(head.pointee.fresh &+ step) > Int(Arena.refsPerPage) {
            unlink(page, head, index, arena)
        }
        return UnsafeMutableRawPointer(head) + Int(offset) &* 8
    }

    /// Gives a piece back.
    func give(_ piece: UnsafeMutableRawPointer, _ arena: Arena) {
        let place = piece - arena.base
        let page = UInt32(truncatingIfNeeded: place / Arena.pageSize)
        let offset = UInt16(truncatingIfNeeded: place % Arena.pageSize / 8)
        let head = head(page, arena)
        let index = Int(head.pointee.sizeClass)
        let step = UInt16(truncatingIfNeeded: SizeClass.size(index) >> 3)
        let wasFull = head.pointee.free == 0 && Int(head.pointee.fresh &+ step) > Int(Arena.refsPerPage)
        UnsafeMutableRawPointer(head).storeBytes(
            of: head.pointee.free, toByteOffset: Int(offset) &* 8, as: UInt16.self)
        head.pointee.free = offset
        head.pointee.live &-= 1
        if wasFull { link(page, head, index, arena) }
        // The last page of a class stays, so that one item coming and going costs no system calls.
        if head.pointee.live == 0, heads[index] != page || head.pointee.next != 0 {
            unlink(page, head, index, arena)
            arena.givePage(page, from: .others)
        }
    }

    @inline(never) private func newPage(_ index: Int, _ arena: Arena) -> UInt32? {
        guard let page = arena.takePage(for: .others) else { return nil }
        let head = head(page, arena)
        head.initialize(
            to: PageHead(
                next: 0, previous: 0, free: 0, fresh: UInt16(PageHead.size / 8), live: 0,
                sizeClass: UInt16(index), reserved: (0, 0)))
        heads[index] = page
        return page
    }

    private func link(_ page: UInt32, _ head: UnsafeMutablePointer<PageHead>, _ index: Int, _ arena: Arena) {
        let next = heads[index]
        head.pointee.next = next
        head.pointee.previous = 0
        if next != 0 { self.head(next, arena).pointee.previous = page }
        heads[index] = page
    }

    private func unlink(_ page: UInt32, _ head: UnsafeMutablePointer<PageHead>, _ index: Int, _ arena: Arena) {
        let (next, previous) = (head.pointee.next, head.pointee.previous)
        if next != 0 { self.head(next, arena).pointee.previous = previous }
        if previous != 0 {
            self.head(previous, arena).pointee.next = next
        } else {
            heads[index] = next
        }
        head.pointee.next = 0
        head.pointee.previous = 0
    }
}
