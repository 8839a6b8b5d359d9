// A table in a directory: its slots, and what happens to a slot off the row path: opening its file, writing out its buffer,
// closing. Every function that takes a slot is called by whoever holds it.
import Glibc
import ModuleABI
import ModuleKit
import Synchronization

/// A table. It lives until the store goes, with its counts; `@unchecked`: the slots' memory is guarded by the slots.
final class Table: @unchecked Sendable {
    let name: String
    /// Holds this table, and is held by whoever opened it.
    private unowned let directory: Directory
    let prefix: String
    var directoryPath: String { directory.path }
    let settings: Settings
    let services: Services
    /// The last slot belongs to threads without an index.
    let slotCount: UInt32
    let slots: UnsafeMutableRawPointer
    private let totals: Totals
    private let countError: (Int64) -> Void
    private let faults: FaultLog
    /// The slots that were used, in order of their first row.
    private let used = Mutex<[UInt32]>([])
    private let handles = Mutex(0)

    init(
        _ name: String, in directory: Directory, settings: Settings, services: Services, totals: Totals
    ) throws(ModuleFailure) {
        self.name = name
        self.directory = directory
        prefix = directory.prefix
        self.settings = settings
        self.services = services
        self.totals = totals
        slotCount = services.threadLimit + 1
        slots = Slot.allocate(slotCount)
        faults = FaultLog(services)
        countError = try services.counter("write_errors_\(name)", "Errors while writing rows of \(name).")
        try services.gauge("rows_\(name)", "Rows of \(name) taken since the start.") { [weak self] in
            Int64(self?.rows ?? 0)
        }
        try services.gauge("bytes_\(name)", "Bytes of \(name)'s rows taken since the start.") { [weak self] in
            Int64(self?.bytes ?? 0)
        }
    }

    deinit {
        for index in 0..<slotCount { release(slot(index), index) }
        Slot.free(slots, slotCount)
    }

    func slot(_ index: UInt32) -> Slot { Slot(slots, index: index) }
    var usedSlots: [UInt32] { used.withLock { $0 } }
    var rows: Int { usedSlots.reduce(0) { $0 + slot($1).rows } }
    var bytes: Int { usedSlots.reduce(0) { $0 + slot($1).bytes } }

    func path(_ index: UInt32) -> String {
        "\(prefix)\(settings.filePrefix)\(name)_\(index)\(settings.fileSuffix)"
    }

    /// How many handles consumers hold.
    func addHandles(_ count: Int) -> Int {
        handles.withLock { handles in
            handles += count
            return handles
        }
    }

    // MARK: Ready for rows

    /// Gives a slot a buffer and an open file.
    func prepare(_ slot: Slot, _ index: UInt32) throws(ModuleFailure) {
        guard !totals.isStopped else {
            throw ModuleFailure(
                MH_E_STATE,
                "flatstore has stopped: the row for table \(name) comes too late and is not stored")
        }
        let state = slot.state
        if !state.pointee.isListed {
            used.withLock { $0.append(index) }
            state.pointee.isListed = true
        }
        if state.pointee.buffer == nil { try makeBuffer(slot, index) }
        if !state.pointee.isOpen { try openFile(slot, index) }
        state.pointee.isReady = true
    }

    private func makeBuffer(_ slot: Slot, _ index: UInt32) throws(ModuleFailure) {
        let state = slot.state
        if settings.durability == .ring {
            let path = StagingRing.path(ofRowFile: path(index))
            try directory.recover(path, rowFile: self.path(index), settings)
            let ring = try StagingRing.create(path, capacity: settings.bufferSize, mode: settings.fileMode)
            state.pointee.ring = ring
            state.pointee.buffer = ring.rows
            state.pointee.capacity = ring.capacity
        } else {
            let isBuffered = settings.durability == .buffered
            let capacity = isBuffered ? settings.bufferSize : Self.writeBufferSize
            state.pointee.buffer = .allocate(capacity: capacity)
            state.pointee.capacity = capacity
        }
        state.pointee.used = 0
        state.pointee.waitingRows = 0
    }

