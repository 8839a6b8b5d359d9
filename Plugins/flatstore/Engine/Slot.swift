// One slot for each table and thread index: the buffer and the file into which that thread, and no other, writes rows.
//
// Who may touch a slot. Whoever has taken it: `take` exchanges its `taken` word, `giveBack` stores 0. A writer takes the slot of
// its own thread for the length of one insert, so the exchange finds its cache line at home and never waits, except while a
// visitor (a rotation, the flush timer, flat_list, stop) holds the slot for one write and one close. A visitor raises
// `wanted` first: the writer looks at it after it has got the slot and steps back, so that a thread at full speed cannot keep a visitor out.
// Threads beyond the host's limit have no index and share the last slot; the word keeps them apart too.
import Glibc
import Synchronization

/// What the holder of a slot may touch.
struct SlotState {
    /// Owned by the slot, unless it is the mapping of `ring`; nil until the first insert.
    var buffer: UnsafeMutablePointer<UInt8>?
    /// Bytes of whole rows that wait in the buffer, and how many rows that is.
    var used = 0
    var waitingRows = 0
    var capacity = 0
    /// True when `descriptor` is an open file and `buffer` is there: an insert needs nothing else.
    var isReady = false
    var isOpen = false
    /// False for character devices, which cannot be cut back.
    var isRegular = false
    /// True from a failed write until the next good one.
    var isFailing = false
    var isListed = false
    var descriptor: Int32 = -1
    /// The slot's counts when the file was opened, and its rows when the file's name was last found in place.
    var rowsAtOpening = 0
    var bytesAtOpening = 0
    var rowsAtCheck = 0
    var ring: StagingRing?
}

/// The place of a slot in its table's memory.
struct Slot {
    private let gate: UnsafeMutablePointer<Gate>
    let state: UnsafeMutablePointer<SlotState>

    /// Bytes from one slot to the next: whole pairs of cache lines, so that two threads share none.
    private static let stride = 256
    private static let stateOffset = 64

    @inline(__always)
    init(_ base: UnsafeMutableRawPointer, index: UInt32) {
        let start = base + Int(index) &* Self.stride
        gate = start.assumingMemoryBound(to: Gate.self)
        state = (start + Self.stateOffset).assumingMemoryBound(to: SlotState.self)
    }

    /// Makes the memory of `count` slots; `free` gives it back.
    static func allocate(_ count: UInt32) -> UnsafeMutableRawPointer {
        precondition(MemoryLayout<SlotState>.size <= stride - stateOffset, "a slot's state fits its stride")
        let base = UnsafeMutableRawPointer.allocate(byteCount: Int(count) * stride, alignment: stride)
        for index in 0..<count {
            let start = base + Int(index) * stride
            start.bindMemory(to: Gate.self, capacity: 1).initialize(to: Gate())
            (start + stateOffset).bindMemory(to: SlotState.self, capacity: 1).initialize(to: SlotState())
        }
        return base
    }

    /// Frees the memory of slots whose buffers are gone and that no thread will take again.
    static func free(_ base: UnsafeMutableRawPointer, _ count: UInt32) {
        for index in 0..<count {
            let slot = Slot(base, index: index)
            slot.gate.deinitialize(count: 1)
            slot.state.deinitialize(count: 1)
        }
        base.deallocate()
    }

    // MARK: The writer

    /// Takes the slot of the calling thread.
    @inline(__always)
    func take() {
        if gate.pointee.taken.exchange(1, ordering: .acquiring) == 0 {
            if gate.pointee.wanted.load(ordering: .relaxed) == 0 { return }
            giveBack()
        }
        waitToTake()
    }

    @inline(__always)
    func giveBack() { gate.pointee.taken.store(0, ordering: .releasing) }

    @inline(never)
    private func waitToTake() {
        var pause = Pause()
        while gate.pointee.wanted.load(ordering: .relaxed) != 0
            || gate.pointee.taken.exchange(1, ordering: .acquiring) != 0
        {
            pause.wait()
        }
    }

    // MARK: The visitor

    /// Takes the slot from outside; false when its thread has not given it back within `patience` nanoseconds. One visitor at
    /// a time: the store's lock sees to it.
    func visit(patience: Int64) -> Bool {
        gate.pointee.wanted.store(1, ordering: .relaxed)
        let deadline = Pause.clock() + patience
        var pause = Pause()
        while gate.pointee.taken.exchange(1, ordering: .acquiring) != 0 {
            if Pause.clock() >= deadline {
                gate.pointee.wanted.store(0, ordering: .relaxed)
                return false
            }
            pause.wait()
        }
        return true
    }

    func leave() {
        gate.pointee.taken.store(0, ordering: .releasing)
        gate.pointee.wanted.store(0, ordering: .relaxed)
    }

    // MARK: Counts

    var rows: Int { gate.pointee.rows.load(ordering: .relaxed) }
    var bytes: Int { gate.pointee.bytes.load(ordering: .relaxed) }

    /// Counts rows that were taken. Only the holder writes, so no atomic addition is needed.
    @inline(__always)
    func count(rows: Int, bytes: Int) {
        gate.pointee.rows.store(self.rows &+ rows, ordering: .relaxed)
        gate.pointee.bytes.store(self.bytes &+ bytes, ordering: .relaxed)
    }
}

/// The words of a slot that any thread may look at.
private struct Gate: ~Copyable {
    let taken = Atomic<UInt32>(0)
    let wanted = Atomic<UInt32>(0)
    /// Rows and bytes taken since the start; written by the slot's holder.
    let rows = Atomic<Int>(0)
    let bytes = Atomic<Int>(0)
}

/// Waiting for a slot: gives up the processor a few times, then sleeps, 20 µs at first and 500 µs at most.
struct Pause {
    private var turns = 0
    private var sleep = 20_000

    mutating func wait() {
        turns += 1
        if turns <= 20 {
            sched_yield()
            return
        }
        var time = timespec(tv_sec: 0, tv_nsec: sleep)
        nanosleep(&time, nil)
        sleep = min(sleep * 2, 500_000)
    }

    /// The monotonic clock, nanoseconds.
    static func clock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
