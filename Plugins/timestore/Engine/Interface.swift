// The table of C functions behind `mh.timestore/1`: checks what comes in, then goes the way of the commands.
import ModuleABI
import ModuleKit

extension TimestoreModule {
    func declareInterface(in builder: ModuleBuilder) {
        let table = UnsafeMutablePointer<mh_timestore_interface>.allocate(capacity: 1)
        table.initialize(to: Self.functions())
        builder.provides(
            "mh.timestore/1", selector: "timestore", table: UnsafeRawPointer(table),
            context: Unmanaged.passRetained(self).toOpaque())
    }

    private static func functions() -> mh_timestore_interface {
        var table = mh_timestore_interface()
        table.struct_size = UInt32(MemoryLayout<mh_timestore_interface>.size)
        table.append = { context, uuid, bytes, stored, error in
            stored?.pointee = 0
            return bridging(error) { () throws(ModuleFailure) in
                let access = try TimestoreModule.access(context)
                let id = try TimestoreModule.id(uuid)
                guard bytes.len % RecordBytes.size == 0 else {
                    throw ModuleFailure(
                        MH_E_INVALID, "records have \(bytes.len) bytes, expected a multiple of \(RecordBytes.size)")
                }
                guard bytes.len > 0 else { return }
                let (count, failure) = access.append(id, Array(bytes.bytes))
                stored?.pointee = UInt64(count)
                if let failure { throw failure }
            }
        }
        table.read = { context, range, found, error in
            found?.pointee = 0
            return bridging(error) { () throws(ModuleFailure) in
                guard let range, range.pointee.struct_size >= UInt32(MemoryLayout<mh_timestore_range>.size),
                    let deliver = range.pointee.records
                else { throw ModuleFailure(MH_E_INVALID, "mh_timestore_range has no valid struct_size or no records") }
                let access = try TimestoreModule.access(context)
                let id = try TimestoreModule.id(range.pointee.uuid)
                var reader = try access.read(id, range.pointee.start, range.pointee.end)
                found?.pointee = UInt64(reader.count)
                do throws(SystemError) {
                    while let bytes = try reader.nextBytes() {
                        let answer = bytes.withUnsafeBytes { deliver(range.pointee.ctx, mh_str(borrowing: $0)) }
                        if answer != 0 { return }
                    }
                } catch {
                    throw error.failure("\(id.text): records cannot be read")
                }
            }
        }
        return table
    }

    private static func access(_ context: UnsafeMutableRawPointer?) throws(ModuleFailure) -> StoreAccess {
        guard let module = context.map({ Unmanaged<TimestoreModule>.fromOpaque($0).takeUnretainedValue() }),
            let store = module.context
        else { throw ModuleFailure(MH_E_STATE, "timestore is not running") }
        guard store.host.threads.kind != MH_THREAD_WORKER else {
            throw ModuleFailure(
                MH_E_STATE, "mh.timestore/1 waits, which no worker may: call it from mh.loop/1 offload")
        }
        return StoreAccess(context: store)
    }

    private static func id(_ uuid: mh_str) throws(ModuleFailure) -> SeriesID {
        guard let id = SeriesID(uuid.string) else {
            throw ModuleFailure(
                MH_E_INVALID, "\"\(uuid.string)\" is no UUID, expected 8-4-4-4-12 hexadecimal digits")
        }
        return id
    }
}
