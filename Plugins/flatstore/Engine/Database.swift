// An open database as a consumer holds it: owns the table handles that were made through it, and frees them.
import ModuleABI
import ModuleKit
import Synchronization

/// What an `mh_db` points to.
final class Database: Sendable {
    private struct Handle: @unchecked Sendable, Equatable {
        let pointer: UnsafeMutablePointer<TableHandle>
    }

    private let store: Store
    private let directory: Directory
    private let caller: String
    private let handles = Mutex<[Handle]>([])

    init(_ store: Store, url: String, caller: String) throws(ModuleFailure) {
        self.store = store
        self.caller = caller
        directory = try store.directory(url, caller: caller)
    }

    deinit { close() }

    /// Makes a handle for a table with that many columns; `release` or `close` frees it.
    func use(_ name: String, columns: UInt32) throws(ModuleFailure) -> UnsafeMutablePointer<TableHandle> {
        guard columns > 0 else {
            throw ModuleFailure(
                MH_E_INVALID, "\(caller) uses the table \"\(name)\" with no columns, expected at least one")
        }
        let table = try store.table(name, in: directory)
        _ = table.addHandles(1)
        let nullText = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, store.settings.nullText.count))
        nullText.initialize(from: store.settings.nullText, count: store.settings.nullText.count)
        let pointer = UnsafeMutablePointer<TableHandle>.allocate(capacity: 1)
        pointer.initialize(
            to: TableHandle(
                format: RowFormat(store.settings, nullText: nullText), columns: Int(columns),
                durability: store.settings.durability, slots: table.slots, lastSlot: table.slotCount - 1,
                threadIndex: store.services.threadIndex, module: store.services.module,
                table: .passRetained(table), caller: .passRetained(CallerName(caller)),
                database: .passUnretained(self)))
        handles.withLock { $0.append(Handle(pointer: pointer)) }
        return pointer
    }

    /// Frees a handle; the files of a table that nobody uses any more are written out and closed.
    func release(_ pointer: UnsafeMutablePointer<TableHandle>) {
        let isOurs = handles.withLock { handles in
            guard let index = handles.firstIndex(of: Handle(pointer: pointer)) else { return false }
            handles.remove(at: index)
            return true
        }
        if isOurs { free(pointer) }
    }

    /// Frees all handles that are left.
    func close() {
        let left = handles.withLock { handles in
            defer { handles = [] }
            return handles
        }
        for handle in left { free(handle.pointer) }
    }

    private func free(_ pointer: UnsafeMutablePointer<TableHandle>) {
        let table = pointer.pointee.table.takeRetainedValue()
        pointer.pointee.caller.release()
        pointer.pointee.format.nullText.deallocate()
        pointer.deinitialize(count: 1)
        pointer.deallocate()
        if table.addHandles(-1) == 0 { store.close(table) }
    }
}
