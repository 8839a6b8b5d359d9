import CHost
import Glibc
import ModuleABI

/// mh.log/1: every level is wanted, and nothing is kept.
func makeLogService() -> mh_log_service {
    var table = mh_log_service()
    table.struct_size = UInt32(MemoryLayout<mh_log_service>.size)
    table.level = { handle in
        _ = Stage.shared.admit(.logLevel, handle)
        return LogLevel.everything
    }
    table.write = { handle, level, text, fields in
        guard Stage.shared.admit(.logWrite, handle) != nil else { return }
        TextReader.touch(text)
        if !(MH_LOG_ALERT...MH_LOG_DEBUG).contains(level) {
            FindingPipe.add(
                .badOptions, "it logs with level \(level), expected \(MH_LOG_ALERT) to \(MH_LOG_DEBUG)\(Stage.place)")
        }
        guard let fields else { return }
        for field in elements(fields.pointee, mh_log_field()) {
            if field.struct_size == 0 {
                FindingPipe.add(.badOptions, "a field of its log line has struct_size 0\(Stage.place)")
            }
            TextReader.touch(field.name)
            if field.value.type == MH_STRING || field.value.type == MH_BLOB { TextReader.touch(field.value.as.text) }
        }
    }
    return table
}

private enum LogLevel {
    nonisolated(unsafe) static let everything: UnsafePointer<Int32>? = {
        let memory = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
        memory.initialize(to: MH_LOG_DEBUG)
        return UnsafePointer(memory)
    }()
}

/// Reads text that a module lends, so that a bad pointer is found in the call that passed it.
enum TextReader {
    @discardableResult
    static func touch(_ text: mh_str) -> UInt8 {
        guard let ptr = text.ptr else {
            if text.len > 0 { FindingPipe.add(.badOptions, "it passes a text of \(text.len) bytes at NULL\(Stage.place)") }
            return 0
        }
        return UnsafeRawBufferPointer(start: ptr, count: text.len).reduce(0, ^)
    }
}

/// mh.counter/1
func makeCounterService() -> mh_counter_service {
    var table = mh_counter_service()
    table.struct_size = UInt32(MemoryLayout<mh_counter_service>.size)
    table.create = { handle, kind, name, help, counter, error in
        guard let module = Stage.shared.admit(.counterCreate, handle) else {
            return report(error, MH_E_STATE, "wrong state")
        }
        TextReader.touch(help)
        guard isCounterName(name.array), kind == MH_COUNTER || kind == MH_GAUGE else {
            FindingPipe.add(.badOptions, "it makes a counter '\(name.string.prefix(80))' of kind \(kind)\(Stage.place)")
            return report(error, MH_E_INVALID, "a counter has a bad name or kind")
        }
        if Stage.shared.lets(.counterCreate, module, fail: error) { return MH_E_NO_MEMORY }
        guard let cell = Stage.shared.computed.cell(module, name.string, kind) else {
            return report(error, MH_E_EXISTS, "the counter exists as another kind")
        }
        counter?.pointee = cell
        return MH_OK
    }
    table.create_computed = { handle, name, help, read, context, error in
        guard let module = Stage.shared.admit(.counterCreateComputed, handle) else {
            return report(error, MH_E_STATE, "wrong state")
        }
        TextReader.touch(help)
        guard isCounterName(name.array), let read else {
            FindingPipe.add(
                .badOptions, "it makes a gauge '\(name.string.prefix(80))' with a bad name or nothing to read\(Stage.place)")
            return report(error, MH_E_INVALID, "a gauge has a bad name or nothing to read")
        }
        if Stage.shared.lets(.counterCreateComputed, module, fail: error) { return MH_E_NO_MEMORY }
        guard Stage.shared.computed.add(module, name.string, { read(context) }) else {
            return report(error, MH_E_EXISTS, "the gauge exists already")
        }
        return MH_OK
    }
    table.add = { counter, amount in chost_counter_add(counter, amount) }
    table.set = { counter, value in chost_counter_set(counter, value) }
    table.get = { counter in chost_counter_get(counter) }
    return table
}

