import CHost
import JSON
import ModuleABI

/// mh.log/1
func makeLogService() -> mh_log_service {
    var table = mh_log_service()
    table.struct_size = UInt32(MemoryLayout<mh_log_service>.size)
    table.level = { handle in UnsafePointer(LoadedModule.from(handle).level) }
    table.write = { handle, level, text, fields in
        let module = LoadedModule.from(handle)
        guard level <= chost_level_get(module.level) else { return }
        var list: [LogSink.Field] = []
        if let fields, let items = try? ABIReader.read(fields.pointee, of: mh_log_field.self, "the fields") {
            list = items.map { LogSink.Field(name: $0.name.string, value: json($0.value)) }
        }
        LogSink.shared.write(LogLevel(clamping: level), module: module.name, text.string, fields: list)
    }
    return table
}

private func json(_ value: mh_value) -> JSONValue {
    switch value.type {
    case MH_INT, MH_TIME, MH_SIZE: .integer(value.as.integer)
    case MH_FLOAT: .double(value.as.real)
    case MH_STRING, MH_BLOB: .string(value.as.text.string)
    case MH_BOOL: .bool(value.as.integer != 0)
    case MH_DURATION: .double(Double(value.as.integer) / 1e9)
    default: .null
    }
}

/// mh.counter/1
func makeCounterService() -> mh_counter_service {
    var table = mh_counter_service()
    table.struct_size = UInt32(MemoryLayout<mh_counter_service>.size)
    table.create = { handle, kind, name, help, counter, error in
        let module = LoadedModule.from(handle)
        let text = name.string
        guard isCounterName(text) else {
            return report(
                error, MH_E_INVALID, "the counter name '\(text.prefix(80))' is not [A-Za-z0-9_.:-]+ of at most 128 bytes")
        }
        guard kind == MH_COUNTER || kind == MH_GAUGE else {
            return report(error, MH_E_INVALID, "counter \(text) has kind \(kind), expected MH_COUNTER or MH_GAUGE")
        }
        guard
            let cell = module.host.counters.make(
                group: module.name, name: text, help: help.string, isGauge: kind == MH_GAUGE)
        else { return report(error, MH_E_EXISTS, "counter \(text) exists as another kind") }
        counter?.pointee = cell
        return MH_OK
    }
    table.create_computed = { handle, name, help, read, context, error in
        let module = LoadedModule.from(handle)
        let text = name.string
        guard isCounterName(text), let read else {
            return report(error, MH_E_INVALID, "the gauge '\(text.prefix(80))' has a bad name or nothing that computes it")
        }
        let source = ComputedSource(module: module, read: read, context: context)
        guard
            module.host.counters.makeComputed(
                group: module.name, name: text, help: help.string, read: { source.value })
        else { return report(error, MH_E_EXISTS, "gauge \(text) exists already") }
        return MH_OK
    }
    table.add = { counter, amount in chost_counter_add(counter, amount) }
    table.set = { counter, value in chost_counter_set(counter, value) }
    table.get = { counter in chost_counter_get(counter) }
    return table
}

/// A gauge that a module computes; after the module has begun to stop nobody calls it.
private struct ComputedSource: @unchecked Sendable {
    // @unchecked: the contract lets any thread call `read` with this context.
    let module: LoadedModule
    let read: @convention(c) (UnsafeMutableRawPointer?) -> Int64
    let context: UnsafeMutableRawPointer?

    var value: Int64 {
        guard module.hold() else { return 0 }
        defer { module.release() }
        return module.enter("counter read") { read(context) }
    }
}

private func isCounterName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 128
        && name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "_.:-".utf8.contains(byte)
        }
}

/// mh.thread/1
func makeThreadService() -> mh_thread_service {
    var table = mh_thread_service()
    table.struct_size = UInt32(MemoryLayout<mh_thread_service>.size)
    table.index = { handle in
        let index = chost_thread_index()
        return index != MH_THREAD_NONE ? index : LoadedModule.from(handle).host.threads.currentIndex()
    }
    table.kind = { handle in
        if chost_thread_index() == MH_THREAD_NONE { _ = LoadedModule.from(handle).host.threads.currentIndex() }
        return chost_thread_kind()
    }
    table.workers = { handle in UInt32(LoadedModule.from(handle).host.threads.workers) }
    table.limit = { handle in UInt32(LoadedModule.from(handle).host.threads.limit) }
    return table
}

/// mh.interface/1
func makeInterfaceService() -> mh_interface_service {
    var table = mh_interface_service()
    table.struct_size = UInt32(MemoryLayout<mh_interface_service>.size)
    table.acquire = { handle, id, selector, minimum, reference, error in
        let module = LoadedModule.from(handle)
        guard let reference else { return report(error, MH_E_INVALID, "acquire needs a reference to fill") }
        let wanted = ModuleNote.Interface(id: id.string, selector: selector.string)
        guard module.descriptor.requires.contains(where: { $0.id == wanted.id }) else {
            return report(
                error, MH_E_STATE, "module \(module.name) acquires \(wanted) but does not name it among its requirements")
        }
        switch module.host.interface(wanted, for: module) {
        case .success(let found):
            let size = UnsafeRawPointer(found.table).map { Int($0.load(as: UInt32.self)) } ?? 0
            guard size >= minimum else {
                return report(error, MH_E_ABI, "\(wanted) has a table of \(size) bytes, \(module.name) needs \(minimum)")
            }
            guard reference.pointee.struct_size >= UInt32(MemoryLayout<mh_interface_ref>.size) else {
                return report(error, MH_E_INVALID, "mh_interface_ref.struct_size is \(reference.pointee.struct_size)")
            }
            reference.pointee.table = found.table
            reference.pointee.ctx = found.ctx
            return MH_OK
        case .failure(let fault): return report(error, MH_E_NOT_FOUND, fault.text)
        }
    }
    return table
}

/// mh.param/1
func makeParameterService() -> mh_param_service {
    var table = mh_param_service()
    table.struct_size = UInt32(MemoryLayout<mh_param_service>.size)
    table.get = { handle, name, value in
        let module = LoadedModule.from(handle)
        guard let value, let parameter = module.descriptor.parameters.first(where: { $0.name == name.string }) else {
            return MH_E_NOT_FOUND
        }
        guard let known = module.value(of: parameter.name) else { return MH_E_NOT_FOUND }
        value.pointee = module.host.staticValue(known, type: parameter.raw.type)
        return MH_OK
    }
    table.core = { handle, name, value in
        let module = LoadedModule.from(handle)
        guard let value, let known = module.host.coreSetting(name.string) else { return MH_E_NOT_FOUND }
        value.pointee = known
        return MH_OK
    }
    return table
}