    /// Room for a row, or for the rows of a batch, on their way to one write.
    static let writeBufferSize = 64 * 1024
    /// Room that a batch may take before it is written in several steps.
    static let batchLimit = 1 << 20

    /// Doubles the room for a batch; false at the limit.
    func growBuffer(_ slot: Slot) -> Bool {
        let state = slot.state
        let capacity = state.pointee.capacity
        guard state.pointee.ring == nil, settings.durability != .buffered, capacity < Self.batchLimit,
            let old = state.pointee.buffer
        else { return false }
        let new = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
        new.update(from: old, count: state.pointee.used)
        old.deallocate()
        state.pointee.buffer = new
        state.pointee.capacity = capacity * 2
        return true
    }

    private func openFile(_ slot: Slot, _ index: UInt32) throws(ModuleFailure) {
        let path = path(index)
        let file: RowFile
        do throws(ModuleFailure) {
            file = try RowFile.open(
                path, mode: settings.fileMode, recordDelimiter: settings.recordDelimiter,
                syncingName: settings.durability == .disk)
        } catch {
            // A directory that vanished deserves the same advice as at the start.
            guard directory.exists else { throw directory.missing(for: "table \(name)") }
            throw error
        }
        if !file.repair.isEmpty { services.log(MH_LOG_WARNING, "\(path): \(file.repair)") }
        let state = slot.state
        state.pointee.descriptor = file.descriptor
        state.pointee.isRegular = file.isRegular
        state.pointee.isOpen = true
        state.pointee.rowsAtOpening = slot.rows - state.pointee.waitingRows
        state.pointee.bytesAtOpening = slot.bytes - state.pointee.used
        state.pointee.rowsAtCheck = slot.rows
        totals.openFiles(1)
    }

    /// Closes the file; the next row opens it again.
    func closeFile(_ slot: Slot) {
        let state = slot.state
        state.pointee.isReady = false
        guard state.pointee.isOpen else { return }
        state.pointee.isOpen = false
        RowFile.close(state.pointee.descriptor)
        state.pointee.descriptor = -1
        totals.openFiles(-1)
    }

    // MARK: Writing out

    /// Writes out the rows that wait in the buffer, all or none; after a failure they wait on.
    func drain(_ slot: Slot, _ index: UInt32) throws(ModuleFailure) {
        let state = slot.state
        let bytes = state.pointee.used
        guard bytes > 0, let buffer = state.pointee.buffer else { return }
        do throws(ModuleFailure) {
            checkName(slot, index)
            if !state.pointee.isOpen { try openFile(slot, index) }
            let ring = state.pointee.ring
            if let ring {
                let status = try attempt("cannot look at \(path(index))") { () throws(SystemError) in
                    try SystemCall.status(of: state.pointee.descriptor)
                }
                ring.beginDrain(to: status, bytes: bytes)
            }
            let refusal = RowFile.append(
                UnsafeRawBufferPointer(start: buffer, count: bytes), to: state.pointee.descriptor,
                isRegular: state.pointee.isRegular)
            if let refusal {
                ring?.abandonDrain()
                // The next try opens it again: something else may lie behind the name by then.
                closeFile(slot)
                throw refusal.error.failure("cannot write to \(path(index))")
            }
            ring?.finishDrain()
            state.pointee.used = 0
            state.pointee.waitingRows = 0
            state.pointee.isReady = true
        } catch {
            failed(slot, error)
            throw error
        }
        worked(slot, index)
    }

