import CHost
import Glibc
import ModuleABI

/// mh.script/1: routes that exist when the stage has peers, run at once and return true.
func makeScriptService() -> mh_script_service {
    var table = mh_script_service()
    table.struct_size = UInt32(MemoryLayout<mh_script_service>.size)
    table.find = { handle, name, route in
        let stage = Stage.shared
        guard let module = stage.admit(.scriptFind, handle), let route else { return MH_E_STATE }
        TextReader.touch(name)
        guard stage.hasPeers, !stage.lets(.scriptFind, module, fail: nil) else { return MH_E_NOT_FOUND }
        route.pointee = ScriptTexts.add(name.array)
        return MH_OK
    }
    table.run = { handle, route, arguments, outcome, error in
        let stage = Stage.shared
        guard stage.admit(.scriptRun, handle) != nil else { return report(error, MH_E_STATE, "routes run on workers") }
        guard ScriptTexts.text(route) != nil else {
            return OptionReader.refuse("route \(route), which find has not given", error)
        }
        if let arguments {
            for field in elements(arguments.pointee, mh_log_field()) {
                TextReader.touch(field.name)
                if field.value.type == MH_STRING { TextReader.touch(field.value.as.text) }
            }
        }
        if let outcome {
            let size = Int(outcome.pointee.struct_size)
            guard size >= MemoryLayout<mh_script_outcome>.size else {
                return OptionReader.refuse("an mh_script_outcome with struct_size \(size)", error)
            }
            outcome.pointee.code = 1
            outcome.pointee.flags = MH_SCRIPT_REPLIED
            outcome.pointee.reply_code = 200
            outcome.pointee.reply_text = ScriptTexts.answer
        }
        stage.routeHasEnded()
        return MH_OK
    }
    table.format = { handle, text, format, error in
        let stage = Stage.shared
        guard let module = stage.admit(.scriptFormat, handle), let format else {
            return report(error, MH_E_STATE, "in init only")
        }
        if stage.lets(.scriptFormat, module, fail: error) { return MH_E_INVALID }
        format.pointee = OpaquePointer(bitPattern: 0x4D49 << 48 | UInt(ScriptTexts.add(text.array)))
        return MH_OK
    }
    table.expand = { handle, format, _, value, error in
        guard Stage.shared.admit(.scriptExpand, handle) != nil, let value else {
            return report(error, MH_E_STATE, "texts are expanded on workers")
        }
        guard let text = ScriptTexts.text(UInt32(truncatingIfNeeded: UInt(bitPattern: format))) else {
            return OptionReader.refuse("a format that is none", error)
        }
        value.pointee = mh_text(text)
        return MH_OK
    }
    table.assign = { handle, script, variable, value, error in
        guard Stage.shared.admit(.scriptAssign, handle) != nil, let value else {
            return report(error, MH_E_STATE, "on workers")
        }
        if value.pointee.type == MH_STRING { TextReader.touch(value.pointee.as.text) }
        return script == nil ? OptionReader.refuse("NULL for the run of a script", error) : MH_OK
    }
    table.argument = { script, name, value in
        guard value != nil else { return MH_E_INVALID }
        TextReader.touch(name)
        return MH_E_NOT_FOUND
    }
    table.reply = { script, code, text, error in
        TextReader.touch(text)
        return (100...999).contains(code) ? MH_OK : OptionReader.refuse("the reply code \(code), expected 100 to 999", error)
    }
    table.on_end = { handle, ended, context in
        let stage = Stage.shared
        guard let module = stage.admit(.scriptOnEnd, handle), let ended else { return MH_E_STATE }
        if stage.lets(.scriptOnEnd, module, fail: nil) { return MH_E_NO_MEMORY }
        stage.addRouteEnd(module, ended, context)
        return MH_OK
    }
    return table
}

/// Route names and formats by number.
private enum ScriptTexts {
    private static let lock = Lock()
    nonisolated(unsafe) private static var texts: [mh_str] = []
    nonisolated(unsafe) static let answer = "fine".leaked()

    static func add(_ text: [UInt8]) -> UInt32 {
        let kept = text.leaked()
        return lock.with {
            texts.append(kept)
            return UInt32(texts.count)
        }
    }

    static func text(_ number: UInt32) -> mh_str? {
        lock.with { number > 0 && number <= UInt32(texts.count) ? texts[Int(number) - 1] : nil }
    }
}
