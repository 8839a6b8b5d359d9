// Rows of one insert on their way through a slot that is held: as many as possible become one write.
import Glibc
import ModuleABI
import ModuleKit

struct Batch {
    private let handle: UnsafePointer<TableHandle>
    private let table: Table
    private let slot: Slot
    private let index: UInt32
    /// Rows in the buffer that are not stored yet; always 0 where the buffer is the store (buffered, ring).
    private var pending = 0
    /// Rows that are stored, from the first on.
    private(set) var stored = 0

    /// The longest row, bytes.
    static let rowLimit = 64 << 20

    init(_ handle: UnsafePointer<TableHandle>, _ slot: Slot, _ index: UInt32) {
        self.handle = handle
        self.slot = slot
        self.index = index
        table = handle.pointee.table.takeUnretainedValue()
    }

    private var staysInBuffer: Bool {
        handle.pointee.durability == .buffered || handle.pointee.durability == .ring
    }

    /// Adds a row behind the others; writes those out when there is no room.
    mutating func add(_ values: UnsafePointer<mh_value>) throws(ModuleFailure) {
        let state = slot.state
        while true {
            if !state.pointee.isReady {
                do throws(ModuleFailure) {
                    try table.prepare(slot, index)
                } catch {
                    table.failed(slot, error)
                    throw error
                }
            }
            guard let buffer = state.pointee.buffer else {
                throw ModuleFailure(MH_E_INTERNAL, "flatstore lost the buffer of \(table.path(index))")
            }
            let count = handle.pointee.format.write(
                values, handle.pointee.columns, from: buffer + state.pointee.used,
                to: buffer + state.pointee.capacity)
            if count > 0 {
                state.pointee.used += count
                if staysInBuffer { keep(count) } else { pending += 1 }
                return
            }
            if count <= RowFormat.unwritable {
                throw unwritable(values, column: RowFormat.unwritable - count)
            }
            if state.pointee.used == 0 {
                if table.growBuffer(slot) { continue }
                return try addLong(values)
            }
            if pending > 0, table.growBuffer(slot) { continue }
            try pending > 0 ? writeOut() : table.drain(slot, index)
        }
    }

    /// Rows in the buffer of a slot are stored as soon as they lie there.
    private mutating func keep(_ bytes: Int) {
        let state = slot.state
        state.pointee.waitingRows += 1
        state.pointee.ring?.commit(state.pointee.used)
        stored += 1
        slot.count(rows: 1, bytes: bytes)
    }

    /// Hands the pending rows to the kernel in one write, and to the disk when that is promised.
    mutating func writeOut() throws(ModuleFailure) {
        let state = slot.state
        guard pending > 0, let buffer = state.pointee.buffer else { return }
        let bytes = state.pointee.used
        defer {
            state.pointee.used = 0
            pending = 0
        }
        try write(UnsafeRawBufferPointer(start: buffer, count: bytes))
        stored += pending
        slot.count(rows: pending, bytes: bytes)
    }

    private func write(_ rows: UnsafeRawBufferPointer) throws(ModuleFailure) {
        try table.finishWrite(slot, index, rows, done: 0, sync: handle.pointee.durability == .disk)
    }

    /// A row that is longer than the buffer goes to the file on its own, in one write.
    private mutating func addLong(_ values: UnsafePointer<mh_value>) throws(ModuleFailure) {
        let columns = handle.pointee.columns
        let room = RowFormat.bound(values, columns, nullLength: handle.pointee.format.nullLength)
        guard room <= Self.rowLimit else {
            throw ModuleFailure(
                MH_E_LIMIT,
                "a row for table \(table.name) may take \(room) bytes, expected at most \(Self.rowLimit); shorten its values"
            )
        }
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
        defer { buffer.deallocate() }
        let count = handle.pointee.format.write(values, columns, from: buffer, to: buffer + room)
        guard count > 0 else {
            throw ModuleFailure(
                MH_E_INTERNAL, "flatstore misjudged the length of a row for table \(table.name)")
        }
        try write(UnsafeRawBufferPointer(start: buffer, count: count))
        stored += 1
        slot.count(rows: 1, bytes: count)
    }

    private func unwritable(_ values: UnsafePointer<mh_value>, column: Int) -> ModuleFailure {
        let type = values[column].type
        let found = type == MH_LIST ? "a list" : "a value of the unknown type \(type)"
        return ModuleFailure(
            MH_E_INVALID,
            "column \(column + 1) of a row for table \(table.name) is \(found), expected a number, text, time or blob; "
                + "the row is not stored")
    }
}
