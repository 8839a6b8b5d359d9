// The way of a row from the provider's table to its file: take the slot of this thread, write the row behind those that
// wait, hand it to the kernel where the durability says so, give the slot back. No allocation, no retain, no lock beyond the slot's word.
import Glibc
import ModuleABI
import ModuleKit

/// What an `mh_db_table` points to: all that a row needs, in one place. Made and freed by `Database`.
struct TableHandle {
    let format: RowFormat
    let columns: Int
    let durability: Durability
    let slots: UnsafeMutableRawPointer
    let lastSlot: UInt32
    let threadIndex: @convention(c) (OpaquePointer?) -> UInt32
    let module: OpaquePointer?
    /// Owned by the handle; used off the row path only.
    let table: Unmanaged<Table>
    let caller: Unmanaged<CallerName>
    /// The database that the handle came from, which outlives it.
    let database: Unmanaged<Database>

    /// The slot of the calling thread; those beyond the limit share the last one.
    @inline(__always)
    var slotIndex: UInt32 { min(threadIndex(module), lastSlot) }
}

/// The name of the consuming module, for messages.
final class CallerName: Sendable {
    let text: String
    init(_ text: String) { self.text = text }
}

enum InsertPath {
    /// Inserts one row; `values` holds as many as the table has columns.
    @inline(__always)
    static func insert(
        _ handle: UnsafePointer<TableHandle>, _ values: UnsafePointer<mh_value>,
        _ error: UnsafePointer<mh_error>?
    ) -> Int32 {
        let index = handle.pointee.slotIndex
        let slot = Slot(handle.pointee.slots, index: index)
        let state = slot.state
        slot.take()
        guard state.pointee.isReady, let buffer = state.pointee.buffer else {
            return insertSlowly(handle, slot, index, values, error)
        }
        let start = buffer + state.pointee.used
        let count = handle.pointee.format.write(
            values, handle.pointee.columns, from: start, to: buffer + state.pointee.capacity)
        guard count > 0 else { return insertSlowly(handle, slot, index, values, error) }
        switch handle.pointee.durability {
        case .buffered:
            state.pointee.used &+= count
            state.pointee.waitingRows &+= 1
        case .ring:
            state.pointee.used &+= count
            state.pointee.waitingRows &+= 1
            state.pointee.ring?.commit(state.pointee.used)
        case .kernel:
            let written = write(state.pointee.descriptor, start, count)
            guard written == count, !state.pointee.isFailing else {
                return finishSlowly(handle, slot, index, start, count, written, error)
            }
        case .disk:
            let written = write(state.pointee.descriptor, start, count)
            return finishSlowly(handle, slot, index, start, count, written, error)
        }
        slot.count(rows: 1, bytes: count)
        slot.giveBack()
        return MH_OK
    }

    /// A row whose slot has no file, or no room, or that cannot be written at all: as a batch of one.
    @inline(never)
    private static func insertSlowly(
        _ handle: UnsafePointer<TableHandle>, _ slot: Slot, _ index: UInt32,
        _ values: UnsafePointer<mh_value>,
        _ error: UnsafePointer<mh_error>?
    ) -> Int32 {
        var batch = Batch(handle, slot, index)
        return finish(slot, error) { () throws(ModuleFailure) in
            try batch.add(values)
            try batch.writeOut()
        }
    }

    /// A write that was cut short or refused, and every row of `durability=disk`.
    @inline(never)
    private static func finishSlowly(
        _ handle: UnsafePointer<TableHandle>, _ slot: Slot, _ index: UInt32, _ start: UnsafePointer<UInt8>,
        _ count: Int, _ written: Int, _ error: UnsafePointer<mh_error>?
    ) -> Int32 {
        finish(slot, error) { () throws(ModuleFailure) in
            try handle.pointee.table.takeUnretainedValue().finishWrite(
                slot, index, UnsafeRawBufferPointer(start: start, count: count), done: written,
                sync: handle.pointee.durability == .disk)
            slot.count(rows: 1, bytes: count)
        }
    }

    /// Inserts rows; `stored` says how many of the first are stored, also after an error.
    static func insert(
        _ handle: UnsafePointer<TableHandle>, _ values: UnsafePointer<mh_value>, rows: Int,
        stored: inout UInt32,
        _ error: UnsafePointer<mh_error>?
    ) -> Int32 {
        let index = handle.pointee.slotIndex
        let slot = Slot(handle.pointee.slots, index: index)
        slot.take()
        var batch = Batch(handle, slot, index)
        let columns = handle.pointee.columns
        let code = finish(slot, error) { () throws(ModuleFailure) in
            do throws(ModuleFailure) {
                for row in 0..<rows { try batch.add(values + row * columns) }
            } catch {
                // The rows before a bad one are good: they go where a batch without it would have gone.
                if error.code != MH_E_INVALID && error.code != MH_E_LIMIT { throw error }
                try batch.writeOut()
                throw error
            }
            try batch.writeOut()
        }
        stored = UInt32(clamping: batch.stored)
        return code
    }

    /// Gives the slot back, then reports: the caller's sink may do anything.
    private static func finish(
        _ slot: Slot, _ error: UnsafePointer<mh_error>?, _ body: () throws(ModuleFailure) -> Void
    ) -> Int32 {
        do throws(ModuleFailure) {
            try body()
            slot.giveBack()
            return MH_OK
        } catch let failure {
            slot.giveBack()
            return failure.report(to: error)
        }
    }
}