private func isCounterName(_ name: [UInt8]) -> Bool {
    !name.isEmpty && name.count <= 128
        && name.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "_.:-".utf8.contains(byte)
        }
}

/// mh.thread/1
func makeThreadService() -> mh_thread_service {
    var table = mh_thread_service()
    table.struct_size = UInt32(MemoryLayout<mh_thread_service>.size)
    table.index = { handle in
        let index = Stage.shared.threadIndex()
        _ = Stage.shared.admit(.threadIndex, handle)
        return index
    }
    table.kind = { handle in
        _ = Stage.shared.threadIndex()
        _ = Stage.shared.admit(.threadKind, handle)
        return chost_thread_kind()
    }
    table.workers = { handle in
        _ = Stage.shared.admit(.threadWorkers, handle)
        return UInt32(Stage.shared.workerCount)
    }
    table.limit = { handle in
        _ = Stage.shared.admit(.threadLimit, handle)
        return Stage.shared.threadLimit
    }
    return table
}

/// mh.interface/1: what other modules on the stage provide.
func makeInterfaceService() -> mh_interface_service {
    var table = mh_interface_service()
    table.struct_size = UInt32(MemoryLayout<mh_interface_service>.size)
    table.acquire = { handle, id, selector, least, reference, error in
        let stage = Stage.shared
        guard let module = stage.admit(.interfaceAcquire, handle) else { return report(error, MH_E_STATE, "wrong state") }
        let wanted = "\(id.string)\(selector.len > 0 ? ":\(selector.string)" : "")"
        guard module.view.requires.contains(where: { $0.id.string == id.string }) else {
            FindingPipe.add(.badOptions, "it acquires \(wanted), which is not among its requirements\(Stage.place)")
            return report(error, MH_E_STATE, "\(wanted) is not among the requirements")
        }
        guard let reference, reference.pointee.struct_size >= UInt32(MemoryLayout<mh_interface_ref>.size) else {
            FindingPipe.add(.badOptions, "it acquires \(wanted) with an mh_interface_ref without struct_size\(Stage.place)")
            return report(error, MH_E_INVALID, "mh_interface_ref has no struct_size")
        }
        if stage.lets(.interfaceAcquire, module, fail: error) { return MH_E_NO_MEMORY }
        var requirement = mh_requirement()
        (requirement.id, requirement.selector) = (id, selector)
        for provider in stage.modules where provider.phase != .load && provider.phase != .ended {
            guard let found = provider.view.provides(requirement), let start = found.table else { continue }
            guard Int(start.load(as: UInt32.self)) >= least else {
                return report(error, MH_E_ABI, "\(wanted) has a smaller table than is asked for")
            }
            reference.pointee.table = start
            reference.pointee.ctx = found.ctx
            return MH_OK
        }
        return report(error, MH_E_NOT_FOUND, "no module provides \(wanted)")
    }
    return table
}

/// mh.param/1
func makeParameterService() -> mh_param_service {
    var table = mh_param_service()
    table.struct_size = UInt32(MemoryLayout<mh_param_service>.size)
    table.get = { handle, name, value in
        guard let module = Stage.shared.admit(.parameterGet, handle), let value else { return MH_E_STATE }
        guard let parameter = module.view.parameters.first(where: { $0.name.string == name.string }),
            let known = module.values[name.string]?.last
        else { return MH_E_NOT_FOUND }
        value.pointee = known.raw(type: parameter.type)
        return MH_OK
    }
    table.core = { handle, name, value in
        guard Stage.shared.admit(.parameterCore, handle) != nil, let value else { return MH_E_STATE }
        switch name.string {
        case "run_dir": value.pointee = mh_text(Stage.shared.directory.leaked())
        case "workers": value.pointee = mh_int(Int64(Stage.shared.workerCount))
        case "config_file": value.pointee = mh_text("\(Stage.shared.directory)/modules.conf".leaked())
        case "host_name": value.pointee = mh_text("modcheck".leaked())
        default: return MH_E_NOT_FOUND
        }
        return MH_OK
    }
    return table
}