    /// Finishes a write of the row path that took `done` of `bytes`, or -1: writes the rest, or takes back what was written.
    /// `sync`: then makes the file safe from a power loss.
    func finishWrite(
        _ slot: Slot, _ index: UInt32, _ rows: UnsafeRawBufferPointer, done: Int, sync: Bool
    ) throws(ModuleFailure) {
        let descriptor = slot.state.pointee.descriptor
        let isRegular = slot.state.pointee.isRegular
        let refusal = RowFile.append(rows, to: descriptor, isRegular: isRegular, done: max(0, done))
        if let refusal {
            // The next row opens it again: something else may lie behind the name by then, and opening mends a torn end.
            closeFile(slot)
            let failure = refusal.error.failure("cannot write to \(path(index)), the row is not stored")
            failed(slot, failure)
            throw failure
        }
        if sync { try self.sync(slot, index, written: rows.count) }
        worked(slot, index)
    }

    /// Makes what was written safe from a power loss. When the system cannot, the rows are taken back, and the file is
    /// opened anew: after a failed fdatasync the system forgets what it failed to write, so asking it again would answer a false yes.
    func sync(_ slot: Slot, _ index: UInt32, written: Int) throws(ModuleFailure) {
        guard slot.state.pointee.isRegular else { return }
        do throws(SystemError) {
            try SystemCall.retrying { fdatasync(slot.state.pointee.descriptor) }
        } catch {
            let isCutBack = RowFile.cutBack(slot.state.pointee.descriptor, by: written)
            closeFile(slot)
            let failure = ModuleFailure(
                error.code,
                "cannot make \(path(index)) safe on disk: \(error.reason); "
                    + (isCutBack ? "the row is taken back" : "the row may be in the file or not")
                    + ", the file is opened anew for the next one; check the disk")
            failed(slot, failure)
            throw failure
        }
    }

    func failed(_ slot: Slot, _ failure: ModuleFailure) {
        slot.state.pointee.isFailing = true
        countError(1)
        totals.countError(1)
        faults.report(failure.text)
    }

    @inline(__always)
    func worked(_ slot: Slot, _ index: UInt32) {
        if slot.state.pointee.isFailing { recovered(slot, index) }
    }

    @inline(never)
    private func recovered(_ slot: Slot, _ index: UInt32) {
        slot.state.pointee.isFailing = false
        faults.over("writing to \(path(index)) works again")
    }

    /// Closes a file whose name is gone, so that rows go to a new file of that name.
    func checkName(_ slot: Slot, _ index: UInt32) {
        let state = slot.state
        guard state.pointee.isOpen, state.pointee.isRegular else { return }
        var status = stat()
        guard fstat(state.pointee.descriptor, &status) != 0 || status.st_nlink == 0 else {
            state.pointee.rowsAtCheck = slot.rows
            return
        }
        let lost = slot.rows - state.pointee.waitingRows - state.pointee.rowsAtCheck
        services.log(
            MH_LOG_WARNING,
            "\(path(index)) was deleted while it was open"
                + (lost > 0 ? ", with up to \(lost) rows written since the last look" : "")
                + "; the next row goes to a new file. Move files away and call flat_rotate before deleting them"
        )
        closeFile(slot)
    }

    // MARK: The end

    /// Gives back what a slot owns; its rows are written out already. A staging file that still holds rows stays on disk.
    func release(_ slot: Slot, _ index: UInt32) {
        closeFile(slot)
        let state = slot.state
        guard let buffer = state.pointee.buffer else { return }
        if let ring = state.pointee.ring {
            if state.pointee.used == 0 {
                ring.discard(StagingRing.path(ofRowFile: path(index)))
            } else {
                ring.leave()
            }
            state.pointee.ring = nil
        } else {
            buffer.deallocate()
        }
        state.pointee.buffer = nil
        state.pointee.used = 0
        state.pointee.waitingRows = 0
    }
}

extension Table {
    /// Gives up a staging file that somebody deleted, so that the next row makes a new one.
    func checkRing(_ slot: Slot, _ index: UInt32) {
        guard let ring = slot.state.pointee.ring, slot.state.pointee.used == 0, !ring.isLinked else { return }
        services.log(
            MH_LOG_WARNING,
            "\(StagingRing.path(ofRowFile: path(index))) was deleted while in use; the next row makes a new one. "
                + "Leave these files to flatstore")
        release(slot, index)
    }
}
